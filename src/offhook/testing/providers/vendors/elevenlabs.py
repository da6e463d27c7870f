"""ElevenLabs' voices: ``multi-stream-input``, contexts on one connection, and ``stream-input``, which has one.

The wire is that of the vendor's reference and of the official package. Texts of a context are gathered, and said when
they are flushed or the context is closed. The times of letters count from the end of those that were told before.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from offhook.audio.mp3 import Mp3Encoder
from offhook.speech.streams import AudioFormat
from offhook.testing.providers.session import (
    Accept,
    Close,
    Door,
    Hush,
    Piece,
    Refuse,
    Send,
    Speak,
    Spoken,
    Vendor,
    as_object,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from offhook.speech.streams import Word
    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "ElevenLabs"]

_ENCODINGS: dict[str, Any] = {"ulaw": "pcmu", "alaw": "pcma", "pcm": "pcm"}
_MP3_RATES = ("22050", "24000", "44100")
_MOST_CONTEXTS = 5


class ElevenLabs:
    """One connection.

    Args:
        connection: its id.
        several: whether messages are of contexts.
    """

    def __init__(self, connection: str, *, several: bool) -> None:
        self._connection = connection
        self._several = several
        self._audio = AudioFormat("pcm", 16000)
        self._texts: dict[str, str] = {}
        self._saying: dict[str, int] = {}
        """How many texts of a context are being said."""
        self._closing: set[str] = set()
        self._ending = False
        self._told_ms: dict[str, float] = {}
        """Up to where the letters of the text that a context says are told."""
        self._bit_rate: int | None = None
        """Of MP3, where that is wanted."""
        self._mp3: dict[str, Mp3Encoder] = {}

    def opened(self, request: Request) -> Iterator[Act]:
        """The key is in a header; the format is in the address."""
        law, rate, bit_rate = (request.one("output_format", "mp3_44100_128") + "__").split("_")[:3]
        if not request.headers.get("xi-api-key") and not request.headers.get("authorization"):
            yield Refuse(401, {"detail": {"status": "needs_authorization"}})
        elif law == "mp3" and rate in _MP3_RATES and bit_rate.isdecimal():
            self._audio, self._bit_rate = AudioFormat("pcm", int(rate)), 1000 * int(bit_rate)
            yield Accept()
        elif law not in _ENCODINGS or not rate.isdecimal() or (law != "pcm" and rate != "8000"):
            yield Refuse(400, {"detail": {"status": "unsupported_output_format"}})
        else:
            self._audio = AudioFormat(_ENCODINGS[law], int(rate))
            yield Accept()

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        told = as_object(message) or {}
        if told.get("close_socket"):
            return "end"
        if "close_context" in told:
            return "cancel" if told["close_context"] is True else "keep_alive"
        if told.get("flush") is True:
            return "flush"
        if not isinstance(told.get("text"), str):
            return "unknown"
        if told["text"] == "":
            return "keep_alive" if self._several else "end"
        return "text"

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A text of a context, or the end of one."""
        told = as_object(message) or {}
        context = str(told.get("context_id") or "default") if self._several else "default"
        match self.stage_of(message):
            case "text" | "flush" as kind:
                if context not in self._texts and len(self._texts) >= _MOST_CONTEXTS:
                    yield self._error("max_active_conversations")
                    yield Close(1008, "max_active_conversations")
                    return
                self._texts[context] = self._texts.get(context, "") + str(told.get("text") or "")
                if kind == "flush":
                    yield from self._say(context)
            case "cancel" if context in self._texts:
                # What was flushed before is said to its end, what comes after that is not.
                self._closing.add(context)
                if not self._saying.get(context):
                    yield from self._over(context)
            case "end":
                self._ending = True
                if not self._texts:
                    yield Close(1000)
                self._closing |= {*self._texts}
                for each in [*self._texts]:
                    yield from self._say(each)
                    if not self._saying.get(each):
                        yield from self._over(each)
            case _:
                return

    def _say(self, context: str) -> Iterator[Act]:
        text = self._texts[context].strip()
        self._texts[context] = ""
        if text:
            self._saying[context] = self._saying.get(context, 0) + 1
            yield Speak(context, text, self._audio)

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Audio, the times of the letters, and the end of a context that was closed."""
        match event:
            case Piece(context, audio, words):
                yield from self._give(context, self._written(context, audio), words)
            case Spoken(context):
                if context in self._mp3:
                    yield from self._give(context, self._mp3.pop(context).flush(), ())
                self._told_ms.pop(context, None)
                self._saying[context] -= 1
                if context in self._closing and not self._saying[context]:
                    yield from self._over(context)
            case _:
                return

    def _written(self, context: str, audio: bytes) -> bytes:
        if self._bit_rate is None:
            return audio
        if context not in self._mp3:
            self._mp3[context] = Mp3Encoder(self._audio.sample_rate, bit_rate=self._bit_rate)
        return self._mp3[context].process(audio)

    def _give(self, context: str, audio: bytes, words: Sequence[Word]) -> Iterator[Act]:
        told: dict[str, Any] = {"audio": base64.b64encode(audio).decode()}
        if words:
            letters = _letters(words, self._told_ms.get(context, 0.0))
            self._told_ms[context] = words[-1].ended_ms
            told |= {"alignment": letters, "normalizedAlignment": letters}
        if audio or words:
            yield self._send("audio", context, told)

    def _over(self, context: str) -> Iterator[Act]:
        self._closing.discard(context)
        self._saying.pop(context, None)
        self._texts.pop(context, None)
        yield self._send("done", context, {"isFinal": True})
        if self._ending and not self._texts:
            yield Close(1000)

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``error``, then the socket is closed."""
        yield self._error(text)
        yield Hush()
        yield Close(code if 1000 < code < 5000 else 1008, text)

    def _send(self, stage: str, context: str, told: dict[str, Any]) -> Send:
        whole = {"isFinal": None, **told, **({"contextId": context} if self._several else {})}
        return Send(stage, to_json(whole))

    def _error(self, text: str) -> Send:
        return Send("error", to_json({"message": text, "error": text, "code": 1008}))


def _letters(words: Sequence[Word], since_ms: float) -> dict[str, Any]:
    """The letters of words, each as long as the others of its word, with a space after each word, and their times from
    ``since_ms``."""
    letters: list[str] = []
    starts: list[int] = []
    lengths: list[int] = []
    for word in words:
        each_ms = (word.ended_ms - word.began_ms) / max(1, len(word.text))
        for at, letter in enumerate(word.text):
            letters.append(letter)
            starts.append(round(word.began_ms + at * each_ms - since_ms))
            lengths.append(round(each_ms))
        letters.append(" ")
        starts.append(round(word.ended_ms - since_ms))
        lengths.append(0)
    return {"chars": letters, "charStartTimesMs": starts, "charDurationsMs": lengths}


VENDOR = Vendor(
    "elevenlabs",
    (
        Door(
            "elevenlabs",
            "socket",
            "/v1/text-to-speech/{voice}/multi-stream-input",
            lambda connection, _: ElevenLabs(connection, several=True),
        ),
        Door(
            "elevenlabs-single",
            "socket",
            "/v1/text-to-speech/{voice}/stream-input",
            lambda connection, _: ElevenLabs(connection, several=False),
        ),
    ),
    {"ELEVENLABS_API_KEY": "stand-in", "ELEVENLABS_BASE_URL": "{origin}"},
)
