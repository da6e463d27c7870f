"""How a stretch of audio is written, and from one way of writing it into another as it comes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.audio._audioop import audioop
from offhook.audio.frames import FRAME_MS, SAMPLE_BYTES, frame_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offhook.audio.resample import Resampler

__all__ = ["PCMA", "PCMU", "PCM_8K", "PCM_16K", "AudioFormat", "Rewriter", "best_for", "format_of"]

_QUIET = 30
"""A peak of -61 dBFS: what stays below is silence to anybody who listens on a telephone."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How audio is written, mono: ``pcm`` is signed 16-bit little-endian, ``pcmu`` and ``pcma`` are G.711 (8 kHz).

    ``sample_rate`` is in Hz.
    """

    encoding: Literal["pcm", "pcmu", "pcma"]
    sample_rate: int

    @property
    def sample_bytes(self) -> int:
        """The size of one sample."""
        return SAMPLE_BYTES if self.encoding == "pcm" else 1

    @property
    def bytes_per_ms(self) -> float:
        """How many bytes hold one millisecond."""
        return self.sample_rate * self.sample_bytes / 1000

    @property
    def frame_bytes(self) -> int:
        """The size of one frame of 20 ms.

        Raises:
            CodecError: 20 ms are not a whole number of samples at this rate.
        """
        return frame_bytes(self.sample_rate) * self.sample_bytes // SAMPLE_BYTES

    @property
    def silence(self) -> bytes:
        """One frame of digital silence.

        Raises:
            CodecError: as :attr:`frame_bytes`.
        """
        return _silent_sample(self) * (self.sample_rate * FRAME_MS // 1000)

    def sounds(self, audio: bytes) -> bool:
        """Whether there is anything in ``audio``, whole samples of it, that could be heard."""
        if self.encoding == "pcm":
            return audioop.max(audio, SAMPLE_BYTES) > _QUIET
        return bool(audio.strip(_quiet_codes(self)))

    def __str__(self) -> str:
        return f"{self.encoding} at {self.sample_rate} Hz"


PCMU = AudioFormat("pcmu", 8000)
PCMA = AudioFormat("pcma", 8000)
PCM_8K = AudioFormat("pcm", 8000)
PCM_16K = AudioFormat("pcm", 16000)


def format_of(codec: str, sample_rate: int) -> AudioFormat:
    """What a codec takes without loss: G.711 itself, and for every other one the pcm that its encoder takes.

    Args:
        codec: as carriers write it, one of :data:`offhook.audio.codecs.ENCODABLE`.
        sample_rate: as asked of the carrier.
    """
    match codec:
        case "PCMU":
            return PCMU
        case "PCMA":
            return PCMA
        case "G722":
            return PCM_16K  # whatever clock it is asked for by
        case _:
            return AudioFormat("pcm", sample_rate)


def best_for(wanted: AudioFormat, offered: Sequence[AudioFormat]) -> AudioFormat:
    """Which of ``offered`` (best first, at least one) becomes ``wanted`` with the least loss.

    The same; or else pcm, at the same rate, or at a higher one, or at any; or else what is offered first.
    """
    if wanted in offered:
        return wanted
    pcm = [each for each in offered if each.encoding == "pcm"]
    same = [each for each in pcm if each.sample_rate == wanted.sample_rate]
    wider = [each for each in pcm if each.sample_rate > wanted.sample_rate]
    return [*same, *wider, *pcm, *offered][0]


class Rewriter:
    """Writes one stretch of audio anew, in pieces as they come; what is written as wanted passes untouched.

    Args:
        given: how it is written.
        wanted: how it is to be written.

    Raises:
        CodecError: a rate that cannot be changed into the other.
    """

    __slots__ = ("_decode", "_encode", "_half", "_resampler", "given", "wanted")

    def __init__(self, given: AudioFormat, wanted: AudioFormat) -> None:
        self.given = given
        self.wanted = wanted
        self._half = b""
        self._decode, self._encode = _decode(given), _encode(wanted)
        self._resampler: Resampler | None = None
        if given.sample_rate != wanted.sample_rate:
            from offhook.audio.resample import Resampler

            self._resampler = Resampler(given.sample_rate, wanted.sample_rate)
        elif given == wanted:
            self._decode = self._encode = None

    def process(self, audio: bytes) -> bytes:
        """The next piece, of any length: half a sample waits for its other half."""
        if self.given.encoding == "pcm":
            if self._half:
                audio, self._half = self._half + audio, b""
            if len(audio) % SAMPLE_BYTES:
                audio, self._half = audio[:-1], audio[-1:]
        if self._decode is not None:
            audio = self._decode(audio)
        if self._resampler is not None:
            audio = self._resampler.process(audio)
        return audio if self._encode is None else self._encode(audio)

    def flush(self) -> bytes:
        """What is held back, but for half a sample that never got its other half. The next stretch may follow."""
        self._half = b""
        if self._resampler is None:
            return b""
        rest = self._resampler.flush()
        return rest if self._encode is None else self._encode(rest)


# Codecs are slow to import, and a format is named in many places where there is no audio.


def _decode(given: AudioFormat) -> Callable[[bytes], bytes] | None:
    from offhook.audio.codecs.g711 import PcmaDecoder, PcmuDecoder

    match given.encoding:
        case "pcmu":
            return PcmuDecoder().decode
        case "pcma":
            return PcmaDecoder().decode
        case _:
            return None


def _encode(wanted: AudioFormat) -> Callable[[bytes], bytes] | None:
    from offhook.audio.codecs.g711 import PcmaEncoder, PcmuEncoder

    match wanted.encoding:
        case "pcmu":
            return PcmuEncoder().encode
        case "pcma":
            return PcmaEncoder().encode
        case _:
            return None


@functools.cache
def _silent_sample(written: AudioFormat) -> bytes:
    encode = _encode(written)
    pcm = bytes(SAMPLE_BYTES)
    return pcm if encode is None else encode(pcm)


@functools.cache
def _quiet_codes(written: AudioFormat) -> bytes:
    """The codes of G.711 that are silence."""
    decode = _decode(written)
    assert decode is not None
    return bytes(code for code in range(256) if audioop.max(decode(bytes([code])), SAMPLE_BYTES) <= _QUIET)
