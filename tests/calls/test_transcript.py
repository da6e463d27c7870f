"""The record of a call in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.transcript import Scribe, Transcript, TranscriptEntry


def entry(said: str, began_at_ms: float = 0.0, *, heard: str | None = None) -> TranscriptEntry:
    return TranscriptEntry(
        speaker="agent",
        kind="reply",
        began_at_ms=began_at_ms,
        ended_at_ms=began_at_ms + 100,
        heard=said if heard is None else heard,
        said=said,
    )


def written(*entries: TranscriptEntry) -> Transcript:
    transcript = Transcript()
    scribe = Scribe(transcript)
    for each in entries:
        scribe.write(each)
    return transcript


def test_entries_are_read_like_a_list() -> None:
    """By number, by slice, one after the other."""
    transcript = written(entry("one"), entry("two", 1), entry("three", 2))
    assert [each.said for each in transcript] == ["one", "two", "three"]
    assert transcript[-1].said == "three"
    assert [each.said for each in transcript[:2]] == ["one", "two"]
    assert len(transcript) == 3
    assert repr(transcript) == "<Transcript of 3 entries, 0 dropped>"


def test_nobody_but_a_scribe_writes() -> None:
    """There is nothing to set, to add or to remove."""
    transcript = written(entry("one"))
    with pytest.raises(TypeError):
        transcript[0] = entry("two")  # type: ignore[index]
    with pytest.raises(TypeError):
        del transcript[0]  # type: ignore[attr-defined]
    assert not hasattr(transcript, "append")
    with pytest.raises(AttributeError):
        transcript[0].heard = "other"  # type: ignore[misc]


def test_what_is_over_first_comes_first_whenever_it_began() -> None:
    """A turn that is answered is the last entry, also of a caller who began before the agent that they interrupt."""
    transcript = written(entry("agent", 5), entry("caller", 2))
    assert [each.said for each in transcript] == ["agent", "caller"]


def test_an_entry_says_whether_all_of_it_was_heard() -> None:
    """What was not heard is kept beside it."""
    assert entry("We open at nine.", heard="We open").cut
    assert not entry("We open at nine.").cut
    assert entry("We open at nine.").confidence == 1.0


def test_another_scribe_goes_on_where_the_first_has_stopped() -> None:
    """A second session on the same call."""
    transcript = written(entry("one"))
    Scribe(transcript).write(entry("two", 1))
    assert [each.said for each in transcript] == ["one", "two"]


def test_a_long_call_keeps_its_last_500_entries() -> None:
    """The others are counted."""
    transcript = written(*(entry(str(number), number) for number in range(503)))
    assert (len(transcript), transcript.dropped, transcript[0].said) == (500, 3, "3")


def test_a_talkative_call_keeps_its_last_100_000_letters() -> None:
    """As whole entries."""
    transcript = written(entry("a" * 60_000), entry("b" * 30_000, 1), entry("c" * 10_000, 2))
    assert transcript.dropped == 0
    Scribe(transcript).write(entry("d", 3))
    assert [each.said[0] for each in transcript] == ["b", "c", "d"]


def test_the_last_entry_is_kept_whatever_its_length() -> None:
    """The dialog has to know what was said last."""
    transcript = written(entry("a"), entry("b" * 200_000, 1))
    assert [each.said[0] for each in transcript] == ["b"]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30_000)), max_size=60))
def test_it_is_always_the_end_of_all_and_within_its_bounds(entries: list[tuple[int, int]]) -> None:
    """Whatever is written."""
    transcript = written(*(entry("x" * length, began) for began, length in entries))
    kept = list(transcript)
    assert [(len(each.said), each.began_at_ms) for each in kept] == [
        (length, began) for began, length in entries[transcript.dropped :]
    ]
    assert len(kept) + transcript.dropped == len(entries)
    assert len(kept) <= 1 or sum(len(each.said) for each in kept) <= 100_000
