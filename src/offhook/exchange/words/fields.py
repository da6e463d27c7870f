"""What the carrier checks of a command's fields, one by one and in the groups that several commands share.

Limits are those of the API description (https://developers.telnyx.com/api-reference/call-commands).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from offhook.addresses import is_e164, is_sip_uri
from offhook.exchange.words import errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "Routing",
    "StreamOptions",
    "check_digits",
    "check_url",
    "choice",
    "client_state",
    "destination",
    "digits_of",
    "flag",
    "mapping",
    "pairs",
    "required_text",
    "routing",
    "stream",
    "text",
    "url_of",
    "whole",
]

CODECS = ("PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16")
SAMPLING_RATES = (8000, 16000, 22050, 24000, 48000)
Track = Literal["inbound_track", "outbound_track", "both_tracks"]
Legs = Literal["both", "self", "opposite"]
TRACKS = ("inbound_track", "outbound_track", "both_tracks")
MAX_RETRIES = 5
MAX_URL_LENGTH = 2000
MAX_RETRIES_TOTAL_MS = 60_000


# -- one field ------------------------------------------------------------------------------------------------------


def text(body: Mapping[str, Any], name: str, *, max_length: int | None = None) -> str | None:
    """A text, or ``None`` when it is absent."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise errors.wrong_type(name, "string")
    if max_length is not None and len(value) > max_length:
        raise errors.invalid_value(
            name, "10015", "Bad Request", f"The '{name}' parameter must have at most {max_length} characters."
        )
    return value


def required_text(body: Mapping[str, Any], name: str) -> str:
    """A text that must be there and not blank."""
    value = text(body, name)
    if value is None or not value.strip():
        raise errors.missing_parameter(name)
    return value


def flag(body: Mapping[str, Any], name: str, default: bool) -> bool:
    """A boolean."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise errors.wrong_type(name, "boolean")
    return value


def choice(body: Mapping[str, Any], name: str, values: Collection[str], default: str) -> str:
    """One of ``values``."""
    value = text(body, name)
    if value is None:
        return default
    if value not in values:
        raise errors.invalid_enum(name, values)
    return value


def whole(
    body: Mapping[str, Any],
    name: str,
    default: int,
    low: int,
    high: int,
    *,
    code: str = "10033",
    title: str = "Value outside of range",
) -> int:
    """A whole number from ``low`` to ``high``; ``code`` and ``title`` are of a parameter with its own refusal."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.wrong_type(name, "integer")
    if not low <= value <= high:
        raise errors.out_of_range(name, low, high, code, title)
    return value


def url_of(body: Mapping[str, Any], name: str, schemes: tuple[str, ...]) -> str | None:
    """A URL of one of ``schemes``, or ``None``."""
    value = text(body, name)
    if not value:
        return None
    check_url(name, value, schemes)
    return value


def check_url(name: str, value: object, schemes: tuple[str, ...]) -> None:
    """Refuse what is not a URL of one of ``schemes``."""
    wrong = errors.invalid_value(
        name,
        "10003",
        "Invalid URL",
        f"The '{name}' parameter must be a {' or '.join(schemes)} URL of at most {MAX_URL_LENGTH} characters.",
    )
    if not isinstance(value, str) or len(value) > MAX_URL_LENGTH:
        raise wrong
    try:
        parts = urlsplit(value)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in schemes or not host:
        raise wrong


def client_state(body: Mapping[str, Any], name: str = "client_state") -> str | None:
    """A client state: base64, kept as it came."""
    value = text(body, name)
    if value is None:
        return None
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise errors.client_state_not_base64(name) from None
    return value


def destination(name: str, value: str) -> str:
    """A phone number or SIP URI to dial."""
    if not is_e164(value) and not is_sip_uri(value):
        raise errors.not_e164(name)
    return value


_KEYS = re.compile(r"[0-9A-DwW*#]*")


def check_digits(name: str, digits: str) -> str:
    """Refuse what is not made of keys and pauses."""
    if _KEYS.fullmatch(digits) is None:
        raise errors.invalid_value(
            name,
            "90014",
            f"Invalid value for {name}",
            f"The '{name}' parameter must be a 'string' made of a combination of either "
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, A, B, C, D, w, W, * or #",
        )
    return digits


def digits_of(body: Mapping[str, Any], name: str) -> str:
    """At most 64 keys and pauses, or none."""
    return check_digits(name, text(body, name, max_length=64) or "")


