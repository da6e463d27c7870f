"""When nobody speaks."""

from __future__ import annotations

from offhook.agent.options import Limits
from offhook.agent.silence import EndCall, RemindSilence, Silence


def test_a_silence_is_answered_by_reminders_and_then_ends_the_call() -> None:
    """Each after the whole time."""
    silence = Silence(Limits(silence_s=2, reminders=1), 1000.0)
    assert silence.tick(2999.0) is None
    assert silence.tick(3000.0) == RemindSilence(1)
    assert silence.tick(4999.0) is None
    assert not silence.over
    assert silence.tick(5000.0) == EndCall("silence")
    assert silence.over


def test_a_silence_begins_anew_when_somebody_was_heard_and_reminders_when_the_caller_was() -> None:
    """The agent's own words do not show that the caller is there."""
    silence = Silence(Limits(silence_s=2, reminders=1), 0.0)
    assert silence.tick(2000.0) == RemindSilence(1)
    silence.begins(3000.0)
    assert silence.tick(4000.0) is None
    silence.broken()
    assert silence.tick(5000.0) == RemindSilence(1)
