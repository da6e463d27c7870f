"""A telephone line in this process."""

from __future__ import annotations

from offhook.audio.formats import PCMU
from offhook.faults.line import SimulatedLine
from offhook.speech.testing import tone

LOUD = bytes(range(160))


def test_what_is_sent_is_played_in_its_time_and_marks_come_back_after_it() -> None:
    """20 ms after 20 ms; a mark behind a piece comes back when that is played."""
    line = SimulatedLine()
    line.send_encoded(LOUD * 2)
    line.send_mark("a")
    line.send_audio(tone(8000, 20))
    line.send_mark("b")
    assert [line.play(20.0 * n) for n in range(4)] == [[], ["a"], ["b"], []]
    assert line.heard_at_ms == [0.0, 20.0, 40.0]
    assert line.heard_ms(0, 40) == 40
    assert line.longest_wait_ms(0, 100) == 20


def test_what_is_cleared_is_not_heard_and_its_marks_come_back() -> None:
    """All of them, with the next 20 ms."""
    line = SimulatedLine()
    line.send_encoded(LOUD * 5)
    line.send_mark("a")
    line.clear()
    assert line.play(0.0) == ["a"]
    assert line.heard_at_ms == []


def test_silence_is_not_heard_and_is_waited_through() -> None:
    """Also silence that is sent."""
    line = SimulatedLine()
    line.send_encoded(LOUD + PCMU.silence * 10 + LOUD)
    for n in range(12):
        line.play(20.0 * n)
    assert line.longest_wait_ms(0, 1000) == 220
    assert line.longest_wait_ms(0, 100) == 0
    assert line.longest_wait_ms(500, 1000) == 0
