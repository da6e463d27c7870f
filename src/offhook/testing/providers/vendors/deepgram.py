"""Deepgram's live transcription, version 1: ``/v1/listen``.

The wire is that of the vendor's reference and of the official package (7.17).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

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
    SoFarHeard,
    SpeechBegan,
    SpeechDraft,
    SpeechEnded,
    SpeechQuiet,
    StopHearing,
    Utterance,
    Vendor,
    Wake,
    Woke,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import KEY, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["ENV", "VENDOR", "Deepgram", "audio_of", "has_key", "unauthorised"]

ENV = {"DEEPGRAM_API_KEY": KEY, "DEEPGRAM_BASE_URL": "{origin}"}
_ENCODINGS = {"linear16": "pcm", "mulaw": "pcmu", "alaw": "pcma"}
_SOCKET_SILENCE_MS = 10_000.0
"""After so long without a message the vendor closes the socket (its page on keeping alive)."""
_NOTHING = Utterance("", 0.0, 0.0, 0.0)
_LEAST_END_MS = 100.0
"""The detector here cannot tell a shorter pause from a stop consonant."""


def has_key(request: Request) -> bool:
    """Whether the request has a key, in one of the two ways."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return scheme in ("Token", "Bearer", "token", "bearer") and bool(key.strip())


