"""Hearing: what is kept of the caller's audio, and when it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from offhook.agent.cascade.ear import Ear, OverheardOutlet
from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat, Rewriter
from offhook.clock import ManualClock
from offhook.speech.testing import FakeVad, tone

if TYPE_CHECKING:
    from collections.abc import Callable


class Hearing:
    """An ear, and what it reports."""

    def __init__(self, rate: int) -> None:
        self.words: list[tuple[float, float]] = []
        self.windows: list[tuple[float, float]] = []
        self.audio: list[tuple[bytes, float]] = []
        self.vad = FakeVad()
        self.ear = Ear(
            self.vad,
            rate=rate,
            on_audio=lambda pcm, ended_ms: self.audio.append((pcm, ended_ms)),
            on_words=lambda at_ms, words_ms: self.words.append((at_ms, words_ms)),
            on_window=lambda at_ms, probability: self.windows.append((at_ms, probability)),
            call_id="v3:1",
        )
        self.rate = rate
        self.now_ms = 5000.0

    def hear(self, pcm: bytes, piece_ms: int = 20) -> None:
        step = self.rate * 2 * piece_ms // 1000
        for at in range(0, len(pcm), step):
            self.now_ms += len(pcm[at : at + step]) * 500 / self.rate
            self.ear.hear(pcm[at : at + step], self.now_ms)


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
@pytest.mark.parametrize("piece_ms", [10, 20, 60])
def test_windows_and_words_are_told_with_the_time_at_which_they_came(rate: int, piece_ms: int) -> None:
    """At any rate and in pieces of any length: 32 ms windows on the clock of the call."""
    hearing = Hearing(rate)
    hearing.hear(bytes(rate * 2 * 960 // 1000), piece_ms)
    hearing.hear(tone(rate, 480, frequency=1000), piece_ms)
    assert [at_ms for at_ms, _ in hearing.windows] == [5000 + 32 * n for n in range(1, 46)]
    first = next(at_ms for at_ms, probability in hearing.windows if probability > 0.5)
    assert first == pytest.approx(5960 + 32, abs=20)
    began = next(at_ms for at_ms, words_ms in hearing.words if words_ms > 0)
    assert began == pytest.approx(5960 + 20, abs=piece_ms)
    assert all(words_ms >= 0 for _, words_ms in hearing.words)


def test_words_that_are_counted_anew_are_counted_from_nothing() -> None:
    """After a silence the evidence begins again; what is told is only what was added."""
    hearing = Hearing(8000)
    for _ in range(2):
        hearing.hear(bytes(16 * 600))
        hearing.hear(tone(8000, 100, frequency=1000))
    assert sum(words_ms for _, words_ms in hearing.words) == pytest.approx(200, abs=40)
    assert max(words_ms for _, words_ms in hearing.words) <= 20


@pytest.mark.parametrize("rate", [8000, 16000])
def test_audio_is_passed_on_as_it_came_once_voice_activity_is_known_of_it(rate: int) -> None:
    """At the line's rate, in whole pieces, each with the time at which it ended."""
    hearing = Hearing(rate)
    pcm = tone(rate, 960, frequency=1000)
    hearing.hear(pcm)
    assert b"".join(piece for piece, _ in hearing.audio) == pcm[: len(b"".join(piece for piece, _ in hearing.audio))]
    assert [ended_ms for _, ended_ms in hearing.audio] == [5000 + 20 * n for n in range(1, len(hearing.audio) + 1)]
    assert hearing.audio[-1][1] == pytest.approx(hearing.now_ms, abs=32)


def test_a_closed_ear_hears_nothing() -> None:
    """Its stream is given back."""
    hearing = Hearing(8000)
    hearing.ear.close()
    assert hearing.vad.open_streams == 0
    hearing.hear(tone(8000, 100))
    assert hearing.windows == []


class Line:
    """Notes what is sent."""

    output_format: AudioFormat = PCM_16K

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send_encoded(self, audio: bytes) -> None:
        self.sent.append(audio)

    def send_mark(self, name: str) -> None:
        self.sent.append(name)

    def clear(self) -> None:
        self.sent.append(None)


