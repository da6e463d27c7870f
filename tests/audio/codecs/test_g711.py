"""G.711 against the formulas of the Recommendation, for every code and every sample, and against FFmpeg."""

from __future__ import annotations

import importlib.util
import math
import struct
import sys
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.codecs import Encoder, g711, make_decoder, make_encoder
from offhook.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.audio.conftest import Judge

ALL_CODES = bytes(range(256))
ALL_SAMPLES = struct.pack("<65536h", *range(-32768, 32768))


def mu_law_value(code: int) -> int:
    """ITU-T G.711 table 2: 14-bit values, 16 steps of 2^(segment + 1) in each of 8 segments, all bits inverted."""
    bits = ~code & 0xFF
    segment, step = bits >> 4 & 7, bits & 15
    value = ((33 + 2 * step) << segment) - 33
    return -4 * value if bits & 0x80 else 4 * value


def a_law_value(code: int) -> int:
    """ITU-T G.711 table 1: 13-bit values, even bits inverted, the sign bit set for positive values."""
    bits = code ^ 0x55
    segment, step = bits >> 4 & 7, bits & 15
    value = 2 * step + 1 if segment == 0 else (2 * step + 33) << segment - 1
    return 8 * value if bits & 0x80 else -8 * value


def mu_law_code(sample: int) -> int:
    """The interval that a 14-bit value lies in; 16 bits lose their lowest two first."""
    value = math.floor(sample / 4)
    magnitude = min(abs(value), 8158) + 33
    segment = math.floor(math.log2(magnitude)) - 5
    step = (magnitude >> segment + 1) - 16
    return ~((0x80 if value < 0 else 0) | segment << 4 | step) & 0xFF


def a_law_code(sample: int) -> int:
    """The interval that a 13-bit value lies in; 16 bits lose their lowest three first, and -1 is the negative zero."""
    value = math.floor(sample / 8)
    magnitude = value if value >= 0 else -value - 1
    segment = max(math.floor(math.log2(max(magnitude, 1))) - 4, 0)
    step = magnitude // 2 if segment == 0 else (magnitude >> segment) - 16
    return ((0x80 if value >= 0 else 0) | segment << 4 | step) ^ 0x55


LAWS = [("PCMU", mu_law_value, mu_law_code, "pcm_mulaw"), ("PCMA", a_law_value, a_law_code, "pcm_alaw")]


@pytest.mark.parametrize(("encoding", "value", "code", "name"), LAWS)
class TestLaw:
    """Both laws."""

    def test_every_code_decodes_to_the_value_of_the_table(self, encoding, value, code, name) -> None:  # type: ignore[no-untyped-def]
        """All 256 codes decode to the values of the Recommendation."""
        decoded = struct.unpack("<256h", make_decoder(encoding, 8000).decode(ALL_CODES))
        assert list(decoded) == [value(each) for each in range(256)]

    def test_every_sample_encodes_to_its_interval(self, encoding, value, code, name) -> None:  # type: ignore[no-untyped-def]
        """All 65,536 samples encode to the code of the interval that they lie in."""
        encoded = make_encoder(encoding, 8000).encode(ALL_SAMPLES)
        assert list(encoded) == [code(each) for each in range(-32768, 32768)]

    def test_what_is_decoded_encodes_to_the_same_code(self, encoding, value, code, name) -> None:  # type: ignore[no-untyped-def]
        """Except for μ-law's negative zero, which is the same level as the positive one."""
        again = make_encoder(encoding, 8000).encode(make_decoder(encoding, 8000).decode(ALL_CODES))
        expected = ALL_CODES.replace(b"\x7f", b"\xff") if encoding == "PCMU" else ALL_CODES
        assert again == expected

    def test_ffmpeg_decodes_the_same(self, encoding, value, code, name, judge: Judge) -> None:  # type: ignore[no-untyped-def]
        """An implementation of another make hears the same."""
        assert judge.decode(name, 8000, [ALL_CODES]) == make_decoder(encoding, 8000).decode(ALL_CODES)

    def test_ffmpeg_encodes_to_the_same_or_the_next_level(self, encoding, value, code, name, judge: Judge) -> None:  # type: ignore[no-untyped-def]
        """FFmpeg picks the nearest level; the Recommendation's decision values differ from that between segments."""
        order = {level: place for place, level in enumerate(sorted({value(each) for each in range(256)}))}
        ours = [order[value(each)] for each in make_encoder(encoding, 8000).encode(ALL_SAMPLES)]
        theirs = [order[value(each)] for each in b"".join(judge.encode(name, 8000, ALL_SAMPLES))]
        apart = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
        assert max(apart) == 1
        assert sum(apart) / len(apart) < 0.02

    def test_a_frame_is_160_bytes_and_any_number_of_samples_is_taken(self, encoding, value, code, name) -> None:  # type: ignore[no-untyped-def]
        """G.711 has no frames of its own: one byte a sample, for as many samples as there are."""
        encoder: Encoder = make_encoder(encoding, 8000)
        assert (encoder.rate, make_decoder(encoding, 8000).rate, encoder.frame_per_payload) == (8000, 8000, False)
        assert len(encoder.encode(bytes(320))) == 160
        assert len(encoder.encode(bytes(3200))) == 1600
        assert encoder.encode(b"") == make_decoder(encoding, 8000).decode(b"") == b""

    def test_half_a_sample_is_refused(self, encoding, value, code, name) -> None:  # type: ignore[no-untyped-def]
        """An odd number of bytes is no 16-bit audio."""
        with pytest.raises(CodecError, match="got 321 bytes"):
            make_encoder(encoding, 8000).encode(bytes(321))


@pytest.fixture(params=["compiled", "audioop"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, require: Any) -> ModuleType:
    """The module as it is where there was a C compiler at installation, and where there was none."""
    if request.param == "compiled":
        require(g711.COMPILED, "a C compiler at installation")
        return g711
    monkeypatch.setitem(sys.modules, "offhook.audio.codecs._g711", None)
    spec = importlib.util.spec_from_file_location("g711_without_compiler", g711.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.COMPILED
    return module


@pytest.mark.parametrize(("encoder", "code"), [("PcmuEncoder", mu_law_code), ("PcmaEncoder", a_law_code)])
class TestWithAndWithoutCompiler:
    """The same codes, the same error."""

    def test_every_sample_encodes_to_its_interval(
        self, either: ModuleType, encoder: str, code: Callable[[int], int]
    ) -> None:
        """The encoder in C and the one in Python both follow the Recommendation for every sample."""
        assert list(getattr(either, encoder)().encode(ALL_SAMPLES)) == [code(each) for each in range(-32768, 32768)]

    def test_samples_are_taken_from_any_place_in_memory(
        self, either: ModuleType, encoder: str, code: Callable[[int], int]
    ) -> None:
        """Audio need not begin at an even address."""
        odd = memoryview(b"\0" + ALL_SAMPLES)[1:]
        assert getattr(either, encoder)().encode(odd) == getattr(either, encoder)().encode(ALL_SAMPLES)

    def test_half_a_sample_is_refused(self, either: ModuleType, encoder: str, code: Callable[[int], int]) -> None:
        """Either encoder refuses an odd number of bytes, with their number."""
        with pytest.raises(CodecError, match="got 321 bytes"):
            getattr(either, encoder)().encode(bytes(321))

    def test_text_is_refused(self, either: ModuleType, encoder: str, code: Callable[[int], int]) -> None:
        """Either encoder takes bytes alone."""
        with pytest.raises(TypeError):
            getattr(either, encoder)().encode("ab")
