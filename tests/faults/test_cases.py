"""The table of what goes wrong."""

from __future__ import annotations

import pytest

from offhook.faults.cases import CASES, HEALTHY, cases_of
from offhook.named import RECOGNISERS, VOICES
from offhook.testing.providers.faults import Fault
from offhook.testing.providers.standins import StandIns

ON_THIS_MACHINE = {"moonshine", "flite", "espeak", "livekit"}
"""Engines that are no service, and other people's clients."""


@pytest.mark.parametrize(("role", "kinds"), [("recogniser", RECOGNISERS), ("voice", VOICES)])
def test_every_service_that_can_be_named_is_in_it(role: str, kinds: dict[str, str]) -> None:
    """Whoever adds one adds its row."""
    known = {case.provider.partition(":")[0] for case in CASES if case.role == role}
    assert known == set(kinds) - ON_THIS_MACHINE


def test_every_cell_stands_once_and_its_row_begins_with_nothing_wrong() -> None:
    """What is later than usual needs the usual."""
    cells = [(case.role, case.provider, case.fault) for case in CASES]
    assert len(set(cells)) == len(cells)
    for role, provider in {(case.role, case.provider) for case in CASES}:
        row = [case for case in CASES if (case.role, case.provider) == (role, provider)]
        assert row[0].fault == HEALTHY
        assert not row[0].kind


def test_every_fault_is_one_that_stand_ins_know() -> None:
    """By its door, its kind and all that is said of it."""
    standins = StandIns()
    for case in CASES:
        if case.kind:
            standins.add_fault(Fault.of({"door": case.door, "stage": case.stage, "kind": case.kind, **case.more}))


def test_a_part_of_it_is_had_by_role_or_provider() -> None:
    """Or all of it, or none."""
    assert cases_of(None) == CASES
    assert {case.role for case in cases_of("voice")} == {"voice"}
    assert {case.role for case in cases_of("deepgram")} == {"recogniser", "voice"}
    assert cases_of("nobody") == ()
