"""The quick way of audio between its socket and who hears it does what the slower way does, or leaves it alone."""

from __future__ import annotations

import asyncio
import base64
import gc
import importlib.util
import json
import socket
import sys
import threading
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.websocket_client import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame

import offhook.carriers
from offhook.audio.codecs.g711 import PcmaDecoder, PcmaEncoder, PcmuDecoder, PcmuEncoder
from offhook.carriers import audio_messages
from offhook.carriers.media import MediaReceived
from offhook.carriers.telnyx.media import TelnyxAppMedia

pytestmark = pytest.mark.skipif(not audio_messages.COMPILED, reason="a C compiler at installation")

CODES = bytes(range(256))
MU_LAW = PcmuDecoder().decode(CODES)
A_LAW = PcmaDecoder().decode(CODES)
PCM = MU_LAW[:320]


def quick() -> audio_messages.AudioMessages:
    found = TelnyxAppMedia().audio_messages
    assert found is not None
    return found


class Reading:
    """A reader of the inbound track, and what it passes on."""

    def __init__(self, *, expected: int = 2, frame_bytes: int = 320, samples: bytes = MU_LAW) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.reader = quick().reader(b"inbound", samples, frame_bytes)
        self.reader.way = lambda pcm, at_ms: self.heard.append((at_ms, pcm))
        self.reader.expected = expected


def read(message: bytes, payload_bytes: int = 3, samples: bytes = MU_LAW) -> tuple[float, bytes] | None:
    """What is read, where the piece with the number 2 is expected."""
    reading = Reading(frame_bytes=2 * payload_bytes, samples=samples)
    taken = reading.reader.take(message)
    assert taken == bool(reading.heard)
    return reading.heard[0] if taken else None


def mu_law_codes() -> bytes:
    samples = b"".join((index << 2).to_bytes(2, "little") for index in range(1 << 14))
    return PcmuEncoder().encode(samples)


def a_law_codes() -> bytes:
    samples = b"".join((index << 3).to_bytes(2, "little") for index in range(1 << 13))
    return PcmaEncoder().encode(samples)


class Writing:
    """A writer, what it sends, and what it leaves to somebody else."""

    def __init__(self, codes: tuple[bytes, int], *, frame_bytes: int = 2, most_bytes: int = 10_000) -> None:
        self.sent: list[bytes] = []
        self.left: list[Any] = []
        self.writer = quick().writer(
            codes,
            frame_bytes=frame_bytes,
            most_bytes=most_bytes,
            send=self.sent.append,
            otherwise=self.left.append,
        )
        self.writer.open = True


def media(payload: bytes = b"\x01\x02\x03", **fields: object) -> dict[str, Any]:
    body = {"track": "inbound", "chunk": "2", "timestamp": "20", "payload": base64.b64encode(payload).decode()}
    return {"event": "media", "sequence_number": "4", "media": body | fields, "stream_id": "7b0c"}


def encoded(message: object, *, compact: bool = True) -> bytes:
    return json.dumps(message, separators=(",", ":") if compact else None).encode()


def piece(number: int, payload: bytes = CODES[:160]) -> bytes:
    """The message with the piece ``number``, 20 ms each."""
    return encoded(media(payload, chunk=str(number), timestamp=str(20 * number)))


# -- messages to pcm --------------------------------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=400), st.booleans(), st.permutations(["event", "media", "stream_id", "x"]))
def test_a_piece_is_read_whatever_the_order_of_keys_and_the_space_between(
    payload: bytes, compact: bool, order: list[str]
) -> None:
    """JSON has no order of keys, and any white space."""
    message = media(payload) | {"x": "y"}
    found = read(encoded({key: message[key] for key in order}, compact=compact), len(payload))
    assert found == (20, PcmuDecoder().decode(payload))


