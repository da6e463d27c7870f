"""Signals and measures that the tests of audio share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.float64]


class Lab:
    """Makes signals and measures them; knows nothing of the code under test."""

    @staticmethod
    def pcm(samples: Samples) -> bytes:
        return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()

    @staticmethod
    def samples(pcm: bytes) -> Samples:
        return np.frombuffer(pcm, dtype="<i2").astype(np.float64)

    def tone(self, hz: float, rate: int, ms: float, level: float = 16000.0) -> bytes:
        return self.pcm(level * np.sin(2 * np.pi * hz * np.arange(round(rate * ms / 1000)) / rate))

    def voice(self, rate: int, ms: float, pitch_hz: float = 125.0, top_hz: float = 3200.0) -> bytes:
        """A steady vowel: harmonics of one pitch, weaker the higher they are."""
        at = np.arange(round(rate * ms / 1000)) / rate
        harmonics = range(1, int(top_hz / pitch_hz) + 1)
        wave = sum((np.sin(2 * np.pi * pitch_hz * k * at + k * k) / k for k in harmonics), np.zeros(len(at)))
        return self.pcm(6000.0 * wave)

    @staticmethod
    def level_of(samples: Samples, hz: float, rate: int) -> tuple[float, Samples]:
        """The amplitude of the tone of ``hz`` in ``samples``, and what is left without it (least squares)."""
        at = 2 * np.pi * hz * np.arange(len(samples)) / rate
        basis = np.stack([np.sin(at), np.cos(at)], axis=1)
        parts = np.linalg.lstsq(basis, samples, rcond=None)[0]
        return float(np.hypot(*parts)), samples - basis @ parts

    @staticmethod
    def db(power: float, of: float) -> float:
        return float(10 * np.log10(max(power, 1e-12) / max(of, 1e-12)))

    def snr_db(self, wanted: Samples, got: Samples) -> float:
        return self.db(float(np.mean(wanted**2)), float(np.mean((wanted - got) ** 2)))

    def aligned_snr_db(self, wanted: Samples, got: Samples, longest: int) -> tuple[float, int]:
        """The best SNR of ``got`` against ``wanted`` over whole delays up to ``longest`` samples, and that delay."""
        length = min(len(wanted), len(got)) - longest
        return max((self.snr_db(wanted[:length], got[delay : delay + length]), delay) for delay in range(longest))


@pytest.fixture(name="lab", scope="session")
def lab_fixture() -> Lab:
    return Lab()


@pytest.fixture(name="av", scope="session")
def av_fixture() -> Any:
    """PyAV as an independent judge, used here without any of our code."""
    import av

    return av


class Judge:
    """FFmpeg's coders used directly."""

    def __init__(self, av: Any) -> None:
        self.av = av

    def decode(self, name: str, rate: int, packets: list[bytes]) -> bytes:
        context = self.av.CodecContext.create(name, "r")
        context.sample_rate = rate
        context.layout = "mono"
        out = b""
        for packet in packets:
            for frame in context.decode(self.av.Packet(packet)):
                values = frame.to_ndarray()
                if values.dtype != np.int16:
                    values = np.clip(np.rint(values * 32768), -32768, 32767).astype(np.int16)
                out += values.tobytes()
        return out

    def encode(self, name: str, rate: int, pcm: bytes, **options: str) -> list[bytes]:
        context = self.av.CodecContext.create(name, "w")
        context.sample_rate = rate
        context.layout = "mono"
        context.format = "s16"
        context.options = options
        frames = [self.frame(pcm, rate), None]
        return [bytes(packet) for frame in frames for packet in context.encode(frame)]

    def frame(self, pcm: bytes, rate: int) -> Any:
        frame = self.av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = rate
        frame.planes[0].update(pcm)
        return frame

    def resample(self, pcm: bytes, rate_in: int, rate_out: int) -> bytes:
        """By swresample, with a filter far longer than ours."""
        graph = self.av.filter.Graph()
        source = graph.add_abuffer(sample_rate=rate_in, format="s16", layout="mono")
        change = graph.add("aresample", f"{rate_out}:filter_size=128:phase_shift=10:cutoff=0.97")
        shape = graph.add("aformat", f"sample_rates={rate_out}:sample_fmts=s16:channel_layouts=mono")
        sink = graph.add("abuffersink")
        source.link_to(change)
        change.link_to(shape)
        shape.link_to(sink)
        graph.configure()
        frame = self.frame(pcm, rate_in)
        frame.pts = 0
        source.push(frame)
        source.push(None)
        out = b""
        while True:
            try:
                out += bytes(sink.pull().to_ndarray().tobytes())
            except (self.av.error.EOFError, self.av.error.BlockingIOError):
                return out


@pytest.fixture(name="judge", scope="session")
def judge_fixture(av: Any) -> Judge:
    return Judge(av)
