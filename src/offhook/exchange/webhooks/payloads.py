"""The webhooks' payloads, made from facts, as the carrier really sends them.

The sets of fields are those of captured webhooks where they differ from the API description: ``call.answered`` and
``call.hangup`` have no ``state``, and most events carry ``calling_party_type``. All functions are pure.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from offhook.exchange.legs import facts
from offhook.exchange.words.times import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offhook.exchange.legs.facts import Fact
    from offhook.exchange.legs.machine import Ending, Leg
    from offhook.exchange.words.fields import StreamOptions
    from offhook.exchange.words.settings import WebhookAssumptions

__all__ = ["Event", "envelope", "event_of"]

Payload = dict[str, Any]

_FRAME_MS = 20
CONNECTION_CODECS = "PCMU,PCMA,G722,OPUS"
"""What the exchange's connections take."""

_PLAYED: Mapping[facts.Outcome, str] = {
    "completed": "completed",
    "stopped": "cancelled",
    "hung_up": "call_hangup",
    "failed": "failed",
}
_COLLECTED: Mapping[facts.Collected, str] = {
    "valid": "valid",
    "invalid": "invalid",
    "timeout": "timeout",
    "stopped": "cancelled",
    "hung_up": "call_hangup",
}


class Event(NamedTuple):
    """What a webhook says: its ``event_type`` and its payload."""

    type: str
    payload: Payload


def event_of(fact: Fact, assumed: WebhookAssumptions) -> Event | None:
    """The event that the carrier sends for a fact; ``None`` when it sends none."""
    match fact:
        case facts.Initiated(leg):
            return Event("call.initiated", _initiated(leg))
        case facts.Answered(leg):
            return Event("call.answered", _answered(leg))
        case facts.Bridged(leg):
            return Event("call.bridged", {**_with_parties(leg), **_party_type(leg)})
        case facts.HungUp(leg, ending=ending):
            return Event("call.hangup", _hangup(leg, ending))
        case facts.DigitPressed(leg, digit=digit):
            return Event("call.dtmf.received", {**_with_parties(leg), "digit": digit})
        case facts.SpeakStarted() | facts.SpeakEnded() | facts.PlaybackStarted() | facts.PlaybackEnded():
            return _announcement(fact, assumed)
        case facts.GatherEnded(leg, _, gather_id, digits, outcome):
            gathered = {"gather_id": gather_id, "digits": digits, "status": _COLLECTED[outcome]}
            return Event("call.gather.ended", {**_with_parties(leg), **gathered})
        case facts.StreamStarted(leg, stream=stream):
            return Event("streaming.started", _streaming(leg, stream))
        case facts.StreamStopped(leg, stream=stream):
            return Event("streaming.stopped", _streaming(leg, stream))
        case facts.StreamFailed():
            return Event("streaming.failed", _streaming_failed(fact))
        case _:
            return None


def _announcement(
    fact: facts.SpeakStarted | facts.SpeakEnded | facts.PlaybackStarted | facts.PlaybackEnded,
    assumed: WebhookAssumptions,
) -> Event:
    match fact:
        case facts.SpeakStarted(leg, speak_id=speak_id):
            return Event("call.speak.started", _speak(leg, speak_id))
        case facts.SpeakEnded(leg, _, speak_id, outcome):
            # The carrier documents no word for a text that is cut off, nor for a voice that fails.
            cut = outcome in ("stopped", "failed")
            status = assumed.cut_speak_status if cut else _PLAYED[outcome]
            return Event("call.speak.ended", {**_speak(leg, speak_id), "status": status})
        case facts.PlaybackStarted(leg, url=url):
            return Event("call.playback.started", _playback(leg, url))
        case _:
            payload = {**_playback(fact.leg, fact.url), "status": _PLAYED[fact.outcome]}
            return Event("call.playback.ended", {**payload, "status_detail": fact.reason} if fact.reason else payload)


def envelope(event_type: str, event_id: str, occurred_ms: float, payload: Payload, attempt: int, url: str) -> bytes:
    """The body of one delivery. ``attempt`` counts from 1 over all tries of the event."""
    return json.dumps(
        {
            "data": {
                "record_type": "event",
                "event_type": event_type,
                "id": event_id,
                "occurred_at": iso_time(occurred_ms),
                "payload": payload,
            },
            "meta": {"attempt": attempt, "delivered_to": url},
        },
        separators=(",", ":"),
    ).encode()


