"""How a carrier's bytes are read: what a host needs of a carrier's room beside the commands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.carriers.events import CallEvent

if TYPE_CHECKING:
    from offhook.carriers.media import AppMedia

__all__ = ["Wire", "telnyx_wire"]

logger = logging.getLogger(__name__)

ReadWebhook = Callable[[bytes, Mapping[str, str], float], CallEvent]
"""``(body, headers, now_s) -> event``; raises the :exc:`~offhook.errors.WebhookError` family."""

SignatureOf = Callable[[Mapping[str, str]], bytes]
"""``headers -> signature`` of a delivery that was verified; empty if none was."""


def _unsigned(headers: Mapping[str, str]) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Wire:
    """One carrier's formats."""

    name: str
    """The last part of the webhook's path: ``/webhooks/{name}``."""
    read_webhook: ReadWebhook
    new_media: Callable[[], AppMedia]
    """A fresh media protocol, one per socket."""
    signature_of: SignatureOf = _unsigned
    """Tells a delivery that was sent twice from an event that the carrier repeats."""


def telnyx_wire(public_key: str | None) -> Wire:
    """Telnyx's formats.

    Args:
        public_key: what webhooks are verified with; ``None`` takes them unverified, for trials only.

    Raises:
        ConfigError: if ``public_key`` is not a key.
    """
    from offhook.carriers.telnyx.media import TelnyxAppMedia
    from offhook.carriers.telnyx.signing import load_public_key, signature_of
    from offhook.carriers.telnyx.webhooks import receive

    if public_key is None:
        logger.warning("webhooks are not verified: anyone who finds this address can place calls")
    else:
        load_public_key(public_key)
    return Wire(
        name="telnyx",
        read_webhook=lambda body, headers, now_s: receive(body, headers, public_key, now_s),
        new_media=TelnyxAppMedia,
        signature_of=_unsigned if public_key is None else signature_of,
    )
