"""Cartesia's voices: ``/tts/websocket``.

The wire is that of the vendor's reference and of the official package. A context whose ``continue`` is true gathers
texts; the stand-in says it when it ends.
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

__all__ = ["VENDOR", "Cartesia"]

_ENCODINGS: dict[str, Any] = {"pcm_s16le": "pcm", "pcm_mulaw": "pcmu", "pcm_alaw": "pcma"}
_RATES = (8000, 16000, 22050, 24000, 44100, 48000)


class Cartesia:
    """One connection: contexts, said one after the other."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._texts: dict[str, str] = {}
        self._timed: dict[str, bool] = {}
        self._said: list[str] = []
        """Contexts that are being said, in their order."""

    def opened(self, request: Request) -> Iterator[Act]:
        """The key is in a header, whichever of the two, or in the address."""
        key = request.headers.get("x-api-key") or request.headers.get("authorization") or request.one("api_key")
        version = request.headers.get("cartesia-version") or request.one("cartesia_version")
        if not key:
            yield Refuse(401, {"error": "unauthorized"})
        elif not version:
            yield Refuse(400, {"error": "a version is needed"})
        else:
            yield Accept()

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        told = as_object(message)
        if told is None or not isinstance(told.get("context_id"), str):
            return "unknown"
        return "cancel" if told.get("cancel") else "text"

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A text of a context, or the end of one."""
        told = as_object(message) or {}
        match self.stage_of(message):
            case "text":
                yield from self._text(told["context_id"], told)
            case "cancel":
                yield from self._cancel(told["context_id"])
            case _:
                yield self._error("", 400, "a context_id is needed")

    def _text(self, context: str, told: dict[str, Any]) -> Iterator[Act]:
        audio = _audio(told.get("output_format"))
        voice = told.get("voice")
        if audio is None or not isinstance(voice, dict) or not told.get("model_id"):
            yield self._error(context, 400, "model_id, voice and a known output_format are needed")
            return
        self._texts[context] = self._texts.get(context, "") + str(told.get("transcript") or "")
        self._timed[context] = bool(told.get("add_timestamps"))
        if told.get("continue"):
            return
        text = self._texts.pop(context).strip()
        if text:
            self._said.append(context)
            yield Speak(context, text, audio)
        else:
            yield self._done(context)

    def _cancel(self, context: str) -> Iterator[Act]:
        self._texts.pop(context, None)
        if context in self._said:
            # Only what has not begun can be taken out of the middle; a client that cancels cancels all that it has.
            self._said.remove(context)
            if not self._said:
                yield Hush()

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Audio, the times of the words, and the end of a context."""
        match event:
            case Piece(context, audio, words) if context in self._said:
                data = base64.b64encode(audio).decode()
                told = {"type": "chunk", "context_id": context, "data": data, "done": False, "status_code": 206}
                yield Send("audio", to_json({**told, "step_time": 1.0}))
                if words and self._timed.get(context):
                    times = {
                        "words": [word.text for word in words],
                        "start": [word.began_ms / 1000 for word in words],
                        "end": [word.ended_ms / 1000 for word in words],
                    }
                    told = {"type": "timestamps", "context_id": context, "word_timestamps": times}
                    yield Send("words", to_json({**told, "done": False, "status_code": 206}))
            case Spoken(context) if context in self._said:
                self._said.remove(context)
                yield self._done(context)
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An error of the context that is being said, and the connection stays."""
        yield self._error(self._said.pop(0) if self._said else "", code if 400 <= code < 600 else 500, text)
        if not self._said:
            yield Hush()
        if 1000 < code < 5000:
            yield Close(code, text)

    def _done(self, context: str) -> Send:
        return Send("done", to_json({"type": "done", "context_id": context, "done": True, "status_code": 200}))

    def _error(self, context: str, status: int, text: str) -> Send:
        told = {"type": "error", "context_id": context, "title": text, "message": text, "error_code": "stand_in"}
        return Send("error", to_json({**told, "done": True, "status_code": status}))


def _audio(value: object) -> AudioFormat | None:
    if not isinstance(value, dict) or value.get("container") != "raw":
        return None
    encoding, rate = _ENCODINGS.get(str(value.get("encoding"))), value.get("sample_rate")
    return AudioFormat(encoding, rate) if encoding is not None and rate in _RATES else None


VENDOR = Vendor(
    "cartesia",
    (Door("cartesia", "socket", "/tts/websocket", lambda connection, _: Cartesia(connection)),),
    {"CARTESIA_API_KEY": "stand-in", "CARTESIA_BASE_URL": "{origin}"},
)
