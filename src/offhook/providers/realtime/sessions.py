"""The sessions of a call with its model, one after the other: the first, one after each break, and those that renew it.

A session ends by itself after an hour. So another one is made before, that knows what was said, and takes over in a
moment in which nobody speaks. Where a session breaks off or hangs, another one takes over at once, with the next model
where the program has given several.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from offhook.errors import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offhook.audio.formats import AudioFormat
    from offhook.clock import Clock
    from offhook.errors import OffhookError
    from offhook.health import Health
    from offhook.providers.realtime.protocol import ModelEvent
    from offhook.providers.realtime.seam import RealtimeModel, RealtimeSession

__all__ = ["Sessions", "SessionsWatcher"]

logger = logging.getLogger(__name__)

_RENEW_S: Final = 300.0
"""So long before a session ends another one is made."""
_LATEST_S: Final = 20.0
"""So long before, it takes over even if somebody speaks."""
_KEPT_MS: Final = 10_000.0
_BEFORE_MS: Final = 500.0
_TRIES: Final = 2
"""So often in a row every model is tried."""


class SessionsWatcher(Protocol):
    """Who is told what the model says."""

    def told(self, event: ModelEvent) -> None:
        """An event of the session that is in use."""
        ...

    def broke(self) -> None:
        """The session that was in use is over: nothing more of what it was saying will come."""
        ...

    def anew(self) -> None:
        """Another session is in use, that knows what was said: what was asked of the one before is asked again."""
        ...

    def gone(self, error: OffhookError) -> None:
        """No model works."""
        ...


class Sessions:
    """The sessions of one call.

    Args:
        models: which talk: the first that works.
        health: how they do, for all calls.
        audio: how the caller's audio is written.
        first: what a session is sent before anything else.
        watcher: is told.
        clock: what time it is.
        call_id: for the log.
        lasts_s: how long a session lasts that does not say when it ends.
    """

    def __init__(
        self,
        models: Sequence[RealtimeModel],
        health: Health[RealtimeModel],
        audio: AudioFormat,
        first: Callable[[RealtimeModel], Sequence[str]],
        watcher: SessionsWatcher,
        *,
        clock: Clock,
        call_id: str,
        lasts_s: float = 3600.0,
    ) -> None:
        self._models = models
        self._health = health
        self._audio = audio
        self._first = first
        self._watcher = watcher
        self._clock = clock
        self._call_id = call_id
        self._lasts_s = lasts_s
        self._current: RealtimeSession | None = None
        self._next: RealtimeSession | None = None
        self._next_knows = -1
        self._ends_at_s: float | None = None
        self._failed = 0
        self._closed = False
        self._kept: deque[bytes] = deque()
        self._kept_ms = 0.0

    @property
    def there(self) -> bool:
        """Whether there is a session, or one on its way."""
        return self._current is not None

    @property
    def several(self) -> bool:
        """Whether there is another model than the one that talks."""
        return len(self._models) > 1

    @property
    def current(self) -> RealtimeSession | None:
        """It."""
        return self._current

    def open(self) -> None:
        """Begin."""
        if self._current is None and not self._closed:
            self._current = self._make(self._health.order(self._models)[0])

    def audio(self, audio: bytes, *, keep: bool) -> None:
        """A piece of the caller's audio.

        ``keep``: it is of a turn that the model has not understood yet. Where the session breaks, the next one is sent
        it again, and so it is of one that was not there yet, but no more than the last 10 s; of other audio, half a
        second.
        """
        self._kept.append(audio)
        self._kept_ms += len(audio) / self._audio.bytes_per_ms
        unheard = self._current is None or not self._current.ready
        most_ms = _KEPT_MS if keep or unheard else _BEFORE_MS
        while self._kept_ms > most_ms:
            self._kept_ms -= len(self._kept.popleft()) / self._audio.bytes_per_ms
        if self._current is not None:
            self._current.audio(audio)

    @property
    def kept_ms(self) -> float:
        """How much of the caller's audio is kept for another session."""
        return self._kept_ms

    def forget(self) -> None:
        """What the caller has said until now is nobody's business."""
        self._kept.clear()
        self._kept_ms = 0.0

    def send(self, *messages: str) -> None:
        """Say something."""
        if self._current is not None:
            self._current.send(messages)

    def worked(self) -> None:
        """The model has answered."""
        self._failed = 0
        if self._current is not None:
            self._health.worked(self._current.model)

    def restart(self, error: OffhookError) -> None:
        """The session does not do what it should: another one takes over."""
        if (session := self._current) is not None:
            session.close()
            self.lost(session, error)

    def tick(self, *, quiet: bool, entries: int) -> None:
        """Time has passed.

        Args:
            quiet: nobody speaks, and nothing is worked on.
            entries: how many the transcript has had: a session that knows less does not take over.
        """
        if self._ends_at_s is None or self._current is None:
            return
        left_s = self._ends_at_s - self._clock.wall_ms() / 1000
        if left_s < _LATEST_S:
            self._drop_next()
            logger.info("call %s: the session with the model ends, and another takes over", self._call_id)
            self._current.close()
            self._replace(self._current.model)
        elif left_s < _RENEW_S and quiet:
            self._renew(entries)

    def _renew(self, entries: int) -> None:
        assert self._current is not None, "there is something to renew"
        if self._next is not None and self._next_knows != entries:
            self._drop_next()
        if self._next is None:
            self._next, self._next_knows = self._make(self._current.model), entries
        elif self._next.ready:
            current, self._current, self._next = self._current, self._next, None
            current.close()
            self._ends_at_s = self._end_of(self._current)
            self._watcher.anew()

    def close(self) -> None:
        """The call is over."""
        self._closed = True
        self._drop_next()
        if self._current is not None:
            self._current.close()
            self._current = None

    def _drop_next(self) -> None:
        if self._next is not None:
            self._next.close()
            self._next = None

    def _make(self, model: RealtimeModel) -> RealtimeSession:
        return model.open(self._audio, self._first(model), self, call_id=self._call_id)

    def _end_of(self, session: RealtimeSession) -> float:
        return session.expires_at_s or self._clock.wall_ms() / 1000 + self._lasts_s

    # -- what sessions tell -------------------------------------------------------------------------------------------

    def told(self, session: RealtimeSession, event: ModelEvent) -> None:
        """An event; only those of the current one matter."""
        if session is self._current:
            if self._ends_at_s is None:
                self._ends_at_s = self._end_of(session)
            self._watcher.told(event)

    def lost(self, session: RealtimeSession, error: OffhookError) -> None:
        """One is over: another one is made, until every model was tried twice in a row."""
        if session is self._next:
            self._next = None
        if session is not self._current or self._closed:
            return
        self._current, self._ends_at_s = None, None
        self._drop_next()
        self._failed += 1
        self._health.failed(session.model, for_good=isinstance(error, EngineRefused))
        others = [model for model in self._health.order(self._models) if model is not session.model]
        refused = isinstance(error, EngineRefused)
        if self._failed >= _TRIES * len(self._models) or (refused and not others):
            self._watcher.gone(error)
            return
        number = 1 + next(at for at, model in enumerate(self._models) if model is session.model)
        logger.warning(
            "call %s: realtime model %d: %s Another session takes over", self._call_id, number, error.message
        )
        self._replace(others[0] if others else session.model)

    def _replace(self, model: RealtimeModel) -> None:
        """Another session for one that is over, in the middle of whatever is said."""
        self._watcher.broke()
        self._current, self._ends_at_s = self._make(model), None
        self._current.audio(b"".join(self._kept))
        self._watcher.anew()
