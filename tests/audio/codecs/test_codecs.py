"""What can be coded, and what is said when it cannot."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.codecs import DECODABLE, ENCODABLE, make_decoder, make_encoder
from offhook.audio.frames import frame_bytes
from offhook.errors import CodecError, UnsupportedCodec


@pytest.mark.parametrize(("encoding", "rate"), [(name, rate) for name, rates in ENCODABLE.items() for rate in rates])
def test_one_frame_in_gives_one_frame_out(encoding: str, rate: int) -> None:
    """Every codec that can be encoded gives 20 ms back for 20 ms, at each rate, from the first frame on."""
    encoder, decoder = make_encoder(encoding, rate), make_decoder(encoding, rate)
    assert encoder.rate == decoder.rate
    for _ in range(3):
        payload = encoder.encode(bytes(frame_bytes(encoder.rate)))
        assert len(decoder.decode(payload)) == frame_bytes(decoder.rate)


@pytest.mark.parametrize(("encoding", "rate"), [("G722", 8000), ("G722", 16000), ("AMR-WB", 8000), ("AMR-WB", 16000)])
def test_wideband_codecs_give_16_khz_whatever_clock_is_announced(encoding: str, rate: int) -> None:
    """The clock in signalling is history (RFC 3551 says 8000 for G.722): the audio is wideband all the same."""
    assert make_decoder(encoding, rate).rate == 16000


@pytest.mark.parametrize("encoding", ["pcmu", "G729", "", "AMR"])
def test_an_unknown_encoding_is_refused_with_all_known_ones(encoding: str) -> None:
    """Names are matched exactly, and the error says both what was asked for and what there is."""
    with pytest.raises(UnsupportedCodec, match="PCMU, PCMA, L16, G722, OPUS, AMR-WB") as refused:
        make_decoder(encoding, 8000)
    assert repr(encoding) in str(refused.value)
    with pytest.raises(UnsupportedCodec, match="encode"):
        make_encoder(encoding, 8000)


def test_amr_wb_cannot_be_encoded_and_that_is_said_at_once() -> None:
    """A call that would have no voice is refused at its start and not in the middle."""
    with pytest.raises(UnsupportedCodec, match=r"can encode \(PCMU, PCMA, L16, G722, OPUS\), got 'AMR-WB'"):
        make_encoder("AMR-WB", 16000)


@pytest.mark.parametrize(("encoding", "rate"), [("PCMU", 16000), ("PCMA", 0), ("OPUS", 44100), ("L16", 11025)])
def test_a_wrong_rate_is_refused_with_the_right_ones(encoding: str, rate: int) -> None:
    """A codec is never run at a rate that is not its own: the audio would be too fast or too slow."""
    for make in (make_decoder, make_encoder):
        with pytest.raises(UnsupportedCodec, match=f"expected {encoding} at .*8000.*, got {rate} Hz"):
            make(encoding, rate)


@given(st.sampled_from(sorted(DECODABLE)), st.lists(st.binary(max_size=400), max_size=5))
def test_a_decoder_takes_any_bytes_and_stays_usable(encoding: str, payloads: list[bytes]) -> None:
    """Whole samples or a CodecError, never anything else; afterwards a good frame is decoded."""
    decoder = make_decoder(encoding, 16000 if encoding not in ("PCMU", "PCMA") else 8000)
    for payload in payloads:
        try:
            assert len(decoder.decode(payload)) % 2 == 0
        except CodecError as error:
            assert error.code == "codec"  # noqa: PT017 - both outcomes are right
    if encoding in ENCODABLE:
        good = make_encoder(encoding, decoder.rate).encode(bytes(frame_bytes(decoder.rate)))
        assert len(decoder.decode(good)) == frame_bytes(decoder.rate)


@given(st.sampled_from(sorted(ENCODABLE)), st.binary(max_size=1500))
def test_an_encoder_takes_any_bytes(encoding: str, pcm: bytes) -> None:
    """Bytes that are no whole frame are encoded or refused, and the encoder works on afterwards."""
    encoder = make_encoder(encoding, ENCODABLE[encoding][0])
    try:
        payload = encoder.encode(pcm)
    except CodecError:
        assert len(pcm) % frame_bytes(encoder.rate) or encoder.frame_per_payload
    else:
        assert isinstance(payload, bytes)
    assert encoder.encode(bytes(frame_bytes(encoder.rate)))


def test_pyav_is_imported_by_the_first_codec_that_needs_it() -> None:
    """Half of all calls never need it, and it costs a tenth of a second."""
    code = (
        "import sys; from offhook.audio.codecs import make_decoder;"
        "make_decoder('PCMU', 8000); assert 'av' not in sys.modules;"
        "make_decoder('G722', 8000); assert 'av' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
