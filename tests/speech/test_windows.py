"""Cutting pcm into windows, and many streams in one batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from offhook.speech.windows import CONTEXT_SAMPLES, SILENT_WINDOWS, WINDOW_SAMPLES, Batcher, Windows

Floats = NDArray[np.float32]


def leaky_sum(windows: Floats, states: Floats) -> tuple[Floats, Floats]:
    """A model with a memory: half of what it was, plus the window's mean."""
    following = states * 0.5 + windows.mean(axis=1)[None, :, None]
    return following[0, :, :1], following.astype(np.float32)


def pcm(count: int, start: int = 0) -> bytes:
    return np.arange(start, start + count, dtype=np.int16).tobytes()


def test_a_window_is_due_every_256_samples() -> None:
    """32 ms at 8 kHz make one window: not a sample less, and none from nothing."""
    windows = Windows(0)
    assert not windows.push(pcm(255))
    assert windows.push(pcm(1))
    windows.take()
    assert windows.taken == 1
    assert not windows.push(b"")


def test_a_window_begins_with_the_last_32_samples_of_the_one_before_and_the_first_with_silence() -> None:
    """The model was trained with that much of the past in front of each window."""
    windows = Windows(0)
    windows.push(pcm(2 * WINDOW_SAMPLES))
    first, second = (np.frombuffer(windows.take(), np.int16) for _ in range(2))
    assert not first[:CONTEXT_SAMPLES].any()
    assert first[CONTEXT_SAMPLES:].tolist() == list(range(WINDOW_SAMPLES))
    assert second.tolist() == list(range(WINDOW_SAMPLES - CONTEXT_SAMPLES, 2 * WINDOW_SAMPLES))


@given(st.lists(st.integers(0, 700), max_size=30))
def test_windows_are_the_same_whatever_pieces_the_audio_comes_in(sizes: list[int]) -> None:
    """No packet size loses or doubles a sample."""
    audio = pcm(sum(sizes))
    whole, pieces = Windows(0), Windows(0)
    taken, expected = [], []
    whole.push(audio)
    at = 0
    for size in sizes:
        pieces.push(audio[2 * at : 2 * (at + size)])
        at += size
        while pieces.push(b""):
            taken.append(pieces.take())
    while whole.push(b""):
        expected.append(whole.take())
    assert taken == expected
    assert len(taken) == sum(sizes) // WINDOW_SAMPLES


def test_a_stream_gives_the_same_probabilities_alone_and_in_a_batch() -> None:
    """Neither the place in a batch nor its growth changes what a stream is told."""
    rng = np.random.default_rng(7)
    audio = [rng.integers(-9000, 9000, 4 * WINDOW_SAMPLES).astype(np.int16).tobytes() for _ in range(5)]
    alone: list[list[float]] = []
    for one in audio:
        batcher = Batcher(leaky_sum)
        windows = batcher.open()
        windows.push(one)
        alone.append([batcher.run([(windows, windows.take())])[0] for _ in range(4)])

    batcher = Batcher(leaky_sum, slots=2)  # grows twice
    streams = [batcher.open() for _ in audio]
    for windows, one in zip(streams, audio, strict=True):
        windows.push(one)
    together: list[list[float]] = [[] for _ in audio]
    for turn in range(4):
        order = rng.permutation(5)
        result = batcher.run([(streams[i], streams[i].take()) for i in order])
        for i, probability in zip(order, result, strict=True):
            together[i].append(probability)
        assert turn == streams[0].taken - 1
    assert np.allclose(alone, together, atol=1e-6)


def test_a_stream_that_takes_the_place_of_a_closed_one_remembers_nothing_of_it() -> None:
    """A call never inherits the memory of another."""
    batcher = Batcher(leaky_sum, slots=1)
    first = batcher.open()
    first.push(pcm(WINDOW_SAMPLES, start=5000))
    assert batcher.run([(first, first.take())])[0] > 0.1
    batcher.close(first)
    second = batcher.open()
    assert second.slot == first.slot
    second.push(bytes(2 * WINDOW_SAMPLES))
    assert batcher.run([(second, second.take())]) == [0.0]


def test_samples_are_scaled_to_one() -> None:
    """The model takes full scale as one, and 16-bit audio as floats of it."""
    seen: list[Floats] = []

    def model(windows: Floats, states: Floats) -> tuple[Floats, Floats]:
        seen.append(windows)
        return windows[:, :1], states

    batcher = Batcher(model)
    windows = batcher.open()
    windows.push(np.full(WINDOW_SAMPLES, -32768, np.int16).tobytes())
    batcher.run([(windows, windows.take())])
    assert seen[0].dtype == np.float32
    assert seen[0][0, -1] == pytest.approx(-1.0)


def remembering(windows: Floats, states: Floats) -> tuple[Floats, Floats]:
    """A model that remembers how many windows it has seen, and takes a loud window for speech."""
    following = states + np.float32(1)
    return (windows.max(axis=1, keepdims=True) > 0.1).astype(np.float32), following.astype(np.float32)


def test_after_a_quarter_of_a_second_of_silence_a_stream_has_no_memory_until_something_is_heard() -> None:
    """The model drifts in long silence; what it hears next it hears afresh."""
    seen: list[float] = []

    def model(windows: Floats, states: Floats) -> tuple[Floats, Floats]:
        seen.append(float(states[0, 0, 0]))
        return remembering(windows, states)

    batcher = Batcher(model)
    stream = batcher.open()
    loud, silent = bytes([0, 64]) * 288, bytes(2 * 288)
    for window in [silent] * 3 + [loud] + [silent] * (SILENT_WINDOWS + 2) + [loud, loud]:
        batcher.run([(stream, window)])
    assert seen == [*range(4 + SILENT_WINDOWS), 0, 0, 0, 1]


def test_wiping_one_stream_leaves_the_others_alone() -> None:
    """Silence on one line does not make the model forget what is said on another."""
    batcher = Batcher(remembering)
    speaking, silent = batcher.open(), batcher.open()
    for _ in range(SILENT_WINDOWS):
        batcher.run([(speaking, bytes([0, 64]) * 288), (silent, bytes(2 * 288))])
    assert batcher._states[0, speaking.slot, 0] == SILENT_WINDOWS
    assert batcher._states[0, silent.slot, 0] == 0
