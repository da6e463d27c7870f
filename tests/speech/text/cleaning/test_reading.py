"""What is given out of a text that is read, and what stands between."""

from __future__ import annotations

from offhook.speech.text.cleaning.reading import Reader, at_character, literal


def word(reader: Reader, text: str, at: int, final: bool) -> int | None:
    """Says everything up to a full stop, when that is known."""
    end = text.find(".", at)
    if end < 0 and not final:
        return None
    end = end if end >= 0 else len(text) - 1
    reader.say(text[at : end + 1])
    reader.space()
    return end + 1


def test_what_is_not_decided_is_held_back() -> None:
    """Until it is, or nothing follows."""
    reader = Reader(word)
    assert reader.read("o", final=False) == ""
    assert reader.read("ne.two.th", final=False) == "one. two. "
    assert reader.read("", final=True) == "th"


def test_between_words_stands_what_was_asked_for() -> None:
    """The end of a line before a comma, a comma before a space."""
    reader = Reader(literal)
    reader.space()
    reader.say("a")
    reader.say("b")
    reader.space()
    reader.say("c")
    reader.divide()
    reader.say("d.")
    reader.divide()
    reader.say("e")
    reader.divide()
    reader.fresh = False
    reader.end_line()
    reader.say("f")
    reader.fresh = False
    reader.end_line()
    reader.say("G")
    reader.break_off()
    reader.say("h")
    assert reader.read("", final=True) == "ab c, d. e f\nG\nh"


def test_a_stop_behind_something_that_is_left_out_stands_at_the_word() -> None:
    """ "Great 🎉." is "Great."."""
    reader = Reader(literal)
    reader.say("a")
    reader.leave_out()
    reader.say(".")
    reader.leave_out()
    reader.say("b")
    assert reader.read("", final=True) == "a. b"


def test_a_character_is_said_or_left_out() -> None:
    """By what it is."""
    reader = Reader(literal)
    for character in "a👍b→c \x00d":
        at_character(reader, character, 0)
    assert reader.read("", final=True) == "a b, c d"
