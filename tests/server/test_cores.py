"""How many processors a process may use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from offhook.server import cores
from offhook.server.cores import quota, usable_cores

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("told", "allowed"),
    [
        ("200000 100000\n", 2.0),
        ("50000 100000", 0.5),
        ("max 100000", None),
        ("-1 100000", None),
        ("0 100000", None),
        ("100000 0", None),
        (" ", None),
        ("", None),
    ],
)
def test_a_control_group_allows_a_part_of_the_time(told: str, allowed: float | None) -> None:
    """Or all there is, or it says nothing of use."""
    assert quota(told) == allowed


def test_fewer_of_those_it_may_run_on_count_if_the_group_allows_less(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a container its own group is the root of what it sees."""
    for version in ("_V1", "_V2"):
        monkeypatch.setattr(cores, version, str(tmp_path))
    here = usable_cores()
    assert here == (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    (tmp_path / "cpu.max").write_text("25000 100000\n")
    assert usable_cores() == 0.25
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu.cfs_quota_us").write_text("75000\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores() == 0.75
