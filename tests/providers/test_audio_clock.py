"""The audio of a stream as it is sent to a provider: cut into messages, and what its times mean here."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.formats import PCM_16K, PCMU
from offhook.providers.audio_clock import AudioClock


def test_audio_is_sent_in_whole_messages() -> None:
    """What does not fill one waits for the rest."""
    clock = AudioClock(PCMU, message_ms=60)
    assert clock.push(b"a" * 160) == []
    assert clock.push(b"b" * 160) == []
    assert clock.push(b"c" * 160 + b"d" * 500) == [b"a" * 160 + b"b" * 160 + b"c" * 160, b"d" * 480]
    assert clock.sent_ms == 120
    assert clock.flush() == [b"d" * 20]
    assert clock.flush() == []


def test_what_is_too_short_is_filled_up_with_silence() -> None:
    """The provider counts the silence; times after it are corrected, times in it are its beginning."""
    clock = AudioClock(PCMU, message_ms=60, least_ms=50)
    assert clock.push(b"a" * 160) == []
    assert clock.flush() == [b"a" * 160 + b"\xff" * 240]
    assert clock.sent_ms == 50
    clock.push(b"b" * 480)
    assert [clock.stream_ms(at) for at in (10, 20, 35, 50, 80)] == [10, 20, 20, 20, 50]


def test_linear_audio_is_filled_up_with_zeros() -> None:
    """Two bytes a sample."""
    clock = AudioClock(PCM_16K, message_ms=60, least_ms=50)
    clock.push(b"\x01\x02" * 16 * 20)
    (message,) = clock.flush()
    assert message == b"\x01\x02" * 16 * 20 + bytes(2 * 16 * 30)


def test_enough_audio_is_not_filled_up() -> None:
    """A message may be shorter than the usual ones."""
    clock = AudioClock(PCMU, message_ms=60, least_ms=50)
    clock.push(b"a" * 440)
    assert clock.flush() == [b"a" * 440]


def test_audio_that_was_not_sent_after_all_shifts_every_time() -> None:
    """The provider's count begins later than the stream."""
    clock = AudioClock(PCMU, message_ms=20)
    first, second = clock.push(b"a" * 320)
    clock.lost(first)
    assert clock.sent_ms == 20
    assert clock.stream_ms(5) == 25
    clock.lost(second)
    assert clock.stream_ms(0) == 40


def test_silence_that_was_filled_in_before_is_found_where_it_is_then() -> None:
    """Fillings move with what is lost before them."""
    clock = AudioClock(PCMU, message_ms=60, least_ms=50)
    (first,) = clock.push(b"a" * 480)
    clock.push(b"b" * 160)
    clock.flush()
    clock.lost(first)
    assert [clock.stream_ms(at) for at in (0, 20, 50)] == [60, 80, 80]


@given(st.lists(st.one_of(st.integers(0, 2000), st.none()), max_size=20))
def test_all_audio_is_sent_once_and_in_order(steps: list[int | None]) -> None:
    """However it comes, and whenever it is flushed."""
    clock = AudioClock(PCMU, message_ms=60)
    pushed, sent, number = b"", b"", 0
    for step in steps:
        if step is None:
            sent += b"".join(clock.flush())
            continue
        audio = bytes((number + at) % 251 for at in range(step))
        number += step
        pushed += audio
        sent += b"".join(clock.push(audio))
    sent += b"".join(clock.flush())
    assert sent == pushed
    assert clock.sent_ms == len(pushed) / 8
