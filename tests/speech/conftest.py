"""Speech that the tests of the engines share."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

CLIPS = Path(__file__).parents[2] / "src" / "offhook" / "exchange" / "clips"


class Speech:
    """Recorded callers, and sounds made of harmonics."""

    def clip(self, name: str, rate: int) -> bytes:
        """A recorded line, at 16 or 8 kHz."""
        with wave.open(str(CLIPS / f"{name}.wav")) as file:
            assert file.getframerate() == 16000
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        if rate == 8000:
            spectrum = np.fft.rfft(samples)[: len(samples) // 4 + 1]
            samples = np.clip(np.fft.irfft(spectrum, len(samples) // 2) / 2, -32768, 32767).astype(np.int16)
        return samples.tobytes()

    def voice(
        self, duration_ms: float, formants: dict[float, float], *, pitch: float = 120.0, peak: int = 8000
    ) -> bytes:
        """Harmonics of ``pitch`` at 8 kHz; ``formants``: gain by frequency, each 120 Hz wide."""
        at = np.arange(round(8 * duration_ms)) / 8000
        samples = np.zeros_like(at)
        for number in range(1, int(3600 / pitch)):
            hertz = number * pitch
            gain = sum(g / (1 + ((hertz - f) / 120) ** 2) for f, g in formants.items())
            samples += gain * np.sin(2 * np.pi * hertz * at + number)
        return bytes((peak * samples / np.abs(samples).max()).astype(np.int16).tobytes())

    def noise(self, duration_ms: float, rms: float, *, rate: int = 8000, seed: int = 1) -> bytes:
        """White noise."""
        count = round(rate * duration_ms / 1000)
        return np.random.default_rng(seed).normal(0, rms, count).astype(np.int16).tobytes()


@pytest.fixture(scope="session")
def speech() -> Speech:
    return Speech()
