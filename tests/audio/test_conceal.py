"""Concealment of losses, measured on vowels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.conceal import FADED_MS, Conceal
from offhook.audio.frames import dbfs, frame_bytes
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Lab, Samples


def through(pcm: bytes, rate: int, lost: set[int]) -> bytes:
    """Send ``pcm`` frame by frame, with the frames of these numbers lost."""
    conceal, size = Conceal(rate), frame_bytes(rate)
    frames = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    return b"".join(conceal.lost() if number in lost else conceal.good(frame) for number, frame in enumerate(frames))


def frame_of(samples: Samples, number: int, rate: int) -> Samples:
    size = rate // 50
    return samples[number * size : (number + 1) * size]


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_without_loss_nothing_is_changed(rate: int, lab: Lab) -> None:
    """A stream that loses nothing comes out bit for bit."""
    voice = lab.voice(rate, 200)
    assert through(voice, rate, set()) == voice


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("pitch_hz", [80, 125, 200, 320])
def test_a_lost_frame_of_a_vowel_is_continued(rate: int, pitch_hz: int, lab: Lab) -> None:
    """The first 10 ms, before the fade: better by 6 dB at least than the silence that it replaces."""
    voice = lab.samples(lab.voice(rate, 400, pitch_hz))
    heard = lab.samples(through(lab.pcm(voice), rate, {12}))
    half = rate // 100
    wanted, got = frame_of(voice, 12, rate)[:half], frame_of(heard, 12, rate)[:half]
    assert lab.snr_db(wanted, got) >= 6


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("lost", [{12}, {12, 13}, {12, 13, 14, 15}, {12, 14}])
def test_no_loss_clicks(rate: int, lost: set[int], lab: Lab) -> None:
    """No step from sample to sample is larger than 1.3 times the largest of the vowel itself."""
    voice = lab.voice(rate, 400)
    heard = lab.samples(through(voice, rate, lost))
    assert np.abs(np.diff(heard)).max() <= 1.3 * np.abs(np.diff(lab.samples(voice))).max()


def test_a_long_loss_fades_to_silence_by_60_ms(lab: Lab) -> None:
    """What is made up fades evenly: a buzz that goes on would be worse than the gap."""
    heard = through(lab.voice(8000, 400), 8000, set(range(10, 16)))
    levels = [dbfs(heard[number * 320 : (number + 1) * 320]) for number in range(9, 16)]
    assert levels == sorted(levels, reverse=True)
    assert FADED_MS == 60
    assert not any(heard[13 * 320 : 16 * 320])


def test_after_a_loss_the_voice_is_itself_again_within_10_ms(lab: Lab) -> None:
    """Made-up sound is blended into the real one for 10 ms, and from there on nothing is altered."""
    voice = lab.voice(8000, 400)
    heard = through(voice, 8000, {10, 11, 12})
    assert heard[13 * 320 : 13 * 320 + 160] != voice[13 * 320 : 13 * 320 + 160]
    assert heard[13 * 320 + 160 :] == voice[13 * 320 + 160 :]


@pytest.mark.parametrize("lengths_ms", [[5], [7, 13], [20, 3, 40], [60], [1, 20, 20]])
def test_how_the_audio_before_a_loss_was_cut_makes_no_difference(lengths_ms: list[int], lab: Lab) -> None:
    """What is made up depends on what was heard, not on the packets that it came in."""
    voice = lab.voice(8000, 240)
    whole, pieces, at = Conceal(8000), Conceal(8000), 0
    for start in range(0, len(voice), 320):
        whole.good(voice[start : start + 320])
    while at < len(voice):
        for length_ms in lengths_ms:
            pieces.good(voice[at : at + length_ms * 16])
            at += length_ms * 16
    assert pieces.lost() == whole.lost() != bytes(320)
    assert pieces.good(voice[:320]) == whole.good(voice[:320])
    assert pieces.lost() == whole.lost()


def test_a_loss_before_any_audio_is_silent() -> None:
    """There is nothing yet to make sound from."""
    conceal = Conceal(8000)
    assert conceal.lost() == bytes(320)
    assert conceal.good(bytes(320)) == bytes(320)


def test_frames_shorter_than_the_blend_and_empty_ones_are_taken(lab: Lab) -> None:
    """Audio shorter than the 10 ms of the blend is blended as far as it goes, and the stream goes on."""
    conceal = Conceal(8000)
    conceal.good(lab.voice(8000, 60))
    conceal.lost()
    assert conceal.good(b"") == b""
    assert len(conceal.good(lab.voice(8000, 1))) == 16
    tail = lab.voice(8000, 20)
    assert conceal.good(tail) == tail


def test_half_a_sample_and_a_rate_without_whole_frames_are_refused() -> None:
    """Nothing is guessed about audio that cannot be cut into frames of 20 ms."""
    with pytest.raises(CodecError, match="got 3 bytes"):
        Conceal(8000).good(b"\0\0\0")
    with pytest.raises(CodecError, match="got 11025 Hz"):
        Conceal(11025)


@given(st.lists(st.one_of(st.none(), st.binary(max_size=700)), max_size=8))
def test_any_audio_and_any_pattern_of_loss_keeps_its_length(pattern: list[bytes | None]) -> None:
    """A lost frame is replaced by one frame and a good one by itself, so that the stream keeps its time."""
    conceal = Conceal(8000)
    for frame in pattern:
        if frame is None:
            assert len(conceal.lost()) == 320
        else:
            whole = frame[: len(frame) - len(frame) % 2]
            assert len(conceal.good(whole)) == len(whole)
