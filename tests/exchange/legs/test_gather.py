"""Collecting digits."""

from __future__ import annotations

from offhook.exchange.legs.gather import DigitsWanted, Gather, Gathered


def press(gather: Gather, digits: str, now_ms: float = 0.0) -> Gathered | None:
    result = None
    for digit in digits:
        assert result is None
        result = gather.digit(digit, now_ms)
    return result


def test_the_terminating_digit_ends_it() -> None:
    """And is not part of the result."""
    assert press(Gather(DigitsWanted(), 0), "12#") == Gathered("12", "valid")


def test_the_maximum_ends_it() -> None:
    """Without a terminating digit."""
    assert press(Gather(DigitsWanted(maximum=3), 0), "123") == Gathered("123", "valid")


def test_too_few_or_wrong_digits_are_invalid() -> None:
    """They are given all the same."""
    assert press(Gather(DigitsWanted(minimum=3), 0), "1#") == Gathered("1", "invalid")
    assert press(Gather(DigitsWanted(valid_digits="12", maximum=2), 0), "13") == Gathered("13", "invalid")


def test_a_pause_ends_it() -> None:
    """5 s for the first digit, 5 s between two, 60 s for all."""
    gather = Gather(DigitsWanted(), 0)
    assert gather.over(4999) is None
    assert gather.over(5000) == Gathered("", "timeout")
    press(gather, "1", 3000)
    assert gather.due_ms == 8000
    assert gather.over(8000) == Gathered("1", "valid")
    assert Gather(DigitsWanted(timeout_ms=1000), 0).due_ms == 1000


def test_it_is_stopped_from_outside() -> None:
    """With what there is."""
    gather = Gather(DigitsWanted(), 0)
    press(gather, "12")
    assert gather.stopped("hung_up") == Gathered("12", "hung_up")
