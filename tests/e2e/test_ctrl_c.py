"""Ctrl-C: everything that was started ends, and whoever is on the phone is hung up."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest


def ctrl_c(program: Any) -> None:
    """As a terminal does it: every process of the command gets the signal."""
    os.killpg(program.pid, signal.SIGINT)


@pytest.fixture(scope="module", autouse=True)
def demonstrations(launch_for_module: Any, tmp_path_factory: Any, speech_engines: None) -> list[Any]:
    """Three of them, started at the same time, and before they are needed."""
    return [launch_for_module("demo", "--output", str(tmp_path_factory.mktemp("calls"))) for _ in range(3)]


def test_a_call_on_the_exchange_can_be_interrupted(exchange: Any, launch: Any) -> None:
    """The simulated caller hangs up; exit code 130."""
    number, _ = exchange.next_line()
    program = launch("exchange", "call", "--to", number, "--port", str(exchange.port))
    program.started(shows=re.escape(f"calls {number}"))
    ctrl_c(program)
    assert program.wait() == 130
    calls = [one for one in exchange.http.get("/exchange/status").json()["calls"] if one["to"] == number]
    assert [one["state"] for one in calls] == ["ended"]
    ended = exchange.happens(calls[0]["call_control_id"], "call.ended")
    assert (ended["cause"], ended["hangup_source"]) == ("originator_cancel", "caller")
    assert program.left_behind() == []
    assert "Traceback" not in program.log + program.said


def test_a_demonstration_can_be_interrupted(demonstrations: list[Any]) -> None:
    """Exit code 130; the exchange and the agent's process are gone with it."""
    program = demonstrations[0]
    program.started(shows="how can I help")
    assert len(program.processes()) == 2
    ctrl_c(program)
    assert program.wait() == 130
    assert program.left_behind() == []
    assert "Traceback" not in program.log + program.said


def test_a_demonstration_can_be_told_to_end(demonstrations: list[Any]) -> None:
    """Its call is hung up, so that the agent does not wait for its end; exit code 143."""
    program = demonstrations[2]
    program.started(shows="how can I help")
    program.signal(signal.SIGTERM)
    assert program.wait(6) == 143
    assert program.left_behind() == []
    assert "Traceback" not in program.log + program.said


def test_a_demonstration_that_is_killed_leaves_no_agent_behind(demonstrations: list[Any]) -> None:
    """The agent's process ends by itself when the one that started it is gone."""
    program = demonstrations[1]
    program.started(shows="on port")
    assert len(program.processes()) == 2
    program.signal(signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    assert program.left_behind() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_an_exchange_can_be_stopped(exchange: Any, launch: Any, number: int, code: int) -> None:
    """Calls that are up end with it; whoever follows one is told, with exit code 1."""
    nobody = exchange.http.base_url.join("/nobody")  # refuses its webhooks for good, so that no try is waited for
    program = launch("exchange", "up", "--port", "0", "--webhook-url", str(nobody), "--json")
    port = program.started("exchange.started")["port"]
    caller = launch("exchange", "call", "--port", str(port))
    caller.started(shows=r"it rings in vain\nfix: ")  # or it would, until the network gives up
    program.signal(number)
    assert program.wait() == code
    assert (program.log, program.left_behind()) == ("", [])
    assert caller.wait() == 1
    assert re.fullmatch(r"error: [^\n]+\nfix:   [^\n]+\n", caller.log)
    if code >= 0:
        assert program.events("call.ended")
