"""The bodies of the commands that make sounds and listen for digits; see :mod:`offhook.exchange.commands.bodies`."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from offhook.exchange.legs.gather import DigitsWanted
from offhook.exchange.words import errors, fields

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "GatherDigits",
    "Playback",
    "PlaybackStop",
    "SendDtmf",
    "Speak",
    "parse_gather",
    "parse_playback",
    "parse_playback_stop",
    "parse_send_dtmf",
    "parse_speak",
]

MAX_SPEAK_CHARACTERS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """``actions/speak``. ``times`` is how often it is said; ``stop`` is what it cuts off first."""

    text: str
    voice: str
    times: int = 1
    stop: Literal["", "current", "all"] = ""
    client_state: str | None = None


ENDLESS = 1_000_000
"""``loop: "infinity"``: longer than any call."""

_TAG = re.compile(r"<[^>]*>")
_COUNT = re.compile(r"[0-9]{1,3}")


def parse_speak(body: Mapping[str, Any]) -> Speak:
    """Check the body of ``speak``. SSML is read without its tags."""
    payload = fields.required_text(body, "payload")
    if len(payload) > MAX_SPEAK_CHARACTERS:
        raise errors.invalid_value(
            "payload",
            "90010",
            "Invalid value for payload",
            f"The 'payload' parameter must have at most {MAX_SPEAK_CHARACTERS} characters.",
        )
    kind = fields.text(body, "payload_type") or "text"
    if kind not in ("text", "ssml"):
        raise errors.invalid_value(
            "payload_type", "90011", "Invalid value for payload_type", "The value must be one of: ssml, text."
        )
    voice = fields.required_text(body, "voice")
    if voice in ("male", "female") and not fields.text(body, "language"):
        raise errors.missing_parameter("language")
    fields.choice(body, "service_level", ("basic", "premium"), "premium")
    fields.choice(body, "target_legs", ("self", "opposite", "both"), "self")
    return Speak(
        text=_TAG.sub(" ", payload) if kind == "ssml" else payload,
        voice=voice,
        times=_loop(body),
        stop=_stop(body, ""),
        client_state=fields.client_state(body),
    )


def _loop(body: Mapping[str, Any]) -> int:
    loop = body.get("loop")
    if loop is None:
        return 1
    if loop == "infinity":
        return ENDLESS
    times = int(loop) if isinstance(loop, str) and _COUNT.fullmatch(loop) else loop
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= 100:
        raise errors.invalid_value(
            "loop", "90009", "Invalid value for loop", "The value must be 'infinity' or from 1 to 100."
        )
    return times


def _stop(body: Mapping[str, Any], default: Literal["", "all"]) -> Literal["", "current", "all"]:
    stop = fields.text(body, "stop") or default
    if stop not in ("", "current", "all"):
        raise errors.invalid_value("stop", "90016", "Invalid value for stop", "The value must be one of: all, current.")
    return cast("Literal['', 'current', 'all']", stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """``actions/playback_start``: from a URL or from ``content``."""

    url: str | None = None
    content: bytes | None = None
    times: int = 1
    stop: Literal["", "current", "all"] = ""
    client_state: str | None = None


def parse_playback(body: Mapping[str, Any]) -> Playback:
    """Check the body of ``playback_start``. Media kept at the carrier (``media_name``) and overlays are not played."""
    if body.get("media_name"):
        raise errors.not_played("media_name: there is no media store")
    if fields.flag(body, "overlay", default=False):
        raise errors.not_played("overlay")
    fields.choice(body, "audio_type", ("mp3", "wav"), "mp3")
    url = fields.url_of(body, "audio_url", ("http", "https"))
    content = fields.text(body, "playback_content")
    if url is None and not content:
        raise errors.missing_parameter("audio_url")
    try:
        data = base64.b64decode(content, validate=True) if content else None
    except (binascii.Error, ValueError):
        raise errors.invalid_value(
            "playback_content", "10015", "Bad Request", "The 'playback_content' must be a valid base64."
        ) from None
    return Playback(
        url=url, content=data, times=_loop(body), stop=_stop(body, ""), client_state=fields.client_state(body)
    )


@dataclass(frozen=True, slots=True)
class PlaybackStop:
    """``actions/playback_stop``."""

    stop: Literal["", "current", "all"]
    client_state: str | None = None


def parse_playback_stop(body: Mapping[str, Any]) -> PlaybackStop:
    """Check the body of ``playback_stop``. There are no overlays, so one that is to be stopped stops nothing."""
    stop = _stop(body, "all")
    overlay = fields.flag(body, "overlay", default=False)
    return PlaybackStop("" if overlay else stop, fields.client_state(body))


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """``actions/send_dtmf``."""

    digits: str
    duration_ms: int = 250
    client_state: str | None = None


def parse_send_dtmf(body: Mapping[str, Any]) -> SendDtmf:
    """Check the body of ``send_dtmf``."""
    digits = fields.check_digits("digits", fields.required_text(body, "digits"))
    duration = fields.whole(
        body, "duration_millis", 250, 100, 500, code="90021", title="Invalid value for duration_millis"
    )
    return SendDtmf(digits, duration, fields.client_state(body))


@dataclass(frozen=True, slots=True)
class GatherDigits:
    """``actions/gather``."""

    wanted: DigitsWanted
    client_state: str | None = None


def parse_gather(body: Mapping[str, Any]) -> GatherDigits:
    """Check the body of ``gather``."""

    def within(name: str, default: int, low: int, high: int, code: str) -> int:
        return fields.whole(body, name, default, low, high, code=code, title=f"Invalid value for {name}")

    terminating = fields.text(body, "terminating_digit")
    if terminating and (len(terminating) != 1 or terminating not in "0123456789ABCD#*"):
        raise errors.invalid_value(
            "terminating_digit", "90007", "Invalid value for terminating_digit", "The value must be one digit."
        )
    valid = fields.text(body, "valid_digits")
    if valid and not set(valid) <= set("0123456789ABCD#*"):
        raise errors.invalid_value(
            "valid_digits", "90008", "Invalid value for valid_digits", "The value must be made of 0-9, A-D, # and *."
        )
    minimum = within("minimum_digits", 1, 1, 128, "90004")
    wanted = DigitsWanted(
        minimum=minimum,
        maximum=within("maximum_digits", 128, minimum, 128, "90005"),
        timeout_ms=within("timeout_millis", 60_000, 1, 120_000, "90025"),
        inter_digit_timeout_ms=within("inter_digit_timeout_millis", 5_000, 1, 120_000, "90003"),
        initial_timeout_ms=within("initial_timeout_millis", 5_000, 1, 120_000, "90056"),
        terminating_digit="#" if terminating is None else terminating,
        valid_digits=valid or "0123456789#*",
        id=fields.text(body, "gather_id", max_length=40) or "",
    )
    return GatherDigits(wanted, fields.client_state(body))
