"""What can be set about the exchange, and every guess about the carrier, by name.

Where the carrier publishes nothing, or contradicts itself, the exchange has to assume. Each assumption is a field
here, with what is known beside it, so that it can be read, doubted and changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ExchangeSettings", "MediaAssumptions", "SignallingAssumptions", "WebhookAssumptions"]

DEFAULT_PORT = 12111


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAssumptions:
    """How webhooks are delivered."""

    retries_ms: tuple[int, ...] = (1000, 3000)
    """Waits before the second and third try of a URL. The carrier says "exponential backoff" and no numbers. A call's
    ``webhook_retries_policies`` overrides it per event."""

    failover_tries: int = 1
    """Tries on the application's failover URL once the first URL has failed. Unpublished."""

    ack_timeout_ms: int = 2000
    """No answer within this is a failed try (documented; an application's ``webhook_timeout_secs`` overrides it)."""

    follow_redirects: bool = True
    """The voice page says up to three redirects are followed; the general page calls any 3xx a failure. The voice
    page wins here."""

    failover_after_refusal: bool = True
    """Whether the failover URL is tried when the first URL answered with a 4xx that is not retried (408 and 429 are).
    Unpublished."""

    map_public_urls: bool = True
    """Lead webhooks for a public ``https://`` host, a tunnel's for example, to the program on this machine
    (``program_url``) with the same path; and speak ``http://`` to an ``https://`` URL on this machine behind which
    there is no TLS. What is given to the program as ``delivered_to`` is the URL that it gave. Off, the exchange
    connects to exactly the URL it is given."""

    ca_path: Path | None = None
    """A file of certificates (PEM) that ``https://`` webhooks are trusted by, beside the system's and those of
    ``SSL_CERT_FILE``."""

    default_api_version: Literal["1", "2"] = "2"
    """The ``webhook_api_version`` of an application that is made by the API without one. The API description says
    ``"1"``; programs in the field omit it and get version 2. Version 1, which is another protocol, is not sent."""

    cut_speak_status: Literal["completed", "cancelled"] = "completed"
    """The ``status`` of ``call.speak.ended`` when ``playback_stop`` or another ``speak`` cut the text off, or the voice
    failed. Documented for speak are ``completed``, ``call_hangup`` and ``cancelled_amd`` only; ``cancelled`` is
    documented for playback, and the carrier's own library does not know it here. Which of the documented ones is sent
    is unpublished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignallingAssumptions:
    """How legs behave where nothing is published."""

    inbound_ring_limit_s: float = 120.0
    """An inbound call that nobody answers is given up by the network that it came from."""

    ended_readable_s: float = 600.0
    """How long an ended call can be read (documented: ten minutes)."""

    command_id_window_s: float = 60.0
    """A ``command_id`` seen again on the same call within this has no second effect (documented). The repeated
    command is answered as the first was (inferred), and only a command that was accepted is remembered (inferred)."""

    second_answer_is_error: bool = False
    """Whether ``answer`` on an answered leg is refused. Unpublished; by default it is accepted and has no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAssumptions:
    """How media streams behave where nothing is published."""

    l16_byte_order: Literal["little", "big"] = "little"
    """L16 on the wire. The RFC says big-endian; every live-tested client, the carrier's own included, uses little."""

    on_app_close: Literal["stopped", "failed", "reconnect"] = "stopped"
    """What follows when the application closes the media socket while the call goes on: ``streaming.stopped``,
    ``streaming.failed``, or a new connection. Unpublished for Call Control; reconnecting is documented for TeXML."""

    map_stream_urls: bool = True
    """Connect ``wss://`` and non-local stream URLs to the local program: a host of this machine keeps its name and
    port, and only ``wss`` becomes ``ws``; a public host becomes the host and port of the program, with the same path.
    Behind an ``https://`` webhook URL it stays ``wss://``. Off, the exchange connects to exactly the URL it is
    given."""

    dialled_stream_opens: Literal["on_answer", "while_ringing"] = "on_answer"
    """When the media socket of a dialled call opens. Documented is the answer, unless the command says
    ``stream_establish_before_call_originate``; one client's source says that it opens earlier always. The ``start``
    message comes with the answer either way (inferred: ``streaming.started`` too)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """What can be set about the exchange."""

    api_key: str | None = None
    """The bearer key that commands must carry; ``None`` takes any key, but not none."""

    private_key_path: Path | None = None
    """Where the webhook signing key is kept; ``None`` is ``$XDG_STATE_HOME/offhook/exchange.key``."""

    program_url: str | None = None
    """Any URL of the program under test on this machine, like ``http://127.0.0.1:3000``: where its public URLs are led
    (``webhooks.map_public_urls``). ``None`` is the webhook URL of the first application of the seed that is on this
    machine."""

    journal_path: Path | None = None
    """Where the journal is written as JSON lines; ``None`` keeps it in memory only."""

    recordings_dir: Path | None = None
    """Where recordings of calls are put; ``None`` is a temporary directory that goes with the exchange."""

    control_from_anywhere: bool = False
    """Whether the control API answers clients that are not on this machine (an exchange in a container)."""

    webhooks: WebhookAssumptions = field(default_factory=WebhookAssumptions)
    signalling: SignallingAssumptions = field(default_factory=SignallingAssumptions)
    media: MediaAssumptions = field(default_factory=MediaAssumptions)
