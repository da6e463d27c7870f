"""``offhook exchange``: the local telephone exchange as a program of its own, and calls placed on a running one."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from rich.markup import escape

from offhook.cli import streams
from offhook.cli.command import command
from offhook.cli.console import EXIT_FAILED, EXIT_INTERRUPTED, emit_json, err, out
from offhook.cli.files import check_file
from offhook.cli.lines import print_lines
from offhook.cli.story import Narrator
from offhook.errors import CallError, ConfigError
from offhook.exchange.words.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.exchange.legs.journal import Event

__all__ = ["run_call", "run_env", "run_status", "run_up"]

ANSWER_TIMEOUT_S = 5.0
LAST_WEBHOOKS_S = 3.0
"""How long after the end of a call its last webhooks are waited for."""
SETTLE_EVERY_S = 0.1


# -- up ---------------------------------------------------------------------------------------------------------------


async def run_up(*, port: int, seed: Path | None, webhook_url: str | None, as_json: bool) -> int:
    """Run an exchange until Ctrl-C, with the browser phone on its port."""
    from offhook.exchange.exchange import Exchange
    from offhook.exchange.words.errors import ApiError
    from offhook.exchange.words.seed import load_seed
    from offhook.web.phone import PhonePage

    exchange = Exchange(load_seed(seed) if seed is not None else None, port=port)
    if webhook_url is not None:
        try:
            exchange.set_webhook_url(webhook_url)
        except ApiError:
            raise ConfigError(
                f"expected an address for webhooks that begins with http:// or https://, got {webhook_url!r}.",
                fix="--webhook-url http://127.0.0.1:3000/webhooks",
            ) from None
    exchange.add_routes(PhonePage(exchange, title="Telephone exchange").routes())
    streams.wait_for_nobody()
    over = asyncio.Event()
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    async with exchange:
        if not as_json:
            _introduce(exchange.status(), exchange.origin)
            out.print("Ctrl-C ends it\n")
        reading = asyncio.create_task(_show(exchange.journal.subscribe(), as_json=as_json))
        await over.wait()
    await reading  # how the calls that were up have ended; the journal is closed
    return EXIT_INTERRUPTED if received[0] == signal.SIGINT else 0


def _introduce(status: dict[str, Any], origin: str) -> None:
    out.print(f"[bold]exchange[/] on [bold]{origin}[/]   browser phone: [bold]{origin}/[/]")
    for number in status["numbers"]:
        out.print(f"  number       {number['phone_number']}")
    for application in status["applications"]:
        out.print(f"  webhooks to  {escape(str(application['webhook_event_url']))}")
    for phone in status["phones"]:
        out.print(f"  [dim]phone        {phone['number']} {phone['answers'].replace('_', ' ')}[/]")
    port = urlsplit(origin).port
    words = f"{command()} exchange env" + ("" if port == DEFAULT_PORT else f" --port {port}")
    out.print(f'point a Telnyx program at it:  [bold]eval "$({words})"[/]')


async def _show(events: Any, *, as_json: bool) -> None:
    async for event in events:
        if as_json:
            emit_json(event)
        elif line := _journal_line(event):
            out.print(line)


def _journal_line(event: Event) -> str | None:
    """One line of the journal: ``-->`` what the exchange sends, ``<--`` what it is told."""
    kind = event["type"]
    match kind:
        case "webhook.delivered":
            again = f" (attempt {event['attempt']})" if event.get("attempt", 1) > 1 else ""
            return f"--> {event['event_type']} [dim]{event['status']} in {event['ms']:.0f} ms{again}[/]"
        case "webhook.failed" | "webhook.attempt_failed":
            return f"[red]--> {event.get('event_type')} {escape(str(event.get('status') or event.get('reason')))}[/]"
        case "command.received":
            look = "green" if event["status"] < 300 else "red"
            code = f" {event['code']}" if event.get("code") else ""
            return f"<-- {event['action']} [{look}]{event['status']}{code}[/]"
        case "leg.state":
            return f"    [dim]{event['direction']} leg: {event['state']}[/]"
        case "media.started" | "media.stopped" | "media.failed" | "stream.cleared":
            return f"    [dim]{kind}[/]"
        case "caller.speech_started":
            return f"    caller: “{escape(event['said'])}”"
    return None


# -- a running one ----------------------------------------------------------------------------------------------------


class _Running:
    """A client of a running exchange's own API."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.http = httpx.AsyncClient(base_url=self.origin, timeout=ANSWER_TIMEOUT_S, trust_env=False)
        self._fix = f"start it in another terminal: {command()} exchange up" + (
            "" if port == DEFAULT_PORT else f" --port {port}"
        )

    async def __aenter__(self) -> _Running:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            reply = await self.http.request(method, path, json=body)
        except httpx.TransportError:
            raise ConfigError(f"expected an exchange at {self.origin}, got no answer.", fix=self._fix) from None
        try:
            value = reply.json()
        except ValueError:
            raise ConfigError(
                f"expected an exchange at {self.origin}, got a program that answers {reply.status_code} without JSON.",
                fix="choose its port with --port",
            ) from None
        if reply.is_error:
            kind = CallError if value.get("code") == CallError.code else ConfigError
            raise kind(str(value.get("error", reply.reason_phrase)), fix=value.get("fix"))
        return value


