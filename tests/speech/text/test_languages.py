"""What is known of languages."""

from __future__ import annotations

import pytest

from offhook.speech.text.languages import primary, words_of


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("en-GB", "en"), ("pt_BR", "pt"), ("DE", "de"), ("", "")])
def test_a_tag_begins_with_the_language(tag: str, language: str) -> None:
    """Its region does not matter here."""
    assert primary(tag) == language


def test_of_a_language_that_is_not_known_no_words_are() -> None:
    """The rules that hold for all are left."""
    assert not words_of("xx").conjunctions
    assert not words_of("xx").dotted_ordinals
    assert words_of("fi").dotted_ordinals
    assert "and" in words_of("en-GB").conjunctions
