"""The recognisers of a worker: the one that hears, and those that hear where it does not work."""

from __future__ import annotations

import logging
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from offhook.errors import EngineRefused
from offhook.health import REST_S, Health

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.base import SpeechToText
    from offhook.speech.streams import StreamingSpeechToText

__all__ = ["Recognisers"]

logger = logging.getLogger(__name__)


class Recognisers:
    """Which recogniser hears next, for all calls of a worker.

    Args:
        engines: in the order in which they are tried, at least one; those of whole utterances are adapted.
        now_s: any monotonic clock.
    """

    def __init__(
        self, *engines: SpeechToText | StreamingSpeechToText, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._given: tuple[Any, ...] = engines
        self._health: Health[StreamingSpeechToText] = Health(now_s=now_s)

    @cached_property
    def engines(self) -> tuple[StreamingSpeechToText, ...]:
        """All of them, as ones that stream.

        Raises:
            ConfigError: one is no recogniser.
        """
        from offhook.speech.batch import streaming  # slow to import: it changes rates

        return tuple(streaming(engine) for engine in self._given)

    def order(self) -> list[StreamingSpeechToText]:
        """Those to try, in this order: those that rest only if all of them do."""
        return self._health.order(self.engines)

    def better_than(self, engine: StreamingSpeechToText) -> StreamingSpeechToText | None:
        """One that comes before ``engine``, and is not left alone any more; ``None`` if there is none."""
        if engine is self.engines[0] or all(map(self._health.rests, self.engines[: self.engines.index(engine)])):
            return None
        first = self.order()[0]
        return first if self.engines.index(first) < self.engines.index(engine) else None

    def worked(self, engine: StreamingSpeechToText) -> None:
        """It has told words, or that there are none."""
        if self._health.worked(engine):
            logger.warning("recogniser %d works again", self._number(engine))

    def failed(self, engine: StreamingSpeechToText, error: Exception) -> None:
        """It has not. Twice in a row, or where it refuses to work for us, and it rests for a minute, on every call."""
        if self._health.failed(engine, for_good=isinstance(error, EngineRefused)) and len(self.engines) > 1:
            logger.warning("recogniser %d does not work: others hear for %g s", self._number(engine), REST_S)

    def _number(self, engine: StreamingSpeechToText) -> int:
        """1 for the first."""
        return self.engines.index(engine) + 1
