"""Rime's voices: ``/ws3``.

The wire is that of the vendor's reference. One context at a time: texts are gathered, and said when they are flushed;
with ``segment=bySentence`` or ``immediate`` the stand-in waits for a flush, too.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "Rime"]

_OPERATIONS = {"flush": "flush", "clear": "cancel", "eos": "end"}
_ENCODINGS: dict[str, Any] = {"mulaw": "pcmu", "pcm": "pcm"}


class Rime:
    """One connection."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._audio = AudioFormat("pcm", 22050)
        self._text = ""
        self._context: str | None = None
        self._speaking: str | None = None
        self._ending = False

    def opened(self, request: Request) -> Iterator[Act]:
        """The key is a bearer; the format is in the address."""
        encoding = _ENCODINGS.get(request.one("audioFormat", "pcm"))
        rate = int(request.number("samplingRate", 8000 if encoding == "pcmu" else 22050))
        if not request.headers.get("authorization", "").startswith("Bearer "):
            yield Refuse(401, {"error": "unauthorized"})
        elif not request.one("speaker") or encoding is None or not 4000 <= rate <= 44100:
            yield Refuse(400, {"error": "a speaker and a known audioFormat are needed"})
        else:
            self._audio = AudioFormat(encoding, rate)
            yield Accept()

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        told = as_object(message) or {}
        if isinstance(told.get("text"), str):
            return "text"
        return _OPERATIONS.get(str(told.get("operation")), "unknown")

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A text, or what to do with those that came."""
        told = as_object(message) or {}
        match self.stage_of(message):
            case "text":
                self._text += told["text"]
                context = told.get("contextId")
                self._context = context if isinstance(context, str) else self._context
            case "flush":
                yield from self._say()
            case "cancel":
                self._text, self._speaking = "", None
                yield Hush()
            case "end":
                self._ending = True
                yield from self._say()
                if self._speaking is None:
                    yield Close(1000)
            case _:
                yield self._error("unknown message")

    def _say(self) -> Iterator[Act]:
        text, self._text = self._text.strip(), ""
        if text:
            self._speaking = self._context or ""
            yield Speak(self._speaking, text, self._audio)

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Audio, the times of the words, and the end."""
        match event:
            case Piece(context, audio, words):
                data = base64.b64encode(audio).decode()
                yield Send("audio", to_json({"type": "chunk", "data": data, "contextId": context or None}))
                if words:
                    times = {
                        "words": [word.text for word in words],
                        "start": [word.began_ms / 1000 for word in words],
                        "end": [word.ended_ms / 1000 for word in words],
                    }
                    told = {"type": "timestamps", "word_timestamps": times, "contextId": context or None}
                    yield Send("words", to_json(told))
            case Spoken(context):
                self._speaking = None
                yield Send("done", to_json({"type": "done", "contextId": context or None}))
                if self._ending:
                    yield Close(1000)
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``error``, then the socket is closed."""
        yield self._error(text)
        yield Close(code if 1000 < code < 5000 else 1011, text)

    def _error(self, text: str) -> Send:
        return Send("error", to_json({"type": "error", "message": text, "contextId": self._speaking or self._context}))


VENDOR = Vendor(
    "rime",
    (Door("rime", "socket", "/ws3", lambda connection, _: Rime(connection)),),
    {"RIME_API_KEY": "stand-in", "RIME_BASE_URL": "{origin}"},
)
