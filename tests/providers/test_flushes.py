"""Which calls of flush are answered by what a provider tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import EngineUnavailable
from offhook.providers.flushes import Flushes


def test_what_is_heard_answers_the_flushes_before_it() -> None:
    """All of them at once, by the number of the last; those after it stay open."""
    flushes = Flushes("X")
    assert [flushes.ask(at_ms) for at_ms in (100, 1000, 3000)] == [1, 2, 3]
    assert flushes.heard(0) == 1
    assert flushes.heard(500) == 0
    assert flushes.heard(950) == 2
    assert flushes.open
    assert flushes.heard(5000) == 3
    assert not flushes.open


def test_requests_are_answered_in_order() -> None:
    """One by one, or all together."""
    flushes = Flushes("X")
    assert flushes.answered() == 0
    assert flushes.all_answered() == 0
    flushes.ask(100)
    flushes.ask(200)
    flushes.ask(300)
    assert flushes.answered() == 1
    assert flushes.all_answered() == 3
    assert not flushes.open


def test_audio_that_is_not_sent_after_all_moves_them() -> None:
    """The provider counts without it."""
    flushes = Flushes("X")
    flushes.ask(1000)
    flushes.lost(400)
    assert flushes.heard(600) == 1


def test_after_a_wait_what_is_known_is_the_answer() -> None:
    """Also to the flushes before; one that is answered is not waited for."""
    flushes = Flushes("X")
    flushes.ask(0)
    flushes.ask(0)
    assert flushes.waited(2) == 2
    assert flushes.waited(1) == 0
    flushes.ask(0)
    flushes.ask(0)
    flushes.told()
    assert flushes.waited(3) == 3
    assert flushes.open


def test_a_provider_that_tells_nothing_twice_is_given_up() -> None:
    """Anything that it tells in between counts."""
    flushes = Flushes("X")
    for tell in (flushes.told, flushes.answered, flushes.all_answered, lambda: flushes.heard(-1e9)):
        number = flushes.ask(0)
        assert flushes.waited(number) == number
        tell()
    for _ in range(2):
        number = flushes.ask(0)
        if number % 2:
            flushes.waited(number)
    with pytest.raises(EngineUnavailable, match="expected X to tell"):
        flushes.waited(number)


def test_one_that_owes_an_answer_is_given_up_at_once() -> None:
    """It answers always, or has said that somebody speaks, or has told words that may still change."""
    always = Flushes("X", always=True)
    with pytest.raises(EngineUnavailable):
        always.waited(always.ask(0))
    begun = Flushes("X")
    begun.told_more()
    with pytest.raises(EngineUnavailable):
        begun.waited(begun.ask(0))


def test_one_that_is_there_or_has_told_its_words_owes_nothing() -> None:
    """Something was told since it was asked, or words for good before."""
    there = Flushes("X", always=True)
    number = there.ask(0)
    before = there.alive
    there.told()
    assert (before, there.alive) == (False, True)
    assert there.waited(number) == number
    done = Flushes("X")
    done.told_more()
    done.told_words()
    assert done.waited(done.ask(0)) == 1
    done.told_more()
    number = done.ask(0)
    done.told()
    assert done.waited(number) == number


@given(st.lists(st.sampled_from(["ask", "heard", "answered", "all", "waited", "told"]), max_size=30))
def test_numbers_only_grow_and_none_is_answered_before_it_is_asked(steps: list[str]) -> None:
    """Whatever the provider tells, in whatever order."""
    flushes = Flushes("X")
    asked = last = 0
    for step in steps:
        number = 0
        match step:
            case "ask":
                asked = flushes.ask(100.0 * asked)
            case "heard":
                number = flushes.heard(50.0 * asked)
            case "answered":
                number = flushes.answered()
            case "all":
                number = flushes.all_answered()
            case "told":
                flushes.told()
            case _:
                try:
                    number = flushes.waited(asked)
                except EngineUnavailable:
                    return
        assert number == 0 or last < number <= asked
        last = max(last, number)
