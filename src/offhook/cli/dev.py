"""``offhook dev``: the exchange, the browser phone on its port, and your agent, started again whenever you save.

The new version is started beside the old one. Once it takes calls, new calls go to it; a call that is under way keeps
the version that it began with until it is over. A version that does not start changes nothing: the one before it goes
on answering, and the reason is shown in the terminal and on the page until the next save.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape

from offhook import __version__
from offhook.agent.loading import find_agent
from offhook.cli import streams
from offhook.cli.console import emit_json, err, out
from offhook.cli.lines import print_lines
from offhook.cli.local import LocalNetwork
from offhook.cli.story import Line, Narrator
from offhook.errors import ConfigError, OffhookError
from offhook.installing import install
from offhook.web.feed import Feed
from offhook.web.phone import PhonePage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.cli.agent_process import AgentProcess

__all__ = ["run_dev", "watched_folder"]

ALIVE_EVERY_S: Final = 1.0
"""How often it is looked whether the agent's process still lives."""


async def run_dev(path: str, *, port: int, debug: bool = False, as_json: bool) -> int:
    """Serve the agent at ``path`` to the browser phone until Ctrl-C or SIGTERM.

    A path at which no module can be found ends it at once: no save would help. A module that does not load is waited
    for: the next save may correct it.

    Args:
        path: the agent, as ``module:name``.
        port: the port of the exchange and the page; 0 takes a free one.
        debug: have the agent's process log everything, with the texts of exceptions.
        as_json: write every event as a line of JSON to stdout, and what people read to stderr.

    Raises:
        ConfigError: there is no module at ``path``.
        PortInUse: something else listens there.
    """
    find_agent(path)
    streams.wait_for_nobody()
    return await _Dev(path, port=port, debug=debug, as_json=as_json).run()


