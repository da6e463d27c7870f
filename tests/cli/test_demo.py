"""What the demonstration says of a call that did not go well."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from offhook.cli.demo import _problems, _summarise


def test_a_summary_claims_nothing_that_did_not_happen() -> None:
    """The person was rung and not reached, nobody was heard, and the agent's process gave no account."""
    story: dict[str, Any] = {
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
    problems = _problems(story)
    assert "the caller was not connected to the person" in problems
    printed = io.StringIO()
    _summarise(Console(file=printed, width=200), story, problems)
    assert "the person was not reached" in printed.getvalue()
    assert "talked to the person" not in printed.getvalue()
    assert "stop the agent" not in printed.getvalue()
    assert "None" not in printed.getvalue()
    story["handover"] |= {"bridged": True, "person_heard": True}
    assert "the caller was not connected to the person" not in _problems(story)
