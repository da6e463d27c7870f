"""``offhook providers``: stand-ins for speech and language services as a program of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from offhook.cli.providers import run_env, run_fault
from offhook.errors import ConfigError
from offhook.testing.providers import Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def providers() -> AsyncIterator[StandIns]:
    async with StandIns(Scripted(["yes"])) as providers:
        yield providers


def fault(**more: Any) -> dict[str, Any]:
    return {"door": "deepgram", "stage": "connect", "kind": "refuse", "times": 1, "after": 0, **more}


async def test_the_environment_is_printed_for_a_shell(providers: StandIns, capsys: pytest.CaptureFixture[str]) -> None:
    """And as JSON for programs."""
    assert await run_env(port=providers.port, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"export DEEPGRAM_BASE_URL='{providers.origin}'" in lines
    await run_env(port=providers.port, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert {name: printed[name] for name in providers.env} == providers.env


async def test_a_fault_is_asked_for_and_taken_back(providers: StandIns, capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown what is still to come."""
    assert await run_fault(port=providers.port, fault=fault(), as_json=False) == 0
    assert await run_fault(port=providers.port, fault=fault(stage="final", kind="slow", times=None), as_json=False) == 0
    assert await run_fault(port=providers.port, fault=fault(door="aura", times=3), as_json=False) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert printed[-3:] == [
        ["deepgram", "connect", "refuse", "once"],
        ["deepgram", "final", "slow", "always"],
        ["aura", "connect", "refuse", "3", "times"],
    ]
    with pytest.raises(InvalidStatus):
        await connect(providers.origin.replace("http", "ws", 1) + "/v1/listen")
    await run_fault(port=providers.port, fault=None, as_json=False)
    assert "nothing goes wrong" in capsys.readouterr().out
    await run_fault(port=providers.port, fault=None, as_json=True)
    assert json.loads(capsys.readouterr().out)["faults"] == []


async def test_a_fault_that_there_is_not_is_refused(providers: StandIns) -> None:
    """With those that there are."""
    for wrong in (fault(kind="explode"), fault(door="deepgrum"), fault(kind="hang", stage="final")):
        with pytest.raises(ConfigError) as error:
            await run_fault(port=providers.port, fault=wrong, as_json=True)
        assert error.value.fix


async def test_without_stand_ins_it_says_how_to_start_them(unused_tcp_port: int) -> None:
    """On the port that was asked for."""
    with pytest.raises(ConfigError) as error:
        await run_env(port=unused_tcp_port, as_json=False)
    assert f"providers up --port {unused_tcp_port}" in str(error.value.fix)


@pytest.mark.slow
async def test_the_program_prints_its_environment_and_then_what_happens() -> None:
    """As JSON lines, until Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "offhook", "providers", "up", "--port", "0", "--hear", "yes", "--json",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        started = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        assert started["type"] == "providers.started"
        url = started["env"]["DEEPGRAM_BASE_URL"].replace("http", "ws", 1)
        with pytest.raises(InvalidStatus):
            await connect(f"{url}/v1/listen")
        entry = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
        assert (entry["type"], entry["door"], entry["stage"]) == ("providers.message", "deepgram", "connect")
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 130
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
