"""AMR-WB, decoding only: 16 kHz speech in 6.6 to 23.85 kbit/s, unpacked from RTP payloads (RFC 4867 §4.3 and §4.4).

A payload is a codec mode request, a table of contents with one entry for each frame, and the frames. It comes in one of
two layouts that the payload itself does not name:

* *bandwidth-efficient*, the default of RFC 4867 §8: all fields follow one another bit by bit;
* *octet-aligned*: every field is padded to whole bytes.

Which one the carrier uses is not documented. The assumption here: one of these two, without the optional CRCs, robust
sorting or interleaving (all three must be negotiated, RFC 4867 §8.2), the same for a whole stream. With
``layout=None`` the decoder finds out: lengths are fixed by the table of contents and padding is zero, so a payload with
speech fits only one layout. Until such a payload comes, one that fits both is read as bandwidth-efficient.

No build of FFmpeg that PyAV ships can encode AMR-WB, so there is no encoder.
"""

from __future__ import annotations

from typing import Final, Literal

from offhook.audio.codecs._pyav import PyavDecoder
from offhook.errors import CodecError

__all__ = ["FRAME_BITS", "RATE", "AmrWbDecoder", "Frame", "Layout", "unpack"]

RATE = 16000

Layout = Literal["bandwidth-efficient", "octet-aligned"]
"""How the fields of a payload are packed."""

Frame = tuple[int, bool, bytes]
"""Frame type 0 to 15, whether it is undamaged (the Q bit), and its bits, the last byte padded with zeros."""

FRAME_BITS: Final = (132, 177, 253, 285, 317, 365, 397, 461, 477, 40)
"""Bits of a frame of types 0 to 8 (speech) and 9 (comfort noise); 3GPP TS 26.201 tables 2 and 3."""

_COMFORT_NOISE = 9
_SPEECH_LOST = 14
_NO_DATA = 15
_MAX_FRAMES = 50
_OPENCORE = "libopencore_amrwb"


def _bits_of(frame_type: int) -> int | None:
    """Bits of a frame of this type, or ``None`` for the types 10 to 13, which are for future use."""
    if frame_type < len(FRAME_BITS):
        return FRAME_BITS[frame_type]
    return 0 if frame_type >= _SPEECH_LOST else None


class _Bits:
    """Reads a payload from its first bit on."""

    __slots__ = ("_left", "_value")

    def __init__(self, payload: bytes) -> None:
        self._value = int.from_bytes(payload, "big")
        self._left = 8 * len(payload)

    @property
    def left(self) -> int:
        return self._left

    def take(self, count: int) -> int:
        if count > self._left:
            raise CodecError(f"expected {count} more bits of AMR-WB, got {self._left}")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def take_padding(self, count: int) -> None:
        if self.take(count):
            raise CodecError(f"expected {count} zero bits of padding in AMR-WB, got others")


def unpack(payload: bytes, layout: Layout) -> list[Frame]:
    """The frames in a payload, oldest first.

    Raises:
        CodecError: if the payload is not of this layout: too short, too long, padded with ones, or with a frame type
            that is not defined.
    """
    aligned = layout == "octet-aligned"
    bits = _Bits(payload)
    bits.take(4)  # the codec mode request is for an encoder that we are not
    if aligned:
        bits.take_padding(4)
    contents: list[tuple[int, bool]] = []
    follows = True
    while follows:
        follows = bool(bits.take(1))
        contents.append((bits.take(4), bool(bits.take(1))))
        if aligned:
            bits.take_padding(2)
        if len(contents) > _MAX_FRAMES:
            raise CodecError(f"expected at most {_MAX_FRAMES} frames in a payload of AMR-WB, got more")
    frames: list[Frame] = []
    for frame_type, undamaged in contents:
        size = _bits_of(frame_type)
        if size is None:
            raise CodecError(f"expected an AMR-WB frame of type 0 to 9, 14 or 15, got {frame_type}")
        padding = -size % 8
        data = (bits.take(size) << padding).to_bytes((size + padding) // 8, "big")
        if aligned:
            bits.take_padding(padding)
        frames.append((frame_type, undamaged, data))
    if not aligned:
        bits.take_padding(bits.left % 8)
    if bits.left:
        raise CodecError(f"expected the end of the AMR-WB payload after its last frame, got {bits.left} more bits")
    return frames


class AmrWbDecoder:
    """AMR-WB to pcm at 16 kHz.

    Args:
        layout: how payloads are packed; ``None`` to find out.

    Raises:
        UnsupportedCodec: if this build of FFmpeg lacks AMR-WB.
    """

    rate = RATE

    def __init__(self, layout: Layout | None = None) -> None:
        self._told = layout is not None
        self._layout = layout
        self._decoder = PyavDecoder("AMR-WB", (_OPENCORE, "amrwb"), RATE)
        # OpenCORE's decoder makes comfort noise and covers lost frames. FFmpeg's own refuses both kinds of frame, but
        # covers a frame of no data.
        self._whole_range = self._decoder.name == _OPENCORE

    @property
    def layout(self) -> Layout | None:
        """The layout that payloads are read in; ``None`` while it is not known."""
        return self._layout

    def decode(self, payload: bytes) -> bytes:
        """The pcm of one payload: 20 ms for each frame in it.

        Raises:
            CodecError: if the payload is not AMR-WB in the layout of this stream.
        """
        frames = unpack(payload, self._layout) if self._layout and self._told else self._find_out(payload)
        return b"".join(map(self._decode_frame, frames))

    def _find_out(self, payload: bytes) -> list[Frame]:
        # What fitted before comes first, but is not final: a damaged payload may have fitted by chance.
        layouts: list[Layout] = ["bandwidth-efficient", "octet-aligned"]
        if self._layout == "octet-aligned":
            layouts.reverse()
        fitting: dict[Layout, list[Frame]] = {}
        refusals: list[str] = []
        for layout in layouts:
            try:
                fitting[layout] = unpack(payload, layout)
            except CodecError as error:
                refusals.append(f"{layout}: {error.message}")
        if not fitting:
            raise CodecError(
                f"expected a payload of AMR-WB, got {len(payload)} bytes that are not ({'; '.join(refusals)})"
            )
        layout, frames = next(iter(fitting.items()))
        if len(fitting) == 1 and any(frame_type < _COMFORT_NOISE for frame_type, _, _ in frames):
            self._layout = layout
        return frames

    def _decode_frame(self, frame: Frame) -> bytes:
        frame_type, undamaged, data = frame
        if not undamaged and frame_type != _NO_DATA:
            frame_type, data = _SPEECH_LOST, b""
        if frame_type >= _COMFORT_NOISE and not self._whole_range:
            frame_type, data = _NO_DATA, b""
        # The storage format of RFC 4867 §5.3, which FFmpeg's decoders take: a byte with type and Q bit, then the bits.
        header = frame_type << 3 | (0 if frame_type == _SPEECH_LOST else 1 << 2)
        return self._decoder.decode(bytes((header,)) + data)
