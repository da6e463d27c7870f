"""``offhook providers faults``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from offhook.cli.main import app
from offhook.errors import ConfigError
from offhook.faults import running
from offhook.faults.cases import Case, cases_of
from offhook.faults.verdict import Verdict


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is tried, and what comes of it."""
    given: dict[str, Any] = {"wrong": (), "log": []}

    async def run_cases(cases: tuple[Case, ...], tell: Any) -> tuple[list[Verdict], list[str]]:
        given["cases"] = cases
        verdicts = [Verdict(case=case, wrong=given["wrong"], later_ms=1013.0) for case in cases]
        for verdict in verdicts:
            tell(verdict)
        return verdicts, given["log"]

    monkeypatch.setattr(running, "run_cases", run_cases)
    return given


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["providers", "faults", *words])


def test_the_table_is_printed_for_each_role(ran: dict[str, Any]) -> None:
    """A row for each fault, a column for each provider, and what it comes to."""
    result = run()
    assert result.exit_code == 0, result.output
    for word in ("recogniser", "assemblyai", "never lets us in", "1013", "realtime"):
        assert word in result.output
    assert f"{len(cases_of(None))} of {len(cases_of(None))} calls went on as stated" in result.output


def test_what_is_not_as_stated_is_an_exit_code_and_a_line(ran: dict[str, Any]) -> None:
    """So is a log that holds what it must not."""
    ran["wrong"] = ("nothing was heard",)
    result = run("--only", "rime")
    assert result.exit_code == 1
    assert "voice rime refuses us: nothing was heard" in result.output
    ran["wrong"], ran["log"] = (), ["secret"]
    result = run("--only", "rime")
    assert result.exit_code == 1
    assert "1 lines of the log" in result.output
    assert "secret" not in result.output


def test_json_is_one_object(ran: dict[str, Any]) -> None:
    """With each case."""
    told = json.loads(run("--only", "rime", "--json").stdout)
    assert told["ok"] is True
    assert len(told["cases"]) == len(cases_of("rime"))
    ran["log"] = ["x"]
    result = run("--only", "rime", "--json")
    assert (result.exit_code, json.loads(result.stdout)["told_in_the_log"]) == (1, 1)


def test_one_that_nobody_knows_is_an_error(ran: dict[str, Any]) -> None:
    """With those that there are."""
    result = run("--only", "nobody")
    assert isinstance(result.exception, ConfigError)
    assert "rime" in str(result.exception)
    assert "cases" not in ran
