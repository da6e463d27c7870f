"""What a listener says without wanting to speak."""

from __future__ import annotations

import pytest

from offhook.agent.cascade.backchannels import BACKCHANNELS, is_backchannel, is_hello


@pytest.mark.parametrize("text", ["Mm-hmm.", "Yeah, okay.", "Uh-huh!", "RIGHT", "Oh, I see.", "of course"])
def test_a_listeners_words_are_known(text: str) -> None:
    """In any case, with any punctuation, up to four of them."""
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "...", "no", "stop", "wait", "okay stop", "yes yes yes yes yes", "i want", "of"])
def test_everything_else_is_an_interruption(text: str) -> None:
    """A refusal above all."""
    assert not is_backchannel(text)


def test_every_language_has_its_own_words() -> None:
    """One that is not known has none."""
    assert is_backchannel("Genau, ja.", "de")
    assert is_backchannel("D'accord", "fr")
    assert not is_backchannel("genau", "en")
    assert not is_backchannel("okay", "xx")
    for phrases in BACKCHANNELS.values():
        assert all(phrase == phrase.lower().strip() and len(phrase.split()) <= 2 for phrase in phrases)


def test_four_words_are_the_most_that_a_listener_says() -> None:
    """A phrase of two counts as two."""
    assert is_backchannel("yes yes yes yes")
    assert is_backchannel("i see i see")
    assert not is_backchannel("i see i see yes")


@pytest.mark.parametrize("text", ["see", "hum", "see i", "yes of", "all"])
def test_half_of_a_phrase_is_none(text: str) -> None:
    """Words that are a listener's only together are somebody's words alone."""
    assert not is_backchannel(text)


def test_a_hello_is_nothing_but_what_is_said_when_a_phone_is_picked_up() -> None:
    """In the language of the call; with anything else in it, it is more than that."""
    assert is_hello("Hello?")
    assert is_hello("Good morning, hello.")
    assert is_hello("Ja bitte?", "de")
    assert not is_hello("Hello, who is this?")
    assert not is_hello("")
    assert not is_hello("hello", "xx")
