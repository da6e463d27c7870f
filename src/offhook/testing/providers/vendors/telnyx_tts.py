"""Telnyx's voices: ``/v2/text-to-speech/speech``, a connection for each synthesis.

The wire is that of the vendor's pages on it and of its AsyncAPI description. Where the service is known to do otherwise
than these say, the stand-in does as the service: texts are gathered until they are flushed, ``isFinal`` comes when the
client has said that no text follows, and the connection ends with it; Kokoro gives MP3 whatever was asked for. Each
text that is flushed is an MP3 file of its own, with a tag, after the one before.
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
    Wake,
    Woke,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "TelnyxTts"]

_RATE = 24_000
_STREAMED = {"telnyx", "rime", "minimax", "resemble", "inworld"}
"""Whose audio comes as it is made. Of the others that of a text comes in one, with the text."""
_IDLE_S = 20.0
"""So long may nothing be sent (``inactivity_timeout``)."""


class TelnyxTts:
    """One connection."""

    def __init__(self, connection: str) -> None:
        self._audio = AudioFormat("pcm", _RATE)
        self._mp3: Mp3Encoder | None = None
        self._as_mp3 = self._streamed = True
        self._idle_ms = 0.0
        self._text = ""
        self._texts: list[str] = []
        """Texts that are being said."""
        self._whole = b""
        self._begun = self._ending = self._sounded = False

    def opened(self, request: Request) -> Iterator[Act]:
        """The key is a bearer; all else is in the address."""
        provider, _, rest = request.one("voice").partition(".")
        written = request.one("audio_format", "mp3")
        rate = int(request.number("sample_rate", _RATE))
        if not request.headers.get("authorization", "").lower().startswith("bearer "):
            yield _refusal(401, "10009", "Authentication failed")
        elif not rest or written not in ("mp3", "linear16") or not 8000 <= rate <= 48_000:
            yield _refusal(400, "10015", "A voice, a known audio_format and a rate of it are needed")
        elif rest.lower().startswith("ultra"):
            yield _refusal(403, "10010", "This model is not to be had here")
        else:
            self._as_mp3 = written == "mp3" or rest.startswith("KokoroTTS")
            self._audio = AudioFormat("pcm", _RATE if self._as_mp3 else rate)
            self._streamed = provider.lower() in _STREAMED
            self._idle_ms = 1000 * request.number("inactivity_timeout", _IDLE_S)
            yield Accept()
            yield Wake("idle", self._idle_ms)

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        told = as_object(message) or {}
        if told.get("force"):
            return "cancel"
        if not isinstance(told.get("text"), str):
            return "unknown"
        if told["text"] == " " and not self._begun:
            return "configure"
        return "end" if told["text"] == "" else "flush" if told.get("flush") else "text"

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A text, or what to do with those that came. After the end nothing is taken."""
        told, stage = as_object(message) or {}, self.stage_of(message)
        if self._ending and stage != "cancel":
            return
        yield Wake("idle", self._idle_ms)
        match stage:
            case "configure":
                self._begun = True
            case "cancel":
                self._text, self._whole, self._mp3, self._ending = "", b"", None, False
                self._texts.clear()
                yield Hush()
            case "text" | "flush" if self._begun:
                self._text += told["text"]
                if stage == "flush":
                    yield from self._say()
            case "end":
                self._ending = True
                yield from self._say()
                if not self._texts:
                    yield from self._over()
            case _:
                yield from self.failure(1008, "Invalid message")

    def _say(self) -> Iterator[Act]:
        text, self._text = self._text.strip(), ""
        if text:
            self._texts.append(text)
            yield Speak(str(len(self._texts)), text, self._audio)

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Audio, the end of a text, and of all."""
        match event:
            case Piece(_, audio):
                yield from self._give(self._encoder().process(audio) if self._as_mp3 else audio)
            case Spoken():
                yield from self._give(self._encoder().flush() if self._as_mp3 else b"")
                self._mp3 = None
                text, audio, self._whole = self._texts.pop(0), self._whole, b""
                yield self._chunk("text" if self._streamed else "audio", audio, text)
                if self._ending and not self._texts:
                    yield from self._over()
            case Woke():
                yield Close(1000)
            case _:
                return

    def _encoder(self) -> Mp3Encoder:
        self._mp3 = self._mp3 or Mp3Encoder(_RATE)
        return self._mp3

    def _give(self, audio: bytes) -> Iterator[Act]:
        if not self._streamed:
            self._whole += audio
        elif audio:
            yield self._chunk("audio", audio, None)

    def _chunk(self, stage: str, audio: bytes, text: str | None) -> Send:
        told: dict[str, Any] = {
            "type": "audio_chunk",
            "audio": base64.b64encode(audio).decode() if audio else None,
            "text": text,
            "isFinal": False,
            "cached": False,
        }
        if audio and not self._sounded:
            self._sounded, told["timeToFirstAudioFrameMs"] = True, 1
        return Send(stage, to_json(told))

    def _over(self) -> Iterator[Act]:
        yield Send("done", to_json({"type": "final", "audio": None, "text": "", "isFinal": True}))
        yield Close(1000)

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``error``, then the socket is closed."""
        yield Send("error", to_json({"type": "error", "error": text}))
        yield Close(code if 1000 < code < 5000 else 1011, text)


def _refusal(status: int, code: str, title: str) -> Refuse:
    return Refuse(status, {"errors": [{"code": code, "title": title, "detail": title}]})


VENDOR = Vendor(
    "telnyx-tts",
    (Door("telnyx-tts", "socket", "/v2/text-to-speech/speech", lambda connection, _: TelnyxTts(connection)),),
    {"TELNYX_API_KEY": KEY, "TELNYX_SPEECH_BASE_URL": "{origin}/v2"},
)
