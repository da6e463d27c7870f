"""Frames: sizes, cutting, levels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.frames import FRAME_MS, SILENCE_DBFS, Framer, dbfs, frame_bytes, rms, silence, whole_samples
from offhook.errors import CodecError


@pytest.mark.parametrize(
    ("rate", "size"), [(8000, 320), (16000, 640), (22050, 882), (24000, 960), (44100, 1764), (48000, 1920)]
)
def test_a_frame_is_20_ms(rate: int, size: int) -> None:
    """At every rate that a codec has, a frame is 20 ms of 16-bit samples."""
    assert FRAME_MS == 20
    assert frame_bytes(rate) == size


@pytest.mark.parametrize("rate", [0, -8000, 11025, 1])
def test_a_rate_without_whole_frames_is_refused(rate: int) -> None:
    """A rate at which 20 ms are no whole number of samples, or none at all, is an error and not rounded."""
    with pytest.raises(CodecError, match=f"got {rate} Hz"):
        frame_bytes(rate)


def test_half_a_sample_is_refused_with_what_came() -> None:
    """An odd number of bytes is never cut short in silence: half a sample shifts all that follows."""
    assert whole_samples(b"\0\0\0\0") == 2
    with pytest.raises(CodecError, match="got 3 bytes"):
        whole_samples(b"\0\0\0")


def test_silence_is_as_long_as_asked() -> None:
    """Silence has the length that was asked for to the nearest sample, and no length below nothing."""
    assert silence(8000, 20) == bytes(320)
    assert silence(22050, 10) == bytes(440)  # 220.5 samples, to the nearest even as round() does
    assert silence(8000, 0) == b""
    with pytest.raises(CodecError, match="got -1 ms"):
        silence(8000, -1)


def test_levels_of_known_signals() -> None:
    """Full-scale square is 0 dBFS, full-scale sine -3.01, silence the floor."""
    square = b"\x00\x80\xff\x7f" * 80
    sine = b"".join(round(32767 * math.sin(math.pi * n / 20)).to_bytes(2, "little", signed=True) for n in range(160))
    assert dbfs(square) == pytest.approx(0.0, abs=0.001)
    assert dbfs(sine) == pytest.approx(-3.01, abs=0.01)
    assert rms(sine) == pytest.approx(32767 / math.sqrt(2), abs=1)
    assert dbfs(b"\x01\x00") == pytest.approx(-90.3, abs=0.01)
    assert dbfs(silence(8000, 20)) == dbfs(b"") == SILENCE_DBFS
    assert rms(b"") == 0


@given(st.lists(st.binary(max_size=1500)), st.sampled_from([8000, 16000, 24000]))
def test_framing_loses_nothing_however_the_stream_is_cut(pieces: list[bytes], rate: int) -> None:
    """All that goes in comes out in whole frames, and the last one is padded with silence."""
    framer = Framer(rate)
    frames = [frame for piece in pieces for frame in framer.push(piece)]
    assert all(len(frame) == frame_bytes(rate) for frame in frames)
    whole = b"".join(pieces)
    assert len(whole) - len(b"".join(frames)) == framer.held_bytes < frame_bytes(rate)
    if len(whole) % 2:
        with pytest.raises(CodecError, match="whole 16-bit samples"):
            framer.flush()
        return
    tail = framer.flush()
    assert len(tail) in (0, frame_bytes(rate))
    assert (b"".join(frames) + tail).rstrip(b"\0") == whole.rstrip(b"\0")


def test_after_a_flush_or_a_clear_the_stream_begins_anew() -> None:
    """Nothing of one stream is heard in the next, not even after an end in half a sample."""
    framer = Framer(8000)
    assert framer.push(b"\1\1") == []
    assert framer.flush() == b"\1\1" + bytes(318)
    assert framer.flush() == b""
    framer.push(b"\1")
    with pytest.raises(CodecError):
        framer.flush()
    assert framer.held_bytes == 0
    framer.push(b"\1\1")
    framer.clear()
    assert framer.push(bytes(320)) == [bytes(320)]