async def run_env(*, port: int, as_json: bool) -> int:
    """Print the environment that points a program at the exchange."""
    from offhook.exchange.api.control import shell_lines

    async with _Running(port) as exchange:
        variables = await exchange.ask("GET", "/exchange/env")
    if as_json:
        emit_json(variables)
    else:
        out.out(shell_lines(variables), end="", highlight=False)
    return 0


async def run_status(*, port: int, as_json: bool) -> int:
    """Show what the exchange knows and does."""
    async with _Running(port) as exchange:
        status = await exchange.ask("GET", "/exchange/status")
    if as_json:
        emit_json(status)
        return 0
    _introduce(status, exchange.origin)
    for call in status["calls"]:
        out.print(f"  call         {call['direction']} {call['from']} → {call['to']}: {call['state']}")
    webhooks = {name: count for name, count in status["webhooks"].items() if isinstance(count, int)}
    out.print("  webhooks     " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in webhooks.items()))
    return 0


async def run_call(
    *,
    to: str | None,
    from_: str | None,
    say: list[str] | None,
    script: Path | None,
    codec: str,
    recording: Path | None,
    port: int,
    as_json: bool,
) -> int:
    """Place a call on a running exchange and follow it to its end."""
    if say and script is not None:
        raise ConfigError("expected --say or --script, got both.", fix="leave one out")
    if say and not all(text.strip() for text in say):
        raise ConfigError("expected words after --say, got none.", fix='--say "Hello, are you open on Sunday?"')
    if recording is not None:
        check_file(recording, "--recording call.wav")
    numbers = {name: number for name, number in (("to", to), ("from", from_)) if number is not None}
    body = {**numbers, "codec": codec, "record": recording is not None, "script": _script(say, script)}
    async with _Running(port) as exchange:
        placed = await exchange.ask("POST", "/exchange/calls", body)
        call_id = placed["call"]
        if not as_json:
            out.print(f"[bold]☎ [/]{placed['from']} calls {placed['to']}  [green]{codec}[/]")
        try:
            await _follow(exchange, call_id, quiet=as_json)
        except httpx.TransportError:
            raise CallError(
                "expected the exchange to go on until the call is over, it has gone.",
                fix="look at what it printed in its own terminal",
            ) from None
        except asyncio.CancelledError:
            await exchange.ask("POST", f"/exchange/calls/{call_id}/hangup")
            raise
        report = await _settled(exchange, call_id)
        if recording is not None:
            await _fetch(exchange, call_id, recording)
            report["recording"] = str(recording)
    if as_json:
        emit_json(report)
    else:
        _summarise(report)
    problems = _problems(report["caller"], every_turn=bool(say))
    for problem in problems:
        err.print(f"[yellow]{problem}[/]")
    return EXIT_FAILED if problems else 0


