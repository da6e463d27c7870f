"""``offhook demo``: a whole phone conversation on this machine, shown while it happens and kept afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from offhook import __version__
from offhook.cli import streams
from offhook.cli.command import command
from offhook.cli.console import EXIT_FAILED, emit_json, err, out
from offhook.cli.files import make_folder
from offhook.cli.lines import print_lines
from offhook.cli.local import LocalNetwork
from offhook.cli.story import Narrator, tell
from offhook.clock import SystemClock
from offhook.demo.demonstration import DEMONSTRATIONS, Told, find
from offhook.demo.looking import milliseconds
from offhook.errors import CallError, OffhookError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from offhook.demo.demonstration import Check, Demonstration
    from offhook.testing.providers import StandIns

__all__ = ["list_demos", "run_demo"]

CALLER = "+15550150"
LIMIT_S = 180.0
"""No demonstration takes longer; one that does is hung up."""

LAST_EVENTS_S = 3.0
"""How long after the hang-up the last webhooks may take."""


def list_demos(*, as_json: bool) -> int:
    """Print which demonstrations there are."""
    found = [find(name) for name in DEMONSTRATIONS]
    if as_json:
        emit_json({"demonstrations": [{"name": one.name, "summary": one.summary} for one in found]})
    else:
        for one in found:
            out.print(f"  [bold]{one.name:<12}[/]{one.summary}")
    return 0


async def run_demo(name: str, *, output: Path, codec: str, voice: str | None, as_json: bool) -> int:
    """Run a demonstration and print it; returns the exit code.

    Raises:
        ConfigError: there is none of this name, or it cannot be run here.
    """
    console = err if as_json else out
    demonstration = find(name)
    make_folder(output, "--output and a folder of yours")
    streams.wait_for_nobody()
    demo = _Demo(console, demonstration, codec=codec, voice=voice)
    began = time.monotonic()
    try:
        await demo.start()
        story = await demo.call(output / time.strftime("%Y-%m-%d-%H%M%S"), began)
    finally:
        await demo.close()
    checks = demo.checks(story)
    story |= {
        "demo": demonstration.name,
        "checks": [{"name": check.name, "ok": check.ok, "measured": check.measured} for check in checks],
    }
    if as_json:
        emit_json(story)
    else:
        _summarise(console, demonstration, story, checks)
    return 0 if all(check.ok for check in checks) else EXIT_FAILED


class _Demo:
    """One run of it."""

    def __init__(self, console: Console, demonstration: Demonstration, *, codec: str, voice: str | None) -> None:
        self.console = console
        self.demonstration = demonstration
        self.stand_ins: StandIns | None = None
        self.codec = codec
        self.events: list[dict[str, Any]] = []
        self.narrator = Narrator()
        self.network: LocalNetwork | None = None
        self._voice = voice
        self._wanted: set[str] = set()
        self._arrived = asyncio.Event()

    async def start(self) -> None:
        self.console.print(f"[bold]offhook {__version__}[/] · starting the exchange and the agent …")
        environment = {"OFFHOOK_VOICE": self._voice} if self._voice else {}
        if self.demonstration.stand_ins is not None:
            self.stand_ins = self.demonstration.stand_ins()
            await self.stand_ins.start()
            # The carrier's key is the exchange's.
            environment |= {name: value for name, value in self.stand_ins.env.items() if name != "TELNYX_API_KEY"}
        self.network = LocalNetwork(self.demonstration.agent, on_event=self._on_event, environment=environment)
        await self.network.start()
        ready = await self.network.start_agent()
        self.console.print(
            f"exchange [bold]{self.network.exchange.origin}[/] · agent [bold]{ready['agent']}[/] "
            f"on port {ready['port']} · nothing leaves this machine"
        )
        if self.stand_ins is not None:
            self.console.print(
                f"[dim]speech and language services are stand-ins on {self.stand_ins.origin}: they speak the vendors' "
                "protocols, hear with the engine of this machine, and answer from a script[/]"
            )

    async def call(self, folder: Path, began: float) -> dict[str, Any]:
        from offhook.exchange.people.caller import ScriptedCaller
        from offhook.exchange.people.script import parse_script
        from offhook.exchange.people.voices import Voices

        assert self.network is not None
        exchange = self.network.exchange
        await asyncio.to_thread(make_folder, folder, "--output and another folder")
        recording, timeline = folder / "call.wav", folder / "timeline.jsonl"
        caller = ScriptedCaller(parse_script(self.demonstration.steps()), voices=Voices())
        number = exchange.numbers()[0]
        self.console.print(f"[bold]☎ [/]{CALLER} calls {number}  [green]{self.codec}[/]")
        self.began = began
        call_id = exchange.place_call(from_=CALLER, to=number, phone=caller, codec=self.codec, recording=recording)
        self.narrator.call = call_id
        await self._until("leg.ended", LIMIT_S, hang_up=call_id)
        # Both ends finish what they have to tell each other, and the agent gives its last account.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(exchange.webhooks.settle(), LAST_EVENTS_S)
        await self.network.stop_agent()
        story = tell(
            exchange.report(call_id),
            self.events,
            folder={"recording": str(recording), "timeline": str(timeline)},
        )
        first = next((event for event in self.events if event["type"] == "caller.hears_speech"), None)
        story["first_speech_s"] = None if first is None else round(first["at_ms"] / 1000 - _wall(began), 2)
        self.events.sort(key=lambda event: event["at_ms"])
        try:
            await asyncio.to_thread(_write, folder, self.events, story)
        except OSError as error:
            raise CallError(
                f"expected to write to {folder}, got: {error.strerror}.", fix="--output and another folder"
            ) from None
        return story

    async def close(self) -> None:
        """End the call, if it is up, and everything else."""
        if self.network is not None:
            if self.narrator.call is not None and "leg.ended" not in self._wanted:
                with contextlib.suppress(OffhookError):
                    self.network.exchange.handset(self.narrator.call).hang_up()
            await self.network.stop()
        if self.stand_ins is not None:
            await self.stand_ins.stop()

    def checks(self, story: dict[str, Any]) -> list[Check]:
        """What is to be seen of it, once it is over."""
        clock = SystemClock()
        services = tuple(self.stand_ins.journal.find()) if self.stand_ins is not None else ()
        offset_ms = clock.wall_ms() - clock.now_ms()
        return self.demonstration.check(Told(story, self.events, services, offset_ms))

    def _on_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if self.demonstration.meanwhile is not None and self.stand_ins is not None:
            self.demonstration.meanwhile(event, self.stand_ins)
        print_lines(self.console, self.narrator.lines(event))
        kind = event["type"]
        if kind == "leg.state" and event.get("call") == self.narrator.call and event.get("state") == "ended":
            kind = "leg.ended"
        self._wanted.add(kind)
        self._arrived.set()

    async def _until(self, kind: str, limit_s: float, *, hang_up: str | None = None) -> None:
        """Wait for an event; hang the call up if it does not come."""
        try:
            async with asyncio.timeout(limit_s):
                while kind not in self._wanted:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            if hang_up is not None and self.network is not None:
                self.network.exchange.handset(hang_up).hang_up()


def _wall(began: float) -> float:
    return time.time() - (time.monotonic() - began)


def _write(folder: Path, events: list[dict[str, Any]], story: dict[str, Any]) -> None:
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    (folder / "timeline.jsonl").write_text(lines, encoding="utf-8")
    transcript = {key: story[key] for key in ("call", "turns", "barge_in", "backchannel", "handover")}
    (folder / "transcript.json").write_text(json.dumps(transcript, ensure_ascii=False, indent=2), encoding="utf-8")


def _summarise(console: Console, demonstration: Demonstration, story: dict[str, Any], checks: Sequence[Check]) -> None:
    webhooks = story["webhooks"]
    rows = [
        ("webhooks", f"{webhooks['delivered']} delivered, {webhooks['verified']} verified, "
                     f"{webhooks['duplicates_dropped']} duplicates dropped"),
        (
            "event loop",
            "the agent gave no account"
            if story["loop_stall_ms"] is None
            else f"held up for at most {story['loop_stall_ms']:.1f} ms by the call's start "
            f"({story['loop_stall_cpu_ms']:.1f} ms of processor time)",
        ),
        ("answers", f"{milliseconds(story['median_latency_ms'])} after the caller (median, at the ear)"),
        ("first words", "none" if (s := story["first_speech_s"]) is None else f"{s} s after the start"),
        ("recording", story["recording"]),
        ("timeline", story["timeline"]),
    ]  # fmt: skip
    console.print()
    for check in checks:
        sign = "[green]✓[/]" if check.ok else "[red]✗[/]"
        console.print(f"{sign} {escape(check.name)}  [dim]{escape(check.measured)}[/]")
    console.print()
    for name, value in rows:
        console.print(f"  [dim]{name:<13}[/]{value}")
    offhook = command()
    console.print(
        f"\nnext:  talk to it yourself   [bold]{offhook} dev {demonstration.agent}[/]"
        + ("" if demonstration.stand_ins is None else "   (with keys of your own)")
        + "\n       make your own         copy the 20 lines of README.md to app.py; "
        f"[bold]{offhook} dev app:agent[/]\n"
        f"       more of these         [bold]{offhook} demo --list[/]\n"
        "       put it on a number    [bold]docs/going-live.md[/]"
    )
