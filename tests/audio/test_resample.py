"""The resampler: what it passes, what it stops, how late it is, and who agrees."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.audio.frames import frame_bytes
from offhook.audio.resample import RATES, Resampler, resample
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Judge, Lab, Samples

PAIRS = list(itertools.permutations(RATES, 2))
PASS_EDGE = 0.425
STOP_EDGE = 0.575


def in_frames(pcm: bytes, rate_in: int, rate_out: int) -> bytes:
    resampler = Resampler(rate_in, rate_out)
    size = frame_bytes(rate_in)
    return b"".join(resampler.process(pcm[at : at + size]) for at in range(0, len(pcm), size))


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_each_frame_in_is_a_frame_out_at_once(rate_in: int, rate_out: int) -> None:
    """The resampler holds no frame back, from the first one on."""
    resampler = Resampler(rate_in, rate_out)
    for _ in range(5):
        assert len(resampler.process(bytes(frame_bytes(rate_in)))) == frame_bytes(rate_out)


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_the_pass_band_is_flat_and_clean(rate_in: int, rate_out: int, lab: Lab) -> None:
    """Tones up to 0.425 of the lower rate: within 0.02 dB, and 60 dB above all else (noise, images, distortion)."""
    low = min(rate_in, rate_out)
    for hz in np.linspace(0.03, PASS_EDGE, 6) * low:
        out = lab.samples(in_frames(lab.tone(float(hz), rate_in, 200), rate_in, rate_out))[rate_out // 50 :]
        level, rest = lab.level_of(out, float(hz), rate_out)
        assert abs(lab.db(level**2, 16000.0**2)) < 0.02
        assert lab.db(level**2 / 2, float(np.mean(rest**2))) >= 60


@pytest.mark.parametrize(("rate_in", "rate_out"), [pair for pair in PAIRS if STOP_EDGE * pair[1] < 0.5 * pair[0]])
def test_what_would_fold_back_is_stopped(rate_in: int, rate_out: int, lab: Lab) -> None:
    """Tones from 0.575 of the lower rate on leave nothing above -60 dB."""
    for hz in np.linspace(STOP_EDGE * rate_out, 0.499 * rate_in, 6):
        out = lab.samples(in_frames(lab.tone(float(hz), rate_in, 200), rate_in, rate_out))[rate_out // 50 :]
        assert lab.db(float(np.mean(out**2)), 16000.0**2 / 2) <= -60


@pytest.mark.parametrize(("rate_in", "rate_out"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_no_image_of_the_pass_band_is_heard(rate_in: int, rate_out: int, lab: Lab) -> None:
    """Going up, everything above the mirror of the pass band is 60 dB below white noise in it."""
    rng = np.random.default_rng(1)
    size = rate_in // 2
    spectrum = np.fft.rfft(rng.normal(0, 4000, size))
    spectrum[int(PASS_EDGE * size) :] = 0
    out = lab.samples(in_frames(lab.pcm(np.fft.irfft(spectrum, size)), rate_in, rate_out))[rate_out // 50 :]
    power = np.abs(np.fft.rfft(out * np.kaiser(len(out), 12))) ** 2
    hz = np.fft.rfftfreq(len(out), 1 / rate_out)
    wanted = power[hz < PASS_EDGE * rate_in].sum()
    images = power[hz > (1 - PASS_EDGE) * rate_in].sum()
    assert lab.db(float(images), float(wanted)) <= -60


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_the_delay_is_what_it_says_and_never_over_2_ms(rate_in: int, rate_out: int, lab: Lab) -> None:
    """Found by correlation with the same burst computed at every hundredth of a millisecond."""

    def burst(at_s: Samples) -> Samples:
        since = at_s - 0.05
        return 12000 * np.exp(-((since / 0.002) ** 2)) * np.cos(2 * np.pi * 0.05 * min(rate_in, rate_out) * since)

    resampler = Resampler(rate_in, rate_out)
    out = lab.samples(in_frames(lab.pcm(burst(np.arange(rate_in // 10) / rate_in)), rate_in, rate_out))
    at = np.arange(len(out)) / rate_out
    likeness = [float(np.dot(out, burst(at - delay_ms / 1000))) for delay_ms in np.arange(0, 3, 0.01)]
    measured_ms = int(np.argmax(likeness)) * 0.01
    assert measured_ms == pytest.approx(resampler.delay_ms, abs=0.02)
    assert resampler.delay_ms <= 2.0


@pytest.mark.parametrize(
    ("rate_in", "rate_out"),
    [
        *itertools.permutations((8000, 16000, 24000, 48000), 2),
        (22050, 8000),
        (22050, 16000),
        (44100, 8000),
        (44100, 16000),
    ],
)
def test_swresample_agrees(rate_in: int, rate_out: int, lab: Lab, judge: Judge) -> None:
    """A vowel within the pass band comes out of FFmpeg's resampler the same to 60 dB once the delay is taken out."""
    top_hz = 0.4 * min(rate_in, rate_out)
    voice = lab.samples(lab.voice(rate_in, 400, top_hz=top_hz)) * 0.8
    voice *= np.hanning(len(voice))
    theirs = lab.samples(judge.resample(lab.pcm(voice), rate_in, rate_out))
    ours = lab.samples(resample(lab.pcm(voice), rate_in, rate_out))
    delay = Resampler(rate_in, rate_out).delay_ms / 1000 * rate_out
    length = min(len(theirs), len(ours))
    # What is left of the delay is a fraction of a sample: shift theirs by it, exactly, in the frequency domain.
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(length) * (delay - round(delay)))
    shifted = np.fft.irfft(np.fft.rfft(theirs[:length]) * turn, length)
    assert lab.snr_db(shifted, ours[:length]) >= 60


