"""Who listens in on a line."""

from __future__ import annotations

import pytest

from offhook.exchange.sound.taps import Tap, Taps, Track


class Log:
    """A tap that writes down what it gets."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        self.log.append(f"said {now_ms} {pcm.decode()} {payload.decode()}")

    def missed(self, duration_ms: int) -> None:
        self.log.append(f"missed {duration_ms}")

    def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        self.log.append(f"heard {now_ms} {pcm.decode()} {payload.decode()}")


class Full(Log):
    """A tap that has no more room."""

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        raise OSError(28, "No space left on device")

    heard = said

    def missed(self, duration_ms: int) -> None:
        raise OSError(28, "No space left on device")


class Line:
    """Taps, and what is said of them."""

    def __init__(self) -> None:
        self.failed: list[tuple[Tap, str]] = []
        self.taps = Taps(lambda tap, error: self.failed.append((tap, type(error).__name__)))

    def tick(self, now_ms: int) -> None:
        self.taps.said(now_ms, b"a", b"A")
        self.taps.heard(now_ms, b"b", b"B")


@pytest.mark.parametrize(
    ("track", "log"),
    [("inbound", ["said 20 a A"]), ("outbound", ["heard 20 b B"]), ("both", ["said 20 a A", "heard 20 b B"])],
)
def test_a_tap_gets_its_track_and_no_other(track: Track, log: list[str]) -> None:
    """Inbound is what the party says, outbound what it hears."""
    line, tap = Line(), Log()
    line.taps.add(tap, track)
    line.tick(20)
    assert tap.log == log


def test_several_taps_get_the_same_frames() -> None:
    """A line has as many listeners as are put on it."""
    line, taps = Line(), [Log(), Log(), Log()]
    for tap in taps:
        line.taps.add(tap)
    line.tick(20)
    assert [tap.log for tap in taps] == [["said 20 a A", "heard 20 b B"]] * 3


def test_a_tap_that_is_added_again_changes_its_track() -> None:
    """Nobody gets a frame twice."""
    line, tap = Line(), Log()
    line.taps.add(tap)
    line.taps.add(tap, "outbound")
    line.tick(20)
    assert tap.log == ["heard 20 b B"]


def test_a_tap_that_was_taken_off_gets_nothing_more() -> None:
    """Taking it off twice is not an error, and takes off no other."""
    line, gone, stays = Line(), Log(), Log()
    line.taps.add(gone)
    line.taps.add(stays)
    line.taps.remove(gone)
    line.taps.remove(gone)
    line.tick(20)
    assert gone.log == []
    assert len(stays.log) == 2


@pytest.mark.parametrize("track", ["inbound", "outbound", "both"])
def test_a_tap_that_raises_is_taken_off_once_and_the_others_go_on(track: Track) -> None:
    """A full disk under a recording is the recording's end and not the call's."""
    line, full, other = Line(), Full(), Log()
    line.taps.add(full, track)
    line.taps.add(other)
    for now_ms in (20, 40):
        line.tick(now_ms)
    assert line.failed == [(full, "OSError")]
    assert other.log == ["said 20 a A", "heard 20 b B", "said 40 a A", "heard 40 b B"]


def test_audio_that_is_lost_is_told_to_those_who_get_the_inbound_track() -> None:
    """One of them that raises is taken off, like any other."""
    line, inbound, outbound, full = Line(), Log(), Log(), Full()
    line.taps.add(full, "inbound")
    line.taps.add(inbound, "inbound")
    line.taps.add(outbound, "outbound")
    line.taps.missed(60)
    assert inbound.log == ["missed 60"]
    assert outbound.log == []
    assert line.failed == [(full, "OSError")]
