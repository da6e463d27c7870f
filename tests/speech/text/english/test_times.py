"""Times of the day, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("14:30", "fourteen thirty"),
        ("9:05", "nine oh five"),
        ("09:00", "nine o'clock"),
        ("14:00", "fourteen hundred"),
        ("00:00", "midnight"),
        ("0:15", "zero fifteen"),
        ("14:30:05", "fourteen thirty and five seconds"),
        ("14:30:01", "fourteen thirty and one second"),
        ("14:30Z", "fourteen thirty UTC"),
        ("9am", "nine a.m."),
        ("9 AM today", "nine a.m. today"),
        ("9:30 p.m. today", "nine thirty p.m. today"),
        ("9:00 pm", "nine p.m."),
        ("3.30 p.m. on Monday", "three thirty p.m. on Monday"),
        ("We close at 5pm.", "We close at five p.m."),
        ("9am–5pm", "nine a.m. to five p.m."),
        ("9-5pm", "nine to five p.m."),
        ("9:00-17:00", "nine o'clock to seventeen hundred"),
        ("9:30-11", "nine thirty to eleven"),
        ("9:30 am – 10:45 am", "nine thirty a.m. to ten forty-five a.m."),
        ("9 amazing things", "nine amazing things"),
        ("3:1", "three to one"),
    ],
)
def test_a_time_is_said_as_it_is_written(said: Callable[[str], str], written: str, spoken: str) -> None:
    """Hours of twenty-four stay such: a caller is told what a letter would tell."""
    assert said(written) == spoken