def _base(leg: Leg) -> Payload:
    return {
        "call_control_id": leg.call_id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        "connection_id": leg.connection_id,
        "client_state": leg.client_state,
    }


def _with_parties(leg: Leg) -> Payload:
    return {**_base(leg), "from": leg.from_, "to": leg.to}


def _party_type(leg: Leg) -> Payload:
    return {"calling_party_type": "sip" if leg.from_.startswith(("sip:", "sips:")) else "pstn"}


def _headers(headers: Iterable[tuple[str, str]]) -> Payload:
    pairs = [{"name": name, "value": value} for name, value in headers]
    return {"custom_headers": pairs} if pairs else {}


def _tags(leg: Leg) -> Payload:
    return {"tags": list(leg.tags)} if leg.tags else {}


def _sip_uri(party: str, domain: str) -> str:
    return party if party.startswith(("sip:", "sips:")) else f"{party}@{domain}"


def _initiated(leg: Leg) -> Payload:
    inbound = leg.direction == "inbound"
    payload = {
        **_with_parties(leg),
        **_party_type(leg),
        "direction": "incoming" if inbound else "outgoing",
        "state": "parked" if inbound else "bridging",
        "start_time": iso_time(leg.started_ms),
    }
    if inbound:
        payload |= {
            "caller_id_name": leg.caller_name or leg.from_,
            "connection_codecs": CONNECTION_CODECS,
            "offered_codecs": leg.codec,
            "from_sip_uri": _sip_uri(leg.from_, "127.0.0.1"),
            "to_sip_uri": _sip_uri(leg.to, "127.0.0.1"),
        }
    elif leg.caller_name:
        payload["caller_id_name"] = leg.caller_name
    return payload | _headers(leg.custom_headers) | _tags(leg)


def _answered(leg: Leg) -> Payload:
    return {
        **_with_parties(leg),
        **_party_type(leg),
        "start_time": iso_time(leg.started_ms),
        "codec": leg.codec,
        "sampling_rate": 16_000 if leg.codec in ("G722", "AMR-WB") else 8000,
        **_headers(leg.answer_headers),
        **_tags(leg),
    }


def _hangup(leg: Leg, ending: Ending) -> Payload:
    """The quality figures say what is true here: nothing is lost on the way."""
    ended_ms = leg.ended_ms
    assert ended_ms is not None
    stats = None
    if leg.answered_ms is not None:
        packets = str(int((ended_ms - leg.answered_ms) // _FRAME_MS))
        stats = {
            "inbound": {
                "mos": "4.50",
                "jitter_max_variance": "0.00",
                "jitter_packet_count": "0",
                "packet_count": packets,
                "skip_packet_count": "0",
            },
            "outbound": {"packet_count": packets, "skip_packet_count": "0"},
        }
    return {
        **_with_parties(leg),
        **_party_type(leg),
        "start_time": iso_time(leg.started_ms),
        "end_time": iso_time(ended_ms),
        "hangup_cause": ending.cause,
        "hangup_source": ending.source,
        "sip_hangup_cause": ending.sip_cause,
        "call_quality_stats": stats,
        **_headers(leg.answer_headers),
        **_tags(leg),
    }


def _speak(leg: Leg, speak_id: str) -> Payload:
    return {**_base(leg), **_party_type(leg), "speak_id": speak_id}


def _playback(leg: Leg, url: str | None) -> Payload:
    payload = {**_base(leg), "overlay": False}
    return payload if url is None else {**payload, "media_url": url}


def _streaming(leg: Leg, stream: StreamOptions) -> Payload:
    return {**_base(leg), "stream_url": stream.url}


def _streaming_failed(fact: facts.StreamFailed) -> Payload:
    return {
        **_base(fact.leg),
        "failure_reason": fact.reason,
        "stream_id": fact.stream_id,
        "stream_type": "websocket",
        "stream_params": {"stream_url": fact.stream.url, "track": fact.stream.track},
    }
