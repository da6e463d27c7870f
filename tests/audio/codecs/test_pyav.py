"""The coders behind G722, OPUS and AMR-WB when FFmpeg is not as hoped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from offhook.audio.codecs._pyav import PyavDecoder, PyavEncoder
from offhook.audio.codecs.opus import OpusEncoder
from offhook.errors import CodecError, UnsupportedCodec


def test_without_pyav_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader's own reason is kept, and the fix is a command."""

    def fail(name: str) -> Any:
        raise ImportError(f"no {name} here")

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(UnsupportedCodec, match="no av here") as refused:
        PyavDecoder("G722", ("g722",), 16000)
    assert refused.value.fix == "pip install --force-reinstall av"


def test_an_ffmpeg_without_the_codec_is_named() -> None:
    """The error says which of FFmpeg's codecs were looked for, and in which direction."""
    with pytest.raises(UnsupportedCodec, match=r"can encode AMR-WB \(nothing_a or nothing_b\)"):
        PyavEncoder("AMR-WB", ("nothing_a", "nothing_b"), 16000, {})
    with pytest.raises(UnsupportedCodec, match="can decode"):
        PyavDecoder("AMR-WB", ("nothing",), 16000)


def test_the_first_codec_that_exists_is_taken() -> None:
    """Of several implementations the first one that this FFmpeg has is used."""
    decoder = PyavDecoder("G722", ("nothing", "g722"), 16000)
    assert decoder.name == "g722"
    assert len(decoder.decode(bytes(160))) == 640


def test_a_decoder_of_floats_gives_the_same_as_one_of_integers(judge: Any) -> None:
    """FFmpeg's own OPUS decoder answers in floats, libopus in 16 bits."""
    import numpy as np

    at = np.arange(16000) / 16000
    pcm = np.rint(9000 * np.sin(2 * np.pi * 500 * at)).astype("<i2").tobytes()
    packets = judge.encode("libopus", 16000, pcm, application="voip", frame_duration="20")
    native, reference = PyavDecoder("OPUS", ("opus",), 48000), PyavDecoder("OPUS", ("libopus",), 48000)
    ours = np.frombuffer(b"".join(map(native.decode, packets)), "<i2").astype(float)
    theirs = np.frombuffer(b"".join(map(reference.decode, packets)), "<i2").astype(float)
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.01 * np.sqrt(np.mean(theirs**2))


def test_no_bytes_are_not_a_packet() -> None:
    """FFmpeg would take them for the end of the stream and refuse everything after."""
    decoder = PyavDecoder("OPUS", ("libopus",), 48000)
    with pytest.raises(CodecError, match="got no bytes"):
        decoder.decode(b"")


def test_an_encoder_that_ffmpeg_fails_is_a_codec_error(av: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of FFmpeg do not leave the codec as errors of FFmpeg."""
    encoder = PyavEncoder("G722", ("g722",), 16000, {})

    def fail(frame: Any) -> list[Any]:
        raise av.error.InvalidDataError(1, "broken")

    monkeypatch.setattr(encoder, "_context", SimpleNamespace(encode=fail))
    with pytest.raises(CodecError, match="got 640 bytes that it refuses"):
        encoder.encode(bytes(640))


def test_an_opus_encoder_that_gives_no_packet_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of the carrier holds one OPUS packet: none, or two, is an error and not silence."""
    encoder = OpusEncoder(16000)
    monkeypatch.setattr(encoder, "_encoder", SimpleNamespace(encode=lambda pcm: []))
    with pytest.raises(CodecError, match="one OPUS packet for one frame, got 0"):
        encoder.encode(bytes(640))