@pytest.mark.parametrize(("table", "decoder"), [(MU_LAW, PcmuDecoder()), (A_LAW, PcmaDecoder())])
def test_a_piece_comes_as_the_pcm_of_its_codec(table: bytes, decoder: PcmuDecoder | PcmaDecoder) -> None:
    """Every code becomes the sample that the codec makes of it."""
    for length in range(253, 257):
        found = read(encoded(media(CODES[:length])), length, table)
        assert found == (20, decoder.decode(CODES[:length]))


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
        encoded(media(payload=b"\1\2")),
        encoded(media(payload=b"\1\2\3\4")),
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
        encoded(media()).replace(b"AQID", b"AQI\\/"),
        encoded(media()).replace(b"AQID", b"AQ==AQ=="),
        b"",
        b"{}",
        b'{"event":"media","media":{',
    ],
)
def test_everything_unusual_is_left_alone(message: bytes) -> None:
    """Another piece, another length, another event, another spelling and garbage are for the slower way to judge."""
    assert read(message) is None


@pytest.mark.parametrize(("payload", "length"), [(b"A===", 1), (b"AR==", 1), (b"AAB=", 2)])
def test_bits_of_no_byte_are_left_alone(payload: bytes, length: int) -> None:
    """The end of base64 may hold bits that are part of nothing."""
    assert read(encoded(media()).replace(b"AQID", payload), length) is None


@given(st.data())
def test_a_damaged_message_is_never_read_as_something_else(data: st.DataObject) -> None:
    """Whatever bytes are changed: what is read is what the slower way reads."""
    payload = data.draw(st.binary(min_size=1, max_size=30))
    message = bytearray(encoded(media(payload)))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    found = read(bytes(message), len(payload))
    if found is not None:
        event = TelnyxAppMedia().receive(bytes(message))
        assert isinstance(event, MediaReceived)
        assert (event.track, event.chunk) == ("inbound", 2)
        assert found == (event.timestamp_ms, PcmuDecoder().decode(event.payload))


@given(st.binary(max_size=200))
def test_garbage_is_left_alone(garbage: bytes) -> None:
    """Nothing that is not a message is read as one."""
    assert read(garbage) is None


def test_each_piece_is_expected_after_the_one_before() -> None:
    """Until somebody says that none is."""
    reading = Reading(expected=7)
    assert [reading.reader.take(piece(number)) for number in (7, 8, 8, 10, 9)] == [True, True, False, False, True]
    assert [at_ms for at_ms, _ in reading.heard] == [140, 160, 180]
    assert reading.reader.expected == 10
    reading.reader.expected = -1
    assert not reading.reader.take(piece(10))


def test_what_was_taken_is_told_once() -> None:
    """How many pieces, where the last one begins, and no more of them than two."""
    reader = Reading(expected=1).reader
    codes = [bytes([code]) * 160 for code in range(4)]
    pcm = [PcmuDecoder().decode(code) for code in codes]
    assert reader.settle() is None
    reader.take(piece(1, codes[1]))
    assert reader.settle() == (1, 20, (pcm[1],))
    for number in (2, 3, 4):
        reader.take(piece(number, codes[number - 1]))
    assert reader.settle() == (3, 80, (pcm[2], pcm[3]))
    assert reader.settle() is None


def test_who_hears_may_end_it() -> None:
    """A listener may say that no piece is expected any more, or raise."""
    reading = Reading()
    reading.reader.way = lambda *_: setattr(reading.reader, "expected", -1)
    assert reading.reader.take(piece(2))
    assert not reading.reader.take(piece(3))

    def broken(pcm: bytes, at_ms: float) -> None:
        raise KeyError(at_ms)

    reading.reader.way = broken
    reading.reader.expected = 3
    with pytest.raises(KeyError):
        reading.reader.take(piece(3))
    assert reading.reader.expected == 4


# -- pcm to messages --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
def test_what_is_written_is_what_the_codec_and_the_protocol_make(samples: list[int]) -> None:
    """Of both laws, for every number of samples."""
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    for codes, encoder in (((mu_law_codes(), 2), PcmuEncoder()), ((a_law_codes(), 3), PcmaEncoder())):
        writing = Writing(codes)
        writing.writer.audio(pcm)
        assert (writing.sent, writing.left) == ([TelnyxAppMedia().audio(encoder.encode(pcm))], [])


@pytest.mark.parametrize("pcm", [b"", bytes(319), bytes(322), bytes(960), bytearray(320), "x" * 320])
def test_what_is_not_whole_frames_is_left_to_somebody_else(pcm: Any) -> None:
    """As is what is more than a message may hold."""
    writing = Writing((mu_law_codes(), 2), frame_bytes=320, most_bytes=640)
    writing.writer.audio(pcm)
    assert (writing.sent, writing.left) == ([], [pcm])


