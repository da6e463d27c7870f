"""The quick way of a piece of audio through a message does what the slower way does, or leaves it alone."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import offhook.carriers
from offhook.audio.codecs.g711 import PcmaDecoder, PcmaEncoder, PcmuDecoder, PcmuEncoder
from offhook.carriers import audio_messages
from offhook.carriers.media import MediaReceived
from offhook.carriers.telnyx.media import TelnyxAppMedia

pytestmark = pytest.mark.skipif(not audio_messages.COMPILED, reason="a C compiler at installation")

CODES = bytes(range(256))
MU_LAW = PcmuDecoder().decode(CODES)
A_LAW = PcmaDecoder().decode(CODES)


def read(message: bytes, *, chunk: int = 2, samples: bytes | None = None) -> tuple[int, bytes] | None:
    quick = TelnyxAppMedia().audio_messages
    assert quick is not None
    return quick.reader(b"inbound", samples)(chunk, message)


def write(pcm: bytes, codes: bytes, unused_bits: int) -> bytes:
    quick = TelnyxAppMedia().audio_messages
    assert quick is not None
    return quick.writer(codes, unused_bits)(pcm)


def mu_law_codes() -> bytes:
    samples = b"".join((index << 2).to_bytes(2, "little") for index in range(1 << 14))
    return PcmuEncoder().encode(samples)


def a_law_codes() -> bytes:
    samples = b"".join((index << 3).to_bytes(2, "little") for index in range(1 << 13))
    return PcmaEncoder().encode(samples)


def media(payload: bytes = b"\x01\x02\x03", **fields: object) -> dict[str, Any]:
    body = {"track": "inbound", "chunk": "2", "timestamp": "20", "payload": base64.b64encode(payload).decode()}
    return {"event": "media", "sequence_number": "4", "media": body | fields, "stream_id": "7b0c"}


def encoded(message: object, *, compact: bool = True) -> bytes:
    return json.dumps(message, separators=(",", ":") if compact else None).encode()


@given(st.binary(min_size=1, max_size=400), st.booleans(), st.permutations(["event", "media", "stream_id", "x"]))
def test_a_piece_is_read_whatever_the_order_of_keys_and_the_space_between(
    payload: bytes, compact: bool, order: list[str]
) -> None:
    """JSON has no order of keys, and any white space."""
    message = media(payload) | {"x": "y"}
    assert read(encoded({key: message[key] for key in order}, compact=compact)) == (20, payload)


@pytest.mark.parametrize(("table", "decoder"), [(MU_LAW, PcmuDecoder()), (A_LAW, PcmaDecoder())])
def test_a_piece_comes_as_pcm_where_there_is_a_table(table: bytes, decoder: PcmuDecoder | PcmaDecoder) -> None:
    """Every code becomes the sample that the codec makes of it."""
    for length in range(253, 257):
        assert read(encoded(media(CODES[:length])), samples=table) == (20, decoder.decode(CODES[:length]))


@pytest.mark.parametrize(
    "message",
    [
        encoded(media(chunk="3")),
        encoded(media(chunk=2)),
        encoded(media(chunk="02")),
        encoded(media(chunk="")),
        encoded(media(chunk="2" * 19)),
        encoded(media(timestamp="x")),
        encoded(media(timestamp=None)),
        encoded(media(track="outbound")),
        encoded(media(payload=b"")),
        encoded(media() | {"event": "mark"}),
        encoded(media() | {"more": 1}),
        encoded(media() | {"more": {"a": "b"}}),
        encoded(media() | {"more": "ü"}),
        encoded(media(more="\n")),
        encoded({"event": "media"}),
        encoded({"media": media()["media"]}),
        encoded([media()]),
        encoded(media())[:-1],
        encoded(media()) + b"}",
        encoded(media()).replace(b'"stream_id"', b',"stream_id"'),
        encoded(media()).replace(b'"7b0c"', b'"\xff"'),
        encoded(media()).replace(b'"2"', b'"2","chunk":"2"'),
        encoded(media()).replace(b'"event":"media"', b'"event":"media","event":"media"'),
        encoded(media()).replace(b"AQID", b"AQI"),
        encoded(media()).replace(b"AQID", b"AQI*"),
        encoded(media()).replace(b"AQID", b"A==="),
        encoded(media()).replace(b"AQID", b"AR=="),
        encoded(media()).replace(b"AQID", b"AQI\\/"),
        encoded(media()).replace(b"AQID", b"AQ==AQ=="),
        b"",
        b"{}",
        b'{"event":"media","media":{',
    ],
)
def test_everything_unusual_is_left_alone(message: bytes) -> None:
    """Another piece, another event, another spelling and garbage are for the slower way to judge."""
    assert read(message) is None


@given(st.data())
def test_a_damaged_message_is_never_read_as_something_else(data: st.DataObject) -> None:
    """Whatever bytes are changed: what is read is what the slower way reads."""
    message = bytearray(encoded(media(data.draw(st.binary(min_size=1, max_size=30)))))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    found = read(bytes(message))
    if found is not None:
        assert TelnyxAppMedia().receive(bytes(message)) == MediaReceived("inbound", 2, *found)


@given(st.binary(max_size=200))
def test_garbage_is_left_alone(garbage: bytes) -> None:
    """Nothing that is not a message is read as one."""
    assert read(garbage) is None


@given(st.lists(st.integers(-32768, 32767), max_size=200))
def test_what_is_written_is_what_the_codec_and_the_protocol_make(samples: list[int]) -> None:
    """Of both laws, for every number of samples."""
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    assert write(pcm, mu_law_codes(), 2) == TelnyxAppMedia().audio(PcmuEncoder().encode(pcm))
    assert write(pcm, a_law_codes(), 3) == TelnyxAppMedia().audio(PcmaEncoder().encode(pcm))


def test_half_a_sample_and_a_wrong_table_are_refused() -> None:
    """Nothing is written of audio that is not whole, nor by a table of another size."""
    with pytest.raises(ValueError, match="whole 16-bit samples"):
        write(b"\0", mu_law_codes(), 2)
    with pytest.raises(ValueError, match="a code for each"):
        write(b"\0\0", mu_law_codes(), 3)
    with pytest.raises(ValueError, match="a table of 512 bytes"):
        read(encoded(media()), samples=b"\0" * 256)


def test_without_a_compiler_there_is_no_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then audio takes the slower way, with the same result."""
    monkeypatch.setitem(sys.modules, "offhook.carriers._audio_messages", None)
    monkeypatch.delattr(offhook.carriers, "_audio_messages", raising=False)
    path = audio_messages.__file__
    spec = importlib.util.spec_from_file_location("audio_messages_without_compiler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    assert not module.COMPILED
    assert module.audio_messages(b"", b"") is None
