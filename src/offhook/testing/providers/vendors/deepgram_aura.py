"""Deepgram Aura, its voices: ``/v1/speak``, as a WebSocket and as a request.

The wire is that of the vendor's reference and of the official package (7.17).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from offhook.speech.streams import AudioFormat
from offhook.testing.providers.session import (
    Accept,
    Close,
    Door,
    End,
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
from offhook.testing.providers.vendors.deepgram import ENV, audio_of, bad_request, has_key, unauthorised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "Aura", "AuraRequest"]

_MOST_CHARS = 2000


def _audio(request: Request) -> AudioFormat | None:
    if not request.one("encoding"):
        return AudioFormat("pcm", int(request.number("sample_rate", 24000)))
    if not request.one("sample_rate"):
        rate = "24000" if request.one("encoding") == "linear16" else "8000"
        request = type(request)(request.path, {**request.query, "sample_rate": (rate,)}, request.headers)
    return audio_of(request)


class Aura:
    """One connection to ``/v1/speak``: texts are gathered, and said at ``Flush``."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._audio = AudioFormat("pcm", 24000)
        self._text: list[str] = []
        self._sequence = 0
        self._speaking = 0
        self._closing = False

    def opened(self, request: Request) -> Iterator[Act]:
        """Check the key and the format."""
        audio = _audio(request)
        if not has_key(request):
            yield unauthorised(self._connection)
        elif audio is None:
            yield bad_request(self._connection, "unsupported encoding or sample_rate")
        else:
            self._audio = audio
            yield Accept({"dg-request-id": self._connection})
            model = request.one("model", "aura-asteria-en")
            metadata = {
                "type": "Metadata",
                "request_id": self._connection,
                "model_name": model,
                "model_version": "stand-in",
                "model_uuid": "00000000-0000-0000-0000-000000000000",
            }
            yield Send("begin", to_json(metadata))

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        kinds = {"Speak": "text", "Flush": "flush", "Clear": "cancel", "Close": "end"}
        return kinds.get(str((as_object(message) or {}).get("type")), "unknown")

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A text, or what to do with those that came."""
        match self.stage_of(message):
            case "text":
                text = (as_object(message) or {}).get("text")
                if isinstance(text, str) and len(text) <= _MOST_CHARS:
                    self._text.append(text)
                else:
                    yield self._warning("text of up to 2000 characters is needed")
            case "flush":
                yield from self._flush()
            case "cancel":
                self._text.clear()
                self._speaking = 0
                yield Hush()
                yield Send("cancelled", to_json({"type": "Cleared", "sequence_id": self._next()}))
            case "end":
                self._closing = True
                if any(self._text):
                    yield from self._flush()
                elif not self._speaking:
                    yield Close(1000)
            case _:
                yield self._warning("unparsable client message")

    def _flush(self) -> Iterator[Act]:
        text = "".join(self._text).strip()
        self._text.clear()
        if text:
            self._speaking += 1
            yield Speak(str(self._sequence), text, self._audio)
        else:
            yield Send("flushed", to_json({"type": "Flushed", "sequence_id": self._next()}))

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Audio, and that a flush is complete."""
        match event:
            case Piece(_, audio):
                yield Send("audio", audio)
            case Spoken():
                self._speaking -= 1
                yield Send("flushed", to_json({"type": "Flushed", "sequence_id": self._next()}))
                if self._closing and not self._speaking:
                    yield Close(1000)
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``Error``, then the socket is closed."""
        yield Send("error", to_json({"type": "Error", "err_code": "DATA-0000", "err_msg": text, "description": text}))
        yield Close(code if 1000 < code < 5000 else 1011, "DATA-0000")

    def _warning(self, text: str) -> Send:
        warning = {"type": "Warning", "warn_code": "DATA-0001", "warn_msg": text}
        return Send("warning", to_json({**warning, "code": "DATA-0001", "description": text}))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1


class AuraRequest:
    """One request to ``/v1/speak``: the audio of a text as the body of the response."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._accepted = False

    def opened(self, request: Request) -> Iterator[Act]:
        """Say the text."""
        text = (as_object(request.body.decode(errors="replace")) or {}).get("text")
        audio = _audio(request)
        if not has_key(request):
            yield unauthorised(self._connection)
        elif audio is None or not isinstance(text, str) or not 0 < len(text) <= _MOST_CHARS:
            yield bad_request(self._connection, "a text of up to 2000 characters, and a known encoding, are needed")
        else:
            kind = {"pcm": "audio/l16", "pcmu": "audio/mulaw", "pcma": "audio/alaw"}[audio.encoding]
            self._accepted = True
            yield Accept({"content-type": kind, "dg-request-id": self._connection})
            if request.one("container", "wav") == "wav":
                yield Send("head", _wav_head(audio))
            yield Speak("0", text, audio)

    def stage_of(self, message: str | bytes) -> str:
        """A request says nothing more."""
        return "unknown"

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A request says nothing more."""
        yield from ()

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """The audio, piece by piece."""
        match event:
            case Piece(_, audio):
                yield Send("audio", audio)
            case Spoken():
                yield End()
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """Before the head it is another response, after it the response ends in the middle."""
        if self._accepted:
            yield Close(code, text)
            return
        yield Refuse(500, {"err_code": "INTERNAL", "err_msg": text, "request_id": self._connection})


def _wav_head(audio: AudioFormat) -> bytes:
    """The head of a WAV file of unknown length (RIFF, ``fmt`` tags 1, 6 and 7)."""
    tag, size = {"pcm": (1, 2), "pcma": (6, 1), "pcmu": (7, 1)}[audio.encoding]
    rate = audio.sample_rate
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt "
        + struct.pack("<IHHIIHH", 16, tag, 1, rate, rate * size, size, 8 * size)
        + b"data\xff\xff\xff\xff"
    )


VENDOR = Vendor(
    "deepgram-aura",
    (
        Door("aura", "socket", "/v1/speak", lambda connection, _: Aura(connection)),
        Door("aura-http", "http", "/v1/speak", lambda connection, _: AuraRequest(connection)),
    ),
    ENV,
)
