"""Every wait of a call: its limit, and what becomes of the call when it is over."""

from __future__ import annotations

from offhook.waits import ALL


def test_every_wait_has_a_limit_and_an_outcome_of_its_own() -> None:
    """No wait is without an end, none is listed twice, and a filler comes before the limit."""
    assert len({wait.name for wait in ALL}) == len(ALL)
    for wait in ALL:
        assert 0 < wait.limit_s < 120
        assert wait.outcome
        assert wait.long_s is None or wait.long_s < wait.limit_s
