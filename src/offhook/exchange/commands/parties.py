"""Fields that the commands share which bring another party into a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.exchange.words import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["IDLE_DIALLING", "IDLE_RECORDING", "display_name", "park", "ring_limit_s", "time_limit_s"]

IDLE_RECORDING: Mapping[str, object] = {
    "record": None,
    "record_channels": "dual",
    "record_custom_file_name": "",
    "record_format": "mp3",
    "record_max_length": 0,
    "record_timeout_secs": 0,
    "record_track": "both",
    "record_trim": None,
}
"""Recording, which is not played."""

IDLE_DIALLING: Mapping[str, object] = {
    **IDLE_RECORDING,
    "answering_machine_detection": "disabled",
    "answering_machine_detection_config": None,
    "audio_url": None,
    "deepfake_detection": {"enabled": False},
    "early_media": True,
    "media_encryption": "disabled",
    "media_name": None,
    "mute_dtmf": "none",
    "preferred_codecs": None,
    "privacy": "none",
    "sip_auth_password": None,
    "sip_auth_username": None,
    "sip_headers": None,
    "sip_region": "US",
    "sip_transport_protocol": "UDP",
    "sound_modifications": None,
    "webhook_url_method": "POST",
    "webhook_urls_method": "POST",
}
"""What dialling a leg can ask for and is not played."""


def ring_limit_s(body: Mapping[str, Any]) -> int:
    """``timeout_secs``: how long it rings."""
    return fields.whole(body, "timeout_secs", 30, 5, 600, code="90028", title="Invalid value for timeout_secs")


def time_limit_s(body: Mapping[str, Any]) -> int:
    """``time_limit_secs``: how long the call may last."""
    return fields.whole(
        body, "time_limit_secs", 14_400, 30, 14_400, code="90029", title="Invalid value for time_limit_secs"
    )


def display_name(body: Mapping[str, Any]) -> str:
    """``from_display_name``."""
    return fields.text(body, "from_display_name", max_length=128) or ""


def park(body: Mapping[str, Any]) -> bool:
    """Whether the leg stays when the other one is gone."""
    return fields.choice(body, "park_after_unbridge", ("self",), "") == "self"
