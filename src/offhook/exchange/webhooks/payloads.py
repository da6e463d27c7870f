"""The webhooks' payloads, as the carrier really sends them.

The sets of fields are those of captured webhooks where they differ from the API description: ``call.answered`` and
``call.hangup`` have no ``state``, and most events carry ``calling_party_type``. All functions are pure.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.exchange.legs.machine import Leg
    from offhook.exchange.words.fields import StreamOptions

__all__ = [
    "answered",
    "bridged",
    "dtmf_received",
    "envelope",
    "gather_ended",
    "hangup",
    "initiated",
    "iso_time",
    "playback_ended",
    "playback_started",
    "speak_ended",
    "speak_started",
    "streaming_failed",
    "streaming_started",
]

Payload = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRAME_MS = 20
CONNECTION_CODECS = "PCMU,PCMA,G722,OPUS"
"""What the exchange's connections take."""


def iso_time(wall_ms: float) -> str:
    """RFC 3339 with microseconds and ``Z``, as the carrier writes times."""
    moment = _EPOCH + timedelta(microseconds=round(wall_ms * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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


def initiated(leg: Leg) -> Payload:
    """``call.initiated``: a leg begins."""
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


def answered(leg: Leg) -> Payload:
    """``call.answered``."""
    return {
        **_with_parties(leg),
        **_party_type(leg),
        "start_time": iso_time(leg.started_ms),
        "codec": leg.codec,
        "sampling_rate": 16_000 if leg.codec in ("G722", "AMR-WB") else 8000,
        **_headers(leg.answer_headers),
        **_tags(leg),
    }


def bridged(leg: Leg) -> Payload:
    """``call.bridged``: sent for both legs."""
    return {**_with_parties(leg), **_party_type(leg)}


def hangup(leg: Leg) -> Payload:
    """``call.hangup`` of an ended leg. The quality figures say what is true here: nothing is lost on the way."""
    ending, ended_ms = leg.ending, leg.ended_ms
    assert ending is not None
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


def speak_started(leg: Leg, speak_id: str) -> Payload:
    """``call.speak.started``."""
    return {**_base(leg), **_party_type(leg), "speak_id": speak_id}


def speak_ended(leg: Leg, speak_id: str, status: str) -> Payload:
    """``call.speak.ended``: ``completed``, ``cancelled`` or ``call_hangup``."""
    return {**speak_started(leg, speak_id), "status": status}


def playback_started(leg: Leg, url: str | None) -> Payload:
    """``call.playback.started``; no URL when the audio came with the command."""
    payload = {**_base(leg), "overlay": False}
    return payload if url is None else {**payload, "media_url": url}


def playback_ended(leg: Leg, url: str | None, status: str, detail: str = "") -> Payload:
    """``call.playback.ended``: ``completed``, ``cancelled``, ``call_hangup``, ``failed`` or ``file_not_found``."""
    payload = {**playback_started(leg, url), "status": status}
    return {**payload, "status_detail": detail} if detail else payload


def dtmf_received(leg: Leg, digit: str) -> Payload:
    """``call.dtmf.received``."""
    return {**_with_parties(leg), "digit": digit}


def gather_ended(leg: Leg, gather_id: str, digits: str, status: str) -> Payload:
    """``call.gather.ended``: ``valid``, ``invalid``, ``timeout``, ``cancelled`` or ``call_hangup``."""
    return {**_with_parties(leg), "gather_id": gather_id, "digits": digits, "status": status}


def streaming_started(leg: Leg, stream: StreamOptions) -> Payload:
    """``streaming.started`` and ``streaming.stopped``, which have the same fields."""
    return {**_base(leg), "stream_url": stream.url}


def streaming_failed(leg: Leg, stream: StreamOptions, stream_id: str, reason: str) -> Payload:
    """``streaming.failed``."""
    return {
        **_base(leg),
        "failure_reason": reason,
        "stream_id": stream_id,
        "stream_type": "websocket",
        "stream_params": {"stream_url": stream.url, "track": stream.track},
    }
