"""WAV files of 16-bit PCM, one pcm per channel: what recordings and test clips are kept in."""

from __future__ import annotations

import os
import struct
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from offhook.audio.frames import SAMPLE_BYTES, whole_samples
from offhook.errors import CodecError

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["WavFile", "read_wav", "write_wav"]

_MAX_CHANNELS = 64
_HEADER_BYTES = 12
_CHUNK: Final = struct.Struct("<4sI")
_FORMAT: Final = struct.Struct("<HHIIHH")
_PCM = 1
_EXTENSIBLE = 0xFFFE

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LONGEST_BYTES: Final = 0xFFFF_FFFF - _HEADER.size
"""A header has 32 bits for the size: in a longer file readers take what there is, :func:`read_wav` does."""


class WavFile:
    """A WAV file that grows: a place for an :class:`offhook.spool.Spool`, which writes it in a thread of its own.

    What is put are frames of 16-bit PCM with the channels woven. A piece that could not be written is silence in the
    file, so what follows is at its time. The file appears under its name when it is complete, at :meth:`close`; until
    then it is ``<name>.part``.

    Args:
        path: the file; its folder must exist.
        rate: Hz.
        channels: how many.
    """

    def __init__(self, path: str | PathLike[str], rate: int, channels: int) -> None:
        self.path = Path(path)
        self._rate = rate
        self._channels = channels
        self._part = self.path.with_name(self.path.name + ".part")
        self._number: int | None = None
        self._size = 0

    def write(self, data: bytes) -> None:
        """Add frames.

        Raises:
            OSError: they cannot be written.
        """
        at, self._size = self._size, self._size + len(data)
        self._write_at(_HEADER.size + at, data)

    def close(self) -> None:
        """Give the file its header, its length and its name.

        Raises:
            OSError: it cannot be finished.
        """
        number = self._open()
        try:
            size, width = min(self._size, _LONGEST_BYTES), self._channels * SAMPLE_BYTES
            described = (16, _PCM, self._channels, self._rate, self._rate * width, width, 8 * SAMPLE_BYTES)
            riff = (b"RIFF", _HEADER.size - 8 + size, b"WAVE", b"fmt ")
            self._write_at(0, _HEADER.pack(*riff, *described, b"data", size))
            os.ftruncate(number, _HEADER.size + self._size)
        finally:
            os.close(number)
            self._number = None
        self._part.replace(self.path)

    def _open(self) -> int:
        if self._number is None:
            self._number = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        return self._number

    def _write_at(self, at: int, data: bytes) -> None:
        number = self._open()
        while data:
            written = os.pwrite(number, data, at)
            at, data = at + written, data[written:]


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
    content = Path(path).read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise _unreadable("a file without a RIFF/WAVE header")
    chunks = _chunks(content)
    described, data = chunks.get(b"fmt "), chunks.get(b"data")
    if described is None or data is None or len(described) < _FORMAT.size:
        raise _unreadable("one without a format or without data")
    tag, count, rate, _, _, bits = _FORMAT.unpack_from(described)
    if tag == _EXTENSIBLE:  # the true format is the start of a GUID
        tag = int.from_bytes(described[24:26], "little")
    if tag != _PCM or bits != 8 * SAMPLE_BYTES or rate <= 0 or not 1 <= count <= _MAX_CHANNELS:
        raise _unreadable(f"format {tag} with {bits} bits and {count} channels at {rate} Hz")
    whole = len(data) - len(data) % (SAMPLE_BYTES * count)
    woven = np.frombuffer(data[:whole], dtype="<i2").reshape(-1, count)
    return rate, [woven[:, index].tobytes() for index in range(count)]


def _chunks(content: bytes) -> dict[bytes, bytes]:
    """The first chunk of each kind. The last one may be shorter than it says."""
    chunks: dict[bytes, bytes] = {}
    at = _HEADER_BYTES
    while at + _CHUNK.size <= len(content):
        kind, size = _CHUNK.unpack_from(content, at)
        at += _CHUNK.size
        chunks.setdefault(kind, content[at : at + size])
        at += size + size % 2  # chunks begin at even places
    return chunks


def _unreadable(got: str) -> CodecError:
    return CodecError(
        f"expected a WAV file of 16-bit PCM, got {got}",
        fix="convert it: ffmpeg -i <file> -c:a pcm_s16le <out>.wav",
    )
