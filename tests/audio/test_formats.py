"""How a stretch of audio is written, and from one way of writing it into another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.codecs import ENCODABLE, make_encoder
from offhook.audio.codecs.g711 import PcmaDecoder, PcmaEncoder, PcmuDecoder, PcmuEncoder
from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat, Rewriter, best_for, format_of
from offhook.audio.resample import Resampler
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Lab

PCM_24K = AudioFormat("pcm", 24000)


def test_a_format_knows_how_much_it_is() -> None:
    """Of a millisecond, a frame and a sample."""
    assert [(each.sample_bytes, each.bytes_per_ms, each.frame_bytes) for each in (PCMU, PCMA, PCM_8K, PCM_24K)] == [
        (1, 8, 160),
        (1, 8, 160),
        (2, 16, 320),
        (2, 48, 960),
    ]
    assert str(PCM_24K) == "pcm at 24000 Hz"
    with pytest.raises(CodecError):
        _ = AudioFormat("pcm", 22051).frame_bytes


def test_silence_is_silence_in_every_format() -> None:
    """The codes of G.711 for it are not zero."""
    assert (PCMU.silence, PCMA.silence, PCM_16K.silence) == (b"\xff" * 160, b"\xd5" * 160, bytes(640))
    for each in (PCMU, PCMA, PCM_16K):
        assert not each.sounds(each.silence)
        assert not each.sounds(b"")


@pytest.mark.parametrize("written", [PCMU, PCMA, PCM_8K])
def test_what_is_below_61_dbfs_is_not_heard(written: AudioFormat, lab: Lab) -> None:
    """The noise of a quiet line is not a voice, and a whisper is one."""
    write = Rewriter(PCM_8K, written).process
    assert not written.sounds(write(lab.tone(440, 8000, 100, level=20)))
    assert written.sounds(write(bytes(3200) + lab.tone(440, 8000, 20, level=200)))


@pytest.mark.parametrize(
    ("wanted", "offered", "best"),
    [
        (PCMU, (PCM_16K, PCMU), PCMU),
        (PCMA, (PCMU, PCM_16K, PCM_8K), PCM_8K),
        (PCMA, (PCMU, PCM_24K, PCM_16K), PCM_24K),
        (PCM_16K, (PCMU, PCM_24K), PCM_24K),
        (PCM_24K, (PCMU, PCM_16K), PCM_16K),
        (PCMA, (PCMU,), PCMU),
    ],
)
def test_of_what_is_offered_that_is_taken_which_loses_least(
    wanted: AudioFormat, offered: tuple[AudioFormat, ...], best: AudioFormat
) -> None:
    """Untouched if that can be, and never through the other law if there is pcm."""
    assert best_for(wanted, offered) == best


@pytest.mark.parametrize(("codec", "rate"), [(codec, rate) for codec, rates in ENCODABLE.items() for rate in rates])
def test_a_codec_takes_itself_or_what_its_encoder_takes(codec: str, rate: int) -> None:
    """G.711 is a format, every other codec is written from pcm."""
    taken = format_of(codec, rate)
    assert taken.sample_rate == make_encoder(codec, rate).rate
    assert taken.encoding == (codec.lower() if codec in ("PCMU", "PCMA") else "pcm")


@pytest.mark.parametrize("written", [PCMU, PCMA, PCM_16K])
def test_what_is_written_as_wanted_passes_untouched(written: AudioFormat) -> None:
    """Byte for byte."""
    rewriter = Rewriter(written, written)
    audio = bytes(range(256)) * 5
    assert rewriter.process(audio) + rewriter.flush() == audio


def test_one_law_is_written_in_the_other_sample_by_sample() -> None:
    """As a decoder and an encoder in a row do it."""
    codes = bytes(range(256))
    assert Rewriter(PCMU, PCM_8K).process(codes) == PcmuDecoder().decode(codes)
    assert Rewriter(PCMA, PCM_8K).process(codes) == PcmaDecoder().decode(codes)
    assert Rewriter(PCMU, PCMA).process(codes) == PcmaEncoder().encode(PcmuDecoder().decode(codes))


def test_another_rate_is_resampled_on_the_way(lab: Lab) -> None:
    """With what the resampler owes in the end."""
    tone = lab.tone(440, 24000, 100)
    resampler, rewriter = Resampler(24000, 8000), Rewriter(PCM_24K, PCMU)
    encode = PcmuEncoder().encode
    assert rewriter.process(tone) == encode(resampler.process(tone))
    assert rewriter.flush() == encode(resampler.flush())
    up = Rewriter(PCMU, PCM_16K)
    wide = up.process(encode(lab.tone(440, 8000, 100))) + up.flush()
    level, _ = lab.level_of(lab.samples(wide)[160:-160], 440, 16000)
    assert level == pytest.approx(16000, rel=0.02)


def test_a_rate_that_cannot_be_changed_is_refused() -> None:
    """Before any audio."""
    with pytest.raises(CodecError):
        Rewriter(AudioFormat("pcm", -1), PCMU)


@given(st.binary(max_size=2000), st.lists(st.integers(1, 700)), st.sampled_from([PCMU, PCM_8K, PCM_16K]))
def test_samples_may_be_cut_anywhere(audio: bytes, cuts: list[int], wanted: AudioFormat) -> None:
    """The same comes out, and what is left of half a sample at the end is dropped."""
    whole = Rewriter(PCM_8K, wanted)
    expected = whole.process(audio) + whole.flush()
    pieces, at = [], 0
    rewriter = Rewriter(PCM_8K, wanted)
    for cut in [*cuts, len(audio)]:
        pieces.append(rewriter.process(audio[at : at + cut]))
        at += cut
    got = b"".join(pieces) + rewriter.flush()
    assert len(got) == len(expected)
    if wanted == PCM_16K:
        difference = np.frombuffer(got, "<i2").astype(int) - np.frombuffer(expected, "<i2").astype(int)
        assert np.abs(difference).max(initial=0) <= 1  # sums in another order
    else:
        assert got == expected
    if wanted == PCM_8K:
        assert got == audio[: len(audio) & ~1]


def test_half_a_sample_of_one_stretch_does_not_shift_the_next() -> None:
    """A sentence that ends in the middle of a sample costs the next one nothing."""
    rewriter = Rewriter(PCM_8K, PCM_8K)
    assert rewriter.process(b"\1\2\3") + rewriter.flush() == b"\1\2"
    assert rewriter.process(b"\4\5") == b"\4\5"
