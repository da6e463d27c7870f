"""``offhook dev``: an agent that is started again whenever it is saved."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.asyncio.client import connect

from offhook.cli.dev import _saves, _Stories, watched_folder
from offhook.cli.story import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

AGENT = """
from offhook import Agent

agent = Agent(name="{name}", greeting="Hello.")
agent.intent("hours", examples=["when are you open"], reply="At nine.")
"""

CRASHING = """
import os, pathlib, threading, time

def crash():
    while not pathlib.Path("crash").exists():
        time.sleep(0.05)
    os._exit(3)

threading.Thread(target=crash, daemon=True).start()
"""


class Dev:
    """A run of it in a process of its own, and every event that it writes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.printed = ""
        self._changed = asyncio.Event()
        self._reading = asyncio.gather(self._read(), self._read_errors())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(json.loads(line))
            self._changed.set()

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.printed += line.decode()

    async def wait(self, kind: str, *, count: int = 1, **fields: object) -> dict[str, Any]:
        """The ``count``-th event of this type with these fields."""
        async with asyncio.timeout(30):
            while True:
                found = [e for e in self.events if e["type"] == kind and fields.items() <= e.items()]
                if len(found) >= count:
                    return found[count - 1]
                assert self.process.returncode is None, self.printed
                self._changed.clear()
                await self._changed.wait()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(30):
            await self._reading
            return await self.process.wait()


