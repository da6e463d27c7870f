"""Command ids count for a while."""

from __future__ import annotations

from offhook.exchange.commands.window import Window


def test_a_reply_is_given_again_until_its_time_is_over() -> None:
    """To the same call and the same id only."""
    window = Window()
    window.keep("v3:a", "x", {"n": 1}, now_ms=0, for_ms=60_000)
    assert window.reply("v3:a", "x", 59_999) == {"n": 1}
    assert window.reply("v3:a", "x", 60_000) is None
    assert window.reply("v3:b", "x", 0) is None
    assert window.reply("v3:a", "y", 0) is None


def test_what_no_longer_counts_is_dropped() -> None:
    """Memory holds one window's commands; an id may be used again after it."""
    window = Window()
    for number in range(100):
        window.keep("v3:a", str(number), {}, now_ms=number * 1000, for_ms=60_000)
    assert len(window) == 60
    window.keep("v3:a", "0", {"n": 2}, now_ms=200_000, for_ms=60_000)
    assert (len(window), window.reply("v3:a", "0", 200_001)) == (1, {"n": 2})
