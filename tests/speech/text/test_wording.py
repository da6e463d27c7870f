"""From what a program wants said to what a voice is given."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.text import Cutting, Pronunciations, Spoken, Wording

WORDING = Wording(pronounce=Pronunciations({"Telnyx": "tell nicks", "£5": "a fiver"}))
TEXT = "**Telnyx** costs £5 or $3M 🎉. Call [us](https://x.dev) at 9:05!\n```\ncode\n```\n- Dr. Hill"


def test_a_text_is_cleaned_cut_pronounced_and_normalised() -> None:
    """A pronunciation comes before the table of the language."""
    assert [spoken.voice for spoken in WORDING.sentences(TEXT)] == [
        "tell nicks costs a fiver or three million dollars.",
        "Call us at nine oh five!",
        "Doctor Hill",
    ]


def test_what_is_shown_is_clean_and_not_normalised() -> None:
    """A transcript is read, not heard."""
    assert [spoken.text for spoken in WORDING.sentences(TEXT)] == [
        "Telnyx costs £5 or $3M.",
        "Call us at 9:05!",
        "Dr. Hill",
    ]


@given(st.lists(st.integers(0, len(TEXT)), max_size=8).map(sorted))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    """However the text comes."""
    stream = WORDING.stream()
    said = [spoken for a, b in zip([0, *cuts], [*cuts, len(TEXT)], strict=True) for spoken in stream.push(TEXT[a:b])]
    said = [replace(spoken, goes_on=True) for spoken in said] + stream.flush()
    assert said == list(WORDING.sentences(TEXT))


def test_a_text_without_words_says_nothing() -> None:
    """Pictographs and code are none."""
    assert list(WORDING.sentences("👍 🎉\n```\ncode\n```")) == []


def test_a_long_text_is_worked_out_as_it_is_said() -> None:
    """The first sentence does not wait for the last."""
    sentences = WORDING.sentences("We open at nine. " * 1000)
    assert next(sentences).text == "We open at nine."
    assert len(list(sentences)) == 999


def test_what_is_there_is_said_if_nothing_comes() -> None:
    """When that is due, it says."""
    stream = Wording(cutting=Cutting(stop_ms=50)).stream()
    assert stream.push("It costs £5!", 1000) == []
    assert stream.due_ms == 1050
    assert [spoken.voice for spoken in stream.tick(1050)] == ["It costs five pounds!"]


def test_a_language_that_is_not_known_is_cleaned_only() -> None:
    """And pronounced as it is given."""
    (spoken,) = Wording(language="de", pronounce=Pronunciations({"Telnyx": "Tellniks"})).sentences(
        "*Telnyx* kostet 5 €"
    )
    assert spoken.voice == "Tellniks kostet 5 €"


def test_all_sentences_of_a_whole_text_go_on_but_the_last() -> None:
    """What follows is known."""
    assert goes_on(list(WORDING.sentences("One. Two. Three"))) == [("One.", True), ("Two.", True), ("Three", False)]
    assert goes_on(list(WORDING.sentences("One. Two."))) == [("One.", True), ("Two.", False)]


def goes_on(sentences: list[Spoken]) -> list[tuple[str, bool]]:
    """Which sentences are known to be followed by others."""
    return [(spoken.text, spoken.goes_on) for spoken in sentences]


def test_a_sentence_that_words_follow_goes_on() -> None:
    """A model's pieces show that there is more; who gives whole sentences does not."""
    stream = WORDING.stream()
    assert goes_on(stream.push("One")) == []
    assert goes_on(stream.push(". Two. Th")) == [("One.", True), ("Two.", True)]
    assert goes_on(stream.push("ree.", 1000)) == []
    assert stream.whole
    assert goes_on(stream.tick(1100)) == [("Three.", False)]
    assert goes_on(stream.push(" Four is next and", 2000)) == []
    assert goes_on(stream.tick(2600)) == [("Four is next and", True)]
    assert goes_on(stream.push(" five. Six.", 3000)) == [("five.", True)]
    assert goes_on(stream.flush()) == [("Six.", False)]


def test_a_whole_text_is_shown_as_its_sentences_are() -> None:
    """Without markup, and not normalised."""
    assert WORDING.shown(TEXT) == "Telnyx costs £5 or $3M. Call us at 9:05! Dr. Hill"
    assert WORDING.shown("👍") == ""
