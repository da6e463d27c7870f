"""When the caller's audio was said, on the session's clock, by the stream's own clock.

Audio comes later than it was said, and not evenly: after a stall seconds of it come within milliseconds, and placed by
when they came they would all have been said at once. Every piece says where it lies in the stream. What is to be found
is the offset between the two clocks, and that is what the piece that came with the least delay has shown.

The delay, or the speed of the stream's clock, may change for good: then all pieces of two seconds came late, evenly. A
stream that falls behind and catches up does not move the offset, however slowly.
"""

from __future__ import annotations

__all__ = ["StreamClock"]

_OVERLAP_MS = 5.0
"""Times of a stream are whole milliseconds, and carriers round them as they like."""
_SECOND_MS = 1000.0
_LEAST_AUDIO_MS = 500.0
"""Less audio than this in a second tells nothing about how late audio comes."""
_CATCHING_UP_MS = 20.0
"""By so much less late than in the second before: it will come in time again."""


class StreamClock:
    """Places the pieces of one stream after the other on the session's clock, each at or before the time it came.

    Pieces stay in order. They keep their length and the silences between them, but where one comes with less delay
    than all before it, or where the delay has changed for good.
    """

    def __init__(self) -> None:
        self._offset_ms: float | None = None
        self._end_ms = 0.0  # on the stream's clock
        self._at_ms = float("-inf")
        # A second of it: when it began, on both clocks, the least offset in it, and in the one before.
        self._since_ms = 0.0
        self._stream_since_ms = 0.0
        self._least_ms = 0.0
        self._before_ms = 0.0

    def restart(self) -> None:
        """Another socket carries the audio: its clock has nothing to do with the one before."""
        self._offset_ms = None

    def place(self, timestamp_ms: float, length_ms: float, now_ms: float) -> float:
        """When a piece ended, on the session's clock.

        Args:
            timestamp_ms: where it begins, on the stream's clock. One that goes back is a clock that starts anew.
            length_ms: how long it is.
            now_ms: when it came; never goes back.
        """
        begins_anew = self._offset_ms is None or timestamp_ms < self._end_ms - _OVERLAP_MS
        self._end_ms = end_ms = timestamp_ms + length_ms
        offset_ms = now_ms - end_ms
        if begins_anew or self._offset_ms is None:
            self._offset_ms = self._before_ms = offset_ms
            self._begin_second(offset_ms, now_ms)
        else:
            self._offset_ms = min(self._offset_ms, offset_ms)
            self._learn(offset_ms, now_ms)
        self._at_ms = max(self._at_ms, min(now_ms, end_ms + self._offset_ms))
        return self._at_ms

    def _learn(self, offset_ms: float, now_ms: float) -> None:
        self._least_ms = min(self._least_ms, offset_ms)
        if now_ms - self._since_ms < _SECOND_MS or self._end_ms - self._stream_since_ms < _LEAST_AUDIO_MS:
            return
        if self._least_ms > self._before_ms - _CATCHING_UP_MS:
            self._offset_ms = min(self._before_ms, self._least_ms)
        self._before_ms = self._least_ms
        self._begin_second(float("inf"), now_ms)

    def _begin_second(self, least_ms: float, now_ms: float) -> None:
        self._least_ms = least_ms
        self._since_ms = now_ms
        self._stream_since_ms = self._end_ms
