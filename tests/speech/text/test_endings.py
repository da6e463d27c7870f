"""Whether a sentence ends."""

from __future__ import annotations

import pytest

from offhook.speech.text.endings import Endings, is_stop


def ends(text: str, *, language: str = "en", final: bool = False) -> bool | None:
    """Whether a sentence ends at the mark ``|``."""
    before, after = text.split("|")
    run = len(before.rstrip(".!?…。।؟;)\"'”’"))
    return Endings(language).ends(before + after, 0, run, len(before), final=final)


@pytest.mark.parametrize(
    "text",
    [
        *("It is nine.| And so on", "Is it?| yes", "Stop!| now", "It is nine.|\n", "Nine…| And", "you. (Really.)| Yes"),
        *("好。|好", "好。”|好", "ठीक।|अ", "بخير؟|ش", "好.|好", "Come.| 你好"),
        *("at 5 p.m.| We do", "in the U.S.| It is", "Plan B.| That's", "We sell milk etc.| You do", 'said "no."| Then'),
        *("at nine.|We", "at 9.|We", "Come?|Yes", "dollars.|I will", "ends.|I'll"),
        *("No.| We are", "offhook.dev.| Then", "It costs 9.50.| Bring", "in 2026.| That", "It is 5.| 'We"),
    ],
)
def test_a_sentence_ends_here(text: str) -> None:
    """What follows, or what stands before, tells so."""
    assert ends(text) is True


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Dr.| Hill",
            "e.g.| This",
            "Mr. J.| Doe is",
            "No.| 5",
            "at 5 p.m.| on",
            "at 5 p.m.| Monday is",
            "Hill St.| 5",
        ),
        *("3.|30", "offhook.|dev", "Node.|js", "p.m.|Come", "U.S.|A", "a.|B", "README.|MD", "Ask Dr.|Hill"),
        *("Well...| yes", "Well…| yes", "Well…|Yes", '"Really?"| she', '"No."| she', "etc.)| and", "Come?|yes"),
        *("1.| First", "Options: 1.| First", "x.|)", "Jan.| 5"),
    ],
)
def test_no_sentence_ends_here(text: str) -> None:
    """It is an abbreviation, an initial, a number, or goes on."""
    assert ends(text) is False


def test_a_full_width_stop_between_digits_is_a_decimal_point() -> None:
    """Elsewhere it ends a sentence."""
    text = "３．３"
    assert Endings("ja").ends(text, 0, 1, 2, final=False) is False
    assert Endings("ja").ends("好．好", 0, 1, 2, final=False) is True


@pytest.mark.parametrize(
    "text",
    ["It is 9.| ", "Nine…| ", "Nine.)| (", "at 5 p.m.| We", "nine.|W", "9.|W", "Dr.| ", "No.| "],
)
def test_what_follows_decides(text: str) -> None:
    """Unless nothing can follow any more."""
    assert ends(text) is None
    assert ends(text, final=True) in (True, False)


@pytest.mark.parametrize("text", ["It is nine.| ", "Is it?| ", "Come!| ", "It is 9.50.| "])
def test_behind_a_word_a_stop_and_a_space_end_a_sentence(text: str) -> None:
    """Whatever follows."""
    assert ends(text) is True


def test_items_of_a_list_are_counted() -> None:
    """A number that is the next one ends no sentence."""
    endings = Endings("en")
    text = "1. First 2. Second"
    assert endings.ends(text, 0, 1, 2, final=False) is False
    assert endings.ends(text, 0, 10, 11, final=False) is False
    assert endings.ends("take 9. Then", 0, 6, 7, final=False) is True


def test_where_ordinals_have_a_dot_a_number_ends_no_sentence() -> None:
    """A year does."""
    assert ends("am 3.| Mai", language="de") is False
    assert ends("war 2026.| Wir", language="de") is True


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        *(("It is nine.", True), ("Is it?", True), ("Stop!)", True), ("好。", True), ("9.", False), ("Dr.", False)),
        *(("p.m.", False), ("B.", False), ("Well...", False), ("Well…", False), ("9.50.", False)),
    ],
)
def test_a_sentence_that_is_likely_to_be_whole_is_known(text: str, whole: bool) -> None:
    """If nothing comes after it, it need not be waited for."""
    run = len(text.rstrip(".!?…。)"))
    assert Endings.is_whole(text, 0, run) is whole


def test_a_semicolon_asks_a_question_in_greek_only() -> None:
    """It looks like any other."""
    assert is_stop("ε;", 1)
    assert not is_stop("e;", 1)
    assert not is_stop(";", 0)
    assert is_stop("ε\u037e", 1)