def unauthorised(connection: str) -> Refuse:
    """What a request without a key gets."""
    return Refuse(401, {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": connection})


def bad_request(connection: str, why: str) -> Refuse:
    """What a request with a wrong parameter gets."""
    return Refuse(400, {"err_code": "Bad Request", "err_msg": why, "request_id": connection}, {"dg-error": why})


def audio_of(request: Request) -> AudioFormat | None:
    """The format of the audio that the query names; ``None`` if it is not one that is known here."""
    encoding = _ENCODINGS.get(request.one("encoding"))
    rate = request.number("sample_rate", 0)
    if encoding is None or not 8000 <= rate <= 48000 or (encoding != "pcm" and rate != 8000):
        return None
    return AudioFormat(encoding, int(rate))  # type: ignore[arg-type]


class Deepgram:
    """One connection to ``/v1/listen``."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._model = ""
        self._interim = False
        self._formats = False
        self._events = False
        self._ends = True
        self._said_ms = 0.0
        self._draft: Utterance | None = None

    def opened(self, request: Request) -> Iterator[Act]:
        """Check the key and the parameters."""
        if not has_key(request):
            yield unauthorised(self._connection)
            return
        audio = audio_of(request)
        if audio is None:
            yield bad_request(self._connection, "unsupported encoding or sample_rate")
            return
        self._model = request.one("model", "nova-3")
        self._interim = request.flag("interim_results")
        self._formats = request.flag("smart_format") or request.flag("punctuate")
        self._events = request.flag("vad_events")
        self._ends = request.one("endpointing") != "false"
        quiet_ms = request.number("utterance_end_ms", 0)
        if quiet_ms and (not self._interim or quiet_ms < 1000):
            yield bad_request(self._connection, "utterance_end_ms of at least 1000 and interim_results are needed")
            return
        yield Accept({"dg-request-id": self._connection})
        end_ms = max(request.number("endpointing", 10.0), _LEAST_END_MS) if self._ends else 500.0
        yield Listen(
            audio,
            end_ms,
            quiet_ms=quiet_ms or None,
            draft_ms=400.0 if self._interim else None,
            report_ms=1000.0 if self._interim else None,
        )
        yield Wake("idle", _SOCKET_SILENCE_MS)

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        if isinstance(message, bytes):
            return "audio" if message else "end"
        kinds = {"Finalize": "flush", "KeepAlive": "keep_alive", "CloseStream": "end", "Configure": "configure"}
        return kinds.get(str((as_object(message) or {}).get("type")), "unknown")

    def received(self, message: str | bytes) -> Iterator[Act]:
        """Audio, or a request."""
        yield Wake("idle", _SOCKET_SILENCE_MS)
        match self.stage_of(message):
            case "audio":
                assert isinstance(message, bytes)
                yield Hear(message)
            case "flush":
                yield Force()
            case "end":
                yield Wake("idle", None)
                yield StopHearing()
            case "configure":
                yield self._configure(as_object(str(message)) or {})

    def _configure(self, asked: dict[str, Any]) -> Send:
        """Formatting holds from now on; keyterms are repeated, and change nothing that is heard here."""
        told: dict[str, Any] = {"type": "ConfigureSuccess", "request_id": self._connection}
        if asked.get("keyterms") is not None:
            if not self._model.startswith("nova-3"):
                failure = {"code": "CONFIGURE_KEYTERMS_NOT_SUPPORTED", "description": "nova-3 alone has keyterms"}
                return Send("configured", to_json({**told, **failure, "type": "ConfigureFailure"}))
            told["keyterms"] = asked["keyterms"]
        features = asked.get("features")
        if isinstance(features, dict):
            self._formats = bool(features.get("smart_format", features.get("punctuate", self._formats)))
        return Send("configured", to_json(told))

    def happened(self, event: EngineEvent) -> Iterable[Act]:
        """Results: drafts of a segment, then the segment."""
        match event:
            case SpeechBegan(at_ms) if self._events:
                yield Send("onset", to_json({"type": "SpeechStarted", "channel": [0], "timestamp": at_ms / 1000}))
            case SpeechDraft(said):
                self._draft = said
                yield Send("partial", self._results(said))
            case SoFarHeard(audio_ms):
                # In silence, too: results without words.
                yield Send("update", self._results(replace(self._draft or _NOTHING, ended_ms=audio_ms)))
            case SpeechEnded(said, _, forced):
                self._draft = None
                results = self._results(said, final=True, ends=self._ends and not forced, forced=forced)
                yield Send("flushed" if forced else "final", results)
            case SpeechQuiet(last_ms):
                end = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(last_ms / 1000, 3)}
                yield Send("quiet", to_json(end))
            case AllHeard(audio_ms):
                yield Send("done", to_json(self._metadata(audio_ms)))
                yield Close(1000)
            case Woke("idle"):
                why = "Deepgram did not receive audio data or a text message within the timeout window."
                yield from self.failure(1011, why, code_name="NET-0001")
            case _:
                return

    def failure(self, code: int, text: str, *, code_name: str = "DATA-0000") -> Iterator[Act]:
        """An ``Error``, then the socket is closed."""
        error = {"type": "Error", "variant": code_name, "description": text, "code": code_name}
        yield Send("error", to_json(error))
        yield Close(code if 1000 < code < 5000 else 1011, code_name)

    def _metadata(self, audio_ms: float) -> dict[str, Any]:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._connection,
            "sha256": "0" * 64,
            "created": "2026-01-01T00:00:00.000Z",
            "duration": round(audio_ms / 1000, 3),
            "channels": 1,
            "models": [self._model],
        }

    def _results(self, said: Utterance, *, final: bool = False, ends: bool = False, forced: bool = False) -> str:
        start_ms = self._said_ms
        if final:
            self._said_ms = said.ended_ms
        words = [
            {
                "word": plain(word.text),
                "start": round(word.began_ms / 1000, 3),
                "end": round(word.ended_ms / 1000, 3),
                "confidence": round(word.confidence, 3),
                "punctuated_word": word.text,
            }
            for word in said.words
        ]
        alternative = {
            "transcript": said.text if self._formats else plain(said.text),
            "confidence": round(said.confidence, 3),
            "words": words,
        }
        results = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round((said.ended_ms - start_ms) / 1000, 3),
            "start": round(start_ms / 1000, 3),
            "is_final": final,
            "speech_final": ends,
            "from_finalize": forced,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._connection,
                "model_uuid": "00000000-0000-0000-0000-000000000000",
                "model_info": {"name": self._model, "version": "stand-in", "arch": self._model.partition("-")[0]},
            },
        }
        return to_json(results)


VENDOR = Vendor(
    "deepgram", (Door("deepgram", "socket", "/v1/listen", lambda connection, _: Deepgram(connection)),), ENV
)
