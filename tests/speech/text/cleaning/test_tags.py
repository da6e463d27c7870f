"""HTML in a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a <b>bold</b> word", "a bold word"),
        ("a<br>b</p>C", "a\nb\nC"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a, b"),
        ('<a href="x">link</a> <img src="y"/>', "link"),
        ("a <!-- no --> b", "a b"),
        ("a <!-- no", "a"),
        ("<!DOCTYPE html><?xml version='1'?>x", "x"),
        ("<think>no\n</think>Yes", "Yes"),
        ("<THINK>no</THINK >Yes", "Yes"),
        ("<think>no", ""),
        ("<think/>yes</think>", "yes"),
        ("<script>x</script>y", "y"),
        ("<me@offhook.dev>", "me@offhook.dev"),
    ],
)
def test_tags_and_what_is_not_for_people_are_not_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """Some of them end a line, and cells are divided by commas."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5 < 6 > 4", "5 < 6 > 4"),
        ("I <3 you", "I <3 you"),
        ("a<", "a<"),
        ("<a " + "b" * 300, "<a " + "b" * 300),
        ("R&D", "R&D"),
        ("a &amp; b&nbsp;c &lt;b&gt; &#33;", "a & b c <b> !"),
        ("&bogus; &", "&bogus; &"),
    ],
)
def test_signs_that_are_no_tags_are_kept_and_entities_are_their_characters(
    clean: Callable[[str], str], text: str, said: str
) -> None:
    """An entity makes no tag."""
    assert clean(text) == said
