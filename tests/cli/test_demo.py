"""What ``offhook demo`` says of a call that did not go well, and which demonstrations there are."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from offhook.cli.demo import _summarise, list_demos
from offhook.demo.demonstration import DEMONSTRATIONS, Told, find
from offhook.errors import ConfigError

NOTHING: dict[str, Any] = {
    "turns": [],
    "median_latency_ms": None,
    "barge_in": None,
    "backchannel": None,
    "handover": {"to": "+15550100", "reason": "asked", "bridged": False, "person_heard": False},
    "webhooks": {"delivered": 0, "verified": 0, "duplicates_dropped": 0},
    "loop_stall_ms": None,
    "loop_stall_cpu_ms": None,
    "first_speech_s": None,
    "recording": "call.wav",
    "timeline": "timeline.jsonl",
}
"""The person was rung and not reached, nobody was heard, and the agent's process gave no account."""


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_a_summary_claims_nothing_that_did_not_happen(name: str) -> None:
    """Every check of a call in which nothing happened has failed, and says what was found."""
    demonstration = find(name)
    checks = demonstration.check(Told(NOTHING, []))
    assert [check.name for check in checks if check.ok] == []
    printed = io.StringIO()
    _summarise(Console(file=printed, width=200), demonstration, NOTHING, checks)
    assert printed.getvalue().count("✗") == len(checks)
    assert "None" not in printed.getvalue()


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_each_demonstration_has_what_it_needs(name: str) -> None:
    """A script that ends, an agent that can be loaded, and a summary that fits a line."""
    from offhook.agent.loading import load_agent

    demonstration = find(name)
    assert demonstration.name == name
    assert len(demonstration.summary) <= 110
    assert demonstration.steps()["steps"]
    assert load_agent(demonstration.agent).name


def test_the_demonstrations_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """For people and for programs."""
    assert list_demos(as_json=False) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*DEMONSTRATIONS]
    list_demos(as_json=True)
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["demonstrations"]] == [*DEMONSTRATIONS]


def test_a_demonstration_that_there_is_not_is_told_with_those_that_there_are() -> None:
    """As every wrong word."""
    with pytest.raises(ConfigError, match=r"front-desk, dental, tools"):
        find("opera")