async def _settled(exchange: _Running, call_id: str) -> Any:
    """The report, once the last webhooks are delivered or given up, or after a while."""
    deadline = time.monotonic() + LAST_WEBHOOKS_S
    while True:
        report = await exchange.ask("GET", f"/exchange/calls/{call_id}")
        if not report["webhooks"]["pending"] or time.monotonic() >= deadline:
            return report
        await asyncio.sleep(SETTLE_EVERY_S)


def _problems(caller: dict[str, Any], *, every_turn: bool) -> list[str]:
    """What a call that went as asked would not have.

    Args:
        caller: what the caller reports.
        every_turn: whether the last thing said had to be answered too; a script may hang up on it.
    """
    problems = []
    if caller["missed_steps"]:
        problems.append(f"waited in vain at step {', '.join(map(str, caller['missed_steps']))} of the script")
    if not caller["finished"]:
        problems.append("the call ended before the caller had done everything")
    turns = [turn for turn in caller["turns"] if turn["kind"] != "backchannel"]
    unanswered = sum(turn["answer"] == "none" for turn in (turns if every_turn else turns[:-1]))
    if unanswered:
        problems.append(f"{unanswered} of {len(turns)} things that the caller said were not answered")
    return problems


def _script(say: list[str] | None, path: Path | None) -> object:
    """What to send as the script: lines to say, each once the agent has finished; a file; or the exchange's own."""
    if path is not None:
        return str(path.resolve())
    if not say:
        return "caller"
    steps: list[dict[str, object]] = []
    for text in say:
        steps += [{"wait_agent": True}, {"say": {"text": text}}]
    return {"name": "say", "steps": [*steps, {"wait_agent": True}, {"hang_up": True}]}


async def _follow(exchange: _Running, call_id: str, *, quiet: bool) -> None:
    narrator = Narrator(call_id)
    async with exchange.http.stream("GET", "/exchange/events", params={"call": call_id}, timeout=None) as events:
        async for text in events.aiter_lines():
            event = json.loads(text)
            if not quiet:
                print_lines(out, narrator.lines(event))
            if event["type"] == "webhook.failed" and event["event_type"] == "call.initiated":
                console = err if quiet else out
                why = event.get("last") or event["reason"]
                console.print(f"[yellow]nobody takes this call's webhooks ({escape(why)}): it rings in vain[/]")
                fix = f"start your program where {command()} exchange status says they go"
                console.print(f"[green]fix:[/]   {fix if event.get('last') else 'change the application'}")
            if event["type"] == "call.ended":
                return


async def _fetch(exchange: _Running, call_id: str, path: Path) -> None:
    reply = await exchange.http.get(f"/exchange/calls/{call_id}/recording.wav")
    if reply.is_error:
        err.print("[yellow]there is no recording: the call was not answered[/]")
        return
    try:
        await asyncio.to_thread(path.write_bytes, reply.content)
    except OSError as error:
        raise CallError(
            f"expected to write the recording to {path}, got: {error.strerror}.",
            fix=f"call again with another --recording, or take it from {reply.url} while the exchange is up",
        ) from None


def _summarise(report: dict[str, Any]) -> None:
    caller = report["caller"]
    for turn in caller["turns"]:
        latency = turn["latency_ms"]
        unanswered = "talked over" if turn["answer"] == "talked_over" else "not answered"
        answered = unanswered if latency is None else f"answered after {latency:.0f} ms"
        out.print(f"  [dim]{answered:<24}[/]“{escape(turn['said'])}”")
    for leg in report["legs"]:
        reached = "the caller heard the person" if caller["heard_person"] else "the person was not heard"
        out.print(f"  [dim]{'handed over':<24}[/]to {leg['to']}: {reached}")
    if caller["digits"]:
        out.print(f"  [dim]{'keys heard':<24}[/]{escape(str(caller['digits']))}")
    if pending := report["webhooks"]["pending"]:
        out.print(f"  [dim]{'webhooks':<24}[/]{pending} still not delivered")
    if report.get("recording"):
        out.print(f"  [dim]{'recording':<24}[/]{report['recording']}")
