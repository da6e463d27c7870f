"""Our share of a turn, beside LiveKit's: ``offhook bench turns``.

Both sides hold the same calls with the same fakes (:mod:`offhook.bench.turns_calls`), one after the other, each in a
process of its own on one core.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

__all__ = ["TurnsBench", "run_turns_bench"]

_HERE = Path(__file__).parent
_TURN_S = 4.7
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class TurnsBench:
    """What came of it, by side."""

    calls: int
    turns: int
    sides: dict[str, dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"calls": self.calls, "turns_each": self.turns, "sides": self.sides}

    def table(self) -> Table:
        """For people."""
        from rich.table import Table

        table = Table(title=f"{self.calls} calls on one core, {self.turns} turns each", title_justify="left")
        table.add_column("")
        for name in ("p50 ms", "p99 ms", "most ms", "missed", "CPU ms by call and second", "memory KB a call"):
            table.add_column(name, justify="right")
        for side, told in self.sides.items():
            shares = (f"{told[name]:.1f}" if told[name] is not None else "-" for name in ("p50_ms", "p99_ms", "max_ms"))
            rest = (str(told["missed"]), f"{told['cpu_ms_per_call_s']:.1f}", f"{told['memory_kb_per_call']:.0f}")
            table.add_row(side, *shares, *rest)
        table.caption = (
            "From the end of a turn to the first audio of its answer, without what recogniser, model and voice take:"
            " these are fakes of known delay. Without sockets on either side; both with Silero as voice activity."
        )
        return table


def run_turns_bench(
    *, calls: int, turns: int, livekit_python: Path | None, progress: Callable[[str], None]
) -> TurnsBench:
    """Measure our side, and LiveKit's where there is a Python that has it.

    Raises:
        ConfigError: a side cannot be run.
    """
    sides = {"offhook": [sys.executable, "-m", "offhook.bench.turns_ours"]}
    if livekit_python is not None:
        sides["LiveKit AgentSession"] = [str(livekit_python), str(_HERE / "turns_livekit.py")]
    told = {}
    for side, command in sides.items():
        progress(f"{side}: {calls} calls, {turns} turns each")
        told[side] = _run([*command, str(calls), str(turns)], _START_S + turns * _TURN_S + calls * 0.1, side)
    return TurnsBench(calls, turns, told)


def _run(command: list[str], limit_s: float, side: str) -> dict[str, Any]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        last = (getattr(error, "stderr", None) or "").strip().splitlines()[-1:]
        raise ConfigError(
            f"expected {side} to hold its calls, got {type(error).__name__}{': ' + last[0] if last else ''}.",
            fix="--livekit PYTHON: one with livekit-agents 1.8 installed" if "LiveKit" in side else "run it again",
        ) from None
    return told
