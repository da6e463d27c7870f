"""What is taken for a field of a media message, and what for garbage."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.telnyx.media.wire import (
    GARBAGE,
    MAX_INTEGER,
    b64encode,
    decode_any,
    from_base64,
    integer,
    object_,
    text,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        ("0", 0),
        ("007", 7),
        (MAX_INTEGER - 1, MAX_INTEGER - 1),
        ("9" * 18, MAX_INTEGER - 1),
        (MAX_INTEGER, None),
        ("1" + "0" * 18, None),
        (-1, None),
        ("-1", None),
        ("+1", None),
        ("", None),
        (" 1", None),
        ("1\n", None),
        ("\u0661", None),
        ("1.0", None),
        (1.0, None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_a_counter_is_a_whole_number_of_up_to_18_digits(value: object, number: int | None) -> None:
    """Written as a number or in plain digits, as the carrier does both; all else is garbage, and no other number."""
    assert integer(value) == number


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_a_field_of_another_type_is_an_empty_one(value: object) -> None:
    """One that is missing, too: a message that says less than it should is no reason to end a call."""
    assert object_({"a": value}, "a") == {}
    assert text({"a": value if value != "x" else 5}, "a") == ""
    assert object_({}, "a") == {}
    assert text({}, "a") == ""


def test_a_field_of_its_type_is_what_came() -> None:
    """Nothing is trimmed or copied."""
    inner = {"b": 1}
    assert object_({"a": inner}, "a") is inner
    assert text({"a": " x "}, "a") == " x "


@pytest.mark.parametrize("value", [None, 5, b"AAAA", "A", "AAA", "AA AA", "AAAA\n", "AA-_", "%%%%", "A=AA"])
def test_what_is_not_base64_is_no_audio(value: object) -> None:
    """Nothing is skipped or guessed: half a payload would be noise."""
    assert from_base64(value) is None


@given(st.binary(max_size=64))
def test_audio_comes_out_of_base64_as_it_went_in(payload: bytes) -> None:
    """An empty payload, too."""
    assert from_base64(b64encode(payload).decode()) == payload


@given(st.binary(max_size=64) | st.just(b"[" * 100_000) | st.just(b'"\xff"'))
def test_every_error_of_the_decoder_is_one_of_garbage(message: bytes) -> None:
    """Depth without end and broken UTF-8, too: no message on a socket is anything worse."""
    with contextlib.suppress(*GARBAGE):
        decode_any(message)
