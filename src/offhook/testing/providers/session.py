"""What a vendor's protocol is to a stand-in: a session without I/O, and the doors that it is reached by.

A session is told what the client sends and what the engines make of it, and answers with acts. It opens no socket,
reads no clock, and knows nothing of faults and journals: those lie between it and the wire, the same for all vendors
(:mod:`offhook.testing.providers.link`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from offhook.speech.streams import AudioFormat, Word
    from offhook.testing.providers.answers import Answers

__all__ = [
    "Accept",
    "Act",
    "AllHeard",
    "Close",
    "Door",
    "End",
    "EngineEvent",
    "Force",
    "Hear",
    "Hush",
    "Listen",
    "Piece",
    "Refuse",
    "Request",
    "Retune",
    "Send",
    "Session",
    "SoFarHeard",
    "Speak",
    "SpeechBegan",
    "SpeechDraft",
    "SpeechEnded",
    "SpeechPaused",
    "SpeechQuiet",
    "SpeechResumed",
    "Spoken",
    "StopHearing",
    "Utterance",
    "Vendor",
    "Wake",
    "Woke",
    "as_object",
    "to_json",
]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: the request of a WebSocket's handshake, or an HTTP request with its body."""

    path: str
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    body: bytes = b""
    subprotocols: tuple[str, ...] = ()

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, (default,))[0]

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter as a truth value, however it is capitalised: SDKs write ``True`` as well as ``true``."""
        value = self.one(name).lower()
        return default if value == "" else value in ("true", "1", "yes")

    def number(self, name: str, default: float) -> float:
        """A query parameter as a number; ``default`` where it is none."""
        try:
            return float(self.one(name))
        except ValueError:
            return default


# -- what a session wants ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accept:
    """Let the client in: the answer to a handshake, or the head of an HTTP response. What is sent before it waits."""

    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocol: str | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP answer in place of a session."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """A message, or a piece of a response. ``stage`` names it for faults and the journal; it waits for ``after_ms``."""

    stage: str
    message: str | bytes
    after_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket with this code, after what was sent before."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """An HTTP response is complete."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Audio of this format is going to come. Silences are counted in the audio, not in time.

    Args:
        audio: how it is written.
        end_ms: so much silence ends an utterance.
        pause_ms: so much may be its end; ``None``: nothing is told of that.
        quiet_ms: told after an utterance has ended and nothing was said for so long; ``None``: not.
        draft_ms: how often words that are still being said are told; ``None``: never.
        report_ms: how often it is told how much was heard, words or not; ``None``: never.
    """

    audio: AudioFormat
    end_ms: float
    pause_ms: float | None = None
    quiet_ms: float | None = None
    draft_ms: float | None = 400.0
    report_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Retune:
    """Other silences from now on; the format of the audio stays what it is."""

    listen: Listen


@dataclass(frozen=True, slots=True)
class Hear:
    """Here is audio."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Force:
    """End the utterance now. :class:`SpeechEnded` answers, with ``forced``, also where there is none."""


@dataclass(frozen=True, slots=True)
class StopHearing:
    """No audio comes any more: :class:`AllHeard` answers, after what was still being said has ended."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say ``text``: :class:`Piece`, then :class:`Spoken`. Texts are said one after the other."""

    id: str
    text: str
    audio: AudioFormat


@dataclass(frozen=True, slots=True)
class Hush:
    """Say nothing of what was asked for any more; what the voice gave and was not sent yet is dropped."""


@dataclass(frozen=True, slots=True)
class Wake:
    """:class:`Woke` with this name after so long; it replaces an earlier one. ``after_ms`` ``None``: not any more."""

    name: str
    after_ms: float | None


Act: TypeAlias = (
    Accept | Refuse | Send | Close | End | Listen | Retune | Hear | Force | StopHearing | Speak | Hush | Wake
)  # fmt: skip


# -- what a session is told -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, and when: milliseconds of audio. The times of ``words`` are estimated from their lengths."""

    text: str
    confidence: float
    began_ms: float
    ended_ms: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody has started to speak."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class SpeechDraft:
    """What has been said of an utterance so far."""

    said: Utterance


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """An utterance is perhaps over."""

    said: Utterance
    silence_ms: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """It was not."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """An utterance is over, by silence, or because it was ``forced``; its text is empty where it was no words."""

    said: Utterance
    silence_ms: float = 0.0
    forced: bool = False


@dataclass(frozen=True, slots=True)
class SpeechQuiet:
    """Nothing was said since the last utterance, whose end was at ``last_ms``."""

    last_ms: float


@dataclass(frozen=True, slots=True)
class SoFarHeard:
    """All that was said up to there is told."""

    audio_ms: float


@dataclass(frozen=True, slots=True)
class AllHeard:
    """What came before :class:`StopHearing` is recognised. ``audio_ms``: how much audio that was."""

    audio_ms: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the audio of a :class:`Speak`, and the ``words`` that begin in it, with their estimated times in
    milliseconds from the beginning of the audio."""

    id: str
    audio: bytes
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A :class:`Speak` is over; ``audio_ms`` is the length of the audio."""

    id: str
    audio_ms: float


@dataclass(frozen=True, slots=True)
class Woke:
    """The time of a :class:`Wake` has come."""

    name: str


EngineEvent: TypeAlias = (
    SpeechBegan
    | SpeechDraft
    | SpeechPaused
    | SpeechResumed
    | SpeechEnded
    | SpeechQuiet
    | SoFarHeard
    | AllHeard
    | Piece
    | Spoken
    | Woke
)


class Session(Protocol):
    """One connection, as the vendor sees it. Every method answers with acts, in order."""

    def opened(self, request: Request) -> Iterable[Act]:
        """A client asks to come in. For HTTP this is all that it says."""
        ...

    def stage_of(self, message: str | bytes) -> str:
        """What a message of the client is: ``audio``, ``text``, ``flush``, ``cancel``, ``end``, ``keep_alive``,
        ``configure``, …; ``unknown`` if it is none."""
        ...

    def received(self, message: str | bytes) -> Iterable[Act]:
        """A message of the client."""
        ...

    def happened(self, event: EngineEvent) -> Iterable[Act]:
        """What the engines, or the time, have to say."""
        ...

    def failure(self, code: int, text: str) -> Iterable[Act]:
        """How this vendor tells that something is wrong."""
        ...


# -- doors ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Door:
    """Where a vendor's service is reached. ``name`` is what faults and the journal call it."""

    name: str
    kind: Literal["socket", "http"]
    path: str
    """As routes are written: ``/v1/text-to-speech/{voice}/stream``."""
    make: Callable[[str, Answers], Session]
    """Makes the session of one connection: of its id, and of what language models say here."""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Vendor:
    """A service: its doors, and what points its clients here.

    ``env`` names variables; in their values ``{origin}`` stands for ``http://127.0.0.1:port``.
    """

    name: str
    doors: tuple[Door, ...]
    env: Mapping[str, str]


# -- words that sessions share ----------------------------------------------------------------------------------------


def to_json(message: Mapping[str, Any]) -> str:
    """A message as text."""
    return msgspec.json.encode(message).decode()


def as_object(message: str | bytes) -> dict[str, Any] | None:
    """A text message as an object; ``None`` if it is none."""
    if isinstance(message, bytes):
        return None
    try:
        value = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
