"""Webhooks as an observer of facts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.exchange.legs.facts import Forgotten
from offhook.exchange.webhooks.delivery import Webhook
from offhook.exchange.webhooks.payloads import event_of
from offhook.exchange.webhooks.targets import targets
from offhook.exchange.words.ids import new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.directory import Directory
    from offhook.exchange.legs.facts import Fact
    from offhook.exchange.legs.journal import Journal
    from offhook.exchange.webhooks.delivery import WebhookSender
    from offhook.exchange.words.settings import WebhookAssumptions

__all__ = ["Notices"]

logger = logging.getLogger(__name__)

OLD_FORMAT = "the application has webhook_api_version 1, which the exchange does not send: set it to 2"


class Notices:
    """Tells applications what happens to their calls: one observer of facts among others.

    Args:
        assumed: how webhooks are delivered.
        find: the circuit of a leg, for its application and its own webhook settings.
        directory: where the program is.
        journal: gets what is not sent.
        webhooks: delivers.
    """

    def __init__(
        self,
        assumed: WebhookAssumptions,
        *,
        find: Callable[[str], Circuit | None],
        directory: Directory,
        journal: Journal,
        webhooks: WebhookSender,
    ) -> None:
        self._assumed = assumed
        self._directory = directory
        self._find = find
        self._journal = journal
        self._webhooks = webhooks

    def observe(self, fact: Fact) -> None:
        """Send the event of a fact, if it has one, to every URL that is to get it; one id for all of them."""
        call_id = fact.leg.call_id
        if isinstance(fact, Forgotten):
            self._webhooks.forget(call_id)
            return
        event, circuit = event_of(fact, self._assumed), self._find(call_id)
        if event is None or circuit is None:
            return
        if circuit.application.webhook_api_version != "2":
            # The old format is another protocol. Sending the new one instead would hide the mistake until going live.
            self._journal.append("webhook.failed", call_id, event_type=event.type, reason=OLD_FORMAT)
            logger.warning("not sent: %s", OLD_FORMAT)
            return
        event_id = new_uuid()
        program = self._directory.program_url
        for target in targets(circuit.application, circuit.routing, event.type, self._assumed, program):
            self._webhooks.send(
                Webhook(
                    event_id=event_id,
                    event_type=event.type,
                    call_id=call_id,
                    occurred_ms=fact.at_ms,
                    payload=event.payload,
                    target=target,
                )
            )
