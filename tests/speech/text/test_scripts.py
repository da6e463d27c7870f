"""What the scripts of the world do."""

from __future__ import annotations

import pytest

from offhook.speech.text.scripts import holds_together, is_ideographic, is_spaceless, joined, units


@pytest.mark.parametrize(
    ("character", "spaceless", "ideographic"),
    [
        *(("a", False, False), ("я", False, False), ("한", False, False), ("क", False, False), ("你", True, True)),
        *(("か", True, True), ("\U00020000", True, True), ("ก", True, False), ("ខ", True, False), ("မ", True, False)),
    ],
)
def test_some_scripts_put_no_spaces_between_words(character: str, spaceless: bool, ideographic: bool) -> None:
    """Of those, Chinese and Japanese have a character for a syllable or more."""
    assert is_spaceless(character) is spaceless
    assert is_ideographic(character) is ideographic


def test_a_character_is_a_part_of_a_word() -> None:
    """A mark or a punctuation is none."""
    assert units("你") == 6
    assert units("ก") == 2
    assert units("\u0e48") == 0
    assert units("\u3001") == 0


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [("ก", "\u0e48", True), ("เ", "ก", True), ("\u17d2", "ក", True), ("👩", "\u200d", True), ("ก", "ก", False)],
)
def test_a_syllable_is_not_cut(before: str, after: str, held: bool) -> None:
    """Marks belong to what is before them, and some vowels to what follows."""
    assert holds_together(before, after) is held


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        (["One.", "Two."], "One. Two."),
        (["你好。", "再见"], "你好。再见"),
        (["กข", "ขก"], "กขขก"),
        (["Hi.", "你好。", "Bye."], "Hi. 你好。 Bye."),
        (["", "a", "", "b"], "a b"),
        ([], ""),
    ],
)
def test_sentences_are_joined_as_their_script_has_it(sentences: list[str], text: str) -> None:
    """With a space between words only."""
    assert joined(sentences) == text
