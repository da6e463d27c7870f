"""The bodies of commands: what the carrier checks, and what is left of them once they are good.

Each ``parse_…`` takes a JSON object and returns a frozen command or raises
:exc:`~offhook.exchange.words.errors.ApiError`. Fields that the carrier does not know are ignored, as it ignores them.
Limits are those of the API description
(https://developers.telnyx.com/api-reference/call-commands).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from offhook.exchange.words import errors, fields
from offhook.exchange.words.fields import Routing, StreamOptions
from offhook.exchange.words.seed import is_e164

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Answer",
    "Bridge",
    "ClientState",
    "Dial",
    "Reject",
    "StreamingStart",
    "StreamingStop",
    "Transfer",
    "parse_answer",
    "parse_bridge",
    "parse_client_state_update",
    "parse_dial",
    "parse_plain",
    "parse_reject",
    "parse_streaming_start",
    "parse_streaming_stop",
    "parse_transfer",
    "unplayed_fields",
]

# -- commands -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """``POST /v2/calls``."""

    connection_id: str
    to: str
    from_: str
    display_name: str = ""
    timeout_s: int = 30
    time_limit_s: int = 14_400
    retry_on_timeout: bool = True
    client_state: str | None = None
    routing: Routing = field(default_factory=Routing)
    stream: StreamOptions | None = None
    link_to: str | None = None
    bridge_on_answer: bool = False
    park_after_unbridge: bool = False
    digits_on_answer: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()


_TIMEOUT = {"code": "90028", "title": "Invalid value for timeout_secs"}
_TIME_LIMIT = {"code": "90029", "title": "Invalid value for time_limit_secs"}


def parse_dial(body: Mapping[str, Any]) -> Dial:
    """Check the body of ``POST /v2/calls``; whether the application exists is for the exchange to say."""
    connection_id = fields.required_text(body, "connection_id")
    to, digits = _dialled(body)
    from_ = fields.required_text(body, "from")
    if not is_e164(from_):
        raise errors.not_e164("from")
    link_to = fields.text(body, "link_to")
    bridge_on_answer = fields.flag(body, "bridge_on_answer", default=False)
    if bridge_on_answer and not link_to:
        raise errors.missing_parameter("link_to")
    return Dial(
        connection_id=connection_id,
        to=to,
        from_=from_,
        display_name=fields.text(body, "from_display_name", max_length=128) or "",
        timeout_s=fields.whole(body, "timeout_secs", 30, 5, 600, **_TIMEOUT),
        time_limit_s=fields.whole(body, "time_limit_secs", 14_400, 30, 14_400, **_TIME_LIMIT),
        retry_on_timeout=fields.flag(body, "retry_on_timeout", default=True),
        client_state=fields.client_state(body),
        routing=fields.routing(body),
        stream=fields.stream(body),
        link_to=link_to,
        bridge_on_answer=bridge_on_answer,
        park_after_unbridge=_park(body),
        digits_on_answer=digits or fields.digits_of(body, "send_digits_on_answer"),
        custom_headers=fields.pairs(body, "custom_headers"),
    )


def _dialled(body: Mapping[str, Any]) -> tuple[str, str]:
    """Whom to dial, and the digits after a comma, which are pressed on answer."""
    to = body.get("to")
    if isinstance(to, list):
        if len(to) > 1:
            raise errors.not_played("dialling several numbers at once")
        to = to[0] if to else None
        if to is not None and not isinstance(to, str):
            raise errors.wrong_type("to", "string")
        return fields.destination("to", to) if to else fields.required_text({}, "to"), ""
    number, comma, digits = fields.required_text(body, "to").partition(",")
    return fields.destination("to", number), fields.check_digits("to", digits) if comma else ""


def _park(body: Mapping[str, Any]) -> bool:
    return fields.choice(body, "park_after_unbridge", ("self",), "") == "self"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``actions/answer``."""

    client_state: str | None = None
    routing: Routing = field(default_factory=Routing)
    stream: StreamOptions | None = None
    custom_headers: tuple[tuple[str, str], ...] = ()


def parse_answer(body: Mapping[str, Any]) -> Answer:
    """Check the body of ``answer``."""
    return Answer(
        client_state=fields.client_state(body),
        routing=fields.routing(body),
        stream=fields.stream(body, rate=False),
        custom_headers=fields.pairs(body, "custom_headers"),
    )


@dataclass(frozen=True, slots=True)
class Reject:
    """``actions/reject``."""

    cause: Literal["CALL_REJECTED", "USER_BUSY"]
    client_state: str | None = None


def parse_reject(body: Mapping[str, Any]) -> Reject:
    """Check the body of ``reject``."""
    fields.required_text(body, "cause")
    cause = fields.choice(body, "cause", ("CALL_REJECTED", "USER_BUSY"), "")
    return Reject(cast("Literal['CALL_REJECTED', 'USER_BUSY']", cause), fields.client_state(body))


