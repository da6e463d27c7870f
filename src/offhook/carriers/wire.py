"""How a carrier writes: what its webhooks are read with, and what its media sockets speak."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.carriers.events import CallEvent
    from offhook.carriers.media import AppMedia

__all__ = ["Document", "ReadWebhook", "Reading", "WebhookRequest", "Wire"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One delivery as the carrier sent it; what a signature may cover."""

    method: str
    """In capitals."""
    url: str
    """The whole address as the carrier wrote it: behind a proxy the public one, with the query."""
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
    """As it came over the wire, unparsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a carrier is told in the reply to its webhook, where it takes commands that way."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a verified delivery says."""

    events: tuple[CallEvent, ...]
    """In order; none for a delivery that says nothing of a call."""
    signature: bytes = b""
    """Tells a delivery that was sent twice, signature and all, from an event that the carrier repeats; empty where the
    carrier signs a repeated delivery no differently."""
    document: Callable[[], Awaitable[Document]] | None = None
    """The carrier waits for a document in the reply: this one gets it, once a command has said what is in it. It may
    be awaited more than once, and gives the same each time. ``None``: the reply is empty."""


ReadWebhook = Callable[[WebhookRequest, float], Reading]
"""``(request, now_s) -> reading``; ``now_s`` is Unix seconds. Raises the :exc:`~offhook.errors.WebhookError` family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One carrier's formats."""

    name: str
    """The carrier's name here, and the last part of its webhooks' path: ``/webhooks/{name}``."""
    read_webhook: ReadWebhook
    new_media: Callable[[], AppMedia]
    """A fresh media protocol, one per socket."""
    codecs: tuple[tuple[str, int], ...] = ()
    """What the carrier may announce for its audio: encodings and their rates in Hz. They are loaded before a call."""