def test_while_nothing_may_be_sent_all_is_left_to_somebody_else() -> None:
    """So that it is counted."""
    writing = Writing((mu_law_codes(), 2))
    writing.writer.open = False
    writing.writer.audio(PCM)
    assert (writing.sent, writing.left) == ([], [PCM])


def test_wrong_tables_and_sizes_are_refused() -> None:
    """They would be read past their end."""
    with pytest.raises(ValueError, match="a code for each sample"):
        Writing((mu_law_codes(), 3))
    with pytest.raises(ValueError, match="whole 16-bit samples"):
        Writing((mu_law_codes(), 2), frame_bytes=3)
    with pytest.raises(ValueError, match="a table of 512 bytes"):
        Reading(samples=bytes(256))


# -- between the socket and the protocol of its WebSocket --------------------------------------------------------------


class Everything(asyncio.BufferedProtocol):
    """Keeps what it is given, and has little room."""

    def __init__(self) -> None:
        self.received = b""
        self.room = bytearray(100)

    def get_buffer(self, sizehint: int) -> Any:
        return memoryview(self.room)

    def buffer_updated(self, nbytes: int) -> None:
        self.received += self.room[:nbytes]


class Wire(asyncio.Transport):
    """A transport that keeps what it is to write, on a socket whose other end nobody reads unless told to."""

    def __init__(self, *, encrypts: bool = False) -> None:
        super().__init__({"ssl_object": "a certificate" if encrypts else None})
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.setblocking(False)
        self.waiting = b""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.near if name == "socket" else super().get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return len(self.waiting)

    def write(self, data: Any) -> None:
        self.waiting += data

    def arrived(self) -> bytes:
        data = b""
        try:
            while more := self.far.recv(65536):
                data += more
        except BlockingIOError:
            pass
        return data

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.near.close()
        self.far.close()


class Passing:
    """Frames between a wire and a protocol, and a reader that expects the piece 1."""

    def __init__(self, wire: Wire, *, max_message_bytes: int = 100_000) -> None:
        self.protocol = Everything()
        self.sent: list[bytes] = []
        self.errors: list[Exception] = []
        frames = audio_messages.audio_frames(
            self.protocol, wire, self.sent.append, self.errors.append, max_message_bytes=max_message_bytes
        )
        assert frames is not None
        self.frames = frames
        self.reading = Reading(expected=1)

    @property
    def heard(self) -> list[float]:
        return [at_ms for at_ms, _ in self.reading.heard]


def test_nothing_passes_the_protocol_by_until_it_may() -> None:
    """Nor after it may not any more."""
    with Wire() as wire:
        passing = Passing(wire)
        first, second, third = (frame(TEXT, piece(number)) for number in (1, 2, 3))
        passing.frames.data_received(first)
        assert passing.protocol.received == first
        passing.reading.reader.expected = 2
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.data_received(second)
        assert (passing.protocol.received, passing.heard, passing.frames.spent) == (first, [40], 1)
        passing.frames.let(None, 10)
        passing.frames.data_received(third)
        assert (passing.protocol.received, passing.heard, passing.frames.spent) == (first + third, [40], 1)


PIECE = frame(TEXT, piece(1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PIECE[:1],
        PIECE[:-1],
        PIECE + PIECE[:1],
        PIECE + frame(TEXT, piece(2)),
        frame(TEXT, piece(2)),
        frame(TEXT, b"{}"),
        frame(TEXT),
        frame(TEXT, b"x" * 70_000),
        frame(TEXT, piece(1), fin=False),
        frame(TEXT, piece(1), rsv=1),
        frame(BINARY, piece(1)),
        frame(CONTINUATION, piece(1)),
        frame(PING, b"12345678"),
        frame(CLOSE, b"\x03\xe8 good bye"),
        b"\x81\x7e" + len(piece(1)).to_bytes(2, "big") + piece(1),
        b"\x81\xff" + len(piece(1)).to_bytes(8, "big") + bytes(4) + piece(1),
        b"\x81\xfe\x00\x0a" + bytes(4) + b"0123456789",
    ],
    ids=lambda data: f"{len(data)} bytes",  # they are masked at random
)
def test_what_is_not_one_plain_frame_of_audio_goes_to_the_protocol_untouched(data: bytes) -> None:
    """And so does everything after it, until the protocol has dealt with it."""
    with Wire() as wire:
        passing = Passing(wire)
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.data_received(data)
        passing.frames.data_received(PIECE)
        assert passing.protocol.received == data + PIECE
        assert (passing.heard, passing.frames.spent) == ([], 0)


