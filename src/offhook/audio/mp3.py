"""MP3 as it comes: from pieces of it to pcm, and back.

What is decoded may be several files one after the other, as a service sends them that makes one of each sentence.
Container: https://id3.org/id3v2.4.0-structure for the tag before a file; the frame that a file may begin with, which
holds no sound but says how much of the sound is padding, is that of Xing and LAME.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from offhook.audio.frames import SAMPLE_BYTES
from offhook.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.audio.resample import Resampler

__all__ = ["Mp3Decoder", "Mp3Encoder"]

_TAG: Final = b"ID3"
_TAG_HEAD: Final = 10
_INFO_AT: Final = (13, 21, 36)
"""Behind the header of a frame and its side information: mono of the lower rates, either mono or stereo, stereo."""
_DECODER_DELAY: Final = 529
"""Samples that every decoder is late, which the padding that a file tells of does not count."""
_STEP: Final = 2048
"""Bytes that are decoded at a time: a quarter of a second, well under a millisecond's work."""


class Mp3Decoder:
    """One stretch of MP3 on its way to pcm, mono.

    Args:
        rate: of the pcm, in Hz, whatever the MP3 has.

    Raises:
        CodecError: a rate that nothing can be brought to.
    """

    def __init__(self, rate: int) -> None:
        import av  # slow to load, and few need it

        from offhook.audio.resample import Resampler

        Resampler(rate, rate)
        self._rate = rate
        self._codec: Any = av.CodecContext.create("mp3", "r")
        self._mono: Any = av.AudioResampler(format="s16", layout="mono")
        self._broken = av.FFmpegError
        self._resampler: Resampler | None = None
        self._head = b""
        """A tag that is not all there."""
        self._tag_left = 0
        self._skip = 0
        """Samples that are padding."""
        self._began = False

    def decode(self, mp3: bytes) -> Iterator[bytes]:
        """The pcm of the next piece, of any length, part by part; a tag may stand at its beginning, and nowhere else.

        What is damaged is left out.

        Raises:
            CodecError: it is no MP3, or has a rate that cannot be changed.
        """
        mp3 = self._without_tag(mp3)
        if not self._began and mp3:
            self._began = True
            if mp3[:1] != b"\xff" or (len(mp3) > 1 and mp3[1] & 0xE6 != 0xE2):  # the sync word, and layer III
                raise CodecError("expected MP3, got something else.", fix="ask for MP3, or for nothing in particular")
        for at in range(0, len(mp3), _STEP):
            if pcm := self._decode(mp3[at : at + _STEP]):
                yield pcm

    def flush(self) -> bytes:
        """The rest of it. The stretch is over.

        Raises:
            CodecError: as :meth:`decode`.
        """
        pcm = self._decode(b"")
        return pcm + self._resampler.flush() if self._resampler is not None else pcm

    def _without_tag(self, mp3: bytes) -> bytes:
        if self._tag_left:
            taken = min(self._tag_left, len(mp3))
            self._tag_left -= taken
            mp3 = mp3[taken:]
        if self._head:
            mp3, self._head = self._head + mp3, b""
        if not mp3 or not (mp3.startswith(_TAG) or _TAG.startswith(mp3)):
            return mp3
        if len(mp3) < _TAG_HEAD:
            self._head = mp3
            return b""
        size = 0
        for seven_bits in mp3[6:_TAG_HEAD]:
            size = size << 7 | seven_bits & 0x7F
        body = mp3[_TAG_HEAD:]
        self._tag_left = max(0, size - len(body))
        return body[size:]

    def _decode(self, mp3: bytes) -> bytes:
        """``b""`` ends it."""
        out = bytearray()
        for packet in self._codec.parse(mp3):
            if (padding := _padding(bytes(packet))) is not None:
                self._skip = padding
                continue
            try:
                frames = self._codec.decode(packet)
            except self._broken:
                continue
            for frame in frames:
                out += self._resampled(frame)
        return bytes(out)

    def _resampled(self, frame: Any) -> bytes:
        if self._resampler is None or self._resampler.rate_in != frame.sample_rate:
            from offhook.audio.resample import Resampler

            self._resampler = Resampler(frame.sample_rate, self._rate)
        pcm = b"".join(part.to_ndarray().tobytes() for part in self._mono.resample(frame))
        skipped = min(self._skip, len(pcm) // SAMPLE_BYTES)
        self._skip -= skipped
        return self._resampler.process(pcm[skipped * SAMPLE_BYTES :])


def _padding(frame: bytes) -> int | None:
    """How many samples at the beginning of a file are padding, if this is the frame that says so."""
    at = next((at for at in _INFO_AT if frame[at : at + 4] in (b"Info", b"Xing")), None)
    if at is None:
        return None
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    after = at + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
    told = frame[after + 21 : after + 23]
    return int.from_bytes(told, "big") // 16 + _DECODER_DELAY if any(told) else 0


class Mp3Encoder:
    """Pcm on its way to one MP3 file, mono, with a tag before it, as it is streamed.

    Args:
        rate: of the pcm and of the MP3, in Hz.
        bit_rate: bits a second.
    """

    def __init__(self, rate: int, *, bit_rate: int = 64_000) -> None:
        import av

        self._av: Any = av
        self._rate = rate
        self._codec: Any = av.CodecContext.create("libmp3lame", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = rate, "mono", "s16p"
        self._codec.bit_rate = bit_rate
        self._codec.open()
        self._pcm = bytearray()
        self._at = 0
        self._head = _TAG + b"\4\0\0\0\0\0\x13TSSE\0\0\0\x09\0\0\3offhook\0"

    def process(self, pcm: bytes) -> bytes:
        """The MP3 that there is with the next piece, of any length."""
        self._pcm += pcm
        size = self._codec.frame_size * SAMPLE_BYTES
        out = bytearray()
        while len(self._pcm) >= size:
            out += self._encode(bytes(self._pcm[:size]))
            del self._pcm[:size]
        return self._headed(bytes(out))

    def flush(self) -> bytes:
        """The rest of the file."""
        rest = bytes(self._pcm[: len(self._pcm) // SAMPLE_BYTES * SAMPLE_BYTES])
        out = self._encode(rest) if rest else b""
        return self._headed(out + b"".join(map(bytes, self._codec.encode(None))))

    def _headed(self, mp3: bytes) -> bytes:
        if not mp3:
            return b""
        head, self._head = self._head, b""
        return head + mp3

    def _encode(self, pcm: bytes) -> bytes:
        frame = self._av.AudioFrame(format="s16p", layout="mono", samples=len(pcm) // SAMPLE_BYTES)
        frame.planes[0].update(pcm)
        frame.sample_rate, frame.pts = self._rate, self._at
        self._at += frame.samples
        return b"".join(map(bytes, self._codec.encode(frame)))
