"""How a carrier's bytes are read: what a host needs of a carrier's room beside the commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from offhook.carriers.base import AppMedia, CallEvent

__all__ = ["Wire", "telnyx_wire"]

ReadWebhook = Callable[[bytes, Mapping[str, str], float], CallEvent]
"""``(body, headers, now_s) -> event``; raises the :exc:`~offhook.errors.WebhookError` family."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One carrier's formats."""

    name: str
    """The last part of the webhook's path: ``/webhooks/{name}``."""
    read_webhook: ReadWebhook
    new_media: Callable[[], AppMedia]
    """A fresh media protocol, one per socket."""
    single_headers: frozenset[str] = frozenset()
    """Headers, in lower case, that a webhook may carry only once: two signatures are two stories."""


def telnyx_wire(public_key: str | None) -> Wire:
    """Telnyx's formats. Webhooks are verified with ``public_key``; ``None`` takes them unverified, for trials only."""
    from offhook.carriers.telnyx.media import TelnyxAppMedia
    from offhook.carriers.telnyx.webhooks import receive

    return Wire(
        name="telnyx",
        read_webhook=partial(_read_telnyx, receive, public_key),
        new_media=TelnyxAppMedia,
        single_headers=frozenset({"telnyx-signature-ed25519", "telnyx-timestamp"}),
    )


def _read_telnyx(
    receive: Callable[..., CallEvent],
    public_key: str | None,
    body: bytes,
    headers: Mapping[str, str],
    now_s: float,
) -> CallEvent:
    return receive(body, headers, public_key, now_s)