def test_a_short_frame_may_hold_audio() -> None:
    """Up to 125 bytes its length has one byte."""
    with Wire() as wire:
        passing = Passing(wire)
        passing.reading = Reading(expected=1, frame_bytes=6)
        passing.frames.let(passing.reading.reader, 10)
        short = b'{"event":"media","media":{"track":"inbound","chunk":"1","timestamp":"0","payload":"AQID"}}'
        assert len(short) < 126
        passing.frames.data_received(frame(TEXT, short))
        assert passing.heard == [0]


def test_no_more_passes_than_is_allowed() -> None:
    """A frame costs 1, and 1 more for each KiB of text."""
    with Wire() as wire:
        passing = Passing(wire)
        passing.frames.let(passing.reading.reader, 5)
        long = encoded(media(CODES[:160], chunk="2", timestamp="40", more="x" * 2048))
        third, fourth = frame(TEXT, piece(3)), frame(TEXT, piece(4))
        for data in (PIECE, frame(TEXT, long), third, fourth):
            passing.frames.data_received(data)
        assert (passing.heard, passing.frames.spent) == ([20, 40, 60], 5)
        assert passing.protocol.received == fourth
        passing.frames.spent = 0
        passing.frames.let(passing.reading.reader, 0)
        passing.frames.data_received(fourth)
        assert passing.protocol.received == fourth * 2
        assert (passing.heard, passing.frames.spent) == ([20, 40, 60], 0)


@pytest.mark.parametrize(("max_message_bytes", "size"), [(1000, 1001), (1 << 20, 4097)])
def test_a_large_message_goes_to_the_protocol(max_message_bytes: int, size: int) -> None:
    """It judges whether that is too large."""
    with Wire() as wire:
        passing = Passing(wire, max_message_bytes=max_message_bytes)
        passing.frames.let(passing.reading.reader, 10)
        spare = size - len(encoded(media(CODES[:160], chunk="1", more="")))
        for fits, more in ((False, spare), (True, spare - 1)):
            passing.frames.let(passing.reading.reader, 10)
            passing.frames.data_received(frame(TEXT, encoded(media(CODES[:160], chunk="1", more="x" * more))))
            assert bool(passing.heard) == fits


def test_what_a_listener_raises_is_told() -> None:
    """But for what ends the program."""
    with Wire() as wire:
        passing = Passing(wire)
        error: BaseException = KeyError("x")

        def broken(pcm: bytes, at_ms: float) -> None:
            raise error

        passing.reading.reader.way = broken
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.data_received(PIECE)
        assert passing.errors == [error]
        assert error.__traceback__ is not None
        error = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            passing.frames.data_received(frame(TEXT, piece(2)))
        assert len(passing.errors) == 1


