"""Telnyx's streaming transcription: ``/v2/speech-to-text/transcription``.

The wire is that of the vendor's pages on it and of its AsyncAPI description: every message of the server has
``transcript`` and ``is_final``; ``speech_final`` and ``utterance_end`` come from one engine (Deepgram) alone, which is
also the only one that takes ``Finalize`` and ``KeepAlive``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.speech.streams import AudioFormat
from offhook.testing.providers.session import (
    Accept,
    AllHeard,
    Close,
    Door,
    Force,
    Hear,
    Listen,
    Refuse,
    Send,
    SpeechDraft,
    SpeechEnded,
    SpeechQuiet,
    StopHearing,
    Vendor,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "TelnyxStt"]

_ENGINES = {
    "Deepgram",
    "Telnyx",
    "Google",
    "Azure",
    "xAI",
    "AssemblyAI",
    "Speechmatics",
    "Soniox",
    "Parakeet",
}
_FORMATS = {"linear16": "pcm", "mulaw": "pcmu", "alaw": "pcma"}
_WAV_HEAD = 44
_QUIET_MS = 1000.0
_CODES = {"format": "40001", "rate": "40003", "engine": "40007", "other": "50000"}
"""Of its page on errors. Those of an engine that it does not know, and of an engine's failure, are assumed."""


class TelnyxStt:
    """One connection."""

    def __init__(self, connection: str) -> None:
        self._deepgram = False
        self._wav_left = 0

    def opened(self, request: Request) -> Iterator[Act]:
        """Check the key and the parameters. What is wrong with these is told on the socket."""
        if not request.headers.get("authorization", "").lower().startswith("bearer "):
            error = {"code": "10009", "title": "Authentication failed", "detail": "No key was found."}
            yield Refuse(401, {"errors": [error]})
            return
        yield Accept()
        engine, kind = request.one("transcription_engine"), request.one("input_format")
        rate = request.number("sample_rate", 16000 if kind == "wav" else 0)
        if engine not in _ENGINES:
            yield from self._wrong("engine", "Unsupported engine", "transcription_engine")
        elif kind not in (*_FORMATS, "wav"):
            yield from self._wrong("format", "Unsupported format", "input_format")
        elif not 8000 <= rate <= 48000:
            yield from self._wrong("rate", "A sample rate is needed for raw audio", "sample_rate")
        else:
            self._deepgram = engine == "Deepgram"
            self._wav_left = _WAV_HEAD if kind == "wav" else 0
            audio = AudioFormat(_FORMATS.get(kind, "pcm"), int(rate))  # type: ignore[arg-type]
            end_ms = max(100.0, request.number("endpointing", 100.0)) if self._deepgram else 500.0
            yield Listen(
                audio,
                end_ms,
                quiet_ms=_QUIET_MS if self._deepgram else None,
                draft_ms=400.0 if request.flag("interim_results") else None,
            )

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        if isinstance(message, bytes):
            return "audio"
        kinds = {"Finalize": "flush", "KeepAlive": "keep_alive", "CloseStream": "end"}
        return kinds.get(str((as_object(message) or {}).get("type")), "unknown")

    def received(self, message: str | bytes) -> Iterator[Act]:
        """Audio, or a request. What is not known is ignored, as the pages say."""
        match self.stage_of(message):
            case "audio":
                assert isinstance(message, bytes)
                audio = message[self._wav_left :]
                self._wav_left = max(0, self._wav_left - len(message))
                if audio:
                    yield Hear(audio)
            case "flush" if self._deepgram:
                yield Force()
            case "end":
                yield StopHearing()

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Transcripts."""
        match event:
            case SpeechDraft(said):
                yield Send("partial", self._transcript(said.text, said.confidence, final=False))
            case SpeechEnded(said, _, forced) if said.text or forced:
                stage = "flushed" if forced else "final"
                yield Send(stage, self._transcript(said.text, said.confidence, final=True))
            case SpeechQuiet():
                quiet = {"type": "transcript", "transcript": "", "is_final": True, "utterance_end": True}
                yield Send("quiet", to_json(quiet))
            case AllHeard():
                yield Close(1000)
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """Errors, then the socket is closed."""
        yield from self._wrong("other", text, None)

    def _transcript(self, text: str, confidence: float, *, final: bool) -> str:
        message = {"type": "transcript", "transcript": text, "is_final": final, "confidence": round(confidence, 3)}
        return to_json({**message, "speech_final": final} if self._deepgram else message)

    def _wrong(self, kind: str, why: str, parameter: str | None) -> Iterator[Act]:
        error = {"code": _CODES[kind], "title": why, "detail": why, "source": {"parameter": parameter}}
        yield Send("error", to_json({"errors": [error]}))
        yield Close(1008, why)


VENDOR = Vendor(
    "telnyx-stt",
    (Door("telnyx-stt", "socket", "/v2/speech-to-text/transcription", lambda connection, _: TelnyxStt(connection)),),
    {"TELNYX_API_KEY": KEY, "TELNYX_SPEECH_BASE_URL": "{origin}/v2"},
)
