"""The table itself: calls in real time, real clients, stand-ins for their vendors."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.faults.cases import CASES, Case, cases_of
from offhook.faults.running import run_cases
from offhook.faults.trial import hold

if TYPE_CHECKING:
    from offhook.faults.verdict import Verdict


async def ran(*cases: Case) -> tuple[list[Verdict], list[Verdict], list[str]]:
    told: list[Verdict] = []
    verdicts, log = await run_cases(cases, told.append)
    return verdicts, told, log


async def test_a_case_is_told_as_soon_as_it_is_known_and_in_its_order_at_the_end() -> None:
    """With what is usual for its provider."""
    cases = [case for case in cases_of("rime") if case.fault in ("nothing", "refuses us")]
    verdicts, told, log = await ran(*cases)
    assert [verdict.case for verdict in verdicts] == cases
    assert {verdict.case.fault for verdict in told} == {"nothing", "refuses us"}
    assert [verdict.wrong for verdict in verdicts] == [(), ()]
    assert log == []


async def test_a_call_that_does_not_go_on_is_told_apart() -> None:
    """Without a voice that works the table must not be green."""
    (case,) = (case for case in cases_of("rime") if case.fault == "refuses us")
    had = await hold(case)
    assert had.error == ""
    assert had.said[0]
    silent = await hold(Case(role="recogniser", provider="deepgram", fault="x", door="*", stage="connect", kind="hang"))
    assert silent.first_ms > 0


@pytest.mark.slow
async def test_every_provider_with_every_fault(require: Any) -> None:
    """Every call goes on as stated, and no line of the log holds a key or what was said."""
    require(find_spec("openai") is not None, "the extra openai")
    verdicts, _, log = await ran(*CASES)
    assert {f"{one.case.role} {one.case.provider} {one.case.fault}": one.wrong for one in verdicts if one.wrong} == {}
    assert log == []
