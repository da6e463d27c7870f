"""Who is told of facts."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from offhook.exchange.legs.facts import Forgotten

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.exchange.legs.facts import Fact

    Observer = Callable[[Fact], None]

__all__ = ["Observers"]

logger = logging.getLogger(__name__)


class Observers:
    """Tells every observer of every fact, in the order in which the facts happened.

    An observer may act on what it hears: what follows is told to all once all have heard what came before. One that
    fails does not keep the others from hearing.
    """

    def __init__(self) -> None:
        self._of_all: list[Observer] = []
        self._of_leg: dict[str, list[Observer]] = {}
        self._waiting: deque[Fact] = deque()
        self._telling = False

    def observe(self, observer: Observer, call_id: str | None = None) -> Callable[[], None]:
        """Call ``observer`` with every fact of the leg ``call_id``, or of all legs; call what is returned to stop.

        An observer of one leg is let go when the leg is forgotten.
        """
        listening = self._of_all if call_id is None else self._of_leg.setdefault(call_id, [])
        listening.append(observer)

        def stop() -> None:
            if observer in listening:
                listening.remove(observer)

        return stop

    def publish(self, fact: Fact) -> None:
        """Tell the observers of all legs, then those of this leg, each in the order in which they came."""
        self._waiting.append(fact)
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                self._tell(self._waiting.popleft())
        finally:
            self._telling = False

    def _tell(self, fact: Fact) -> None:
        call_id = fact.leg.call_id
        for observer in (*self._of_all, *self._of_leg.get(call_id, ())):
            try:
                observer(fact)
            except Exception as problem:
                # What another's code says of its failure can hold anything: only the kind of it is logged.
                logger.error("an observer of %s failed: %s", type(fact).__name__, type(problem).__name__)
        if isinstance(fact, Forgotten):
            self._of_leg.pop(call_id, None)