# -- groups of fields -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Routing:
    """Where webhooks of a call go, as far as a command has said so."""

    url: str | None = None
    urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Event type to the URLs that get it instead."""
    retries_ms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Event type to waits before further tries."""

    def over(self, earlier: Routing) -> Routing:
        """This routing where it says something, ``earlier`` where it does not."""
        return Routing(
            self.url or earlier.url, {**earlier.urls, **self.urls}, {**earlier.retries_ms, **self.retries_ms}
        )


_EVENT_TYPE = re.compile(r"(call|streaming|conference|siprec)(\.[a-z_]+)+")


def routing(body: Mapping[str, Any]) -> Routing:
    """The webhook fields of a body."""
    urls: dict[str, tuple[str, ...]] = {}
    for event_type, value in mapping(body, "webhook_urls").items():
        if _EVENT_TYPE.fullmatch(event_type) is None:
            raise errors.invalid_value(
                "webhook_urls", "90057", "Invalid value for webhook_urls", "The keys must be event types."
            )
        # The API description says a URL, the official library a list of URLs: both are taken.
        several = value if isinstance(value, list) else [value]
        for url in several:
            check_url("webhook_urls", url, ("http", "https"))
        urls[event_type] = tuple(several)
    retries: dict[str, tuple[int, ...]] = {}
    for event_type, policy in mapping(body, "webhook_retries_policies").items():
        waits = policy.get("retries_ms", []) if isinstance(policy, dict) else None
        if not isinstance(waits, list) or not all(type(wait) is int and wait >= 0 for wait in waits):
            raise errors.wrong_type("webhook_retries_policies", "object")
        if len(waits) > MAX_RETRIES or sum(waits) > MAX_RETRIES_TOTAL_MS:
            raise errors.invalid_value(
                "webhook_retries_policies",
                "10015",
                "Bad Request",
                f"At most {MAX_RETRIES} retries within {MAX_RETRIES_TOTAL_MS} ms are allowed.",
            )
        retries[event_type] = tuple(waits)
    return Routing(url_of(body, "webhook_url", ("http", "https")), urls, retries)


def mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, empty when it is absent."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.wrong_type(name, "object")
    return value


def pairs(body: Mapping[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    """``[{"name": …, "value": …}]`` as pairs."""
    items = body.get(name)
    if items is None:
        return ()
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.wrong_type(name, "array")
    return tuple((str(item.get("name", "")), str(item.get("value", ""))) for item in items)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """A media stream as it was asked for, in the carrier's words, with the carrier's defaults."""

    url: str
    track: Track = "inbound_track"
    codec: str = "default"
    bidirectional_mode: Literal["mp3", "rtp"] = "mp3"
    bidirectional_codec: str = "PCMU"
    bidirectional_sampling_rate: int | None = None
    """``None``: not said; the codec's own rate."""
    bidirectional_target_legs: Legs = "opposite"
    auth_token: str | None = None
    custom_parameters: tuple[tuple[str, str], ...] = ()


def stream(body: Mapping[str, Any], *, rate: bool = True, extras: bool = False) -> StreamOptions | None:
    """The stream fields of a body; ``None`` without a ``stream_url``. All are checked even then.

    Args:
        body: the command's body.
        rate: whether the command knows ``stream_bidirectional_sampling_rate`` and ``stream_auth_token``
            (``answer`` does not).
        extras: whether it knows ``custom_parameters`` (only ``streaming_start`` does).
    """
    track = choice(body, "stream_track", TRACKS, "inbound_track")
    codec = choice(body, "stream_codec", (*CODECS, "default"), "default")
    mode = choice(body, "stream_bidirectional_mode", ("mp3", "rtp"), "mp3")
    back = choice(body, "stream_bidirectional_codec", CODECS, "PCMU")
    legs = choice(body, "stream_bidirectional_target_legs", ("both", "self", "opposite"), "opposite")
    sampling_rate = body.get("stream_bidirectional_sampling_rate") if rate else None
    if sampling_rate is not None and (isinstance(sampling_rate, bool) or sampling_rate not in SAMPLING_RATES):
        raise errors.invalid_enum("stream_bidirectional_sampling_rate", SAMPLING_RATES)
    token = text(body, "stream_auth_token", max_length=4000) if rate else None
    parameters = pairs(body, "custom_parameters") if extras else ()
    url = url_of(body, "stream_url", ("ws", "wss"))
    if url is None:
        return None
    return StreamOptions(
        url=url,
        track=cast("Track", track),
        codec=codec,
        bidirectional_mode=cast("Literal['mp3', 'rtp']", mode),
        bidirectional_codec=back,
        bidirectional_sampling_rate=sampling_rate,
        bidirectional_target_legs=cast("Legs", legs),
        auth_token=token,
        custom_parameters=parameters,
    )
