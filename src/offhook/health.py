"""Which of several that can do the same is tried next: recognisers, voices, models.

One :class:`Health` for a role, shared by all calls of a worker: what one call has learned spares the next one the wait.
It knows nothing of what it orders, and is told the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LIMIT", "REST_S", "TRIAL_S", "Health"]

T = TypeVar("T")

LIMIT = 2
"""What has failed so often in a row does not work: once is bad luck."""
REST_S = 60.0
"""It is left alone for so long; then it is tried once."""
TRIAL_S = 10.0
"""While one call tries it, others try it last: for so long at most, if nobody says how it went."""


@dataclass(slots=True)
class _Record:
    """How one of them does."""

    item: object  # held, so that nothing else gets its identity
    failed: int = 0
    rests_until_s: float | None = None
    tried_until_s: float | None = None


class Health(Generic[T]):
    """How those that can do the same thing have done, and so in which order they are tried.

    They are told apart by identity, and are all well until they fail.

    Args:
        now_s: any monotonic clock, in seconds.
        limit: after so many failures in a row one rests.
        rest_s: for how long, in seconds.
    """

    def __init__(self, *, now_s: Callable[[], float], limit: int = LIMIT, rest_s: float = REST_S) -> None:
        self._now_s = now_s
        self._limit = limit
        self._rest_s = rest_s
        self._records: dict[int, _Record] = {}

    def order(self, items: Sequence[T]) -> list[T]:
        """Those of ``items`` to try, in their order: the ones that rest only if all do.

        Where one has rested long enough, whoever asks first has it in its place, and so tries it; others have it last
        until that one has told how it went, or :data:`TRIAL_S` are over.
        """
        now_s = self._now_s()
        awake: list[T] = []
        tried_elsewhere: list[T] = []
        for item in items:
            record = self._records.get(id(item))
            if record is None or record.rests_until_s is None:
                awake.append(item)
            elif now_s < record.rests_until_s:
                continue
            elif record.tried_until_s is not None and now_s < record.tried_until_s:
                tried_elsewhere.append(item)
            else:
                record.tried_until_s = now_s + TRIAL_S
                awake.append(item)
        return [*awake, *tried_elsewhere] or list(items)

    def rests(self, item: T) -> bool:
        """Whether it is left alone at the moment."""
        record = self._records.get(id(item))
        return record is not None and record.rests_until_s is not None and self._now_s() < record.rests_until_s

    def worked(self, item: T) -> bool:
        """It has done what it was asked for; whether it had failed too often before, and so works *again*."""
        record = self._records.pop(id(item), None)
        return record is not None and record.rests_until_s is not None

    def failed(self, item: T, *, for_good: bool = False) -> bool:
        """It has not; whether it was well until now, and rests from here on.

        ``for_good``: nothing suggests that trying again at once can help (a key that is refused): it rests at the first
        failure.
        """
        record = self._records.setdefault(id(item), _Record(item))
        record.failed = max(record.failed + 1, self._limit if for_good else 0)
        if record.failed < self._limit:
            return False
        first = record.rests_until_s is None
        record.rests_until_s = self._now_s() + self._rest_s
        record.tried_until_s = None
        return first
