"""``offhook demo``: a whole phone conversation on this machine, shown while it happens and kept afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from importlib import resources
from typing import TYPE_CHECKING, Any

from offhook import __version__
from offhook.cli import streams
from offhook.cli.command import command
from offhook.cli.console import EXIT_FAILED, emit_json, err, out
from offhook.cli.files import make_folder
from offhook.cli.lines import print_lines
from offhook.cli.local import LocalNetwork
from offhook.cli.story import Narrator, tell
from offhook.errors import CallError, OffhookError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["run_demo"]

AGENT = "offhook.demo.agent:agent"
CALLER = "+15550150"
LIMIT_S = 180.0
"""No demonstration takes longer; one that does is hung up."""

LAST_EVENTS_S = 3.0
"""How long after the hang-up the last webhooks may take."""


async def run_demo(*, output: Path, codec: str, voice: str | None, as_json: bool) -> int:
    """Run the demonstration and print it; returns the exit code."""
    console = err if as_json else out
    make_folder(output, "--output and a folder of yours")
    streams.wait_for_nobody()
    demo = _Demo(console, codec=codec, voice=voice)
    began = time.monotonic()
    try:
        await demo.start()
        story = await demo.call(output / time.strftime("%Y-%m-%d-%H%M%S"), began)
    finally:
        await demo.close()
    problems = _problems(story)
    if as_json:
        emit_json(story)
    else:
        _summarise(console, story, problems)
    return EXIT_FAILED if problems else 0


class _Demo:
    """One run of it."""

    def __init__(self, console: Console, *, codec: str, voice: str | None) -> None:
        self.console = console
        self.codec = codec
        self.events: list[dict[str, Any]] = []
        self.narrator = Narrator()
        self.network = LocalNetwork(
            AGENT, on_event=self._on_event, environment={"OFFHOOK_VOICE": voice} if voice else {}
        )
        self._wanted: set[str] = set()
        self._arrived = asyncio.Event()

    async def start(self) -> None:
        self.console.print(f"[bold]offhook {__version__}[/] · starting the exchange and the agent …")
        await self.network.start()
        ready = await self.network.start_agent()
        self.console.print(
            f"exchange [bold]{self.network.exchange.origin}[/] · agent [bold]{ready['agent']}[/] "
            f"on port {ready['port']} · nothing leaves this machine"
        )

    async def call(self, folder: Path, began: float) -> dict[str, Any]:
        from offhook.exchange.people.caller import ScriptedCaller
        from offhook.exchange.people.script import parse_script
        from offhook.exchange.people.voices import Voices

        exchange = self.network.exchange
        await asyncio.to_thread(make_folder, folder, "--output and another folder")
        recording, timeline = folder / "call.wav", folder / "timeline.jsonl"
        caller = ScriptedCaller(parse_script(_script()), voices=Voices())
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
        if self.narrator.call is not None and "leg.ended" not in self._wanted:
            with contextlib.suppress(OffhookError):
                self.network.exchange.handset(self.narrator.call).hang_up()
        await self.network.stop()

    def _on_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)
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
            if hang_up is not None:
                self.network.exchange.handset(hang_up).hang_up()


def _wall(began: float) -> float:
    return time.time() - (time.monotonic() - began)


def _script() -> dict[str, Any]:
    import tomllib

    return tomllib.loads((resources.files("offhook.demo") / "script.toml").read_text(encoding="utf-8"))


def _write(folder: Path, events: list[dict[str, Any]], story: dict[str, Any]) -> None:
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    (folder / "timeline.jsonl").write_text(lines, encoding="utf-8")
    transcript = {key: story[key] for key in ("call", "turns", "barge_in", "backchannel", "handover")}
    (folder / "transcript.json").write_text(json.dumps(transcript, ensure_ascii=False, indent=2), encoding="utf-8")


def _problems(story: dict[str, Any]) -> list[str]:
    """What a demonstration that went well would not have."""
    problems = []
    if len(story["turns"]) < 5:
        problems.append(f"expected five turns of the caller or more, got {len(story['turns'])}")
    if unanswered := sum(turn["latency_ms"] is None and not turn["agent"]["text"] for turn in story["turns"]):
        problems.append(f"{unanswered} turns were not answered")
    if not story["barge_in"] or story["barge_in"]["stop_ms"] is None:
        problems.append("the interruption did not silence the agent")
    if not story["backchannel"] or story["backchannel"]["stopped_agent"]:
        problems.append("the back-channel silenced the agent")
    if not _connected(story):
        problems.append("the caller was not connected to the person")
    return problems


def _connected(story: dict[str, Any]) -> bool:
    """Whether the caller was handed over, and heard the person."""
    handover = story["handover"] or {}
    return bool(handover.get("bridged") and handover.get("person_heard"))


def _summarise(console: Console, story: dict[str, Any], problems: list[str]) -> None:
    def ms(value: float | None) -> str:
        return "-" if value is None else f"{value:.0f} ms"

    barge_in, backchannel = story["barge_in"] or {}, story["backchannel"] or {}
    webhooks, stopped = story["webhooks"], backchannel.get("stopped_agent")
    rows = [
        ("turns", f"{len(story['turns'])}, answered after {ms(story['median_latency_ms'])} (median, at the ear)"),
        ("interruption", f"agent silent after {ms(barge_in.get('stop_ms'))}"),
        ("back-channel", {None: "none", True: "stopped the agent"}.get(stopped, "did not stop the agent")),
        ("hand-over", "the caller talked to the person" if _connected(story) else "the person was not reached"),
        ("webhooks", f"{webhooks['delivered']} delivered, {webhooks['verified']} verified, "
                     f"{webhooks['duplicates_dropped']} duplicates dropped"),
        (
            "event loop",
            "the agent gave no account"
            if story["loop_stall_ms"] is None
            else f"held up for at most {story['loop_stall_ms']:.1f} ms by the call's start "
            f"({story['loop_stall_cpu_ms']:.1f} ms of processor time)",
        ),
        ("first words", "none" if (s := story["first_speech_s"]) is None else f"{s} s after the start"),
        ("recording", story["recording"]),
        ("timeline", story["timeline"]),
    ]  # fmt: skip
    console.print()
    for name, value in rows:
        console.print(f"  [dim]{name:<13}[/]{value}")
    for problem in problems:
        console.print(f"[red]problem:[/] {problem}")
    offhook = command()
    console.print(
        f"\nnext:  talk to it yourself   [bold]{offhook} dev offhook.demo.agent:agent[/]\n"
        f"       make your own         copy the 20 lines of README.md to app.py; [bold]{offhook} dev app:agent[/]\n"
        "       put it on a number    [bold]docs/going-live.md[/]"
    )
