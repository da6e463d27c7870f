"""Times as the carrier writes them."""

from __future__ import annotations

from offhook.exchange.words.times import iso_time


def test_times_have_microseconds_and_a_z() -> None:
    """As the carrier writes them."""
    assert iso_time(1_780_000_000_123.456) == "2026-05-28T20:26:40.123456Z"
    assert iso_time(0) == "1970-01-01T00:00:00.000000Z"
