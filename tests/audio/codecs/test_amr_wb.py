"""AMR-WB: both layouts of RFC 4867, all frame types, and FFmpeg's reader and decoders as judges.

``data/hum.awb`` is 0.7 s of a synthetic hum with a gliding pitch at 12.65 kbit/s with discontinuous transmission, in
RFC 4867's storage format: speech, comfort noise and empty frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.codecs import amr_wb, make_decoder
from offhook.audio.codecs.amr_wb import FRAME_BITS, AmrWbDecoder, Frame, Layout, unpack
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Judge, Lab

HUM = Path(__file__).parent / "data" / "hum.awb"
LAYOUTS: tuple[Layout, ...] = ("bandwidth-efficient", "octet-aligned")


def pack(frames: list[Frame], layout: Layout, mode_request: int = 15) -> bytes:
    """Write a payload as a string of zeros and ones, as the figures of the RFC are drawn."""
    octets = layout == "octet-aligned"
    bits = f"{mode_request:04b}" + ("0000" if octets else "")
    for number, (frame_type, undamaged, _) in enumerate(frames):
        bits += f"{int(number < len(frames) - 1)}{frame_type:04b}{int(undamaged)}" + ("00" if octets else "")
    for frame_type, _, data in frames:
        size = FRAME_BITS[frame_type] if frame_type < 10 else 0
        speech = "".join(f"{byte:08b}" for byte in data)[:size]
        bits += speech + ("0" * (-size % 8) if octets else "")
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def stored_frames() -> list[Frame]:
    """The frames of the storage format: a header byte, then the bits in whole bytes (RFC 4867 §5.3)."""
    content = HUM.read_bytes()
    assert content[:9] == b"#!AMR-WB\n"
    at, frames = 9, []
    while at < len(content):
        frame_type, undamaged = content[at] >> 3 & 15, bool(content[at] & 4)
        size = -(-FRAME_BITS[frame_type] // 8) if frame_type < 10 else 0
        frames.append((frame_type, undamaged, content[at + 1 : at + 1 + size]))
        at += 1 + size
    return frames


@st.composite
def frame_lists(draw: st.DrawFn) -> list[Frame]:
    def one() -> Frame:
        frame_type = draw(st.sampled_from([*range(10), 14, 15]))
        size = FRAME_BITS[frame_type] if frame_type < 10 else 0
        padding = -size % 8
        value = draw(st.integers(0, 2**size - 1)) << padding
        return frame_type, draw(st.booleans()), value.to_bytes((size + padding) // 8, "big")

    return [one() for _ in range(draw(st.integers(1, 4)))]


@given(frame_lists(), st.sampled_from(LAYOUTS), st.integers(0, 15))
def test_what_is_packed_is_unpacked(frames: list[Frame], layout: Layout, mode_request: int) -> None:
    """Any number of frames of any type in either layout, whatever mode is asked of our encoder."""
    assert unpack(pack(frames, layout, mode_request), layout) == frames


@given(st.binary(max_size=200), st.sampled_from(LAYOUTS))
def test_unpacking_takes_any_bytes(payload: bytes, layout: Layout) -> None:
    """A CodecError, or frames that pack to the very same bytes."""
    try:
        frames = unpack(payload, layout)
    except CodecError:
        return
    assert pack(frames, layout, payload[0] >> 4) == payload


@pytest.mark.parametrize(
    ("payload", "layout", "complaint"),
    [
        (b"", "bandwidth-efficient", "expected 4 more bits of AMR-WB, got 0"),
        (b"\xf0", "octet-aligned", "expected 1 more bits"),
        (b"\xf1\x7c", "octet-aligned", "4 zero bits of padding"),
        (b"\xf0\x7d", "octet-aligned", "2 zero bits of padding"),
        (b"\xf0\x14" + bytes(31), "octet-aligned", "253 more bits"),
        (b"\xf0\x14" + bytes(31) + b"\1", "octet-aligned", "3 zero bits of padding"),
        (b"\xf0\x54\0", "octet-aligned", "type 0 to 9, 14 or 15, got 10"),
        (b"\xf0\x7c\0", "octet-aligned", "8 more bits"),
        (b"\xf7\xc1", "bandwidth-efficient", "6 zero bits of padding"),
        (b"\xf0" + b"\xfc" * 60, "octet-aligned", "at most 50 frames"),
    ],
)
def test_what_is_wrong_with_a_payload_is_said(payload: bytes, layout: Layout, complaint: str) -> None:
    """A payload that breaks the RFC is refused with the rule that it breaks."""
    with pytest.raises(CodecError, match=complaint):
        unpack(payload, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("told", [True, False])
def test_ffmpeg_reads_and_decodes_the_same(layout: Layout, told: bool, av: Any, judge: Judge) -> None:
    """Its own reader of the file, its own decoder: the same pcm to the bit, speech, comfort noise and all."""
    with av.open(str(HUM)) as file:
        packets = [bytes(packet) for packet in file.demux() if packet.size]
    decoder = AmrWbDecoder(layout if told else None)
    heard = b"".join(decoder.decode(pack([frame], layout)) for frame in stored_frames())
    assert heard == judge.decode("libopencore_amrwb", 16000, packets)
    assert len(heard) == 640 * len(packets)
    assert decoder.layout == layout


def test_a_second_decoder_agrees(lab: Lab, judge: Judge) -> None:
    """FFmpeg's own AMR-WB decoder shares no code with the one that we use."""
    speech = [frame for frame in stored_frames() if frame[0] < 9]
    decoder = make_decoder("AMR-WB", 16000)
    heard = b"".join(decoder.decode(pack([frame], "bandwidth-efficient")) for frame in speech)
    theirs = judge.decode("amrwb", 16000, [bytes((kind << 3 | 4,)) + data for kind, _, data in speech])
    assert lab.snr_db(lab.samples(theirs), lab.samples(heard)) >= 15


