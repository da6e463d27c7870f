"""What a conversation needs of a realtime model, and of one session with it, whoever's they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from offhook.audio.formats import AudioFormat
    from offhook.errors import OffhookError
    from offhook.models.base import ToolSpec
    from offhook.providers.realtime.protocol import ModelEvent

__all__ = ["RealtimeModel", "RealtimeSession", "SessionWatcher"]


class SessionWatcher(Protocol):
    """Who is told what a session says."""

    def told(self, session: RealtimeSession, event: ModelEvent) -> None:
        """An event."""
        ...

    def lost(self, session: RealtimeSession, error: OffhookError) -> None:
        """It is over, and nothing follows."""
        ...


class RealtimeSession(Protocol):
    """One session. It is not made anew: whoever has it makes another."""

    @property
    def model(self) -> Any:
        """With which."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it has said that it is there."""
        ...

    @property
    def expires_at_s(self) -> float | None:
        """When it ends, in seconds since the epoch, where it has said so."""
        ...

    @property
    def sent_ms(self) -> float:
        """How much audio it was sent: the end of its own count."""
        ...

    def audio(self, audio: bytes) -> None:
        """A piece of the caller's audio."""
        ...

    def send(self, messages: Iterable[str]) -> None:
        """Say something else, after what was sent before: messages of :mod:`offhook.providers.realtime.protocol`."""
        ...

    def close(self) -> None:
        """It is not needed any more."""
        ...


class RealtimeModel(Protocol):
    """A model. One for all calls of a worker."""

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """What it hears and gives."""
        ...

    def open(
        self, audio: AudioFormat, first: Sequence[str], watcher: SessionWatcher, *, call_id: str | None = None
    ) -> RealtimeSession:
        """Begin a session, of ``audio``, one of :attr:`formats`. Returns at once.

        Args:
            audio: how the caller's audio is written.
            first: what is sent before anything else: its settings, and what was said before.
            watcher: is told.
            call_id: for the log.
        """
        ...

    def session(
        self,
        audio_in: AudioFormat,
        audio_out: AudioFormat,
        *,
        instructions: str,
        tools: Sequence[ToolSpec],
        language: str,
        answers: bool,
        interrupts: bool,
    ) -> dict[str, Any]:
        """The settings of a session: see :meth:`turns` for the last two."""
        ...

    def turns(self, *, answers: bool, interrupts: bool) -> dict[str, object]:
        """How turns are taken: whether the session ``answers`` the caller of its own accord, and gives a response up
        where the caller ``interrupts`` it."""
        ...