def text_frame(message: bytes) -> bytes:
    """As the server sends it."""
    size = len(message)
    return b"\x81" + (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")) + message


@pytest.mark.parametrize("size", [0, 1, 125, 126, 8192, 8193])
def test_a_message_goes_straight_to_the_socket_while_audio_passes(size: int) -> None:
    """Unless it is large."""
    with Wire() as wire:
        passing = Passing(wire)
        message = b"x" * size
        passing.frames.send(message)
        assert (passing.sent, wire.arrived()) == ([message], b"")
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.send(message)
        if size <= 8192:
            assert (passing.sent, wire.arrived()) == ([message], text_frame(message))
        else:
            assert (passing.sent, wire.arrived()) == ([message, message], b"")
        passing.frames.let(None, 0)
        passing.frames.send(message)
        assert wire.arrived() == b""
        assert passing.sent[-1:] == [message]


def test_what_is_said_goes_straight_to_the_socket() -> None:
    """The message is never an object of its own."""
    with Wire() as wire:
        passing = Passing(wire)
        writer = quick().writer(
            (mu_law_codes(), 2), frame_bytes=320, most_bytes=320_000, send=passing.frames.send, otherwise=lambda _: None
        )
        writer.open = True
        message = TelnyxAppMedia().audio(PcmuEncoder().encode(PCM))
        long = TelnyxAppMedia().audio(PcmuEncoder().encode(PCM * 50))
        writer.audio(PCM)
        assert (passing.sent, wire.arrived()) == ([message], b"")
        passing.frames.let(passing.reading.reader, 10)
        writer.audio(PCM)
        writer.audio(PCM * 50)
        assert (passing.sent, wire.arrived()) == ([message, long], text_frame(message))


def test_where_the_transport_encrypts_nothing_goes_straight_to_the_socket() -> None:
    """It would go in the clear."""
    with Wire(encrypts=True) as wire:
        passing = Passing(wire)
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.send(b"x")
        assert (passing.sent, wire.arrived()) == ([b"x"], b"")
        passing.frames.data_received(PIECE)
        assert passing.heard == [20]


def test_another_thread_sends_nothing_past_the_protocol() -> None:
    """It complains of that."""
    with Wire() as wire:
        passing = Passing(wire)
        passing.frames.let(passing.reading.reader, 10)
        thread = threading.Thread(target=passing.frames.send, args=(b"x",))
        thread.start()
        thread.join()
        assert (passing.sent, wire.arrived()) == ([b"x"], b"")


def test_nothing_overtakes_what_waits() -> None:
    """What a full socket does not take is left to the transport, and from then on all is."""
    with Wire() as wire:
        passing = Passing(wire)
        passing.frames.let(passing.reading.reader, 10)
        wire.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        messages: list[bytes] = []
        while not wire.waiting:
            messages.append(b"%d" % len(messages) * 1000)
            passing.frames.send(messages[-1])
        assert passing.sent == []
        arrived = wire.arrived()
        assert arrived + wire.waiting == b"".join(map(text_frame, messages))
        passing.frames.send(b"later")
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.send(b"later still")
        assert (passing.sent, wire.arrived()) == ([b"later", b"later still"], b"")
        wire.waiting = b""
        passing.frames.let(passing.reading.reader, 10)
        passing.frames.send(b"at last")
        assert wire.arrived() == text_frame(b"at last")


def test_a_socket_that_is_broken_is_left_to_the_transport() -> None:
    """It finds out, and says so to the protocol."""
    with Wire() as wire:
        passing = Passing(wire)
        passing.frames.let(passing.reading.reader, 10)
        wire.far.close()
        passing.frames.send(b"x")
        assert (passing.sent, wire.waiting) == ([], text_frame(b"x"))


def test_only_a_reader_is_let_read() -> None:
    """Anything else would be read as one."""
    with Wire() as wire:
        passing = Passing(wire)
        anything: Any = object()
        with pytest.raises(TypeError, match="an AudioReader or None"):
            passing.frames.let(anything, 1)


def test_what_holds_each_other_is_freed() -> None:
    """A listener that knows the frames, which know the reader, which knows the listener."""
    with Wire() as wire:
        passing = Passing(wire)
        frames, reader = passing.frames, passing.reading.reader

        class Listener:
            def audio(self, pcm: bytes, at_ms: float) -> None: ...

            def other(self, pcm: bytes) -> None: ...

        listener: Any = Listener()
        listener.frames = frames
        listener.writer = quick().writer(
            (mu_law_codes(), 2), frame_bytes=2, most_bytes=2, send=frames.send, otherwise=listener.other
        )
        reader.way = listener.audio
        frames.let(reader, 1)
        gone = weakref.ref(listener)
        del passing, frames, reader, listener
        gc.collect()
        assert gone() is None


def test_without_a_compiler_there_is_no_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then audio takes the slower way, with the same result."""
    monkeypatch.setitem(sys.modules, "offhook.carriers._audio", None)
    monkeypatch.delattr(offhook.carriers, "_audio", raising=False)
    path = audio_messages.__file__
    spec = importlib.util.spec_from_file_location("audio_messages_without_compiler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    assert not module.COMPILED
    assert module.audio_messages(b"", b"") is None
    assert module.audio_frames(Everything(), None, print, print, max_message_bytes=1) is None