@settings(max_examples=60)
@given(st.sampled_from([*PAIRS, (8000, 8000)]), st.lists(st.integers(0, 3000), max_size=8))
def test_cutting_the_stream_differently_changes_nothing(pair: tuple[int, int], sizes: list[int]) -> None:
    """Half samples included; to the last bit or, where the order of float sums differs, to one step of 16 bits."""
    rng = np.random.default_rng(sum(sizes) + len(sizes))
    data = rng.integers(0, 256, sum(sizes) + sum(sizes) % 2, dtype=np.uint8).tobytes()
    at_once, piecewise = Resampler(*pair), Resampler(*pair)
    expected = at_once.process(data) + at_once.flush()
    ends = list(itertools.accumulate(sizes, initial=0))
    got = b"".join(piecewise.process(data[start:end]) for start, end in itertools.pairwise(ends))
    got += piecewise.process(data[ends[-1] :]) + piecewise.flush()
    assert len(got) == len(expected)
    if got:
        difference = np.frombuffer(got, "<i2").astype(int) - np.frombuffer(expected, "<i2")
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_everything_together_lasts_as_long_as_the_input_and_the_delay(rate_in: int, rate_out: int) -> None:
    """What comes out lasts as long as what went in, whatever the pair of rates."""
    resampler = Resampler(rate_in, rate_out)
    samples = 1234
    out = resampler.process(bytes(2 * samples)) + resampler.flush()
    seconds = samples / rate_in + resampler.delay_ms / 1000
    assert len(out) // 2 == pytest.approx(seconds * rate_out, abs=2)
    assert len(resample(bytes(2 * samples), rate_in, rate_out)) == 2 * -(-samples * rate_out // rate_in)


def test_after_a_flush_nothing_of_the_old_stream_is_heard(lab: Lab) -> None:
    """A resampler may be used for one stream after another."""
    resampler = Resampler(8000, 16000)
    resampler.process(lab.tone(440, 8000, 21))
    assert any(resampler.flush())
    assert not any(resampler.process(bytes(320)))


def test_equal_rates_pass_unchanged(lab: Lab) -> None:
    """Where nothing is to be converted nothing is touched or delayed."""
    pcm = lab.tone(440, 8000, 20)
    resampler = Resampler(8000, 8000)
    assert resampler.process(pcm) == pcm
    assert (resampler.delay_ms, resampler.block_ms) == (0.0, 0.0)
    assert resampler.flush() == b""
    assert resample(pcm, 8000, 8000) == pcm


def test_a_full_scale_square_clips_and_does_not_wrap(lab: Lab) -> None:
    """The filter overshoots at its edges; the sign of what comes out stays that of what went in."""
    square = lab.pcm(np.tile(np.repeat([32767.0, -32768.0], 40), 20))
    out = lab.samples(resample(square, 8000, 16000))
    middle = out.reshape(-1, 80)[2:-2, 30:50]
    assert (np.sign(middle) == np.where(np.arange(len(middle)) % 2 == 0, 1, -1)[:, None]).all()
    assert out.max() == 32767


@pytest.mark.parametrize("pair", [(11025, 8000), (8000, 0)])
def test_a_rate_that_is_not_known_is_refused(pair: tuple[int, int]) -> None:
    """Only the rates of telephony and of the engines are converted, and the error lists them."""
    with pytest.raises(CodecError, match="expected a rate of 8000"):
        Resampler(*pair)


def test_a_stream_that_ends_in_half_a_sample_is_reported() -> None:
    """A first half of a sample waits for its second, and is an error when the stream ends."""
    for rate_out in (8000, 16000):
        resampler = Resampler(8000, rate_out)
        assert resampler.process(b"\0") == b""
        with pytest.raises(CodecError, match="got 1 bytes"):
            resampler.flush()
    with pytest.raises(CodecError):
        resample(b"\0", 8000, 16000)


def test_streams_share_nothing(lab: Lab) -> None:
    """The matrix is shared, the history is not."""
    one, other = Resampler(8000, 16000), Resampler(8000, 16000)
    one.process(lab.tone(440, 8000, 20))
    assert not any(other.process(bytes(320)))
