"""An agent in a process of its own: started, read, ended."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
from typing import TYPE_CHECKING, Any

import pytest

from offhook.cli.agent_process import LONGEST_LINE_BYTES, AgentProcess
from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENVIRONMENT = {
    "TELNYX_BASE_URL": "http://127.0.0.1:9/v2",
    "TELNYX_API_KEY": "KEY",
    "TELNYX_PUBLIC_KEY": "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}


def agent(app: str, events: list[dict[str, Any]] | None = None) -> AgentProcess:
    return AgentProcess(app, environment=ENVIRONMENT, on_event=(events if events is not None else []).append)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_agent_that_does_not_start_is_an_error_in_its_own_words() -> None:
    """The reason and the fix of the other process are those of this one's error."""
    process = agent("there_is_no_such_module:agent")
    with pytest.raises(ConfigError, match="expected a module there_is_no_such_module") as caught:
        await process.start()
    assert caught.value.fix == "change to its folder, or correct the name"
    assert not process.running
    await process.stop()


async def test_what_the_program_prints_itself_is_passed_on_and_is_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither JSON that is no event nor a line without an end stops the reading of what the process reports."""
    (tmp_path / "talkative.py").write_text(
        "from offhook import Agent\n"
        'agent = Agent("Talkative", "Hello.")\n'
        'agent.intent("greeting", ["hello"], reply="Hello.")\n'
        """print(42, '[1]', '{"a": 1}', '{"type": "note", "source": "me"}', sep="\\n")\n"""
        f'print("x" * {LONGEST_LINE_BYTES + 1})\n'
    )
    monkeypatch.chdir(tmp_path)
    events: list[dict[str, Any]] = []
    process = agent("talkative:agent", events)
    ready = await process.start()
    await process.stop()
    assert ready["agent"] == "Talkative"
    assert [event["type"] for event in events] == ["server.ready", "server.report"]
    assert capsys.readouterr().err.startswith('42\n[1]\n{"a": 1}\n{"type": "note", "source": "me"}\n')


async def test_files_beside_the_agent_do_not_stand_in_for_pythons_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they do not with ``offhook serve``: an agent may lie beside an ``email.py``."""
    monkeypatch.chdir(tmp_path)
    for name in ("calendar", "email", "http", "queue"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError")
    with pytest.raises(ConfigError, match="expected a module there_is_no_such_module"):
        await agent("there_is_no_such_module:agent").start()


@pytest.mark.parametrize("after_turns", [0, 1, 3, 200])
async def test_a_start_that_is_cancelled_leaves_no_process(after_turns: int) -> None:
    """At whatever moment of the start it is given up, nothing goes on running."""
    process = agent("offhook.demo.agent:agent")
    starting = asyncio.create_task(process.start())
    for _ in range(after_turns):
        await asyncio.sleep(0)
    spawned = process._process
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    assert not process.running
    if spawned is not None:
        assert not alive(spawned.pid)


async def test_stopping_what_was_never_started_is_nothing() -> None:
    """Whoever cleans up need not ask first."""
    await agent("app:agent").stop()


PRINTING = """
import os, sys
from offhook import Agent

print(5)
print([1, 2])
print('{"type": "server.ready"}')
print("a word", file=sys.stderr)
os.write(1, b'"past Python"\\n' + 2_000_000 * b"x" + b"\\n")
print("half a line", end="")
agent = Agent(name="Printing", greeting="Hello.")
agent.intent("hours", examples=["when are you open"], reply="At nine.")
"""


async def test_what_an_agent_prints_is_passed_on_and_no_event(
    require: Callable[[bool, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever it looks like: people debug with ``print``, and nothing is lost that comes before the agent is ready."""
    for module in ("onnxruntime", "moonshine_voice", "rapidfuzz"):
        require(importlib.util.find_spec(module) is not None, f"{module} (pip install 'offhook[local]')")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "printing.py").write_text(PRINTING)
    events: list[dict[str, Any]] = []
    process = agent("printing:agent", events)
    assert (await process.start())["agent"] == "Printing"
    await process.stop()
    assert [event["type"] for event in events] == ["server.ready", "server.report"]
    printed = capsys.readouterr().err
    for text in ("5\n", "[1, 2]\n", '{"type": "server.ready"}\n', "a word\n", '"past Python"\n', "half a line"):
        assert text in printed


@pytest.mark.parametrize("color", [None, "1"])
async def test_a_reason_is_told_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], color: str | None
) -> None:
    """Whatever the terminal is said to be; what was printed before it is passed on."""
    if color is not None:
        monkeypatch.setenv("FORCE_COLOR", color)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.py").write_text('print("error: not this one")\nraise ValueError("one\\ntwo")')
    with pytest.raises(ConfigError) as caught:
        await agent("wrong:agent").start()
    assert caught.value.message.endswith("it raised ValueError: one two.")
    assert caught.value.fix == "look at wrong.py, line 2"
    assert capsys.readouterr().err == "error: not this one\n"


async def test_an_agent_that_ends_without_a_word_says_how_to_find_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what it wrote is passed on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quits.py").write_text('import os, sys\nprint("no licence", file=sys.stderr, flush=True)\nos._exit(3)')
    with pytest.raises(ConfigError, match="ended before it was ready") as caught:
        await agent("quits:agent").start()
    assert caught.value.fix == "run it alone: offhook serve quits:agent"
    assert "no licence" in capsys.readouterr().err
