"""Links, images, notes and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.speech.text.cleaning import Cleaner

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See [our page](https://x.dev).", "See our page."),
        ("[a](b_(c)) d", "a d"),
        ('[a](b "a title (1)") d', "a d"),
        ("[a](b 'a' ) d", "a d"),
        ("[a][ref] b", "a b"),
        ("[a][] b", "a b"),
        ("[a][b", "ab"),
        ("[a](not a link", "a(not a link"),
        ("[a](b [c](d) e", "a(b c e"),
        ('[a](b "c\nd', 'a(b "c d'),
        ("[a](b](c) d", "a(b(c) d"),
        ("[a](b", "a(b"),
        ("[a](b ", "a(b"),
        ("[a]", "a"),
        ("press [0] (zero)", "press 0 (zero)"),
    ],
)
def test_of_a_link_the_words_are_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """What only looks like the address of one is text."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("![a map](b)", ""),
        ("Look![a map](b) There", "Look! There"),
        ("[![a](b)](c) d", "d"),
        ("![a", "a"),
        ("No![", "No!"),
        ("So ! yes", "So ! yes"),
        ("!", "!"),
    ],
)
def test_an_image_is_not_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """Nobody sees it on the phone."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nine[1].", "nine."),
        ("nine[1][2] or [3](u).", "nine or."),
        ("nine[1, 2-4].", "nine."),
        ("nine[^a].", "nine."),
        ("nine 【4:0†source】.", "nine."),
        ("【你好】", "【你好】"),
        ("【", "【"),
        ("take [2] of them", "take 2 of them"),
    ],
)
def test_a_note_is_not_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """A number in brackets is one behind a word only, or as a link."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Go to https://www.offhook.dev/docs?x=1.", "Go to offhook.dev."),
        ("HTTP://a.b:80/c", "a.b"),
        ("(see http://a.b/c_(d))", "(see a.b)"),
        ("http://me@a.b", "a.b"),
        ("www.a.b/c, then", "a.b, then"),
        ("<https://a.b/c> 5 > 3", "a.b 5 > 3"),
        ("mailto:a@b.dev?subject=x", "a@b.dev"),
        ("tel:+15550100", "+15550100"),
        ("https://", ""),
        ("www", "www"),
        ("xhttp://a", "xhttp://a"),
        ("http://" + "a" * 3000 + " b", "a" * 3000 + " b"),
    ],
)
def test_of_an_address_the_domain_is_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """Of a mailbox and a telephone, what it is."""
    assert clean(text) == said


def test_what_could_become_an_address_is_held_back() -> None:
    """And nothing else."""
    cleaner = Cleaner()
    assert cleaner.push("We have ht") == "We have"
    assert cleaner.push("ml") == " html"
