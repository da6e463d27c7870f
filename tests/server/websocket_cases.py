"""Cases of RFC 6455, under the numbers of the Autobahn test suite (https://github.com/crossbario/autobahn-testsuite).

The suite needs Python 2; these are the same cases for an echo server, for every run of the tests. Sections: 1 framing,
2 pings and pongs, 3 reserved bits, 4 opcodes, 5 parts of messages, 6 text, 7 closing, 10 many parts. Left out are 9
(speed), 12 and 13 (compression, which is not offered), and cases of which the suite itself expects nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tests.server.websocket_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_frame, frame

NORMAL, PROTOCOL_ERROR, INVALID_TEXT = 1000, 1002, 1007


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One connection."""

    number: str
    sends: tuple[bytes, ...]
    """What is sent, frame by frame."""
    answers: tuple[tuple[int, bytes], ...] = ()
    """The frames that are read before the close frame: opcode and payload."""
    code: int = NORMAL
    """Of the close frame that is read. The client closes with "normal" where it is not the server that has to."""
    octets: int | None = None
    """How many bytes are written at once; ``None`` for frame by frame, 0 for all."""
    closes: bool = False
    """Whether what is sent holds the client's close frame."""
    lenient: bool = False
    """Whether answers may be missing, since the server sees all of it before it acts on any."""


def _section_1() -> list[Case]:
    sizes = (0, 125, 126, 127, 128, 65535, 65536, 65536)
    return [
        Case(
            number=f"1.{kind}.{number}",
            sends=(frame(kind, b"*" * size),),
            answers=((kind, b"*" * size),),
            octets=997 if number == 8 else None,
        )
        for kind in (TEXT, BINARY)
        for number, size in enumerate(sizes, 1)
    ]


def _section_2() -> list[Case]:
    hello, odd, most = b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125
    many = [b"payload-%d" % number for number in range(10)]
    pings, pongs = tuple(frame(PING, text) for text in many), tuple((PONG, text) for text in many)
    return [
        Case(number="2.1", sends=(frame(PING),), answers=((PONG, b""),)),
        Case(number="2.2", sends=(frame(PING, hello),), answers=((PONG, hello),)),
        Case(number="2.3", sends=(frame(PING, odd),), answers=((PONG, odd),)),
        Case(number="2.4", sends=(frame(PING, most),), answers=((PONG, most),)),
        Case(number="2.5", sends=(frame(PING, most + b"\xfe"),), code=PROTOCOL_ERROR),
        Case(number="2.6", sends=(frame(PING, most),), answers=((PONG, most),), octets=1),
        Case(number="2.7", sends=(frame(PONG),)),
        Case(number="2.8", sends=(frame(PONG, b"unsolicited"),)),
        Case(number="2.9", sends=(frame(PONG, b"unsolicited"), frame(PING, hello)), answers=((PONG, hello),)),
        Case(number="2.10", sends=pings, answers=pongs),
        Case(number="2.11", sends=pings, answers=pongs, octets=1),
    ]


def _section_3() -> list[Case]:
    first, ping = frame(TEXT, b"Hello"), frame(PING)
    echo = ((TEXT, b"Hello"),)
    return [
        Case(number="3.1", sends=(frame(TEXT, b"Hello", rsv=1),), code=PROTOCOL_ERROR),
        *(
            Case(
                number=f"3.{rsv}",
                sends=(first, frame(TEXT, b"Hello", rsv=rsv), ping),
                answers=echo,
                code=PROTOCOL_ERROR,
                octets=octets,
            )
            for rsv, octets in ((2, 0), (3, None), (4, 1))
        ),
        Case(number="3.5", sends=(frame(BINARY, b"\x00\xff", rsv=5),), code=PROTOCOL_ERROR),
        Case(number="3.6", sends=(frame(PING, b"Hello", rsv=6),), code=PROTOCOL_ERROR),
        Case(number="3.7", sends=(frame(CLOSE, b"\x03\xe8", rsv=7),), code=PROTOCOL_ERROR),
    ]


