"""What becomes of a character."""

from __future__ import annotations

import pytest

from offhook.speech.text.cleaning.characters import DIVIDER, sayable


@pytest.mark.parametrize("character", list("aé9ß你ककا$%°№℃±½²'\u0301"))
def test_what_a_voice_can_say_is_itself(character: str) -> None:
    """Letters, digits, marks and signs with a name."""
    assert sayable(character, "a") == character


@pytest.mark.parametrize("character", list("👍🎉❤★©™┃█🇬\t\u00a0 "))
def test_pictographs_and_frames_are_spaces(character: str) -> None:
    """The words around them stay apart."""
    assert sayable(character, "a") == " "


@pytest.mark.parametrize(
    "character", ["\ufe0f", "\U000e0101", "🏽", "\u20e3", "\x00", "\x9f", "\ue000", "\u2066", "†", "{"]
)
def test_selectors_and_controls_are_nothing(character: str) -> None:
    """They change what is before them, or are for a screen."""
    assert sayable(character, "a") == ""


@pytest.mark.parametrize("character", list("→⇒•➡|"))
def test_arrows_and_bullets_divide(character: str) -> None:
    """A comma is heard there."""
    assert sayable(character, "a") == DIVIDER


@pytest.mark.parametrize(
    ("character", "plain"), [("①", "1"), ("❷", "2"), ("⑴", "1"), ("𝗛", "H"), ("𝟏", "1"), ("Ⓐ", "A")]
)
def test_letters_in_circles_and_in_bold_are_plain(character: str, plain: str) -> None:
    """They are letters all the same."""
    assert sayable(character, "a") == plain


def test_a_letter_that_is_none_is_nothing() -> None:
    """There is a hole among the letters of mathematics."""
    assert sayable("\U0001d455", "a") == ""


@pytest.mark.parametrize(
    ("character", "before", "kept"),
    [
        ("\u200d", "क", True),
        ("\u200d", "\u094d", True),
        ("\u200d", "👩", False),
        ("\u200c", "ی", True),
        ("\u200c", "a", False),
        ("\u200b", "ก", True),
        ("\u200b", "你", False),
        ("\u200b", "a", False),
        ("\u0600", "a", True),
    ],
)
def test_invisible_marks_are_kept_where_their_script_needs_them(character: str, before: str, kept: bool) -> None:
    """They change the shape of letters, or part words; elsewhere they hide in text that was copied."""
    assert sayable(character, before) == (character if kept else "")
