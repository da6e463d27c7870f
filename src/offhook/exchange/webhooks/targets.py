"""Where the webhook of an event goes: the application, the call's own settings, and what is assumed."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook.exchange.webhooks.delivery import Target, Webhook
from offhook.exchange.words.ids import new_uuid

if TYPE_CHECKING:
    from offhook.clock import Clock
    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.journal import Journal
    from offhook.exchange.webhooks.delivery import WebhookSender
    from offhook.exchange.webhooks.payloads import Payload
    from offhook.exchange.words.settings import WebhookAssumptions

__all__ = ["Notices", "targets"]

logger = logging.getLogger(__name__)


def targets(circuit: Circuit, event_type: str, assumed: WebhookAssumptions) -> list[Target]:
    """Every URL that is to get an event of this type: the most particular setting wins.

    A call's own URLs have no failover URL; that belongs to the application's.
    """
    application, routing = circuit.application, circuit.routing
    timeout_s = application.webhook_timeout_secs
    target = Target(
        routing.url or application.webhook_event_url,
        None if routing.url else application.webhook_event_failover_url,
        retries_ms=routing.retries_ms.get(event_type, assumed.retries_ms),
        failover_tries=assumed.failover_tries,
        failover_after_refusal=assumed.failover_after_refusal,
        timeout_ms=timeout_s * 1000 if timeout_s else assumed.ack_timeout_ms,
    )
    special = routing.urls.get(event_type)
    return [replace(target, url=url, failover_url=None) for url in special] if special else [target]


class Notices:
    """Tells applications what happens to their calls."""

    def __init__(self, assumed: WebhookAssumptions, *, clock: Clock, journal: Journal, webhooks: WebhookSender) -> None:
        self._assumed = assumed
        self._clock = clock
        self._journal = journal
        self._webhooks = webhooks

    def emit(self, circuit: Circuit, event_type: str, payload: Payload) -> None:
        """Send an event that happens now to every URL that is to get it; one id for all of them."""
        if circuit.application.webhook_api_version != "2":
            # The old format is another protocol. Sending the new one instead would hide the mistake until going live.
            reason = "webhook_api_version is 1"
            self._journal.append("webhook.failed", circuit.call_id, event_type=event_type, reason=reason)
            logger.warning("an application has webhook_api_version 1, which the exchange does not send: set it to 2")
            return
        event_id, occurred_ms = new_uuid(), self._clock.wall_ms()
        for target in targets(circuit, event_type, self._assumed):
            self._webhooks.send(
                Webhook(
                    event_id=event_id,
                    event_type=event_type,
                    call_id=circuit.call_id,
                    occurred_ms=occurred_ms,
                    payload=payload,
                    target=target,
                )
            )