def _section_4() -> list[Case]:
    first, ping = frame(TEXT, b"Hello"), frame(PING)
    cases = []
    for group, opcodes in enumerate(((3, 4, 5, 6, 7), (11, 12, 13, 14, 15)), 1):
        for number, opcode in enumerate(opcodes, 1):
            bad = frame(opcode, b"reserved" if number % 2 == 0 else b"")
            if number <= 2:
                cases.append(Case(number=f"4.{group}.{number}", sends=(bad,), code=PROTOCOL_ERROR))
                continue
            cases.append(
                Case(
                    number=f"4.{group}.{number}",
                    sends=(first, bad, ping),
                    answers=((TEXT, b"Hello"),),
                    code=PROTOCOL_ERROR,
                    octets=(0, None, 1)[number - 3],
                    lenient=True,
                )
            )
    return cases


def _section_5() -> list[Case]:
    one, two = frame(TEXT, b"fragment1", fin=False), frame(CONTINUATION, b"fragment2")
    ping, whole = frame(PING, b"ping"), ((TEXT, b"fragment1fragment2"),)
    pong = ((PONG, b"ping"),)
    stray, open_stray = frame(CONTINUATION, b"stray"), frame(CONTINUATION, b"stray", fin=False)
    text = frame(TEXT, b"Hello")
    writes = (0, None, 1)
    parts = [frame(CONTINUATION, b"fragment%d" % number, fin=number == 5) for number in (2, 3, 4, 5)]
    interleaved = (one, parts[0], frame(PING, b"first"), parts[1], parts[2], frame(PING, b"second"), parts[3])
    answers = ((PONG, b"first"), (PONG, b"second"), (TEXT, b"fragment1fragment2fragment3fragment4fragment5"))
    return [
        Case(number="5.1", sends=(frame(PING, b"a", fin=False), two), code=PROTOCOL_ERROR),
        Case(number="5.2", sends=(frame(PONG, b"a", fin=False), two), code=PROTOCOL_ERROR),
        *(
            Case(number=f"5.{number}", sends=(one, two), answers=whole, octets=octets)
            for number, octets in enumerate(writes, 3)
        ),
        *(
            Case(number=f"5.{number}", sends=(one, ping, two), answers=pong + whole, octets=octets)
            for number, octets in enumerate(writes, 6)
        ),
        *(
            Case(number=f"5.{number}", sends=(stray, text), code=PROTOCOL_ERROR, octets=octets)
            for number, octets in enumerate(writes, 9)
        ),
        *(
            Case(number=f"5.{number}", sends=(open_stray, text), code=PROTOCOL_ERROR, octets=octets)
            for number, octets in enumerate(writes, 12)
        ),
        Case(number="5.15", sends=(one, two, open_stray, text), answers=whole, code=PROTOCOL_ERROR),
        Case(number="5.16", sends=(open_stray, one, two) * 2, code=PROTOCOL_ERROR),
        Case(number="5.17", sends=(stray, one, two) * 2, code=PROTOCOL_ERROR),
        Case(number="5.18", sends=(one, frame(TEXT, b"fragment2")), code=PROTOCOL_ERROR, octets=0),
        Case(number="5.19", sends=interleaved, answers=answers),
        Case(number="5.20", sends=interleaved, answers=answers, octets=1),
    ]


