"""Where the webhook of an event goes: the application, the call's own settings, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.exchange.words.fields import Routing
    from offhook.exchange.words.seed import Application
    from offhook.exchange.words.settings import WebhookAssumptions

__all__ = ["Target", "targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where one event goes: a URL, perhaps a second one for when it fails, and the waits between tries."""

    url: str
    failover_url: str | None = None
    retries_ms: tuple[int, ...] = ()
    failover_tries: int = 1
    failover_after_refusal: bool = True
    timeout_ms: int = 2000
    map_urls: bool = False
    """Whether ``https://`` URLs are led to this machine (:mod:`offhook.exchange.words.local_urls`)."""
    program: str | None = None
    """Any URL of the program that public URLs are led to."""


def targets(
    application: Application, routing: Routing, event_type: str, assumed: WebhookAssumptions, program: str | None = None
) -> list[Target]:
    """Every URL that is to get an event of this type: the most particular setting wins.

    A call's own URLs have no failover URL; that belongs to the application's.
    """
    timeout_s = application.webhook_timeout_secs
    target = Target(
        routing.url or application.webhook_event_url,
        None if routing.url else application.webhook_event_failover_url,
        retries_ms=routing.retries_ms.get(event_type, assumed.retries_ms),
        failover_tries=assumed.failover_tries,
        failover_after_refusal=assumed.failover_after_refusal,
        timeout_ms=timeout_s * 1000 if timeout_s else assumed.ack_timeout_ms,
        map_urls=assumed.map_public_urls,
        program=program,
    )
    special = routing.urls.get(event_type)
    return [replace(target, url=url, failover_url=None) for url in special] if special else [target]
