"""L16 and its byte order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.codecs import likely_byte_order, make_decoder, make_encoder
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Lab


def test_little_endian_is_the_pcm_itself() -> None:
    """The carrier's L16 is in our own byte order, and passes unchanged."""
    assert make_decoder("L16", 16000).decode(b"\1\2\3\4") == b"\1\2\3\4"
    assert make_encoder("L16", 16000).encode(b"\1\2\3\4") == b"\1\2\3\4"


def test_big_endian_has_its_bytes_swapped() -> None:
    """L16 of RFC 3551 is in network order, and is turned both ways."""
    assert make_decoder("L16", 16000, l16_byte_order="big").decode(b"\1\2\3\4") == b"\2\1\4\3"
    assert make_encoder("L16", 16000, l16_byte_order="big").encode(b"\1\2\3\4") == b"\2\1\4\3"


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_the_rate_is_the_announced_one(rate: int) -> None:
    """L16 has no rate of its own: the one that was announced is taken."""
    assert make_decoder("L16", rate).rate == make_encoder("L16", rate).rate == rate
    assert make_encoder("L16", rate).frame_per_payload is False


@pytest.mark.parametrize("order", ["little", "big"])
def test_half_a_sample_is_refused(order: str) -> None:
    """In either byte order an odd number of bytes is refused, in both directions."""
    for code in (
        make_decoder("L16", 16000, l16_byte_order=order).decode,  # type: ignore[arg-type]
        make_encoder("L16", 16000, l16_byte_order=order).encode,  # type: ignore[arg-type]
    ):
        with pytest.raises(CodecError, match="got 3 bytes"):
            code(b"\0\0\0")


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("level", [1.0, 0.1])
def test_the_byte_order_of_speech_is_found(rate: int, level: float, lab: Lab) -> None:
    """20 ms of speech, loud or soft, tell in which order its bytes are."""
    voice = lab.pcm(lab.samples(lab.voice(rate, 20)) * level)
    assert likely_byte_order(voice) == "little"
    assert likely_byte_order(np.frombuffer(voice, "<i2").byteswap().tobytes()) == "big"


def test_silence_a_single_sample_and_noise_tell_no_byte_order() -> None:
    """Where both orders are as likely nothing is guessed."""
    assert likely_byte_order(bytes(640)) is None
    assert likely_byte_order(b"\1\1" * 320) is None
    assert likely_byte_order(b"\1\2") is None
    assert likely_byte_order(b"") is None
    assert likely_byte_order(np.random.default_rng(1).bytes(640)) is None


@given(st.binary(max_size=700))
def test_guessing_takes_any_payload(payload: bytes) -> None:
    """Any payload of whole samples has an answer, and any other is refused as a payload."""
    if len(payload) % 2:
        with pytest.raises(CodecError):
            likely_byte_order(payload)
    else:
        assert likely_byte_order(payload) in ("little", "big", None)
