"""The exchange as a whole: start it, place calls on it, read what happened, stop it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette

from offhook.addresses import is_loopback
from offhook.carriers.telnyx.signing import Signer
from offhook.clock import SystemClock
from offhook.errors import CallError, ConfigError, OffhookError, PortInUse, kind_of
from offhook.exchange.api.carrier import Api
from offhook.exchange.api.control import Control
from offhook.exchange.api.reports import call_report, exchange_report
from offhook.exchange.api.resources import Resources
from offhook.exchange.commands.intake import Intake
from offhook.exchange.legs.alarms import Alarms
from offhook.exchange.legs.directory import Directory
from offhook.exchange.legs.handset import LineHandset
from offhook.exchange.legs.journal import Journal
from offhook.exchange.legs.switchboard import Switchboard
from offhook.exchange.people.people import People
from offhook.exchange.sound.pacer import Pacer
from offhook.exchange.webhooks.delivery import WebhookSender
from offhook.exchange.webhooks.keys import load_private_key
from offhook.exchange.webhooks.notices import Notices
from offhook.exchange.words.callers import check_caller
from offhook.exchange.words.local_urls import is_local
from offhook.exchange.words.seed import default_seed
from offhook.exchange.words.settings import DEFAULT_PORT, ExchangeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from starlette.routing import BaseRoute

    from offhook.clock import Clock
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.words.seed import Seed

__all__ = ["Exchange"]

logger = logging.getLogger(__name__)

LOCAL_API_KEY = "KEY_offhook_local"
STOP_GRACE_S = 2.0
"""How long webhooks that are on their way may take at the end."""


class Exchange:
    """A telephone exchange on this machine.

    It speaks the carrier's REST API and sends its webhooks; callers and called people are :class:`Phone` objects.
    Point any client of the carrier at :attr:`base_url`.

    Args:
        seed: numbers, applications and phones; ``None`` is :func:`default_seed`.
        settings: assumptions about the carrier, and where files go.
        clock: the time.
        port: where to listen; 0 takes a free one.
        host: the address to listen on.
    """

    def __init__(
        self,
        seed: Seed | None = None,
        *,
        settings: ExchangeSettings | None = None,
        clock: Clock | None = None,
        port: int = DEFAULT_PORT,
        host: str = "127.0.0.1",
    ) -> None:
        self.settings = settings or ExchangeSettings()
        self.clock = clock or SystemClock()
        self.host = host
        self.port = port
        self.people = People(self.clock)
        self.directory = Directory(seed or default_seed(), self.people.phone, program_url=self.settings.program_url)
        self.resources = Resources(
            self.directory, self.clock, default_api_version=self.settings.webhooks.default_api_version
        )
        self.journal = Journal(self.clock, path=self.settings.journal_path)
        self._signer = Signer(load_private_key(self.settings.private_key_path))
        self.alarms = Alarms(self.clock)
        self._routes: list[BaseRoute] = []
        self._recordings: dict[str, Path] = {}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._board: Switchboard | None = None
        self._pacer: Pacer | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Returns when commands are taken.

        Raises:
            PortInUse: somebody else listens there.
            ConfigError: a script of the seed is wrong.
        """
        await self.people.prepare(self.directory.phones.values())
        listener = _bind(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._pacer = Pacer(self.clock)
        self._board = Switchboard(
            self.settings,
            clock=self.clock,
            directory=self.directory,
            alarms=self.alarms,
            pacer=self._pacer,
            note=self.journal.append,
        )
        self.webhooks = WebhookSender(
            self._signer, clock=self.clock, journal=self.journal, assumptions=self.settings.webhooks
        )
        notices = Notices(
            self.settings.webhooks,
            find=self._board.circuits.get,
            directory=self.directory,
            journal=self.journal,
            webhooks=self.webhooks,
        )
        self._board.observe(self.journal.observe)
        self._board.observe(notices.observe)
        routes = [
            *Api(
                self._board,
                Intake(self._board),
                self.resources,
                self.journal,
                api_key=self.settings.api_key,
                local_only=is_loopback(self.host),
            ).routes(),
            *Control(self).routes(),
            *self._routes,
        ]
        config = uvicorn.Config(
            Starlette(routes=routes),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="exchange")
        while not self._server.started:
            if self._serving.done():
                await self._serving
                raise OffhookError("expected the exchange to start, it ended.")
            await asyncio.sleep(0.001)
        self.journal.append("exchange.started", port=self.port)

    async def stop(self) -> None:
        """End every call, let what is on its way arrive, and stop listening. Stopping twice is not an error."""
        board, self._board = self._board, None
        if board is None:
            return
        await board.close()
        await self.webhooks.aclose(STOP_GRACE_S)
        self.alarms.close()
        if self._pacer is not None:
            self._pacer.close()
        self.journal.append("exchange.stopped")
        self.journal.close()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        if self._temporary is not None:
            self._temporary.cleanup()

    async def __aenter__(self) -> Exchange:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def add_routes(self, routes: Iterable[BaseRoute]) -> None:
        """Serve more on the exchange's port: a page, a WebSocket. Before :meth:`start`."""
        self._routes.extend(routes)

    # -- what clients need --------------------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """``http://host:port``."""
        anywhere = self.host in ("", "0.0.0.0", "::")  # noqa: S104 (compared, not bound)
        return f"http://{'127.0.0.1' if anywhere else self._url_host}:{self.port}"

    @property
    def _url_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def base_url(self) -> str:
        """What clients of the carrier call its base URL."""
        return self.origin + "/v2"

    @property
    def public_key(self) -> str:
        """What webhooks are verified with."""
        return self._signer.public_key

    def env(self) -> dict[str, str]:
        """The environment that points a program at the exchange."""
        variables = {
            "TELNYX_BASE_URL": self.base_url,
            "TELNYX_PUBLIC_KEY": self.public_key,
            "TELNYX_API_KEY": self.settings.api_key or LOCAL_API_KEY,
        }
        connection_id = next(iter(self.directory.applications), None)
        return variables if connection_id is None else {**variables, "TELNYX_CONNECTION_ID": connection_id}

    def numbers(self) -> list[str]:
        """The numbers that can be called."""
        return [one.phone_number for one in self.directory.numbers.values() if one.connection_id is not None]

    def set_webhook_url(self, url: str, connection_id: str | None = None) -> None:
        """Send the webhooks of an application (the first, or ``connection_id``) to ``url``.

        Raises:
            ApiError: ``url`` is not one, or there is no such application.
            ConfigError: there is no application at all.
        """
        id_ = connection_id or next(iter(self.directory.applications), None)
        if id_ is None:
            raise ConfigError(
                "expected an application whose webhooks to send there, got none.",
                fix="add [[applications]] to the seed",
            )
        self.resources.update_application(id_, {"webhook_event_url": url})
        if self.settings.program_url is None and is_local(url):
            self.directory.program_url = url

    def install_phone(self, number: str, phone: Callable[[], Phone]) -> None:
        """Let a phone of your own answer when ``number`` is dialled; ``phone`` makes one for each call."""
        self.directory.phones[number] = phone

    # -- calls --------------------------------------------------------------------------------------------------------

    @property
    def board(self) -> Switchboard:
        """The legs. Raises CallError when the exchange is not running."""
        if self._board is None:
            raise CallError("expected a running exchange, it was not started or has stopped.", fix="await start()")
        return self._board

    def place_call(
        self, *, from_: str, to: str, phone: Phone, codec: str = "PCMU", recording: Path | None = None
    ) -> str:
        """Call a number of the exchange.

        Args:
            from_: the caller: a number with or without ``+``, a SIP URI, or ``anonymous``.
            to: one of :meth:`numbers`.
            phone: the caller.
            codec: what the line speaks: ``PCMU``, ``PCMA``, ``G722``.
            recording: where to write a WAV of the call: caller left, what the caller heard right.

        Returns:
            the ``call_control_id`` of the leg.

        Raises:
            CallError: nobody has that number here, or its application is gone.
            ConfigError: ``from_`` is no caller.
            UnsupportedCodec: this machine cannot speak ``codec``.
        """
        board = self.board
        application = self.directory.application_of(to)
        if application is None:
            raise CallError(
                f"expected a number of this exchange that has an application, got another one ({kind_of(to)}).",
                fix="offhook exchange status lists its numbers",
            )
        from_ = check_caller(from_)
        leg = board.new_leg(direction="inbound", from_=from_, to=to, connection_id=application.id, codec=codec)
        circuit = board.begin(leg, application, phone=phone, recording=recording)
        if recording is not None:
            self._recordings[leg.call_id] = recording
        board.announce_and_ring(circuit, ring_limit_s=self.settings.signalling.inbound_ring_limit_s)
        return leg.call_id

    def handset(self, call_id: str) -> LineHandset:
        """The handset of a leg, to press keys and hang up with. Raises ApiError 90015."""
        return LineHandset(self.board, self.board.circuit(call_id))

    def recording_path(self, call_id: str) -> Path | None:
        """Where the recording of a call is, or will be when it is over."""
        return self._recordings.get(call_id)

    def new_recording_path(self) -> Path:
        """A fresh path for a recording."""
        folder = self.settings.recordings_dir
        if folder is None:
            if self._temporary is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="offhook-exchange-")
            folder = Path(self._temporary.name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.clock.wall_ms():.0f}-{len(self._recordings) + 1}.wav"

    def report(self, call_id: str) -> dict[str, Any]:
        """One call as plain JSON values: the leg, the other legs of its session, what the caller measured, webhooks.

        Raises:
            ApiError: 90015, there is no such call.
        """
        return call_report(
            self.board, self.board.circuit(call_id), webhooks=self.webhooks, recording=self._recordings.get(call_id)
        )

    def status(self) -> dict[str, Any]:
        """Applications, numbers, phones, calls and webhooks, as plain JSON values."""
        here = {"base_url": self.base_url, "public_key": self.public_key}
        return {**here, **exchange_report(self.directory, self.board, self.webhooks)}


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: who starts an exchange decides what Ctrl-C means."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named asyncio sets TCP_NODELAY; without it every second write of an answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise PortInUse(
                f"expected to listen on {host}:{port}, got: {error.strerror}.", fix="choose another address or port"
            ) from None
        raise PortInUse(
            f"expected port {port} to be free, something listens there.",
            fix="stop the other exchange, or choose another port: --port 0 takes a free one",
        ) from None
    listener.listen(512)
    listener.setblocking(False)
    return listener
