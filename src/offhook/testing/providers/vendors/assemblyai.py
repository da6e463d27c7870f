"""AssemblyAI Universal-Streaming, version 3: ``/v3/ws``.

The wire is that of the vendor's reference and of the official package (1.8.2): parameters, messages, close codes.
What a turn's end depends on is simpler than the vendor's model: silence alone, between ``min_turn_silence`` and
``max_turn_silence``, as ``end_of_turn_confidence_threshold`` says.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from offhook.speech.streams import PCMU, AudioFormat
from offhook.testing.providers.session import (
    Accept,
    AllHeard,
    Close,
    Door,
    Force,
    Hear,
    Listen,
    Retune,
    Send,
    SoFarHeard,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    StopHearing,
    Vendor,
    Wake,
    Woke,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import KEY, plain, silence_for, sureness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request, Utterance

__all__ = ["VENDOR", "AssemblyAI"]

_MODELS = {
    "universal-streaming-english": False,
    "universal-streaming-multilingual": False,
    "u3-rt-pro": True,
    "universal-3-5-pro": True,
    "universal-3-6": True,
    "universal-3-6-pro": True,
    "whisper-rt": False,
}
"""The models, and whether a model is of the family that formats every turn and tells when speech starts."""
_ENCODINGS = {"pcm_s16le": "pcm", "pcm_mulaw": "pcmu"}
_LEAST_MS, _MOST_MS = 50.0, 1000.0
_LONGEST_SILENCE_MS = 1280.0
_BEAT_MS = 1000.0
"""How often a heartbeat comes is not documented; a second is assumed."""

NOT_AUTHORISED, INVALID, DURATION, IDLE = 1008, 3006, 3007, 4031


class AssemblyAI:
    """One connection to ``/v3/ws``."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._turn = 0
        self._open = False
        self._bytes_per_ms = 16.0
        self._formats = False
        self._pro = False
        self._idle_ms: float | None = None
        self._params: dict[str, Any] = {}
        self._listen = Listen(PCMU, 0.0)

    def opened(self, request: Request) -> Iterator[Act]:
        """Check the key and the parameters, and begin."""
        yield Accept()
        if not (request.headers.get("authorization") or request.one("token")):
            yield Close(NOT_AUTHORISED, "Unauthorized: missing Authorization header or token")
            return
        model = request.one("speech_model")
        encoding = _ENCODINGS.get(request.one("encoding", "pcm_s16le"))
        rate = request.number("sample_rate", 8000 if encoding == "pcmu" else 0)
        keyterms = request.one("keyterms_prompt", "[]")
        for wrong, why in (
            (model not in _MODELS, f"Invalid speech_model: {model or 'missing'}"),
            (encoding is None, "Invalid encoding"),
            (not 8000 <= rate <= 48000, "Invalid sample_rate"),
            (not _is_list(keyterms), "keyterms_prompt is not a JSON list"),
        ):
            if wrong:
                yield from self.failure(INVALID, why)
                return
        assert encoding is not None
        audio = AudioFormat(encoding, int(rate))  # type: ignore[arg-type]
        self._bytes_per_ms = audio.bytes_per_ms
        self._pro = _MODELS[model]
        self._formats = self._pro or request.flag("format_turns")
        self._params = {
            "threshold": request.number("end_of_turn_confidence_threshold", 0.4),
            "min": request.number(
                "min_turn_silence",
                request.number("min_end_of_turn_silence_when_confident", 100 if self._pro else 400),
            ),
            "max": request.number("max_turn_silence", 1000 if self._pro else _LONGEST_SILENCE_MS),
        }
        self._open = True
        configuration = {"model": model, "mode": request.one("mode") or None, "api_version": "1.0.0"}
        begin = {"type": "Begin", "id": self._connection, "expires_at": 1_893_456_000, "configuration": configuration}
        yield Send("begin", to_json(begin))
        self._listen = Listen(
            audio, self._silence_ms(), report_ms=_BEAT_MS if request.flag("session_heartbeat") else None
        )
        yield self._listen
        if request.one("inactivity_timeout"):
            self._idle_ms = 1000 * request.number("inactivity_timeout", 3600)
            yield Wake("idle", self._idle_ms)

    def _silence_ms(self) -> float:
        wanted = max(self._params["min"], silence_for(self._params["threshold"]))
        return float(min(wanted, max(self._params["min"], self._params["max"])))

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        if isinstance(message, bytes):
            return "audio"
        kinds = {
            "ForceEndpoint": "flush",
            "KeepAlive": "keep_alive",
            "Terminate": "end",
            "UpdateConfiguration": "configure",
        }
        return kinds.get(str((as_object(message) or {}).get("type")), "unknown")

    def received(self, message: str | bytes) -> Iterable[Act]:
        """Audio of 50 to 1000 ms, or a request."""
        if not self._open:
            return
        if self._idle_ms is not None:
            yield Wake("idle", self._idle_ms)
        if isinstance(message, bytes):
            length_ms = len(message) / self._bytes_per_ms
            if _LEAST_MS <= length_ms <= _MOST_MS:
                yield Hear(message)
            else:
                yield from self.failure(
                    DURATION,
                    f"Input Duration Error: expected {_LEAST_MS:g} to {_MOST_MS:g} ms, got {length_ms:g} ms",
                )
            return
        match self.stage_of(message):
            case "flush":
                yield Force()
            case "end":
                yield StopHearing()
            case "configure":
                yield from self._configure(as_object(message) or {})
            case "unknown":
                yield from self.failure(INVALID, "Invalid message")

    def _configure(self, asked: dict[str, Any]) -> Iterator[Act]:
        """Silences, the threshold and the formatting hold from now on; it is not answered."""
        names = {
            "end_of_turn_confidence_threshold": "threshold",
            "min_turn_silence": "min",
            "min_end_of_turn_silence_when_confident": "min",
            "max_turn_silence": "max",
        }
        for name, own in names.items():
            if isinstance(asked.get(name), int | float):
                self._params[own] = asked[name]
        if isinstance(asked.get("format_turns"), bool):
            self._formats = self._pro or asked["format_turns"]
        self._listen = replace(self._listen, end_ms=self._silence_ms())
        yield Retune(self._listen)

    def happened(self, event: EngineEvent) -> Iterable[Act]:
        """Turns: drafts of one, then its end, plain, and formatted if that was asked for."""
        match event:
            case SpeechBegan(at_ms) if self._pro:
                yield Send("onset", to_json({"type": "SpeechStarted", "timestamp": round(at_ms)}))
            case SpeechDraft(said):
                yield Send("partial", self._turn_of(said, ended=False, formatted=False, sure=0.02))
            case SpeechEnded(said, silence_ms) if said.text:
                sure = sureness(silence_ms)
                if not self._pro:
                    yield Send("final", self._turn_of(said, ended=True, formatted=False, sure=sure))
                if self._formats:
                    stage = "final" if self._pro else "formatted"
                    yield Send(stage, self._turn_of(said, ended=True, formatted=True, sure=sure))
                self._turn += 1
            case SoFarHeard(audio_ms):
                beat = {"total_audio_received_ms": round(audio_ms), "total_duration_ms": round(audio_ms)}
                more = {"realtime_factor": 1.0, "max_speech_probability": 0.0}
                yield Send("heartbeat", to_json({"type": "Heartbeat", **beat, **more}))
            case AllHeard(audio_ms):
                seconds = round(audio_ms / 1000)
                yield Send(
                    "done",
                    to_json(
                        {
                            "type": "Termination",
                            "audio_duration_seconds": seconds,
                            "session_duration_seconds": seconds,
                        }
                    ),
                )
                yield Close(1000)
            case Woke("idle"):
                yield from self.failure(IDLE, "Session idle for too long")
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``Error``, then the socket is closed with the same code."""
        self._open = False
        yield Send("error", to_json({"type": "Error", "error_code": code, "error": text}))
        yield Close(code if 1000 < code < 5000 else 1011, text)

    def _turn_of(self, said: Utterance, *, ended: bool, formatted: bool, sure: float) -> str:
        keep = (lambda text: text) if formatted else plain
        words = [
            {
                "text": keep(word.text),
                "start": round(word.began_ms),
                "end": round(word.ended_ms),
                "confidence": round(word.confidence, 3),
                # The last word of a draft may still change, and is not in the transcript yet.
                "word_is_final": ended or number < len(said.words) - 1,
            }
            for number, word in enumerate(said.words)
        ]
        final = " ".join(str(word["text"]) for word in words if word["word_is_final"])
        turn = {
            "type": "Turn",
            "turn_order": self._turn,
            "turn_is_formatted": formatted,
            "end_of_turn": ended,
            "transcript": final,
            "utterance": final if ended else "",
            "end_of_turn_confidence": round(sure, 3),
            "words": words,
        }
        return to_json(turn)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


VENDOR = Vendor(
    "assemblyai",
    (Door("assemblyai", "socket", "/v3/ws", lambda connection, _: AssemblyAI(connection)),),
    {"ASSEMBLYAI_API_KEY": KEY, "ASSEMBLYAI_BASE_URL": "{origin}"},
)