class _Dev:
    """One run of it."""

    def __init__(self, path: str, *, port: int, debug: bool, as_json: bool) -> None:
        self.path = path
        self.feed = Feed()
        self.network = LocalNetwork(path, on_event=self._on_event, exchange_port=port, debug=debug)
        self._as_json = as_json
        self._console = err if as_json else out
        self._stories = _Stories()
        self._folder = watched_folder(path, Path.cwd())
        self._name = path
        self._serving: AgentProcess | None = None
        self._calls: dict[str, AgentProcess | None] = {}
        self._call_over = asyncio.Event()
        self._retiring: dict[AgentProcess, asyncio.Task[None]] = {}
        self._saved = asyncio.Event()
        self._terminated = False

    async def run(self) -> int:
        page = PhonePage(self.network.exchange, title=self.path, feed=self.feed)
        others: list[asyncio.Task[None]] = []
        try:
            with self._until_terminated():
                await self.network.start(page.routes())
                self._greet()
                others = [asyncio.create_task(self._watch()), asyncio.create_task(self._notice_deaths())]
                while True:
                    self._saved.clear()
                    await self._start_newest()
                    await self._saved.wait()
        except asyncio.CancelledError:
            if not self._terminated:
                raise
            return 0
        finally:
            for task in others:
                task.cancel()
            await self._close()

    # -- the agent -----------------------------------------------------------------------------------------------------

    async def _start_newest(self) -> None:
        """Start the agent, unless it is saved again before it takes calls: it may never."""
        starting = asyncio.create_task(self._start_agent())
        saved = asyncio.create_task(self._saved.wait())
        try:
            await asyncio.wait((starting, saved), return_when=asyncio.FIRST_COMPLETED)
        finally:
            saved.cancel()
            starting.cancel()  # nothing, if it is done
            await asyncio.gather(saved, starting, return_exceptions=True)
        if not starting.cancelled():
            starting.result()

    async def _start_agent(self) -> None:
        """Start the newest version of the agent; if it does not start, keep the one before it."""
        before = self._serving
        self._tell_status("agent.reloading")
        began = time.monotonic()
        try:
            ready = await self.network.start_agent()
        except OffhookError as error:
            self._tell_broken(error)
            return
        self._serving = self.network.agent
        self._name = str(ready["agent"])
        took = f"{time.monotonic() - began:.1f} s"
        if before is None:
            self._tell_status("agent.ready")
            self._console.print(f"  agent   [bold]{escape(self._name)}[/] takes calls  [green]{took}[/]")
        else:
            self._retiring[before] = asyncio.create_task(self._retire(before))
            self._tell_status("agent.reloaded")
            self._console.print(f"  agent   reloaded: the next call talks to the new one  [green]{took}[/]")

    async def _retire(self, process: AgentProcess) -> None:
        """End a version of the agent once it has no calls."""
        while process in self._calls.values():
            self._call_over.clear()
            await self._call_over.wait()
        await process.stop()
        del self._retiring[process]

    async def _notice_deaths(self) -> None:
        """Say so when a process of the agent ends that should not: nobody would take calls, or answer in one."""
        while True:
            await asyncio.sleep(ALIVE_EVERY_S)
            for call_id, process in self._calls.items():
                if process is not None and not process.running:
                    self._calls[call_id] = None
                    self._call_over.set()
                    self._tell_lost(call_id)
            if self._serving is not None and not self._serving.running:
                self._serving = self.network.agent = None
                self._tell_broken(
                    ConfigError(
                        "expected the agent's process to go on, it ended.",
                        fix="look at what it wrote to the terminal, correct it and save",
                    ),
                    was_running=True,
                )

    async def _watch(self) -> None:
        """Note each save."""
        try:
            async for _ in _saves(self._folder):
                self._saved.set()
        except (ImportError, OSError, RuntimeError) as error:
            missing = isinstance(error, ImportError)
            reason = "watchfiles is not installed" if missing else str(error)
            fix = install("dev") if missing else "set WATCHFILES_FORCE_POLLING=1"
            self._console.print(f"  [yellow]not reloaded when you save:[/] {escape(reason)}")
            self._console.print(f"  [green]fix:[/]    {escape(fix)}")

    async def _close(self) -> None:
        """End the calls, the agents and the exchange."""
        for call_id in list(self._calls):
            with contextlib.suppress(OffhookError):
                self.network.exchange.handset(call_id).hang_up()
        for task in self._retiring.values():
            task.cancel()
        others = {self._serving, *self._retiring} - {self.network.agent}
        await asyncio.gather(*(process.stop() for process in others if process is not None))
        await self.network.stop()

    @contextlib.contextmanager
    def _until_terminated(self) -> Any:
        """SIGTERM ends the run as Ctrl-C does, but is no failure."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def on_signal() -> None:
            self._terminated = True
            if task is not None:
                task.cancel()

        loop.add_signal_handler(signal.SIGTERM, on_signal)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    # -- what is told --------------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        self._console.print(f"[bold]offhook {__version__}[/]")
        self._console.print(
            f"  phone   [bold]{self.network.exchange.origin}[/]  [dim]open it in a browser, press Call[/]"
        )
        self._console.print(f"  agent   {escape(self.path)}, reloaded when you save in {escape(str(self._folder))}")
        self._console.print("  [dim]Ctrl-C ends it.[/]")

    def _tell_status(self, kind: str, **fields: object) -> None:
        event = {
            "at_ms": time.time() * 1000,
            "source": "dev",
            "type": kind,
            "agent": self._name,
            "takes_calls": self._serving is not None,
            **fields,
        }
        self.feed.publish_status(event)
        if kind == "agent.reloaded":
            self.feed.status = {**event, "type": "agent.ready"}  # news only for who was there
        if self._as_json:
            emit_json(event)

    def _tell_lost(self, call_id: str) -> None:
        event = {"at_ms": time.time() * 1000, "source": "dev", "type": "call.agent_lost", "call": call_id}
        self.feed.publish(event)
        if self._as_json:
            emit_json(event)
        self._console.print("  [yellow]the agent's process ended in a call:[/] nobody answers the caller any more")

    def _tell_broken(self, error: OffhookError, *, was_running: bool = False) -> None:
        self._tell_status("agent.broken", message=error.message, fix=error.fix, was_running=was_running)
        self._console.print(f"[red]error:[/] {escape(error.message)}")
        if error.fix:
            self._console.print(f"[green]fix:[/]   {escape(error.fix)}")
        then = "the version before it answers meanwhile" if self._serving else "nobody answers meanwhile"
        self._console.print(f"[dim]It is tried again when you save; {then}.[/]")

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["source"] != "exchange":
            self.feed.publish(event)
        elif event["type"] == "leg.state" and event["direction"] == "inbound":
            self._on_leg(event["call"], event["state"])
        if self._as_json:
            emit_json(event)
        print_lines(self._console, self._stories.lines(event))

    def _on_leg(self, call_id: str, state: str) -> None:
        if state == "ended":
            self._calls.pop(call_id, None)
            self._call_over.set()
        else:
            self._calls.setdefault(call_id, self._serving)


class _Stories:
    """The lines of every call, as they come."""

    def __init__(self) -> None:
        self._narrators: dict[str, Narrator] = {}
        self._sessions: dict[str, Narrator] = {}

    def lines(self, event: dict[str, Any]) -> list[Line]:
        """The lines that follow from ``event``."""
        call = event.get("call")
        if call is None:
            return []
        lines: list[Line] = []
        if event["type"] == "leg.state" and call not in self._narrators:
            # A leg is the caller's, or a person's whom the caller of the same session is handed over to.
            if event["session"] not in self._sessions:
                self._sessions[event["session"]] = Narrator(call)
                lines.append(Line("call", "a call comes in"))
            self._narrators[call] = self._sessions[event["session"]]
        narrator = self._narrators.get(call)
        return lines if narrator is None else [*lines, *narrator.lines(event)]


# -- saves ------------------------------------------------------------------------------------------------------------


def watched_folder(path: str, start: Path) -> Path:
    """The folder whose Python files make the agent at ``path``, as seen from the folder ``start``.

    A module in ``start`` or below: the folder of its topmost package, or the one it lies in. One that is installed
    elsewhere: its own folder. One that is not there yet: ``start``. Nothing is imported for it.
    """
    top, *inner = path.partition(":")[0].split(".")
    spec = PathFinder.find_spec(top, [str(start), *sys.path]) if top else None
    if spec is None or (spec.origin is None and not spec.submodule_search_locations):
        return start
    if not spec.submodule_search_locations:
        return Path(str(spec.origin)).parent
    folder = Path(next(iter(spec.submodule_search_locations)))
    if folder.is_relative_to(start):
        return folder
    for name in inner:
        if (folder / name).is_dir():
            folder /= name
    return folder


async def _saves(folder: Path) -> AsyncIterator[None]:
    """One item for each save of a Python file in ``folder`` or below; files saved together are one."""
    from watchfiles import PythonFilter, awatch

    async for _ in awatch(folder, watch_filter=PythonFilter(), debounce=400, step=50):
        yield
