"""``offhook serve`` and ``offhook call``: an agent on a number, and an agent that calls one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from offhook import spool
from offhook.addresses import check_address, host_name, is_loopback
from offhook.agent.loading import load_agent
from offhook.agent.sessions import sessions_of
from offhook.calls.events import CallOver
from offhook.cli import streams
from offhook.cli.console import EXIT_FAILED, EXIT_INTERRUPTED, emit_json, err
from offhook.clock import SystemClock
from offhook.config import Settings
from offhook.errors import ConfigError, OffhookError
from offhook.ids import new_id
from offhook.logs import describe
from offhook.server.host import Host
from offhook.server.journal import Journal
from offhook.server.options import HostOptions
from offhook.server.run import Server, serve
from offhook.state import state_folder

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.calls.call import Call
    from offhook.carriers.telnyx.client import TelnyxCarrier
    from offhook.cli.show import Show

__all__ = ["run_call", "run_serve"]


async def run_serve(
    path: str,
    *,
    host: str | None,
    port: int | None,
    public_url: str | None,
    insecure: bool,
    show: Show,
) -> int:
    """Serve the agent until a signal. What is ``None`` is taken from the settings."""
    show.begin()
    settings = _settings(host, port, public_url)
    agent = load_agent(path)
    telephone, carrier = _host(agent, settings, insecure=insecure, journal=_journal(path, settings))
    takes_calls = False

    def ready(server: Server) -> None:
        nonlocal takes_calls
        takes_calls = True
        url = telephone.public_url
        show.event("server.ready", port=server.port, url=url, agent=agent.name)
        if not show.as_json:
            err.print(f"[bold]{escape(agent.name)}[/] takes calls: webhooks at {url}/webhooks/{carrier.wire.name}")
            err.print("[dim]Ctrl-C stops it once running calls are over; twice, at once.[/]")
        if os.environ.get("OFFHOOK_SUPERVISED"):
            _stop_with_parent()

    streams.wait_for_nobody()
    telephone.on_call(show.observe)
    try:
        ended_by = await serve(
            telephone,
            bind=settings.offhook_host,
            port=settings.offhook_port,
            drain_timeout_s=settings.offhook_drain_timeout_s,
            on_ready=ready,
            freeze=True,
        )
    except OffhookError:
        raise
    except Exception as error:
        if takes_calls:
            raise
        raise _not_ready(error) from error
    finally:
        await carrier.aclose()
        if takes_calls:
            show.event("server.report", **_account(telephone))
    return EXIT_INTERRUPTED if ended_by is signal.SIGINT else 0


async def run_call(
    to: str, path: str, *, from_: str | None, port: int | None, public_url: str | None, show: Show
) -> int:
    """Call ``to``, let the agent talk, and end with the call. What is ``None`` is taken from the settings."""
    show.begin()
    check_address(to, purpose="to call")
    settings = _settings(None, port, public_url)
    lacking = {} if from_ else {"the number to call from": "--from +1…, or set OFFHOOK_FROM: a number of your account"}
    settings.require("telnyx_connection_id", *_needed(settings), missing=lacking)
    assert from_
    agent = load_agent(path)
    telephone, carrier = _host(agent, settings, insecure=False, adopts=False)
    telephone.adoption.house = new_id()[:8]  # its leg is not anybody's who finds it
    over = asyncio.Event()
    outcome: dict[str, Any] = {"call": None, "answered": False, "cause": None}

    def watch(call: Call) -> None:
        def on_event(event: object) -> None:
            if isinstance(event, CallOver):
                outcome.update(call=call.id, answered=call.answered_at_ms is not None, cause=event.cause)
                over.set()

        if not show.as_json:
            show.observe(call)
        call.observe(on_event)

    streams.wait_for_nobody()
    telephone.on_call(watch)
    server = Server(telephone, settings.offhook_host, settings.offhook_port)
    try:
        await server.start()
    except OffhookError:
        raise
    except Exception as error:
        raise _not_ready(error) from error
    try:
        # The application's own webhook URL may be another server's: the one that takes the calls that come in.
        carrier.webhook_url = f"{telephone.public_url}/webhooks/{carrier.wire.name}"
        call = await telephone.dial(to, from_)
        try:
            await over.wait()
        except asyncio.CancelledError:
            await call.hangup(graceful=False)
            raise
    finally:
        try:
            await server.stop()  # which hangs up what was dialled and is not wanted any more
        finally:
            await carrier.aclose()
    if show.as_json:
        emit_json(outcome)
    return 0 if outcome["answered"] else EXIT_FAILED


def _not_ready(error: Exception) -> ConfigError:
    """The engines, or the greeting, could not be made ready: the agent cannot take calls."""
    return ConfigError(
        f"expected the agent's engines to get ready, got {describe(error)}.",
        fix="look at the line it names; --debug shows what the exception says",
    )


def _settings(host: str | None, port: int | None, public_url: str | None) -> Settings:
    words = {"offhook_host": host, "offhook_port": port, "offhook_public_url": public_url or None}
    return Settings.load(**{name: value for name, value in words.items() if value is not None})


def _needed(settings: Settings, *, insecure: bool = False) -> list[str]:
    """The settings without which no call can be taken."""
    keys = ["telnyx_api_key"] if insecure else ["telnyx_api_key", "telnyx_public_key"]
    at_exchange = settings.telnyx_base_url is not None and is_loopback(host_name(settings.telnyx_base_url))
    return keys if at_exchange or insecure else [*keys, "offhook_public_url"]


def _journal(path: str, settings: Settings) -> Journal | None:
    """The journal of ``serve``. Versions of an agent that are tried out one after the other take no calls over."""
    where = settings.offhook_journal
    if where == "off" or (not where and os.environ.get("OFFHOOK_SUPERVISED")):
        return None
    if where:
        file = Path(where).expanduser()
    else:
        # The same for every process that serves this agent on this connection, whatever its port and its folder.
        line = f"{settings.telnyx_public_key}/{settings.telnyx_connection_id}/{settings.telnyx_base_url}"
        name = f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', path)}-{hashlib.sha256(line.encode()).hexdigest()[:8]}.db"
        file = state_folder() / "journal" / name
    return Journal(file, SystemClock(), sync=settings.offhook_journal_sync)


def _host(
    agent: Agent, settings: Settings, *, insecure: bool, journal: Journal | None = None, adopts: bool = True
) -> tuple[Host, TelnyxCarrier]:
    """A host for the agent, and its carrier; whatever is missing for it is said before anything starts."""
    from offhook.carriers.telnyx.client import TelnyxCarrier
    from offhook.carriers.telnyx.wire import unverified_wire

    public_name = host_name(settings.offhook_public_url or "")
    if insecure and not (is_loopback(settings.offhook_host) and (not public_name or is_loopback(public_name))):
        raise ConfigError(
            "expected signed webhooks, or an address that only this machine reaches, got --insecure with a public one.",
            fix="leave --insecure out and set TELNYX_PUBLIC_KEY, or leave --host and --public-url out, and unset "
            "OFFHOOK_HOST and OFFHOOK_PUBLIC_URL",
        )
    settings.require(*_needed(settings, insecure=insecure))
    api_key, *_ = settings.require("telnyx_api_key")
    sessions = sessions_of(agent, voice=os.environ.get("OFFHOOK_VOICE"))
    carrier = TelnyxCarrier(
        api_key,
        public_key=None if insecure else settings.telnyx_public_key,
        base_url=settings.telnyx_base_url,
        connection_id=settings.telnyx_connection_id,
    )
    if insecure:
        carrier.wire = unverified_wire()
    host = Host(
        sessions,
        carriers=[carrier],
        public_url=settings.offhook_public_url,
        options=HostOptions(
            codec=settings.offhook_codec,
            sample_rate=settings.offhook_sample_rate,
            max_calls=settings.offhook_max_calls,
            measures_capacity=settings.offhook_measure_capacity,
            overflow_to=settings.offhook_overflow_to,
            adopts=adopts,
            token_key=key.get_secret_value().encode() if (key := settings.offhook_token_key) is not None else None,
        ),
        journal=journal,
    )
    return host, carrier


def _account(host: Host) -> dict[str, Any]:
    """What the host has counted, and what became of what was printed."""
    report, stall = host.report(), host.stall.report()
    return {
        "webhooks": report["webhooks"],
        "media": report["media"],
        "output": spool.report(),
        "loop_stall_ms": stall["worst_ms"],
        "loop_stall_cpu_ms": stall["worst_cpu_ms"],
    }


_PARENT_GONE_S = 1.0
"""How long a process may take to end in good order when the one that started it is gone."""


def _stop_with_parent() -> None:
    """End when the process that started this one is gone: nobody else would."""
    loop = asyncio.get_running_loop()

    def on_input() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            os.kill(os.getpid(), signal.SIGTERM)
            # Its exchange is gone as well: there is no call to say goodbye on, and no carrier to hang up.
            loop.call_later(_PARENT_GONE_S, os.kill, os.getpid(), signal.SIGTERM)

    loop.add_reader(sys.stdin.fileno(), on_input)
