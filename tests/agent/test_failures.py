"""What is done when something fails that is not ours."""

from __future__ import annotations

from offhook.agent.failures import InARow


def test_two_failures_in_a_row_are_one_too_many() -> None:
    """What worked in between starts the count again, and so does the verdict."""
    voice = InARow()
    assert not voice.failed()
    voice.worked()
    assert [voice.failed() for _ in range(4)] == [False, True, False, True]
