"""WAV files of 16-bit PCM, one pcm per channel: what recordings and test clips are kept in."""

from __future__ import annotations

import struct
import wave
from typing import TYPE_CHECKING

import numpy as np

from offhook.audio.frames import SAMPLE_BYTES, whole_samples
from offhook.errors import CodecError

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["read_wav", "write_wav"]

_MAX_CHANNELS = 64


def write_wav(path: str | PathLike[str], rate: int, *channels: bytes) -> None:
    """Write one WAV file with a channel for each pcm; shorter ones are silent at their end.

    Raises:
        CodecError: if there is no channel, or too many, the rate is not positive, or one holds half a sample.
        OSError: if the file cannot be written.
    """
    if not 1 <= len(channels) <= _MAX_CHANNELS:
        raise CodecError(f"expected 1 to {_MAX_CHANNELS} channels to write, got {len(channels)}")
    if rate <= 0:
        raise CodecError(f"expected a positive sample rate, got {rate} Hz")
    samples = max(whole_samples(channel) for channel in channels)
    woven = np.zeros((samples, len(channels)), dtype="<i2")
    for index, channel in enumerate(channels):
        woven[: len(channel) // SAMPLE_BYTES, index] = np.frombuffer(channel, dtype="<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(rate)
        file.writeframes(woven.tobytes())


def read_wav(path: str | PathLike[str]) -> tuple[int, list[bytes]]:
    """Read a WAV file of 16-bit PCM: its rate and one pcm per channel.

    A file whose header promises more than there is (a recording cut short, or written to a pipe) gives what is there.

    Raises:
        CodecError: if it is not a WAV file of 16-bit PCM.
        OSError: if the file cannot be read.
    """
    try:
        with wave.open(str(path), "rb") as file:
            rate, width, count = file.getframerate(), file.getsampwidth(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, struct.error) as error:
        raise CodecError(
            f"expected a WAV file of 16-bit PCM, got one that cannot be read as that ({error or 'it ends too soon'})",
            fix="convert it: ffmpeg -i <file> -c:a pcm_s16le <out>.wav",
        ) from error
    if width != SAMPLE_BYTES or rate <= 0:
        raise CodecError(
            f"expected a WAV file of 16-bit PCM, got {8 * width} bits at {rate} Hz",
            fix="convert it: ffmpeg -i <file> -c:a pcm_s16le <out>.wav",
        )
    whole = len(data) - len(data) % (SAMPLE_BYTES * count)
    woven = np.frombuffer(data[:whole], dtype="<i2").reshape(-1, count)
    return rate, [woven[:, index].tobytes() for index in range(count)]