@dataclass(frozen=True, slots=True)
class ClientState:
    """A command that says nothing but, perhaps, a new client state: ``hangup``, ``client_state_update``, …"""

    client_state: str | None = None


def parse_plain(body: Mapping[str, Any]) -> ClientState:
    """Check the body of a command without fields of its own."""
    return ClientState(fields.client_state(body))


def parse_client_state_update(body: Mapping[str, Any]) -> ClientState:
    """Check the body of ``client_state_update``, which must say one. The empty text clears it."""
    if body.get("client_state") is None:
        raise errors.missing_parameter("client_state")
    return ClientState(fields.client_state(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """``actions/transfer``."""

    to: str
    from_: str | None = None
    display_name: str = ""
    timeout_s: int = 30
    time_limit_s: int = 14_400
    client_state: str | None = None
    target_leg_client_state: str | None = None
    routing: Routing = field(default_factory=Routing)
    park_after_unbridge: bool = False
    digits_on_answer: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()


def parse_transfer(body: Mapping[str, Any]) -> Transfer:
    """Check the body of ``transfer``."""
    to = fields.destination("to", fields.required_text(body, "to"))
    from_ = fields.text(body, "from")
    if from_ is not None and not is_e164(from_):
        raise errors.not_e164("from")
    return Transfer(
        to=to,
        from_=from_,
        display_name=fields.text(body, "from_display_name", max_length=128) or "",
        timeout_s=fields.whole(body, "timeout_secs", 30, 5, 600, **_TIMEOUT),
        time_limit_s=fields.whole(body, "time_limit_secs", 14_400, 30, 14_400, **_TIME_LIMIT),
        client_state=fields.client_state(body),
        target_leg_client_state=fields.client_state(body, "target_leg_client_state"),
        routing=fields.routing(body),
        park_after_unbridge=_park(body),
        digits_on_answer=fields.digits_of(body, "send_digits_on_answer"),
        custom_headers=fields.pairs(body, "custom_headers"),
    )


@dataclass(frozen=True, slots=True)
class Bridge:
    """``actions/bridge``."""

    call_control_id: str
    park_after_unbridge: bool = False
    client_state: str | None = None


def parse_bridge(body: Mapping[str, Any]) -> Bridge:
    """Check the body of ``bridge``. Only bridging to another call is played, not to a queue or a video room."""
    for other in ("queue", "video_room_id"):
        if body.get(other):
            raise errors.not_played(f"bridge to a {other}")
    return Bridge(fields.required_text(body, "call_control_id"), _park(body), fields.client_state(body))


@dataclass(frozen=True, slots=True)
class StreamingStart:
    """``actions/streaming_start``."""

    stream: StreamOptions
    client_state: str | None = None


def parse_streaming_start(body: Mapping[str, Any]) -> StreamingStart:
    """Check the body of ``streaming_start``."""
    stream = fields.stream(body, extras=True)
    if stream is None:
        raise errors.missing_parameter("stream_url")
    return StreamingStart(stream, fields.client_state(body))


@dataclass(frozen=True, slots=True)
class StreamingStop:
    """``actions/streaming_stop``; without an id, whatever stream there is."""

    stream_id: str | None = None
    client_state: str | None = None


def parse_streaming_stop(body: Mapping[str, Any]) -> StreamingStop:
    """Check the body of ``streaming_stop``."""
    return StreamingStop(fields.text(body, "stream_id"), fields.client_state(body))


# -- honesty --------------------------------------------------------------------------------------------------------

_UNPLAYED: Mapping[str, object] = {
    "answering_machine_detection": "disabled",
    "assistant": None,
    "audio_url": None,
    "bridge_intent": False,
    "conference_config": None,
    "conversation_relay_config": None,
    "deepfake_detection": {"enabled": False},
    "early_media": True,
    "enable_dialogflow": False,
    "hold_after_unbridge": False,
    "media_encryption": "disabled",
    "media_name": None,
    "mute_dtmf": "none",
    "play_ringtone": False,
    "preferred_codecs": None,
    "prevent_double_bridge": False,
    "privacy": "none",
    "record": None,
    "sip_auth_username": None,
    "sip_headers": None,
    "sound_modifications": None,
    "stream_establish_before_call_originate": False,
    "supervise_call_control_id": None,
    "transcription": False,
    "voice_settings": None,
    "webhook_url_method": "POST",
    "webhook_urls_method": "POST",
}
"""Fields that the carrier acts on and the exchange accepts without effect, with the value that asks for nothing."""


def unplayed_fields(action: str, body: Mapping[str, Any]) -> list[str]:
    """The fields of ``body`` that are accepted but have no effect here."""
    asked = [name for name, idle in _UNPLAYED.items() if body.get(name) not in (None, idle)]
    if action == "playback_start":
        asked = [name for name in asked if name != "audio_url"]
    if body.get("target_legs") not in (None, "self"):
        asked.append("target_legs")
    return sorted(asked)
