"""The codec of a leg, in one direction."""

from __future__ import annotations

import numpy as np
import pytest

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.errors import UnsupportedCodec
from offhook.exchange.sound.coding import LineCoding

SILENCE = bytes(320)


def tone(rate: int) -> bytes:
    at = np.arange(rate // 50) / rate
    return (8000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()


@pytest.mark.parametrize(("codec", "rate"), [("PCMU", 8000), ("PCMA", 8000), ("G722", 16000), ("OPUS", 16000)])
def test_a_frame_gives_its_payload_and_what_the_far_end_makes_of_it(codec: str, rate: int) -> None:
    """Both are of 20 ms, and the audio is at the codec's own rate."""
    coding = LineCoding(codec, 8000)
    payload, heard = coding.through(coding.to_line(tone(8000)))
    assert coding.rate == rate
    assert len(heard) == rate // 25
    assert 0 < len(payload) < len(heard)
    assert len(coding.to_phone(heard)) == 320


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@pytest.mark.parametrize("pcm", [SILENCE, tone(8000)])
def test_silence_goes_through_a_codec_like_any_other_frame(codec: str, pcm: bytes) -> None:
    """That it is not coded anew every time is not to be heard."""
    payload = make_encoder(codec, 8000).encode(pcm)
    for _ in range(2):
        assert LineCoding(codec, 8000).through(pcm) == (payload, make_decoder(codec, 8000).decode(payload))


def test_a_codec_that_works_in_one_direction_only_is_refused() -> None:
    """A leg needs both."""
    with pytest.raises(UnsupportedCodec):
        LineCoding("AMR-WB", 8000)
