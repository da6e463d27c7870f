"""What happens to audio at the caller's end: an echo of what is heard into what is said, noise, and audio that stops.

Pure: 20 ms frames in the order of the ticks, and times that are given. This is the place for whatever lies between a
person and the line; a phone uses it in its ``mouth`` and its ``ear``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offhook.audio.frames import SAMPLE_BYTES, frame_bytes
from offhook.audio.mix import gain, mix

__all__ = ["Echo", "EchoPath", "Noise", "Uplink"]


@dataclass(frozen=True, slots=True)
class EchoPath:
    """From a phone's loudspeaker to its microphone: a hands-free set, a line without echo control."""

    gain_db: float
    """How much louder what was heard comes back; -20 is plain to hear, -45 is faint."""
    delay_ms: float = 200.0
    """How long it takes: 50 in a room, 600 over a bad mobile network."""


class Echo:
    """The echo of one phone: what it hears is mixed into what it says.

    Call :meth:`said` once per tick, then :meth:`heard`, as a line does.

    Args:
        path: how loud and how late.
        rate: Hz of both directions.
    """

    def __init__(self, path: EchoPath, rate: int) -> None:
        self._factor = 10.0 ** (path.gain_db / 20)
        self._size = frame_bytes(rate)
        # One frame of head start: what a tick gives to the ear sounds in the 20 ms that the next tick's mouth covers.
        self._on_its_way = bytearray(self._size + round(path.delay_ms * rate / 1000) * SAMPLE_BYTES)

    def said(self, pcm: bytes) -> bytes:
        """The next frame of what is said, with what comes back in it."""
        back = bytes(self._on_its_way[: self._size])
        del self._on_its_way[: self._size]
        return mix(pcm, gain(back, self._factor))

    def heard(self, pcm: bytes) -> None:
        """The next frame of what is heard."""
        self._on_its_way += pcm


class Noise:
    """What a line adds to everything that is said on it, whoever is silent: white noise, for ever the same.

    Args:
        level_dbfs: its level; -60 is a quiet line, -40 a bad one.
        rate: Hz.
    """

    def __init__(self, level_dbfs: float, rate: int) -> None:
        self._samples = frame_bytes(rate) // SAMPLE_BYTES
        self._scale = 32768.0 * 10.0 ** (level_dbfs / 20)
        self._random = np.random.default_rng(1)

    def said(self, pcm: bytes) -> bytes:
        """The next frame of what is said, with the noise of 20 ms in it."""
        noise = self._random.standard_normal(self._samples) * self._scale
        return mix(pcm, np.clip(np.rint(noise), -32768, 32767).astype("<i2").tobytes())


class Uplink:
    """The way from a phone to the exchange, on which audio can stop while the call stays up."""

    def __init__(self) -> None:
        self._stops: list[tuple[float, float, bool]] = []
        self._held: list[bytes] = []

    def stop(self, from_ms: float, until_ms: float, *, burst: bool) -> None:
        """Let nothing through between the two times; afterwards all of it comes at once (``burst``), or it is lost."""
        self._stops.append((from_ms, until_ms, burst))

    def send(self, pcm: bytes, now_ms: float) -> bytes:
        """What arrives in the tick at ``now_ms`` when ``pcm`` is sent: nothing, the frame, or more than one."""
        if not self._stops:
            return pcm
        self._stops = [stop for stop in self._stops if stop[1] > now_ms]
        stopping = [stop for stop in self._stops if stop[0] <= now_ms]
        if stopping:
            if any(burst for _, _, burst in stopping):
                self._held.append(pcm)
            return b""
        arrived = b"".join(self._held) + pcm
        self._held.clear()
        return arrived
