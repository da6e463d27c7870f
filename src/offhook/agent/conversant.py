"""The seam between a session and whatever listens and speaks on its call.

A :class:`Conversant` holds the conversation: the cascade (:mod:`offhook.agent.cascade`) with its detector, recogniser,
dialog and voice; a speech-to-speech model; somebody else's agent. Its host, a :class:`~offhook.agent.session.Session`,
owns the life of the conversation, its facts, its record, hand-over and failures, and knows its conversant only as
what is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.agent.events import SessionEvent
    from offhook.audio.formats import AudioFormat
    from offhook.calls.call import Call
    from offhook.clock import Clock

__all__ = ["CallAudio", "Conversant", "ConversantFactory", "ConversantHost", "HoldReason", "SpeechOutlet"]

HoldReason = Literal["handover", "goodbye"]
"""Why nothing the caller says is answered: they are being connected to a person, or the call is about to end."""


class SpeechOutlet(Protocol):
    """A call's audio towards the caller."""

    @property
    def output_format(self) -> AudioFormat:
        """What is played untouched: the line's own codec where that is G.711, else pcm."""
        ...

    def send_encoded(self, audio: bytes) -> None:
        """Play whole 20 ms frames of :attr:`output_format`, after what was sent before."""
        ...

    def send_mark(self, name: str) -> None:
        """Ask for a mark back when all audio sent so far was played."""
        ...

    def clear(self) -> None:
        """Stop playing and forget what is queued; every mark that is out comes back."""
        ...


class CallAudio(SpeechOutlet, Protocol):
    """A call's audio, both ways."""

    @property
    def input_rate(self) -> int:
        """The rate of the pcm that :meth:`Conversant.audio` gets, in Hz."""
        ...

    @property
    def input_format(self) -> AudioFormat:
        """How the caller's audio is written on the line; :meth:`Conversant.audio` gets pcm of it in any case."""
        ...

    @property
    def output_rate(self) -> int:
        """The rate of the pcm that :meth:`send_audio` takes, in Hz."""
        ...

    def send_audio(self, pcm: bytes) -> None:
        """As :meth:`send_encoded`, of pcm."""
        ...


class ConversantHost(Protocol):
    """What a conversant can ask of its session, and has to tell it."""

    @property
    def call(self) -> Call:
        """The call."""
        ...

    @property
    def agent(self) -> Agent:
        """Who answers it: texts, limits, rules."""
        ...

    @property
    def clock(self) -> Clock:
        """Its ``now_ms`` is the time of :meth:`Conversant.tick`."""
        ...

    @property
    def over(self) -> bool:
        """Whether the conversation is over."""
        ...

    def wall_ms(self, at_ms: float | None = None) -> float:
        """A time of :attr:`clock` as wall clock, for events; ``None``: now."""
        ...

    def notify(self, event: SessionEvent) -> None:
        """Tell the observers of the call what happened.

        The call's transcript is written from :class:`~offhook.agent.events.TurnHeard` and
        :class:`~offhook.agent.events.AgentSpeechEnded`: tell the first before the turn is answered, and the second as
        soon as what was heard is known.
        """
        ...

    async def hand_over(self, to: str | None = None, *, reason: str = "") -> None:
        """Connect the caller to a person, as ``call.hand_over`` does."""
        ...

    async def hangup(self) -> None:
        """End the call once everything said was heard, as ``call.hangup`` does."""
        ...

    async def program_failed(self, error: Exception) -> None:
        """The program's own code raised, or took too long: the caller is told, or handed over."""
        ...

    def program_worked(self) -> None:
        """The program's own code has answered."""
        ...

    def engine_failed(self, error: Exception) -> None:
        """What listens or speaks does not work: the conversation is over, and the host of the call says so."""
        ...

    def leave(self, reason: str) -> None:
        """Say goodbye and end the conversation. ``reason`` is for the records."""
        ...


class Conversant(Protocol):
    """What listens and speaks on one call.

    :meth:`prepare` is called while the phone rings, :meth:`begin` when audio flows, :meth:`stop` last, and once,
    whatever happened before; the others only in between. All of them run on the event loop and must not block; nothing
    that is called for every piece of audio may create a task.
    """

    def prepare(self) -> None:
        """The phone rings: begin what takes time. May be called again, also by :meth:`begin`'s caller."""
        ...

    def begin(self, line: CallAudio) -> None:
        """Audio flows: greet. What it raises ends the conversation as :meth:`ConversantHost.engine_failed` does."""
        ...

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """A piece of the caller's audio, usually 20 ms; ``timestamp_ms`` is where it begins on the stream's clock."""
        ...

    def tick(self, now_ms: float) -> None:
        """Time has passed; called every few milliseconds."""
        ...

    def mark_returned(self, name: str) -> None:
        """All audio sent before the mark was played, or was dropped by a clear."""
        ...

    def digit(self, digit: str) -> None:
        """The caller pressed a key; the observers know."""
        ...

    def media_lost(self) -> None:
        """The audio is gone while the call is up, and may come back. What was sent and not played is lost."""
        ...

    def media_resumed(self) -> None:
        """The audio is back, on the same line: go on where the caller stopped hearing."""
        ...

    async def say(self, text: str, kind: str, *, protected: bool = False) -> bool:
        """Speak ``text``, after what is being said; returns, when it is over, whether all of it was heard.

        Args:
            text: the words.
            kind: as in :class:`~offhook.agent.events.AgentSpeechBegan`.
            protected: the caller cannot interrupt it.
        """
        ...

    async def ask(self, question: str) -> str:
        """Speak ``question`` and return the words of the caller's next turn; ``""`` if none came."""
        ...

    async def idle(self) -> None:
        """Wait until nothing is being said."""
        ...

    async def ready_to_leave(self) -> None:
        """Wait until nothing is being said, and a caller who interrupted it has finished."""
        ...

    def hush(self) -> None:
        """Fall silent at once, and give up the answer that is under way."""
        ...

    def hold(self, reason: HoldReason) -> None:
        """Answer neither words nor keys until :meth:`release`; :meth:`say` goes on working."""
        ...

    def release(self) -> None:
        """Answer again."""
        ...

    def stop(self) -> None:
        """The conversation is over: fall silent, and let go of everything but work that must finish."""
        ...


ConversantFactory = Callable[[ConversantHost], Conversant]
"""Makes the conversant of a session."""
