"""Telnyx's formats, as a host takes them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from offhook.carriers.telnyx.media import TelnyxAppMedia
from offhook.carriers.telnyx.signing import load_public_key, signature_of
from offhook.carriers.telnyx.webhooks import receive
from offhook.carriers.wire import Reading, Wire
from offhook.errors import SignatureInvalid

if TYPE_CHECKING:
    from offhook.carriers.wire import ReadWebhook, WebhookRequest

__all__ = ["CODECS", "telnyx_wire", "unverified_wire"]

logger = logging.getLogger(__name__)

CODECS: Final = (("PCMU", 8000), ("PCMA", 8000), ("G722", 8000), ("OPUS", 16000), ("AMR-WB", 16000), ("L16", 16000))
"""What ``start.media_format`` may say
(https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming)."""


def telnyx_wire(public_key: str | None) -> Wire:
    """Telnyx's formats, with webhooks verified.

    Args:
        public_key: what webhooks are verified with. Without one, none can be, and all are refused.

    Raises:
        ConfigError: if ``public_key`` is not a key.
    """
    if public_key is None:
        return _wire(_refuse)
    key = public_key
    load_public_key(key)

    def read(request: WebhookRequest, now_s: float) -> Reading:
        event = receive(request.body, request.headers, key, now_s)
        return Reading(events=(event,), signature=signature_of(request.headers))

    return _wire(read)


def unverified_wire() -> Wire:
    """Telnyx's formats, with webhooks taken from anyone: for trials on one machine only."""
    logger.warning("webhooks are not verified: anyone who finds this address can place calls")
    return _wire(lambda request, now_s: Reading(events=(receive(request.body, request.headers, None, now_s),)))


def _refuse(_request: WebhookRequest, _now_s: float) -> Reading:
    raise SignatureInvalid(
        "expected a public key to verify webhooks with, got none.",
        fix="pass public_key to TelnyxCarrier: TELNYX_PUBLIC_KEY, from the portal (Keys & Credentials).",
    )


def _wire(read: ReadWebhook) -> Wire:
    return Wire(name="telnyx", read_webhook=read, new_media=TelnyxAppMedia, codecs=CODECS)
