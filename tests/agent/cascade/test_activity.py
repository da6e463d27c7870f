"""Voice activity of a call, and loudness in its place."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent.cascade.activity import Activity
from offhook.speech.testing import tone

if TYPE_CHECKING:
    from collections.abc import Callable

LOUD = tone(8000, 20, frequency=1000)
SILENCE = bytes(len(LOUD))
LIMIT_MS = 1000.0


class Detector:
    """Tells what the test makes it tell."""

    def __init__(self) -> None:
        self.tell: Callable[[Any, Any], None]
        self.pushed = b""
        self.closed = 0
        self.raises: Exception | None = None
        self.at_once: list[tuple[Any, Any]] = []

    async def warm_up(self) -> None: ...

    def open(self, on_probability: Callable[[float, float], None]) -> Detector:
        if self.raises is not None:
            raise self.raises
        self.tell = on_probability
        return self

    def push(self, pcm: bytes) -> None:
        if self.raises is not None:
            raise self.raises
        self.pushed += pcm
        while self.at_once:
            self.tell(*self.at_once.pop(0))

    def close(self) -> None:
        self.closed += 1
        if self.raises is not None:
            raise self.raises


class Hearing:
    """Voice activity of a call, and what it tells."""

    def __init__(self, detector: Detector) -> None:
        self.windows: list[tuple[float, float]] = []
        self.activity = Activity(detector, on_window=self.window, call_id="v3:1")
        self.close_at: float | None = None

    def window(self, probability: float, audio_ms: float) -> None:
        self.windows.append((probability, audio_ms))
        if self.close_at is not None and audio_ms >= self.close_at:
            self.activity.close()

    def push(self, *frames: bytes) -> Hearing:
        for frame in frames:
            self.activity.push(frame, loud=frame == LOUD)
        return self


@pytest.fixture
def detector() -> Detector:
    return Detector()


@pytest.fixture
def hearing(detector: Detector) -> Hearing:
    return Hearing(detector)


def loud_windows(hearing: Hearing) -> list[bool]:
    """Whether each is speech, of 32 ms after 32 ms."""
    assert [audio_ms for _, audio_ms in hearing.windows] == [32.0 * n for n in range(1, len(hearing.windows) + 1)]
    return [probability > 0.5 for probability, _ in hearing.windows]


def test_what_the_detector_judges_is_told(hearing: Hearing, detector: Detector, caplog: Any) -> None:
    """In order, and nothing else, whether it judges at once or later."""
    hearing.push(LOUD)
    detector.at_once = [(0.3, 32.0)]
    hearing.push(LOUD)
    assert detector.at_once == []
    detector.tell(0.25, 40.0)
    hearing.activity.tick(5 * LIMIT_MS)
    assert hearing.windows == [(0.3, 32.0), (0.25, 40.0)]
    assert detector.pushed == LOUD * 2
    assert caplog.records == []


def test_one_that_cannot_be_opened_is_replaced_by_loudness(detector: Detector, caplog: Any) -> None:
    """From the first window on; its text is not logged."""
    detector.raises = RuntimeError("canary")
    hearing = Hearing(detector).push(SILENCE, SILENCE, LOUD, LOUD, SILENCE, SILENCE, SILENCE, SILENCE)
    assert loud_windows(hearing) == [False, True, True, False, False]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "RuntimeError" in record.message
    assert "canary" not in record.message


def test_one_that_raises_is_asked_nothing_more(hearing: Hearing, detector: Detector, caplog: Any) -> None:
    """What it had not judged is judged with the rest, and what it still tells is not listened to."""
    hearing.push(SILENCE, LOUD)
    detector.raises = RuntimeError("canary")
    hearing.push(LOUD, SILENCE)
    assert loud_windows(hearing) == [True, True]
    assert detector.closed == 1
    detector.tell(0.1, 80.0)
    hearing.push(SILENCE)
    assert loud_windows(hearing) == [True, True, False]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "nonsense",
    [(float("nan"), 32.0), (1.5, 32.0), (-0.1, 32.0), (0.5, 0.0), (0.5, 41.0), ("loud", 32.0), (0.5, None)],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_one_that_tells_nonsense_is_given_up(
    hearing: Hearing, detector: Detector, nonsense: tuple[Any, Any], at_once: bool, caplog: Any
) -> None:
    """No probability, or a window that was not pushed yet, or was told before."""
    if at_once:
        hearing.push(LOUD)
        detector.at_once = [nonsense]
        hearing.push(LOUD)
    else:
        hearing.push(LOUD, LOUD)
        detector.tell(*nonsense)
    assert loud_windows(hearing) == [True]
    assert "expected of voice activity a probability" in caplog.text


def test_one_that_judges_nothing_for_a_second_is_given_up(hearing: Hearing, detector: Detector, caplog: Any) -> None:
    """Then all that waits is judged at once."""
    hearing.push(*[SILENCE] * 8)
    detector.tell(0.0, 32.0)
    hearing.push(*[LOUD] * 8)
    hearing.activity.tick(LIMIT_MS - 1)
    assert len(hearing.windows) == 1
    hearing.activity.tick(1)
    assert loud_windows(hearing) == [False] * 5 + [True] * 5
    (record,) = caplog.records
    assert record.levelno == logging.WARNING


def test_time_in_which_nothing_waits_does_not_count(hearing: Hearing, detector: Detector, caplog: Any) -> None:
    """Nor does less than a window, nor what was before it judged something."""
    for number in range(1, 4):
        hearing.activity.tick(LIMIT_MS - 1)
        hearing.push(LOUD)
        hearing.activity.tick(LIMIT_MS - 1)
        hearing.push(LOUD)
        hearing.activity.tick(LIMIT_MS - 1)
        detector.tell(0.5, 40.0 * number)
    assert caplog.records == []


def test_after_its_end_nothing_is_told(hearing: Hearing, detector: Detector) -> None:
    """Also where it ends with a window, or the detector raises at the end."""
    hearing.close_at = 64.0
    detector.raises = RuntimeError("canary")
    hearing.push(*[LOUD] * 8)
    assert loud_windows(hearing) == [True, True]
    other = Detector()
    closing = Hearing(other)
    other.raises = RuntimeError("canary")
    closing.activity.close()
    closing.activity.tick(5 * LIMIT_MS)
    assert (closing.windows, other.closed) == ([], 1)
