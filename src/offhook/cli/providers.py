"""``offhook providers``: stand-ins for speech and language services as a program of their own."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any

import httpx
from rich.markup import escape

from offhook.cli import streams
from offhook.cli.command import command
from offhook.cli.console import EXIT_INTERRUPTED, emit_json, out
from offhook.errors import ConfigError
from offhook.testing.providers.standins import DEFAULT_PORT

if TYPE_CHECKING:
    from offhook.testing.providers.journal import Entry

__all__ = ["run_env", "run_fault", "run_up"]

ANSWER_TIMEOUT_S = 5.0
_ARROWS = {"in": "-->", "out": "<--", "fault": " ! "}


async def run_up(*, port: int, hear: list[str], as_json: bool) -> int:
    """Run the stand-ins until Ctrl-C, and show what they are sent and send."""
    from offhook.testing.providers import Embedded, Scripted, StandIns

    streams.wait_for_nobody()
    over = asyncio.Event()
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    async with StandIns(Scripted(hear) if hear else Embedded(), port=port) as providers:
        if as_json:
            emit_json({"type": "providers.started", "origin": providers.origin, "env": providers.env})
        else:
            _introduce(providers)
        showing = asyncio.create_task(_show(providers, as_json=as_json))
        await over.wait()
    await showing
    return EXIT_INTERRUPTED if received[0] == signal.SIGINT else 0


def _introduce(providers: Any) -> None:
    out.print(f"[bold]stand-ins[/] on [bold]{providers.origin}[/]")
    for vendor in providers.vendors:
        for door in vendor.doors:
            out.print(
                f"  {door.name:<12} [dim]{'WebSocket' if door.kind == 'socket' else door.method:<9} {door.path}[/]"
            )
    words = f"{command()} providers env" + ("" if providers.port == DEFAULT_PORT else f" --port {providers.port}")
    out.print(f'point a program at them:  [bold]eval "$({words})"[/]')
    out.print("Ctrl-C ends it\n")


async def _show(providers: Any, *, as_json: bool) -> None:
    async for entry in providers.journal.follow():
        if as_json:
            emit_json(entry.to_json())
        else:
            out.print(_line(entry))


def _line(entry: Entry) -> str:
    """One line of the journal: ``-->`` a client sent it, ``<--`` it was sent to one, ``!`` it went wrong on request."""
    what = entry.message if entry.message is not None else f"{entry.bytes} bytes" if entry.bytes else ""
    look = "red" if entry.way == "fault" else "dim"
    cut = what if len(what) <= 100 else f"{what[:100]}…"
    return f"{_ARROWS[entry.way]} {entry.connection[:4]} {entry.door:<10} {entry.stage:<10} [{look}]{escape(cut)}[/]"


async def run_env(*, port: int, as_json: bool) -> int:
    """Print the environment that points programs at the stand-ins."""
    from offhook.exchange.api.control import shell_lines

    variables = await _ask(port, "GET", "/providers/env")
    if as_json:
        emit_json(variables)
    else:
        out.out(shell_lines(variables), end="", highlight=False)
    return 0


async def run_fault(*, port: int, fault: dict[str, Any] | None, as_json: bool) -> int:
    """Let something go wrong; ``None``: nothing any more."""
    if fault is None:
        planned = await _ask(port, "DELETE", "/providers/faults")
    else:
        planned = await _ask(port, "POST", "/providers/faults", fault)
    if as_json:
        emit_json(planned)
        return 0
    for one in planned["faults"]:
        left = None if one["times"] is None else one["times"] - one["happened"]
        often = "always" if left is None else "once" if left == 1 else f"{left} times"
        out.print(f"  {one['door']:<12} {one['stage']:<10} {one['kind']:<9} [dim]{often}[/]")
    if not planned["faults"]:
        out.print("  [dim]nothing goes wrong[/]")
    return 0


async def _ask(port: int, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    origin = f"http://127.0.0.1:{port}"
    fix = f"start them in another terminal: {command()} providers up" + (
        "" if port == DEFAULT_PORT else f" --port {port}"
    )
    try:
        async with httpx.AsyncClient(base_url=origin, timeout=ANSWER_TIMEOUT_S, trust_env=False) as client:
            reply = await client.request(method, path, json=body)
    except httpx.TransportError:
        raise ConfigError(f"expected stand-ins at {origin}, got no answer.", fix=fix) from None
    try:
        value = reply.json()
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ConfigError(f"expected stand-ins at {origin}, got another program.", fix=fix)
    if reply.is_error:
        raise ConfigError(str(value.get("error", reply.reason_phrase)), fix=value.get("fix"))
    return value