@pytest.fixture
async def start(require: Callable[[bool, str], None], tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts it in ``tmp_path``."""
    for module in ("onnxruntime", "moonshine_voice", "rapidfuzz", "watchfiles"):
        require(importlib.util.find_spec(module) is not None, f"{module} of the extras local and dev")
    running: list[Dev] = []

    async def starts(*arguments: str) -> Dev:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "offhook", "dev", *arguments, "--port", "0", "--json",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running.append(Dev(process))
        return running[-1]

    yield starts
    for dev in running:
        await dev.end()


def save(folder: Path, text: str) -> None:
    """As editors do: the file is replaced."""
    (folder / "app.py.new").write_text(text, encoding="utf-8")
    (folder / "app.py.new").replace(folder / "app.py")


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_saved_agent_takes_the_next_call_and_a_broken_one_changes_nothing(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """Started, saved while a call is up, broken, mended; then SIGTERM ends all of it."""
    save(tmp_path, AGENT.format(name="First"))
    dev: Dev = await start("app:agent")
    port = (await dev.wait("exchange.started"))["port"]
    assert (await dev.wait("agent.reloading"))["takes_calls"] is False
    first = await dev.wait("server.ready", agent="First")
    assert (await dev.wait("agent.ready"))["agent"] == "First"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert "<h1" in (await client.get("/")).text
        call = (await client.post("/exchange/calls", json={"script": "silent"})).json()["call"]
        await dev.wait("session.started", call=call, agent="First")

        save(tmp_path, AGENT.format(name="Second"))
        assert (await dev.wait("agent.reloaded"))["agent"] == "Second"
        report = (await client.get(f"/exchange/calls/{call}")).json()
        assert report["call"]["state"] == "answered", "the call under way keeps the agent that it began with"
        assert await answers(first["port"])
        await client.post(f"/exchange/calls/{call}/hangup")
        await dev.wait("session.ended", call=call)

        save(tmp_path, "this is no Python\n")
        broken = await dev.wait("agent.broken")
        assert "SyntaxError" in broken["message"]
        assert "app.py, line 1" in broken["fix"]
        assert broken["takes_calls"] is True
        origin = f"http://127.0.0.1:{port}"
        async with connect(f"ws://127.0.0.1:{port}/phone", origin=origin) as page:  # type: ignore[arg-type]
            assert json.loads(await page.recv())["type"] == "agent.broken"
            other = (await client.post("/exchange/calls", json={"script": "silent"})).json()["call"]
            await dev.wait("session.started", call=other, agent="Second")
            save(tmp_path, AGENT.format(name="Third"))
            await dev.wait("agent.reloaded", agent="Third")
            kinds = [json.loads(await page.recv())["type"] for _ in range(2)]
            assert "agent.reloading" in kinds
    assert await dev.end() == 0
    ports = [event["port"] for event in dev.events if event["type"] == "server.ready"]
    assert len(ports) == 3
    assert [await answers(one) for one in (port, *ports)] == [False] * 4, "nothing is left running"
    assert "fix:" in dev.printed
    assert "the version before it answers meanwhile" in dev.printed


async def answers(port: int) -> bool:
    """Whether something listens there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_an_agent_that_does_not_load_at_the_start_is_waited_for(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """The page is up, says what is wrong, and the first save that works starts the agent; Ctrl-C is exit code 130."""
    save(tmp_path, "this is no Python\n")
    dev: Dev = await start("app:agent")
    broken = await dev.wait("agent.broken")
    assert "SyntaxError" in broken["message"]
    assert broken["takes_calls"] is False
    save(tmp_path, AGENT.format(name="Late"))
    assert (await dev.wait("agent.ready"))["agent"] == "Late"
    assert await dev.end(signal.SIGINT) == 130
    assert "nobody answers meanwhile" in dev.printed
    assert "Traceback" not in dev.printed


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_an_agent_whose_process_ends_is_noticed(start: Callable[..., Any], tmp_path: Path) -> None:
    """It is not waited for in vain: the page says so, and a save starts it again."""
    save(tmp_path, CRASHING + AGENT.format(name="Crashing"))
    dev: Dev = await start("app:agent")
    await dev.wait("agent.ready")
    (tmp_path / "crash").touch()
    broken = await dev.wait("agent.broken")
    assert "it ended" in broken["message"]
    assert (broken["takes_calls"], broken["was_running"]) == (False, True)
    save(tmp_path, AGENT.format(name="Mended"))
    await dev.wait("agent.ready", agent="Mended")


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_process_that_ends_in_a_call_is_noticed_by_who_is_in_it(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """Also when a newer version takes the next calls already: the caller would wait for an answer that never comes."""
    save(tmp_path, CRASHING + AGENT.format(name="Crashing"))
    dev: Dev = await start("app:agent")
    port = (await dev.wait("exchange.started"))["port"]
    await dev.wait("agent.ready")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        call = (await client.post("/exchange/calls", json={"script": "silent"})).json()["call"]
        await dev.wait("session.started", call=call)
        save(tmp_path, AGENT.format(name="Mended"))
        await dev.wait("agent.reloaded", agent="Mended")
        (tmp_path / "crash").touch()
        await dev.wait("call.agent_lost", call=call)
        other = (await client.post("/exchange/calls", json={"script": "silent"})).json()["call"]
        await dev.wait("session.started", call=other, agent="Mended")
    assert [event for event in dev.events if event["type"] == "agent.broken"] == []


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_version_that_never_starts_is_not_waited_for_when_it_is_saved_again(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    """It hangs while it is imported, say."""
    save(tmp_path, "import pathlib, time\npathlib.Path('began').touch()\ntime.sleep(3600)\n")
    dev: Dev = await start("app:agent")
    await dev.wait("agent.reloading")
    async with asyncio.timeout(30):
        while not (tmp_path / "began").exists():
            await asyncio.sleep(0.05)
    save(tmp_path, AGENT.format(name="Mended"))
    assert (await dev.wait("agent.ready"))["agent"] == "Mended"
    assert [event for event in dev.events if event["type"] == "agent.broken"] == []


async def test_a_port_that_is_taken_is_one_sentence_with_a_fix(tmp_path: Path) -> None:
    """And exit code 2: nothing was started."""
    save(tmp_path, "")
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "offhook", "dev", "app:agent", "--port", str(port),
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith("error: expected port")
    assert "fix:" in errors.decode()
    assert "Traceback" not in errors.decode()


# -- what is watched ---------------------------------------------------------------------------------------------------


def test_the_folder_of_a_module_beside_is_watched(tmp_path: Path) -> None:
    """And what is below it."""
    (tmp_path / "shop_agent_a.py").touch()
    assert watched_folder("shop_agent_a:agent", tmp_path) == tmp_path


@pytest.mark.parametrize("init", [True, False])
def test_the_topmost_package_of_a_module_below_is_watched(tmp_path: Path, init: bool) -> None:
    """What the agent's module imports is often beside it, not below it; the package may lack an ``__init__.py``."""
    folder = tmp_path / f"shop_{init}" / "agents"
    folder.mkdir(parents=True)
    if init:
        (folder.parent / "__init__.py").write_text("raise SystemExit('it must not be imported')")
    assert watched_folder(f"shop_{init}.agents.front:agent", tmp_path) == folder.parent


def test_of_an_installed_package_only_the_modules_own_folder_is_watched(tmp_path: Path) -> None:
    """Nobody edits the rest."""
    folder = watched_folder("offhook.demo.agent:agent", tmp_path)
    assert folder.parts[-2:] == ("offhook", "demo")
    assert watched_folder("json:agent", tmp_path).name == "json"


@pytest.mark.parametrize("path", ["not_there_yet:agent", ":agent", "sys:agent"])
def test_where_there_is_no_file_the_own_folder_is_watched(tmp_path: Path, path: str) -> None:
    """It is where one will be made."""
    assert watched_folder(path, tmp_path) == tmp_path


async def test_python_files_that_are_saved_together_are_one_save(
    require: Callable[[bool, str], None], tmp_path: Path
) -> None:
    """Other files are none."""
    require(importlib.util.find_spec("watchfiles") is not None, "watchfiles")
    saves = _saves(tmp_path)
    first = asyncio.ensure_future(anext(saves))
    async with asyncio.timeout(20):
        while not first.done():  # the watching begins in a thread: save until it is noticed
            (tmp_path / "notes.txt").write_text(os.urandom(4).hex())
            (tmp_path / "app.py").write_text(os.urandom(4).hex())
            await asyncio.wait([first], timeout=0.1)
    await saves.aclose()  # type: ignore[attr-defined]


# -- what is printed ---------------------------------------------------------------------------------------------------


def leg(state: str, call: str = "call", session: str = "s", at_ms: float = 1000) -> dict[str, Any]:
    event = {"type": "leg.state", "source": "exchange", "call": call, "state": state, "session": session}
    return {**event, "at_ms": at_ms}


def test_a_conversation_by_microphone_is_told_as_it_was_understood() -> None:
    """Nobody knows better what was said; the latency counts from the end that the agent noticed."""
    stories = _Stories()
    heard = {"type": "turn.heard", "text": "hello", "confidence": 0.9, "speech_ended_at_ms": 2000, "at_ms": 2300}
    answer = {"type": "agent.speech_began", "source": "agent", "call": "call", "text": "Hi.", "at_ms": 2400}
    events = [
        leg("parked"),
        leg("answered", at_ms=1030),
        {**heard, "source": "agent", "call": "call"},
        answer,
        {"type": "caller.hears_speech", "source": "exchange", "call": "call", "at_ms": 2412},
    ]
    assert [line for event in events for line in stories.lines(event)] == [
        Line("call", "a call comes in"),
        Line("call", "answered after 30 ms"),
        Line("caller", "“hello”", "90% sure"),
        Line("agent", "“Hi.”", "heard after 412 ms"),
    ]


def test_typed_words_are_told_with_what_was_understood_of_them() -> None:
    """The exchange says what was typed, and when it ended."""
    stories = _Stories()
    said = {"source": "exchange", "call": "call", "said": "hello", "kind": "turn"}
    heard = {"type": "turn.heard", "text": "yellow", "confidence": 0.5, "speech_ended_at_ms": 2000, "at_ms": 2300}
    events = [
        leg("parked"),
        {"type": "caller.speech_started", "at_ms": 1500, **said},
        {"type": "caller.speech_ended", "at_ms": 1950, **said},
        {**heard, "source": "agent", "call": "call"},
        {"type": "agent.speech_began", "source": "agent", "call": "call", "text": "Hi.", "at_ms": 2400},
        {"type": "caller.hears_speech", "source": "exchange", "call": "call", "at_ms": 2412},
        {**heard, "source": "agent", "call": "call", "text": "spoken", "speech_ended_at_ms": 5000},
    ]
    assert [line for event in events for line in stories.lines(event)] == [
        Line("call", "a call comes in"),
        Line("caller", "“hello”"),
        Line("note", "understood: “yellow”", "50% sure"),
        Line("agent", "“Hi.”", "heard after 462 ms"),
        Line("caller", "“spoken”", "50% sure"),
    ]


def test_the_person_a_caller_is_handed_over_to_is_told_in_the_callers_story() -> None:
    """A leg of the same session is no call of its own; events without a call, or of an unknown one, are not told."""
    stories = _Stories()
    person = {"type": "caller.speech_started", "source": "exchange", "call": "other", "said": "Front desk.", "at_ms": 1}
    assert stories.lines(leg("parked")) == [Line("call", "a call comes in")]
    assert stories.lines(leg("dialing", call="other")) == []
    assert stories.lines(person) == [Line("person", "“Front desk.”")]
    assert stories.lines({**person, "call": "unknown"}) == []
    assert stories.lines({"type": "exchange.stopped", "source": "exchange", "at_ms": 1}) == []
