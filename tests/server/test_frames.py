"""The rules of RFC 6455 above the parser, and how many frames may come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.server import frames
from offhook.server.frames import Allowance, Breach, Parts, check_text, close_answer, may_be_sent


def parts(max_bytes: int = 100, max_parts: int = 10) -> Parts:
    return Parts(max_bytes=max_bytes, max_parts=max_parts)


# -- how many ---------------------------------------------------------------------------------------------------------


def spend(allowance: Allowance, cost: int, now_s: float) -> bool:
    allowance.left -= cost
    return allowance.left >= 0 or allowance.refill(now_s)


def test_a_burst_is_covered_at_once_and_nothing_beyond() -> None:
    """The clock stands still."""
    allowance = Allowance(10, 1.0, 5.0)
    assert [spend(allowance, 1, 5.0) for _ in range(11)] == [True] * 10 + [False]


def test_what_was_earned_meanwhile_covers_more() -> None:
    """Ten at once, and two a second."""
    allowance = Allowance(10, 2.0, 0.0)
    assert spend(allowance, 10, 0.0)
    assert spend(allowance, 6, 3.0)
    assert not spend(allowance, 1, 3.0)


def test_nobody_saves_up_more_than_another_burst() -> None:
    """An hour of silence is worth as much as a few seconds."""
    allowance = Allowance(10, 2.0, 0.0)
    assert [spend(allowance, 1, 3600.0) for _ in range(40)].count(True) == 21


def test_who_overdraws_waits_for_it() -> None:
    """A refusal does not forgive the debt."""
    allowance = Allowance(10, 1.0, 0.0)
    assert not spend(allowance, 15, 0.0)
    assert not allowance.refill(4.0)
    assert allowance.refill(5.0)


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 3)), max_size=60))
def test_never_more_than_the_burst_and_what_time_has_earned(steps: list[tuple[int, float]]) -> None:
    """Whatever the pattern."""
    allowance, now_s, taken = Allowance(20, 4.0, 0.0), 0.0, 0
    for cost, wait_s in steps:
        now_s += wait_s
        if not spend(allowance, cost, now_s):
            return
        taken += cost
        assert taken <= 20 + 4.0 * now_s


# -- parts ------------------------------------------------------------------------------------------------------------


def test_parts_become_the_message() -> None:
    """Text, then binary."""
    some = parts()
    assert some.begin(b"he", text=True, fin=False) is None
    assert some.held == [b"he"]
    assert some.go_on(b"", fin=False) is None
    assert some.go_on(b"llo", fin=True) == b"hello"
    assert (some.text, some.held) == (True, [])
    assert some.begin(b"\xff", text=False, fin=True) == b"\xff"
    assert not some.text


def test_a_message_may_be_as_large_as_its_limit() -> None:
    """In one part or in several, one message after the other; it is binary until it says that it is text."""
    some = parts()
    assert not some.text
    for _ in range(3):
        assert some.begin(b"x" * 100, text=False, fin=True) == b"x" * 100
        assert some.begin(b"x" * 60, text=False, fin=False) is None
        assert some.go_on(b"x" * 40, fin=True) == b"x" * 100


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6), st.booleans())
def test_cutting_a_message_changes_nothing(message: bytes, cuts: list[int], text: bool) -> None:
    """It is taken, or refused, as it would be in one piece."""
    edges = [0, *sorted(min(cut, len(message)) for cut in cuts), len(message)]
    pieces = [message[start:end] for start, end in pairwise(edges)]
    some = parts()

    def put_together() -> bytes | None:
        got = some.begin(pieces[0], text=text, fin=len(pieces) == 1)
        for number, piece in enumerate(pieces[1:], 2):
            got = some.go_on(piece, fin=number == len(pieces))
        return got

    if not text or _is_text(message):
        assert put_together() == message
        return
    for refused_by in (put_together, lambda: check_text(message)):
        with pytest.raises(Breach) as refused:
            refused_by()
        assert (refused.value.code, refused.value.failure) == (1007, "text_invalid")


def _is_text(message: bytes) -> bool:
    return message.decode(errors="ignore").encode() == message


@pytest.mark.parametrize(
    ("first", "second", "code", "failure"),
    [
        ((None, b"x"), None, 1002, "message_incomplete"),
        ((b"a", None), (b"b", None), 1002, "message_incomplete"),
        ((b"x" * 101, None), None, 1009, "frame_too_large"),
        ((b"x" * 60, None), (None, b"x" * 41), 1009, "frame_too_large"),
        ((b"\xce", None), (None, b"\x20"), 1007, "text_invalid"),
    ],
    ids=["continuation first", "message in message", "too large", "too large together", "not text"],
)
def test_what_is_refused(first: tuple[bytes | None, bytes | None], second: object, code: int, failure: str) -> None:
    """With the close code for the peer and the reason for the stream."""
    some = parts()

    def take(step: tuple[bytes | None, bytes | None]) -> None:
        begun, continued = step
        if begun is not None:
            some.begin(begun, text=True, fin=False)
        if continued is not None:
            some.go_on(continued, fin=False)

    steps = [step for step in (first, second) if isinstance(step, tuple)]
    for step in steps[:-1]:
        take(step)
    with pytest.raises(Breach) as refused:
        take(steps[-1])
    assert (refused.value.code, refused.value.failure) == (code, failure)
    assert refused.value.detail == str(refused.value) != ""


def test_parts_are_counted_since_they_may_be_empty() -> None:
    """The eleventh of ten is one too many, though there is not a byte in them."""
    some = parts()
    some.begin(b"", text=True, fin=False)
    for _ in range(9):
        some.go_on(b"", fin=False)
    with pytest.raises(Breach) as refused:
        some.go_on(b"", fin=False)
    assert (refused.value.code, refused.value.failure) == (1009, "frame_too_large")
    some.drop()
    assert some.begin(b"again", text=True, fin=True) == b"again"


def test_a_character_may_lie_across_parts_and_not_across_messages() -> None:
    """What was begun in a message that is dropped is not continued in the next."""
    some = parts()
    some.begin(b"\xce", text=True, fin=False)
    some.drop()
    with pytest.raises(Breach):
        some.begin(b"\xba", text=True, fin=True)


# -- closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "answer"), [(b"", 1000), (b"\x03\xe9", 1001), (b"\x0b\xb8bye", 3000), (b"\x13\x87", 4999)]
)
def test_a_close_is_answered_with_its_code(payload: bytes, answer: int) -> None:
    """One without a code is answered as normal: a code 0 may not be sent."""
    assert close_answer(payload) == answer


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"\x03", 1002), (b"\x00\x00", 1002), (b"\x03\xee", 1002), (b"\x13\x88", 1002), (b"\x03\xe8\xff", 1007)],
    ids=["half a code", "0", "1006", "5000", "a reason that is not text"],
)
def test_a_close_that_may_not_be_sent_is_a_breach(payload: bytes, code: int) -> None:
    """RFC 6455, 7.4."""
    with pytest.raises(Breach) as refused:
        close_answer(payload)
    assert refused.value.code == code


def test_codes_that_may_be_sent() -> None:
    """The defined ones, and those of libraries and applications."""
    low = {code for code in range(3000) if may_be_sent(code)}
    assert low == {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
    assert {code for code in range(3000, 65536) if may_be_sent(code)} == set(range(3000, 5000))


def test_what_we_close_with_has_the_numbers_of_the_standard() -> None:
    """RFC 6455, 7.4.1; each of them may be sent."""
    ours = (frames.NORMAL, frames.PROTOCOL_ERROR, frames.INVALID_TEXT, frames.POLICY_VIOLATION, frames.TOO_BIG)
    assert ours == (1000, 1002, 1007, 1008, 1009)
    assert all(map(may_be_sent, ours))
