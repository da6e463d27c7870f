"""OpenAI's voices: ``/v1/audio/speech``, the audio of a text as the body of the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.streams import AudioFormat
from offhook.testing.providers.session import (
    Accept,
    Close,
    Door,
    End,
    Piece,
    Refuse,
    Send,
    Speak,
    Spoken,
    Vendor,
    as_object,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "SpeechRequest"]

_PCM = AudioFormat("pcm", 24_000)
_MOST_CHARS = 4096


class SpeechRequest:
    """One request. Of the formats it gives ``pcm`` alone, 16 bits at 24 kHz without a head."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._accepted = False

    def opened(self, request: Request) -> Iterator[Act]:
        """Say the text."""
        asked = as_object(request.body.decode(errors="replace")) or {}
        text = asked.get("input")
        if not request.headers.get("authorization", "").startswith("Bearer "):
            yield _refusal(401, "invalid_api_key")
        elif not isinstance(text, str) or not 0 < len(text) <= _MOST_CHARS or not asked.get("model"):
            yield _refusal(400, "invalid_request")
        elif asked.get("response_format") != "pcm" or not asked.get("voice"):
            yield _refusal(400, "unsupported_value")
        else:
            self._accepted = True
            yield Accept({"content-type": "audio/pcm", "x-request-id": self._connection})
            yield Speak("0", text, _PCM)

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
        yield Close(code, text) if self._accepted else _refusal(500, "server_error")


def _refusal(status: int, code: str) -> Refuse:
    return Refuse(status, {"error": {"message": code, "type": code, "param": None, "code": code}})


VENDOR = Vendor(
    "openai-speech",
    (Door("speech", "http", "/v1/audio/speech", lambda connection, _: SpeechRequest(connection)),),
    {"OPENAI_API_KEY": "stand-in", "OPENAI_BASE_URL": "{origin}/v1"},
)
