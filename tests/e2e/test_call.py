"""``offhook call``: an agent calls somebody."""

from __future__ import annotations

import json
import signal
import socket
from typing import Any

import pytest

PEOPLE = {
    "person": "+15550106",
    "busy": "+15550101",
    "not found": "+15550109",
    "Ctrl-C": "+15550105",
    "SIGTERM": "+15550105",
}


@pytest.fixture(scope="module")
def programs(exchange: Any, launch_for_module: Any) -> dict[str, Any]:
    """Five calls to five people at the same time, each by a program of its own."""
    programs = {}
    for name, to in PEOPLE.items():
        number, application = exchange.next_line()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        # The application's webhooks go elsewhere, to the server that takes its calls.
        exchange.send_webhooks(application, "http://127.0.0.1:9/webhooks/telnyx")
        words = ["call", to, "desk:agent", "--from", number, "--port", port]
        words += ["--json"] if name in ("person", "busy") else []
        programs[name] = launch_for_module(*words, env={**exchange.env, "TELNYX_CONNECTION_ID": application})
    return programs


def test_a_person_who_is_called_is_talked_to(exchange: Any, programs: dict[str, Any]) -> None:
    """The agent greets, answers and says nothing when they have hung up; exit code 0."""
    assert programs["person"].runs() == 0, programs["person"].log
    outcome = json.loads(programs["person"].said)
    assert (outcome["answered"], outcome["cause"]) == (True, "normal_clearing")
    report = exchange.report(outcome["call"])
    assert report["call"]["direction"] == "outbound"
    assert report["caller"]["finished"]
    assert report["caller"]["missed_steps"] == []
    assert report["caller"]["turns"][0]["latency_ms"] is not None
    assert programs["person"].log == ""


def test_somebody_who_is_busy_is_reported(programs: dict[str, Any]) -> None:
    """Exit code 1, and the carrier's word for it."""
    assert programs["busy"].runs() == 1
    outcome = json.loads(programs["busy"].said)
    assert (outcome["answered"], outcome["cause"]) == (False, "user_busy")
    assert programs["busy"].log == ""


def test_a_number_that_nobody_has_is_reported(programs: dict[str, Any]) -> None:
    """Exit code 1, and a sentence for people."""
    assert programs["not found"].runs() == 1
    assert "ended unanswered: not found" in programs["not found"].said
    assert programs["not found"].log == ""


@pytest.mark.parametrize(("name", "number", "code"), [("Ctrl-C", signal.SIGINT, 130), ("SIGTERM", signal.SIGTERM, 143)])
def test_a_call_is_hung_up_when_the_program_is_stopped(
    exchange: Any, programs: dict[str, Any], name: str, number: int, code: int
) -> None:
    """Nobody is left on the line, and no process."""
    program = programs[name]
    status = exchange.http.get("/exchange/status").json
    mine = program.words[program.words.index("--from") + 1]

    def answered() -> list[Any]:
        return [one for one in status()["calls"] if one["from"] == mine and one["state"] == "answered"]

    up = program.started(finds=answered)
    program.signal(number)
    assert program.wait() == code, program.log + program.said
    assert program.left_behind() == []
    exchange.happens(up[0]["call_control_id"], "call.ended", cause="normal_clearing", hangup_source="caller")
    assert "Traceback" not in program.log