def noise_like_words(rate: int, duration_ms: int) -> bytes:
    """Broad, and strong: whatever hears it takes it for words."""
    samples = np.random.default_rng(4).normal(0, 3000, 16 * duration_ms)
    return bytes(samples[:: 16000 // rate].astype(np.int16).tobytes())


@pytest.mark.parametrize(("rate", "written"), [(8000, PCM_8K), (16000, PCM_16K), (8000, PCMU), (8000, PCMA)])
def test_what_the_agent_says_is_not_heard_when_it_comes_back(rate: int, written: AudioFormat) -> None:
    """Neither in the windows, nor as words, nor in an utterance, whatever the codec; a caller's audio is as it came."""
    hearing = Hearing(rate)
    line = Line()
    line.output_format = written
    clock = ManualClock(hearing.now_ms)
    outlet = OverheardOutlet(line, hearing.ear, clock)
    hearing.hear(bytes(rate * 2 * 200 // 1000))
    clock.advance(200)
    said = tone(rate, 600, frequency=700)
    encoded = Rewriter(AudioFormat("pcm", rate), written).process(said)
    outlet.send_encoded(encoded)
    outlet.send_mark("1")
    assert (outlet.output_format, line.sent) == (written, [encoded, "1"])
    hearing.hear(bytes(rate * 2 * 200 // 1000))
    before = len(hearing.audio)
    hearing.hear(bytes((np.frombuffer(said, np.int16) // 8).astype(np.int16).tobytes()))
    hearing.hear(bytes(rate * 2 * 400 // 1000))
    assert not any(probability > 0.5 for _, probability in hearing.windows)
    assert sum(words_ms for _, words_ms in hearing.words) == 0
    passed_on = b"".join(piece for piece, _ in hearing.audio[before:])
    assert len(passed_on) >= rate * 2 * 900 // 1000
    assert not np.abs(np.frombuffer(passed_on, np.int16)).max() > 50
    outlet.clear()
    assert line.sent[-1] is None


def ignore(at_ms: float, what: float) -> None:
    """Nothing is done with it."""


def drop(pcm: bytes, ended_ms: float) -> None:
    """Nothing is done with it."""


class LateVad:
    """Voice activity that runs when it is told to, as the model does behind a burst."""

    def __init__(self) -> None:
        self.pcm = b""
        self.stream: Any = None

    async def warm_up(self) -> None: ...

    def open(self, on_probability: Callable[[float, float], None]) -> Any:
        self.stream = FakeVad().open(on_probability)
        return self

    def push(self, pcm: bytes) -> None:
        self.pcm += pcm

    def close(self) -> None: ...

    def run(self) -> None:
        self.stream.push(self.pcm)
        self.pcm = b""


def test_a_burst_is_passed_on_up_to_where_voice_activity_has_got_to() -> None:
    """So an utterance at the beginning of seconds that came at once ends where it ends."""
    words: list[tuple[float, float]] = []
    passed_on: list[float] = []
    behind: list[float] = []
    vad = LateVad()
    ear = Ear(
        vad,
        rate=8000,
        on_audio=lambda pcm, ended_ms: passed_on.append(ended_ms),
        on_words=lambda at_ms, words_ms: words.append((at_ms, words_ms)),
        on_window=lambda at_ms, probability: behind.append(at_ms - passed_on[-1]),
        call_id="v3:1",
    )
    pcm = bytes(16 * 800) + tone(8000, 480, frequency=1000) + bytes(16 * 1920) + tone(8000, 640, frequency=1000)
    for at in range(0, len(pcm), 320):
        ear.hear(pcm[at : at + 320], 1600 + at / 16 + 20)
    assert max(at_ms for at_ms, _ in words) < 1600 + 300
    assert passed_on == []
    vad.run()
    assert [at_ms for at_ms, _ in words] == [1600 + 20 * n for n in range(1, len(pcm) // 320 + 1)]
    assert len(passed_on) == len(pcm) // 320
    assert all(0 <= each < 20 for each in behind)
    ear.hear(tone(8000, 20, frequency=1000), words[-1][0] + 20)
    assert len(words) == len(pcm) // 320 + 1


def test_a_gap_in_the_audio_is_a_gap_in_the_times_of_the_windows() -> None:
    """Each window is told with the time of its own audio, not of what has come since."""
    windows: list[float] = []
    vad = LateVad()
    ear = Ear(
        vad,
        rate=8000,
        on_audio=drop,
        on_words=ignore,
        on_window=lambda at_ms, _: windows.append(at_ms),
        call_id="v3:1",
    )
    for number in range(16):
        ear.hear(bytes(320), 1000 + 20 * number + (3000 if number >= 8 else 0))
    vad.run()
    assert windows == [980 + 32 * n + (3000 if n > 5 else 0) for n in range(1, 11)]


def test_audio_without_voice_activity_is_passed_on_after_a_second() -> None:
    """As loudness judges it; it is not kept for ever."""
    vad = LateVad()
    passed_on: list[float] = []
    ear = Ear(
        vad,
        rate=8000,
        on_audio=lambda pcm, ended_ms: passed_on.append(ended_ms),
        on_words=ignore,
        on_window=ignore,
        call_id="v3:1",
    )
    for number in range(100):
        ear.hear(bytes(320), 20 * number)
        ear.tick(20)
    assert passed_on == [20 * number for number in range(len(passed_on))]
    assert passed_on[-1] > 1900
