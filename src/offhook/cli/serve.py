"""``offhook serve`` and ``offhook call``: an agent on a number, and an agent that calls one."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from offhook.addresses import check_address
from offhook.agent.engines import Engines
from offhook.agent.loading import load_agent
from offhook.agent.sessions import AgentSessions
from offhook.calls.events import CallOver
from offhook.cli.console import EXIT_FAILED, emit_json, err, out
from offhook.cli.lines import print_lines
from offhook.cli.story import Narrator
from offhook.config import Settings
from offhook.errors import ConfigError
from offhook.server.host import Host
from offhook.server.options import HostOptions
from offhook.server.run import Server, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.agent import Agent
    from offhook.calls.call import Call
    from offhook.carriers.telnyx.client import TelnyxCarrier

__all__ = ["run_call", "run_serve"]


async def run_serve(
    path: str, *, host: str | None, port: int | None, public_url: str | None, insecure: bool, as_json: bool
) -> int:
    """Serve the agent until a signal. What is ``None`` is taken from the settings."""
    _log_to_stderr()
    emit = emit_json if as_json else _ignore
    settings = _settings(host, port, public_url)
    agent = load_agent(path)
    telephone, carrier = _host(agent, settings, insecure=insecure)

    def ready(server: Server) -> None:
        emit(
            {
                "at_ms": time.time() * 1000,
                "source": "server",
                "type": "server.ready",
                "port": server.port,
                "url": telephone.public_url,
                "agent": agent.name,
            }
        )
        if not as_json:
            err.print(
                f"[bold]{agent.name}[/] takes calls: webhooks at {telephone.public_url}/webhooks/{carrier.wire.name}"
            )
            err.print("[dim]Ctrl-C stops it once running calls are over; twice, at once.[/]")
        if os.environ.get("OFFHOOK_SUPERVISED"):
            _stop_with_parent()

    telephone.on_call(lambda call: _observe(call, emit if as_json else _narrator(call)))
    try:
        await serve(
            telephone,
            bind=settings.offhook_host,
            port=settings.offhook_port,
            drain_timeout_s=settings.offhook_drain_timeout_s,
            on_ready=ready,
            freeze=True,
        )
    finally:
        await carrier.aclose()
        emit(_account(telephone))
    return 0


async def run_call(
    to: str, path: str, *, from_: str | None, port: int | None, public_url: str | None, as_json: bool
) -> int:
    """Call ``to``, let the agent talk, and end with the call. What is ``None`` is taken from the settings."""
    _log_to_stderr()
    check_address(to, purpose="to call")
    settings = _settings(None, port, public_url)
    settings.require("telnyx_connection_id")
    if not from_:
        raise ConfigError(
            "expected the number to call from, got none.",
            fix="--from +1…, or set OFFHOOK_FROM: a number of your account",
        )
    agent = load_agent(path)
    telephone, carrier = _host(agent, settings, insecure=False)
    over = asyncio.Event()
    outcome: dict[str, Any] = {"call": None, "answered": False, "cause": None}

    def watch(call: Call) -> None:
        def on_event(event: object) -> None:
            if isinstance(event, CallOver):
                outcome.update(call=call.id, answered=call.answered_at_ms is not None, cause=event.cause)
                over.set()

        if not as_json:
            _observe(call, _narrator(call))
        call.observe(on_event)

    telephone.on_call(watch)
    async with Server(telephone, settings.offhook_host, settings.offhook_port):
        # The application's own webhook URL may be another server's: the one that takes the calls that come in.
        carrier.webhook_url = f"{telephone.public_url}/webhooks/{carrier.wire.name}"
        try:
            call = await telephone.dial(to, from_)
            try:
                await over.wait()
            except asyncio.CancelledError:
                await call.hangup(graceful=False)
                raise
        finally:
            await carrier.aclose()
    if as_json:
        emit_json(outcome)
    return 0 if outcome["answered"] else EXIT_FAILED


def _settings(host: str | None, port: int | None, public_url: str | None) -> Settings:
    words = {"offhook_host": host, "offhook_port": port, "offhook_public_url": public_url or None}
    return Settings.load(**{name: value for name, value in words.items() if value is not None})


def _host(agent: Agent, settings: Settings, *, insecure: bool) -> tuple[Host, TelnyxCarrier]:
    """A host for the agent, and its carrier; whatever is missing for it is said before anything starts."""
    from offhook.carriers.telnyx.client import TelnyxCarrier
    from offhook.carriers.telnyx.wire import unverified_wire

    public_name = urlsplit(settings.offhook_public_url or "").hostname
    if insecure and not (_is_loopback(settings.offhook_host) and (public_name is None or _is_loopback(public_name))):
        raise ConfigError(
            "expected signed webhooks, or an address that only this machine reaches, got --insecure with a public one.",
            fix="leave --insecure out and set TELNYX_PUBLIC_KEY, or leave --host and --public-url out",
        )
    public_key = None if insecure else settings.require("telnyx_public_key")
    api_key = settings.require("telnyx_api_key")
    at_exchange = settings.telnyx_base_url is not None and _is_loopback(
        urlsplit(settings.telnyx_base_url).hostname or ""
    )
    if settings.offhook_public_url is None and not at_exchange:
        settings.require("offhook_public_url")
    engines = Engines.load(voice=os.environ.get("OFFHOOK_VOICE") or agent.voice, stt=agent.stt, vad=agent.vad)
    carrier = TelnyxCarrier(
        api_key,
        public_key=public_key,
        base_url=settings.telnyx_base_url,
        connection_id=settings.telnyx_connection_id,
    )
    if insecure:
        carrier.wire = unverified_wire()
    host = Host(
        AgentSessions(agent, engines),
        carriers=[carrier],
        public_url=settings.offhook_public_url,
        options=HostOptions(
            codec=settings.offhook_codec,
            sample_rate=settings.offhook_sample_rate,
            max_calls=settings.offhook_max_calls,
            token_key=key.get_secret_value().encode() if (key := settings.offhook_token_key) is not None else None,
        ),
    )
    return host, carrier


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _observe(call: Call, emit: Callable[[dict[str, Any]], None]) -> None:
    """Emit every event of the call."""

    def on_event(event: object) -> None:
        to_dict = getattr(event, "to_dict", None)
        if to_dict is not None:
            emit(to_dict())

    call.observe(on_event)


def _account(host: Host) -> dict[str, Any]:
    """What the host has counted, as an event."""
    report, stall = host.report(), host.stall.report()
    return {
        "at_ms": time.time() * 1000,
        "source": "server",
        "type": "server.report",
        "webhooks": report["webhooks"],
        "media": report["media"],
        "loop_stall_ms": stall["worst_ms"],
        "loop_stall_cpu_ms": stall["worst_cpu_ms"],
    }


def _ignore(event: dict[str, Any]) -> None:
    pass


def _narrator(call: Call) -> Callable[[dict[str, Any]], None]:
    """Print the story of a call; without the exchange's side, only what the agent knows."""
    narrator = Narrator(call.id, one_sided=True)
    return lambda event: print_lines(out, narrator.lines(event))


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def _stop_with_parent() -> None:
    """End when the process that started this one is gone: nobody else would."""
    loop = asyncio.get_running_loop()

    def on_input() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            os.kill(os.getpid(), 15)

    loop.add_reader(sys.stdin.fileno(), on_input)
