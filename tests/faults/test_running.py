"""The table itself: calls in real time, real clients, stand-ins for their vendors."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.faults.cases import CASES, SAID, Case, cases_of
from offhook.faults.running import run_cases
from offhook.faults.trial import hold
from offhook.faults.verdict import judge

if TYPE_CHECKING:
    from offhook.faults.verdict import Verdict


async def ran(*cases: Case) -> tuple[list[Verdict], list[Verdict], list[str]]:
    """On a machine that does other things, too: how long callers wait is for the command to say."""
    told: list[Verdict] = []
    verdicts, log = await run_cases(cases, told.append, most_later_ms=4000.0)
    return verdicts, told, log


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_case_is_told_as_soon_as_it_is_known_and_in_its_order_at_the_end() -> None:
    """With what is usual for its provider."""
    cases = [case for case in cases_of("rime") if case.fault in ("nothing", "refuses us")]
    verdicts, told, log = await ran(*cases)
    assert [verdict.case for verdict in verdicts] == cases
    assert {verdict.case.fault for verdict in told} == {"nothing", "refuses us"}
    assert [verdict.wrong for verdict in verdicts] == [(), ()]
    assert log == []


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_call_without_an_answer_is_not_green() -> None:
    """A table that cannot be red says nothing: here the answer is another than the caller is to hear."""
    case = replace(next(case for case in cases_of("tool") if case.fault == "nothing"), answer="We never open at all.")
    had = replace(await hold(case), first_ms=5000.0)
    verdict = judge(replace(case, answer=SAID), had, replace(had, first_ms=400.0))
    assert len(verdict.wrong) == 2


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_provider_with_every_fault(require: Any) -> None:
    """Every call goes on as stated, and no line of the log holds a key or what was said."""
    require(find_spec("openai") is not None, "the extra openai")
    verdicts, _, log = await ran(*CASES)
    assert {f"{one.case.role} {one.case.provider} {one.case.fault}": one.wrong for one in verdicts if one.wrong} == {}
    assert log == []
