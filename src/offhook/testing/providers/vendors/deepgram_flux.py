"""Deepgram Flux, version 2 of its live transcription: ``/v2/listen``, which knows turns.

The wire is that of the vendor's reference and of the official package (7.17). How sure it is that a turn is over
depends on silence alone here; the vendor's model judges the words as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.speech.streams import PCMU
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
    SpeechPaused,
    SpeechResumed,
    StopHearing,
    Vendor,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import silence_for, sureness
from offhook.testing.providers.vendors.deepgram import ENV, audio_of, bad_request, has_key, unauthorised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.session import Act, EngineEvent, Request, Utterance

__all__ = ["VENDOR", "Flux"]

_MODELS = ("flux-general-en", "flux-general-multi")
_TIMEOUT_MS = 5000.0


class Flux:
    """One connection to ``/v2/listen``."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._sequence = 0
        self._turn = 0
        self._turn_began_ms = 0.0
        self._last = ""
        self._eager: Utterance | None = None
        self._end_ms = 0.0
        self._audio = PCMU
        self._thresholds: dict[str, float | None] = {}

    def opened(self, request: Request) -> Iterator[Act]:
        """Check the key and the thresholds."""
        if not has_key(request):
            yield unauthorised(self._connection)
            return
        audio = audio_of(request)
        self._thresholds = {
            "eot_threshold": request.number("eot_threshold", 0.7),
            "eager_eot_threshold": request.number("eager_eot_threshold", 0.0) or None,
            "eot_timeout_ms": request.number("eot_timeout_ms", _TIMEOUT_MS),
        }
        wrong = _wrong(self._thresholds)
        if request.one("model") not in _MODELS:
            wrong = "unknown model"
        if audio is None or wrong:
            yield bad_request(self._connection, wrong or "unsupported encoding or sample_rate")
            return
        self._audio = audio
        yield Accept({"dg-request-id": self._connection})
        yield Send("begin", self._message("Connected"))
        yield self._listen()

    def _listen(self) -> Listen:
        eager = self._thresholds["eager_eot_threshold"]
        self._end_ms = silence_for(self._thresholds["eot_threshold"] or 0.0)
        return Listen(
            self._audio,
            min(self._end_ms, self._thresholds["eot_timeout_ms"] or _TIMEOUT_MS),
            pause_ms=silence_for(eager) if eager else None,
            draft_ms=250.0,
            report_ms=250.0,
        )

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        if isinstance(message, bytes):
            return "audio"
        kinds = {"ForceEndTurn": "flush", "CloseStream": "end", "Configure": "configure"}
        return kinds.get(str((as_object(message) or {}).get("type")), "unknown")

    def received(self, message: str | bytes) -> Iterator[Act]:
        """Audio, or a request."""
        match self.stage_of(message):
            case "audio":
                assert isinstance(message, bytes)
                yield Hear(message)
            case "flush":
                yield Force()
            case "end":
                yield StopHearing()
            case "configure":
                yield from self._configure(as_object(str(message)) or {})
            case _:
                yield from self.failure(1008, "unparsable client message")

    def _configure(self, asked: dict[str, Any]) -> Iterator[Act]:
        """Thresholds hold from now on; keyterms and languages are repeated, and change nothing that is heard here."""
        given = asked.get("thresholds") or {}
        changed = {**self._thresholds, **{name: given[name] for name in self._thresholds if name in given}}
        if wrong := _wrong(changed):
            failure = {"code": "INVALID_THRESHOLDS", "description": wrong}
            yield Send("configured", self._message("ConfigureFailure", **failure))
            return
        self._thresholds = changed
        yield Retune(self._listen())
        told = {name: asked[name] for name in ("thresholds", "keyterms", "language_hints") if name in asked}
        yield Send("configured", self._message("ConfigureSuccess", **told))

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Turns: start, updates, an eager end and its withdrawal, the end."""
        match event:
            case SpeechBegan(at_ms):
                self._turn_began_ms = at_ms
                self._last = ""
            case SpeechDraft(said):
                first = not self._last
                self._last = said.text
                yield Send(
                    "onset" if first else "partial", self._info("StartOfTurn" if first else "Update", said, 0.01)
                )
            case SoFarHeard(audio_ms):
                yield Send("update", self._info_of("Update", self._last, [], audio_ms, 0.01))
            case SpeechPaused(said, silence_ms) if said.text:
                yield from self._started(said)
                self._eager = said
                yield Send("eager", self._info("EagerEndOfTurn", said, sureness(silence_ms)))
            case SpeechResumed():
                if self._eager is not None:
                    self._eager = None
                    resumed = self._info_of("TurnResumed", self._last, [], self._turn_began_ms, 0.1)
                    yield Send("resumed", resumed)
            case SpeechEnded(said, silence_ms, forced) if said.text:
                # What it has told as the probable end is the end, word for word.
                said = self._eager or said
                yield from self._started(said)
                trigger = "manual" if forced else "model" if silence_ms >= self._end_ms else "timeout"
                stage = "flushed" if forced else "final"
                yield Send(stage, self._info("EndOfTurn", said, sureness(silence_ms), trigger=trigger))
                self._turn += 1
                self._last, self._eager = "", None
            case AllHeard():
                yield Close(1000)
            case _:
                return

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``Error``, then the socket is closed."""
        yield Send("error", self._message("Error", code="INTERNAL_SERVER_ERROR", description=text))
        yield Close(code if 1000 < code < 5000 else 1011, text)

    def _started(self, said: Utterance) -> Iterator[Act]:
        """A turn so short that there was no draft of it starts all the same."""
        if not self._last:
            yield Send("onset", self._info("StartOfTurn", said, 0.01))
        self._last = said.text

    def _info(self, event: str, said: Utterance, sure: float, **more: Any) -> str:
        words = [{"word": word.text, "confidence": round(word.confidence, 3)} for word in said.words]
        return self._info_of(event, said.text, words, said.ended_ms, sure, **more)

    def _info_of(
        self, event: str, text: str, words: list[dict[str, Any]], end_ms: float, sure: float, **more: Any
    ) -> str:
        return self._message(
            "TurnInfo",
            event=event,
            turn_index=self._turn,
            audio_window_start=round(self._turn_began_ms / 1000, 3),
            audio_window_end=round(end_ms / 1000, 3),
            transcript=text,
            words=words,
            end_of_turn_confidence=round(sure, 3),
            **more,
        )

    def _message(self, kind: str, **fields: Any) -> str:
        message = {"type": kind, "request_id": self._connection, "sequence_id": self._sequence, **fields}
        self._sequence += 1
        return to_json(message)


def _wrong(thresholds: dict[str, float | None]) -> str | None:
    """What is out of range, if anything is."""
    eot, eager, timeout_ms = thresholds.values()
    if not all(isinstance(value, int | float) for value in (eot, eager or 0.5, timeout_ms)):
        return "thresholds must be numbers"
    assert eot is not None
    assert timeout_ms is not None
    for wrong, why in (
        (not 0.5 <= eot <= 1.0, "eot_threshold must be between 0.5 and 1.0"),
        (eager is not None and not 0.3 <= eager <= 0.9, "eager_eot_threshold must be between 0.3 and 0.9"),
        (eager is not None and eager > eot, "eager_eot_threshold must not be above eot_threshold"),
        (not 500 <= timeout_ms <= 60_000, "eot_timeout_ms must be between 500 and 60000"),
    ):
        if wrong:
            return why
    return None


VENDOR = Vendor("deepgram-flux", (Door("flux", "socket", "/v2/listen", lambda connection, _: Flux(connection)),), ENV)
