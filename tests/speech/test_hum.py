"""Words or a hum, by the spectrum alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.hum import FRAME_BYTES, WordEvidence

HUM = {250.0: 1.0, 1200.0: 0.02, 2200.0: 0.01}
AH = {700.0: 1.0, 1200.0: 0.6, 2500.0: 0.2}
EE = {300.0: 1.0, 2200.0: 0.5, 2900.0: 0.3}


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


def evidence(pcm: bytes, *, noise: bytes = b"", into: WordEvidence | None = None) -> float:
    """The most evidence at any time."""
    words = into or WordEvidence()
    return max(words.push(frame) for frame in frames(noise + pcm))


@pytest.mark.parametrize("pitch", [95.0, 120.0, 180.0, 230.0])
@pytest.mark.parametrize("peak", [800, 8000, 30000])
def test_a_hum_is_no_word_at_any_pitch_and_level(speech: Any, pitch: float, peak: int) -> None:
    """An agent is not stopped by somebody who only hums along."""
    assert evidence(speech.voice(600, HUM, pitch=pitch, peak=peak)) < 100


@pytest.mark.parametrize("vowel", [AH, EE])
@pytest.mark.parametrize("pitch", [95.0, 120.0, 180.0, 230.0])
@pytest.mark.parametrize("peak", [800, 8000, 30000])
def test_a_vowel_is_word_like_within_160_ms_at_any_pitch_and_level(
    speech: Any, vowel: dict[float, float], pitch: float, peak: int
) -> None:
    """A word is known by its spectrum, well before a barge-in has to be decided."""
    words = WordEvidence()
    for frame in frames(bytes(8000)):
        assert words.push(frame) == 0.0
    assert evidence(speech.voice(160, vowel, pitch=pitch, peak=peak), into=words) >= 80


def test_a_recorded_mm_hm_is_no_word(speech: Any) -> None:
    """What holds for a synthetic hum holds for one that was spoken."""
    assert evidence(bytes(3200) + speech.clip("mmhm", 8000)) < 100


@pytest.mark.parametrize("name", ["hours", "book", "day", "prices", "location", "thanks", "bicycle", "yes"])
def test_a_recorded_line_is_word_like_within_400_ms_of_its_onset(speech: Any, name: str) -> None:
    """Whoever really says something is taken for a speaker before the decision about a barge-in is due."""
    pcm = speech.clip(name, 8000)
    loud = [np.abs(np.frombuffer(frame, np.int16)).max() > 300 for frame in frames(pcm)]
    onset = loud.index(True)
    words = WordEvidence()
    evidence(bytes(3200), into=words)
    assert evidence(pcm[onset * FRAME_BYTES : (onset + 20) * FRAME_BYTES], into=words) >= 80


def test_breath_between_two_hums_is_not_counted(speech: Any) -> None:
    """Air is no vowel."""
    hum = speech.voice(160, HUM)
    assert evidence(hum + speech.noise(100, 500) + hum) < 100


def test_a_fricative_is_word_like() -> None:
    """An "s" on the telephone is noise at the top of the band."""
    samples = np.diff(np.diff(np.random.default_rng(3).normal(0, 800, 802)))
    assert evidence(bytes(3200) + samples.astype(np.int16).tobytes()) >= 80


@pytest.mark.parametrize("rms", [10, 60, 140])
def test_line_noise_is_no_word(speech: Any, rms: float) -> None:
    """A bad line does not stop the agent."""
    assert evidence(speech.noise(3000, rms)) == 0.0


def test_a_hum_over_line_noise_is_no_word(speech: Any) -> None:
    """Noise under a hum does not make a word of it."""
    assert evidence(speech.voice(500, HUM), noise=speech.noise(600, 60)) < 100


def test_silence_of_300_ms_begins_a_new_count(speech: Any) -> None:
    """A pause shorter than 300 ms is part of what is said, and leaves the count as it was."""
    words = WordEvidence()
    evidence(speech.voice(200, AH), into=words)
    before = words.words_ms
    evidence(bytes(14 * FRAME_BYTES), into=words)
    assert words.words_ms == before
    evidence(bytes(FRAME_BYTES), into=words)
    assert words.words_ms == 0.0


def test_reset_begins_a_new_count(speech: Any) -> None:
    """The evidence of one utterance is not counted for the next."""
    words = WordEvidence()
    evidence(bytes(3200) + speech.voice(200, AH), into=words)
    assert words.words_ms > 0
    words.reset()
    assert words.words_ms == 0.0


@given(st.lists(st.integers(0, 900), max_size=20))
def test_pieces_of_any_size_count_the_same(sizes: list[int]) -> None:
    """What is heard does not depend on the packets it comes in."""
    pcm = (8000 * np.sin(np.arange(sum(sizes)) * 0.9)).astype(np.int16).tobytes()
    whole, pieces = WordEvidence(), WordEvidence()
    whole.push(pcm)
    at = 0
    for size in sizes:
        pieces.push(pcm[2 * at : 2 * (at + size)])
        at += size
    assert pieces.words_ms == whole.words_ms