KOSME = bytes.fromhex("ceba e1bdb9 cf83 cebc ceb5")
_UNFINISHED = [
    b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80",
    b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf",
]  # fmt: skip
TEXTS: dict[int, list[bytes]] = {
    # After Markus Kuhn's decoder tests, https://www.cl.cam.ac.uk/~mgk25/ucs/examples/UTF-8-test.txt
    5: [b"hello$world", "hello\xa2world".encode(), "hello\u20acworld".encode(), "hello\U00024b62world".encode(), KOSME],
    6: [KOSME[:size] for size in range(1, len(KOSME) + 1)],
    7: [bytes.fromhex(text) for text in ("00", "c280", "e0a080", "f0908080")],
    8: [bytes.fromhex(text) for text in ("f888808080", "fc8480808080")],
    9: [bytes.fromhex(text) for text in ("7f", "dfbf", "efbfbf", "f48fbfbf")],
    10: [bytes.fromhex(text) for text in ("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf")],
    11: [bytes.fromhex(text) for text in ("ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080")],
    12: [b"\x80", b"\xbf", *((b"\x80\xbf" * 3)[:size] for size in range(2, 7)), bytes(range(0x80, 0xC0))],
    13: [
        b"".join(bytes([start, 0x20]) for start in range(first, last))
        for first, last in pairwise((0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE))
    ],
    14: _UNFINISHED,
    15: [b"".join(_UNFINISHED)],
    16: [b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"],
    17: [bytes.fromhex(text) for text in ("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af")],
    18: [bytes.fromhex(text) for text in ("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf")],
    19: [bytes.fromhex(text) for text in ("c080", "e08080", "f0808080", "f880808080", "fc8080808080")],
    20: [bytes.fromhex(text) for text in ("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf")],
    21: [
        bytes.fromhex(high + low) for high in ("eda080", "edadbf", "edae80", "edafbf") for low in ("edb080", "edbfbf")
    ],
    22: [chr(plane << 16 | last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)],
    23: [chr(point).encode() for point in range(0xFFF9, 0x10000)],
}
"""The texts of 6.5 to 6.23; whether each is valid is what Python's own decoder says, held in place by a test."""


def is_text(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(number: str, sends: tuple[bytes, ...], message: bytes, octets: int | None = None) -> Case:
    if is_text(message):
        return Case(number=number, sends=sends, answers=((TEXT, message),), octets=octets)
    return Case(number=number, sends=sends, code=INVALID_TEXT, octets=octets)


def _in_parts(message: bytes, *sizes: int) -> tuple[bytes, ...]:
    """``message`` in parts of so many bytes; the last size is repeated."""
    parts, start = [], 0
    for size in (*sizes, *([sizes[-1]] * len(message))):
        parts.append(message[start : start + size])
        start += size
        if start >= len(message):
            break
    return tuple(
        frame(CONTINUATION if number else TEXT, part, fin=number == len(parts) - 1) for number, part in enumerate(parts)
    )


def _section_6() -> list[Case]:
    good = "Hello-µ@ßöäüàá-UTF-8!!".encode()
    surrogate, beyond = KOSME + b"\xed\xa0\x80edited", KOSME + b"\xf4\x90\x80\x80edited"
    still_there = frame(PING, b"still there")
    pong = ((PONG, b"still there"),)
    empty, nothing = frame(TEXT, fin=False), frame(CONTINUATION, fin=False)
    return [
        Case(number="6.1.1", sends=(frame(TEXT),), answers=((TEXT, b""),)),
        Case(number="6.1.2", sends=(empty, nothing, frame(CONTINUATION)), answers=((TEXT, b""),)),
        Case(
            number="6.1.3",
            sends=(empty, frame(CONTINUATION, b"middle", fin=False), frame(CONTINUATION)),
            answers=((TEXT, b"middle"),),
        ),
        _text("6.2.1", (frame(TEXT, good),), good),
        _text("6.2.2", _in_parts(good, 12, 99), good),
        _text("6.2.3", _in_parts(good, 1), good),
        _text("6.2.4", _in_parts(KOSME, 1), KOSME),
        _text("6.3.1", (frame(TEXT, surrogate),), surrogate),
        _text("6.3.2", _in_parts(surrogate, 1), surrogate),
        # The rest of the message is never sent: it is refused as soon as it can no longer become text.
        *(
            Case(
                number=number,
                sends=(frame(TEXT, beyond[:first], fin=False), still_there, frame(CONTINUATION, rest, fin=False)),
                answers=pong,
                code=INVALID_TEXT,
            )
            for number, first, rest in (("6.4.1", 11, beyond[11:15]), ("6.4.2", 12, beyond[12:13]))
        ),
        # Within one frame it is refused at the frame's end.
        _text("6.4.3", (frame(TEXT, beyond),), beyond, octets=11),
        _text("6.4.4", (frame(TEXT, beyond),), beyond, octets=1),
        *(
            _text(f"6.{group}.{number}", (frame(TEXT, text),), text)
            for group, texts in TEXTS.items()
            for number, text in enumerate(texts, 1)
        ),
        *(
            _text(f"6.{group}.{number} in parts", _in_parts(text, 1), text)
            for group, texts in TEXTS.items()
            for number, text in enumerate(texts, 1)
        ),
    ]


def _section_7() -> list[Case]:
    text, echo, bye = frame(TEXT, b"Hello"), ((TEXT, b"Hello"),), close_frame(NORMAL)
    large = b"*" * (256 * 1024)
    bad_reason = KOSME + b"\xed\xa0\x80edited"
    good_codes = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    bad_codes = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
    after = [
        Case(number="7.1.1", sends=(text, bye), answers=echo, closes=True),
        Case(number="7.1.2", sends=(bye, bye), closes=True),
        Case(number="7.1.3", sends=(bye, frame(PING)), closes=True),
        Case(number="7.1.4", sends=(bye, text), closes=True),
        Case(
            number="7.1.5",
            sends=(frame(TEXT, b"fragment1", fin=False), bye, frame(CONTINUATION, b"fragment2")),
            closes=True,
        ),
        Case(number="7.1.6", sends=(frame(TEXT, large), bye, frame(PING)), answers=((TEXT, large),), closes=True),
    ]
    return [
        *after,
        *(
            Case(number=f"{case.number} at once", sends=case.sends, answers=case.answers, closes=True, octets=0)
            for case in after
        ),
        Case(number="7.1.2, then a breach", sends=(bye, frame(3)), closes=True, octets=0),
        Case(number="7.3.1", sends=(frame(CLOSE),), closes=True),
        Case(number="7.3.1, then a breach", sends=(frame(CLOSE), frame(3)), closes=True, octets=0),
        Case(number="7.3.2", sends=(frame(CLOSE, b"a"),), code=PROTOCOL_ERROR, closes=True),
        Case(number="7.3.3", sends=(bye,), closes=True),
        Case(number="7.3.4", sends=(close_frame(NORMAL, b"Hello"),), closes=True),
        Case(number="7.3.5", sends=(close_frame(NORMAL, b"*" * 123),), closes=True),
        Case(number="7.3.6", sends=(close_frame(NORMAL, b"*" * 124),), code=PROTOCOL_ERROR, closes=True),
        Case(number="7.5.1", sends=(close_frame(NORMAL, bad_reason),), code=INVALID_TEXT, closes=True),
        *(
            Case(number=f"7.7.{number}", sends=(close_frame(code),), code=code, closes=True)
            for number, code in enumerate(good_codes, 1)
        ),
        *(
            Case(number=f"7.9.{number}", sends=(close_frame(code),), code=PROTOCOL_ERROR, closes=True)
            for number, code in enumerate(bad_codes, 1)
        ),
        Case(number="7.13.1", sends=(close_frame(5000),), code=PROTOCOL_ERROR, closes=True),
        Case(number="7.13.2", sends=(close_frame(65535),), code=PROTOCOL_ERROR, closes=True),
    ]


def _section_10() -> list[Case]:
    message = b"*" * 65536
    return [Case(number="10.1.1", sends=_in_parts(message, 1300), answers=((TEXT, message),))]


SECTIONS = {
    "1": _section_1(),
    "2": _section_2(),
    "3": _section_3(),
    "4": _section_4(),
    "5": _section_5(),
    "6": _section_6(),
    "7": _section_7(),
    "10": _section_10(),
}
