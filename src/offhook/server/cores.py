"""How many processors this process may use."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["quota", "usable_cores"]

_V2 = "/sys/fs/cgroup"
_V1 = "/sys/fs/cgroup/cpu"


def usable_cores() -> float:
    """Those that it may run on; fewer, and parts of one, if its control group may use less time than that."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    for told in (_told_v2(), _told_v1()):
        if (allowed := quota(told)) is not None:
            cores = min(cores, allowed)
    return cores


def quota(told: str) -> float | None:
    """What a control group allows, by what its ``cpu.max`` says: ``200000 100000``, or ``max 100000`` for all there is.

    ``None`` if it says nothing of use.
    """
    allowed, _, period = told.strip().partition(" ")
    if not (allowed.isdecimal() and period.isdecimal()) or int(allowed) == 0 or int(period) == 0:
        return None
    return int(allowed) / int(period)


def _told_v2() -> str:
    # https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files; in a container its own group is the root.
    own = next((line[3:] for line in _read("/proc/self/cgroup").splitlines() if line.startswith("0::")), "/")
    return _read(f"{_V2}{own.rstrip('/')}/cpu.max") or _read(f"{_V2}/cpu.max")


def _told_v1() -> str:
    return f"{_read(f'{_V1}/cpu.cfs_quota_us').strip()} {_read(f'{_V1}/cpu.cfs_period_us').strip()}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
