"""Where in its stream a piece of what is heard lies."""

from __future__ import annotations

from offhook.speech.echo.heard import Heard, Piece, StreamClock


def test_a_piece_knows_where_it_begins() -> None:
    """Half as many samples before its end as it has bytes."""
    assert Piece(20.0, bytes(320), 160).begin == 0
    assert not Heard(20.0, bytes(320)).changed


def test_pieces_are_counted_where_their_times_are_rounded() -> None:
    """A time that is late by less than a gap moves nothing."""
    clock = StreamClock()
    assert clock.next(160, 1000) == 1000
    assert [clock.next(160, 1000 + 160 * n + 3) for n in (1, 2, 3)] == [1160, 1320, 1480]


def test_audio_that_never_came_is_jumped_over() -> None:
    """A gap of more than 60 ms is one, and so is a time that went back."""
    clock = StreamClock()
    clock.next(160, 1000)
    assert clock.next(160, 1160 + 480) == 1160
    assert clock.next(160, 1320 + 481) == 1801
    assert clock.next(160, 1900) == 1900


def test_a_clock_that_drifts_is_followed_once_a_second() -> None:
    """What all pieces of a second were late by is no rounding."""
    clock = StreamClock()
    ends = [clock.next(160, 1000 + 160 * n + (5 if n else 0)) for n in range(101)]
    assert ends[48] == 1000 + 160 * 48
    assert ends[100] == 1000 + 160 * 100 + 5
