"""The journal as an observer of facts: which of them it keeps, and under what name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.exchange.legs import facts

if TYPE_CHECKING:
    from offhook.exchange.legs.facts import Fact

__all__ = ["entry"]


def entry(fact: Fact) -> tuple[str, dict[str, Any]] | None:
    """The journal's type and fields for a fact; ``None`` for one that it does not keep.

    Nothing in it may hold a number, a key or a word that was said.
    """
    match fact:
        case facts.StateReached(leg):
            return "leg.state", {"state": str(leg.state), "direction": leg.direction, "session": leg.session_id}
        case facts.SpeakEnded(outcome="failed", reason=reason):
            return "media.speak_failed", {"reason": reason}
        case facts.PlaybackEnded(outcome="failed", reason=reason):
            return "media.playback_failed", {"reason": reason}
        case facts.StreamStarted(stream_id=stream_id):
            return "media.started", {"stream_id": stream_id}
        case facts.StreamFailed(stream_id=stream_id, reason=reason):
            return "media.failed", {"stream_id": stream_id, "reason": reason}
        case facts.StreamStopped(stream_id=stream_id):
            return "media.stopped", {"stream_id": stream_id}
        case facts.LineFailed(error=error):
            return "line.failed", {"error": error}
        case facts.HungUp(ending=ending):
            return "call.ended", {
                "cause": ending.cause, "hangup_source": ending.source, "sip_cause": ending.sip_cause
            }  # fmt: skip
        case _:
            return None
