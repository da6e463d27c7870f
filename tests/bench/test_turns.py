"""Our share of a turn: a short run of it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from offhook.bench import turns
from offhook.bench.turns import run_turns_bench
from offhook.errors import ConfigError


@pytest.mark.slow
def test_no_turn_is_missed_on_either_side(require: Any) -> None:
    """Each turn is answered, by us and by LiveKit's session, and all that is promised is told."""
    livekit = find_spec("livekit") is not None and find_spec("livekit.agents") is not None
    require(livekit, "the dependency group livekit")
    told: list[str] = []
    result = run_turns_bench(calls=2, turns=2, livekit_python=Path(sys.executable), progress=told.append)
    assert len(told) == 2
    for side in result.to_dict()["sides"].values():
        assert (side["turns"], side["missed"]) == (4, 0)
        assert 0 < side["p50_ms"] <= side["p99_ms"] <= side["max_ms"]
    assert result.table().row_count == 2


def test_a_side_that_does_not_run_is_an_error_with_its_last_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And with what to do about it."""
    broken = tmp_path / "turns_livekit.py"
    broken.write_text("import sys\nsys.exit('no such module')\n")
    monkeypatch.setattr(turns, "_HERE", tmp_path)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ConfigError, match="expected offhook to hold its calls, got FileNotFoundError"):
        run_turns_bench(calls=1, turns=1, livekit_python=None, progress=lambda line: None)
    with pytest.raises(ConfigError, match="CalledProcessError: no such module") as refused:
        turns._run([sys.orig_argv[0], str(broken)], 30.0, "LiveKit AgentSession")
    assert "livekit-agents" in str(refused.value.fix)


def test_a_side_that_has_missed_everything_has_no_times() -> None:
    """The table shows a dash."""
    side = {"p50_ms": None, "p99_ms": None, "max_ms": None, "missed": 4}
    table = turns.TurnsBench(2, 2, {"x": {**side, "cpu_ms_per_call_s": 1.0, "memory_kb_per_call": 9.0}}).table()
    assert table.row_count == 1
