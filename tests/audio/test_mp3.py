"""MP3 as it comes."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest

from offhook.audio.mp3 import Mp3Decoder, Mp3Encoder
from offhook.errors import CodecError
from offhook.speech.testing import tone

RATE = 24_000


def encoded(pcm: bytes, rate: int = RATE, step: int = 1234) -> bytes:
    encoder = Mp3Encoder(rate)
    return b"".join(encoder.process(pcm[at : at + step]) for at in range(0, len(pcm), step)) + encoder.flush()


def decoded(*pieces: bytes, rate: int = RATE) -> bytes:
    decoder = Mp3Decoder(rate)
    return b"".join(pcm for piece in pieces for pcm in decoder.decode(piece)) + decoder.flush()


def whole_file(pcm: bytes, rate: int = RATE, layout: str = "mono") -> bytes:
    """As a program writes it that can go back and say how long it has become."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=rate)
        stream.layout = layout
        samples = np.frombuffer(pcm, dtype="<i2")
        if layout == "stereo":
            samples = np.repeat(samples, 2)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return out.getvalue()


def begins_ms(pcm: bytes, rate: int = RATE) -> float:
    """Where the sound begins."""
    return float(np.argmax(np.abs(np.frombuffer(pcm, dtype="<i2")) > 2000)) * 1000 / rate


def ms(pcm: bytes, rate: int = RATE) -> float:
    return len(pcm) / 2 * 1000 / rate


@pytest.mark.parametrize("step", [1, 7, 700, 100_000])
def test_the_sound_is_the_same_however_it_is_cut(step: int) -> None:
    """Also within its tag, and within frames."""
    mp3 = encoded(tone(RATE, 300))
    pcm = decoded(*(mp3[at : at + step] for at in range(0, len(mp3), step)))
    assert pcm == decoded(mp3)
    assert ms(pcm) == pytest.approx(300 + 46, abs=30)
    middle = np.frombuffer(pcm, dtype="<i2")[RATE // 10 : RATE // 5].astype(float)
    assert np.abs(middle).max() == pytest.approx(8000, rel=0.1)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * RATE / len(middle) == pytest.approx(440, abs=12)


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000])
@pytest.mark.parametrize("written", [16_000, 22_050, 44_100])
def test_it_is_brought_to_the_rate_that_is_wanted(rate: int, written: int) -> None:
    """Whatever it was written at."""
    pcm = decoded(encoded(tone(written, 300), written), rate=rate)
    assert ms(pcm, rate) == pytest.approx(350, abs=60)


def test_a_long_piece_is_decoded_part_by_part() -> None:
    """So that nobody waits for all of it."""
    parts = list(Mp3Decoder(8000).decode(encoded(tone(RATE, 3000))))
    assert len(parts) > 8
    assert all(ms(part, 8000) < 400 for part in parts)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_what_a_file_says_is_padding_is_not_played(rate: int, layout: str) -> None:
    """So that a sentence begins at once, each file of it."""
    one = whole_file(tone(rate, 300), rate, layout)
    assert begins_ms(decoded(one, rate=RATE)) < 4
    pcm = decoded(one, one, rate=RATE)
    assert ms(pcm) == pytest.approx(600, abs=60)
    gaps = np.flatnonzero(np.abs(np.frombuffer(pcm, dtype="<i2")[: RATE * 5 // 9]) > 500)
    assert max(after - before for before, after in pairwise(gaps)) < RATE * 0.05


def test_a_file_that_says_nothing_of_padding_is_played_as_it_is() -> None:
    """An older kind of the frame that might."""
    mp3 = whole_file(tone(RATE, 300))
    at = mp3.index(b"Info")
    older = mp3[:at] + b"Xing" + mp3[at + 4 : at + 120] + bytes(200)
    assert decoded(older[: at + 183] + encoded(tone(RATE, 300))[29:])


def test_what_is_damaged_is_left_out() -> None:
    """The rest is heard."""
    mp3 = bytearray(encoded(tone(RATE, 1000)))
    mp3[2000:2400] = b"\xff\xf3\x84\xc4" + bytes(396)
    assert 500 < ms(decoded(bytes(mp3))) < 1100


@pytest.mark.parametrize("other", [tone(RATE, 100)[40:], b"RIFF" + bytes(60), b"OggS", b"\xff\xff\xff\xff", b"{"])
def test_what_is_no_mp3_is_an_error(other: bytes) -> None:
    """At once."""
    with pytest.raises(CodecError, match="expected MP3"):
        decoded(other)


def test_nothing_is_nothing() -> None:
    """No sound, and no error; a tag alone is none either."""
    assert decoded() == decoded(b"", b"") == decoded(encoded(tone(RATE, 100))[:20]) == b""
    assert encoded(b"") == b""


def test_a_rate_that_nothing_can_be_brought_to_is_told_at_once() -> None:
    """When the decoder is made, or when the MP3 has one."""
    with pytest.raises(CodecError, match="expected a rate"):
        Mp3Decoder(11_025)
    with pytest.raises(CodecError, match="expected a rate"):
        decoded(encoded(tone(11_025, 200), 11_025))