def test_several_frames_in_a_payload_are_several_frames_of_audio() -> None:
    """A packet may carry more than 20 ms, and decodes as its frames would one by one."""
    frames = stored_frames()[:3]
    together, singly = make_decoder("AMR-WB", 16000), make_decoder("AMR-WB", 16000)
    expected = b"".join(singly.decode(pack([frame], "octet-aligned")) for frame in frames)
    assert together.decode(pack(frames, "octet-aligned")) == expected
    assert len(expected) == 3 * 640


def test_a_damaged_frame_is_concealed_and_not_played() -> None:
    """The Q bit says that the frame is damaged: it is decoded as lost."""
    frames = stored_frames()[:10]
    kind, _, data = frames[9]
    decoded = []
    for last in ((kind, False, data), (14, True, b""), (kind, True, data)):
        decoder = AmrWbDecoder("octet-aligned")
        for frame in frames[:9]:
            decoder.decode(pack([frame], "octet-aligned"))
        decoded.append(decoder.decode(pack([last], "octet-aligned")))
    assert decoded[0] == decoded[1] != decoded[2]


def test_a_payload_that_fits_both_layouts_decides_nothing() -> None:
    """A frame of no data is two bytes either way; the first speech settles the layout."""
    decoder = AmrWbDecoder()
    assert unpack(b"\x00\x7c", "octet-aligned") == [(15, True, b"")]
    assert len(decoder.decode(pack([(15, True, b"")], "octet-aligned"))) == 640
    assert decoder.layout is None
    decoder.decode(pack(stored_frames()[:1], "octet-aligned"))
    assert decoder.layout == "octet-aligned"


def test_a_layout_found_by_mistake_is_found_again() -> None:
    """Garbage may fit by chance; the stream is not deaf from then on."""
    frame = stored_frames()[0]
    decoder = AmrWbDecoder()
    for layout in ("octet-aligned", "bandwidth-efficient", "octet-aligned"):
        decoder.decode(pack([frame], layout))
        assert decoder.layout == layout


def test_a_layout_that_was_told_is_kept() -> None:
    """What signalling has said is not guessed again, even when the payload fits the other layout alone."""
    decoder = AmrWbDecoder("octet-aligned")
    with pytest.raises(CodecError):
        decoder.decode(pack(stored_frames()[:1], "bandwidth-efficient"))
    assert decoder.layout == "octet-aligned"


def test_what_fits_no_layout_is_refused_with_both_reasons() -> None:
    """The reader of a log learns from the error why neither layout could be meant."""
    with pytest.raises(CodecError, match=r"got 3 bytes that are not \(bandwidth-efficient: .*; octet-aligned: "):
        AmrWbDecoder().decode(b"\xff\xff\xff")


def test_where_only_ffmpegs_own_decoder_is_present_comfort_noise_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses comfort noise and lost frames; both are given to it as frames of no data."""
    monkeypatch.setattr(amr_wb, "_OPENCORE", "not_in_this_build")
    decoder = AmrWbDecoder("octet-aligned")
    sizes = {len(decoder.decode(pack([frame], "octet-aligned"))) for frame in stored_frames()}
    sizes.add(len(decoder.decode(pack([(14, True, b"")], "octet-aligned"))))
    assert sizes == {640}
