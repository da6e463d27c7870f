"""OPUS against FFmpeg's codec used directly, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.frames import frame_bytes
from offhook.audio.resample import resample
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Judge, Lab


def frames(pcm: bytes, rate: int) -> list[bytes]:
    size = frame_bytes(rate)
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_ffmpeg_decodes_what_we_encode(rate: int, lab: Lab, judge: Judge) -> None:
    """A 440 Hz tone comes out as that tone, 20 dB above the rest, 20 ms for each packet."""
    encoder = make_encoder("OPUS", rate)
    packets = [encoder.encode(frame) for frame in frames(lab.tone(440, rate, 600), rate)]
    heard = lab.samples(judge.decode("libopus", 48000, packets))
    assert len(heard) == 48000 * 600 // 1000
    level, rest = lab.level_of(heard[9600:], 440, 48000)
    assert lab.db(level**2 / 2, float((rest**2).mean())) >= 20
    assert level == pytest.approx(16000, rel=0.1)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_we_decode_what_ffmpeg_encodes(rate: int, lab: Lab, judge: Judge) -> None:
    """The same samples as FFmpeg's decoder gives at 48 kHz, at the rate that was asked for."""
    voice = lab.voice(16000, 400)
    packets = judge.encode("libopus", 16000, voice, application="voip", frame_duration="20")
    decoder = make_decoder("OPUS", rate)
    parts = [decoder.decode(packet) for packet in packets]
    assert {len(part) for part in parts} == {frame_bytes(rate)}
    reference = resample(judge.decode("libopus", 48000, packets), 48000, rate)
    snr_db, delay = lab.aligned_snr_db(lab.samples(reference), lab.samples(b"".join(parts)), 40)
    assert snr_db >= 60
    assert delay <= 0.002 * rate


def test_the_codec_delays_by_less_than_10_ms_both_ways(lab: Lab) -> None:
    """OPUS adds less than half a frame to the way of the audio."""
    encoder, decoder = make_encoder("OPUS", 16000), make_decoder("OPUS", 16000)
    at = np.arange(9600) / 16000
    chirp = 9000 * np.sin(2 * np.pi * (300 + 2000 * at) * at)
    heard = lab.samples(b"".join(decoder.decode(encoder.encode(frame)) for frame in frames(lab.pcm(chirp), 16000)))
    likeness = [float(np.dot(chirp[:9000], heard[delay : 9000 + delay])) for delay in range(600)]
    assert 0 < likeness.index(max(likeness)) < 160


def test_calls_share_no_state(lab: Lab) -> None:
    """What one call encodes is not changed by what another encodes in between."""
    one, other = frames(lab.voice(16000, 200, 125), 16000), frames(lab.voice(16000, 200, 210), 16000)
    encoder_a, encoder_b, alone = (make_encoder("OPUS", 16000) for _ in range(3))
    mixed = []
    for a, b in zip(one, other, strict=True):
        mixed.append(encoder_a.encode(a))
        encoder_b.encode(b)
    assert mixed == [alone.encode(a) for a in one]


@pytest.mark.parametrize("size", [0, 320, 641, 1280])
def test_an_encoder_takes_exactly_one_frame(size: int) -> None:
    """A payload holds one packet, and the carrier wants a packet of 20 ms in a message."""
    encoder = make_encoder("OPUS", 16000)
    assert encoder.frame_per_payload
    with pytest.raises(CodecError, match=f"one 20 ms frame of 640 bytes for OPUS, got {size} bytes"):
        encoder.encode(bytes(size))


def test_a_damaged_packet_does_not_end_the_stream(lab: Lab) -> None:
    """Packets that are empty or nonsense are refused one by one, and the next good one is heard."""
    encoder, decoder = make_encoder("OPUS", 16000), make_decoder("OPUS", 16000)
    good = encoder.encode(bytes(640))
    for bad in (b"", b"\xff", b"\xff\xff\xff"):
        with pytest.raises(CodecError):
            decoder.decode(bad)
    assert len(decoder.decode(good)) == 640
