"""A call's audio: one socket at a time, any number of listeners."""

from __future__ import annotations

from offhook.calls.media.line import LineState, LineWatcher, MediaLine
from offhook.calls.media.stream import MediaStream, StreamCounters, StreamFailure
from offhook.calls.media.taps import MediaListener, Track

__all__ = [
    "LineState",
    "LineWatcher",
    "MediaLine",
    "MediaListener",
    "MediaStream",
    "StreamCounters",
    "StreamFailure",
    "Track",
]
