"""What is counted of a stream, over all of its tracks."""

from __future__ import annotations

from types import SimpleNamespace

from offhook.audio.reorder import ReorderCounters
from offhook.calls.media.counters import StreamCounters


def test_tracks_are_counted_together() -> None:
    """One stream has one set of numbers, whether one party is heard on it or both."""
    orders = (
        ReorderCounters(received=5, reordered=100, lost=100, late=1, duplicates=2, restarts=3),
        ReorderCounters(received=10, reordered=100, lost=100, late=20, duplicates=40, restarts=60),
    )
    counters = StreamCounters([SimpleNamespace(order=order) for order in orders])
    assert (counters.received, counters.late, counters.restarts) == (15, 63, 63)


def test_a_stream_that_has_not_begun_has_counted_nothing() -> None:
    """Nor does it share its counters with the next one."""
    fresh = StreamCounters()
    assert (fresh.received, fresh.late, fresh.restarts, fresh.lost, fresh.unsent) == (0, 0, 0, 0, 0)
    fresh.ignored["unknown event"] += 1
    fresh.faults[100002] += 1
    fresh.tracks.append(SimpleNamespace(order=ReorderCounters(received=1)))
    assert StreamCounters() == StreamCounters([], 0)
    assert not StreamCounters().ignored
    assert not StreamCounters().faults
