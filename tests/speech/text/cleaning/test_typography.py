"""Emphasis, code within a line, stage directions, dashes and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**bold** and *italic* and ***both***", "bold and italic and both"),
        ("__bold__ and _italic_", "bold and italic"),
        ("un*believ*able", "unbelievable"),
        ("~~gone~~ ~ here", "gone here"),
        ("about ~5", "about ~5"),
        ("~", ""),
        ("use `pip install x` now", "use pip install x now"),
        ("``a`` `", "a"),
        ("*" * 50 + "x", "x"),
        ("free*", "free"),
        ("]***sigh*", "sigh"),
    ],
)
def test_emphasis_and_code_lose_their_marks(clean: Callable[[str], str], text: str, said: str) -> None:
    """Their words are said."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5 * 3", "5 * 3"),
        ("5*3", "5*3"),
        ("2 * ", "2 *"),
        ("snake_case_name", "snake case name"),
        ("a_b@offhook.dev", "a_b@offhook.dev"),
        ("x" + "_y" * 40, "x" + " y" * 40),
    ],
)
def test_a_mark_that_means_itself_is_kept(clean: Callable[[str], str], text: str, said: str) -> None:
    """Between numbers an asterisk is "times"; an underscore parts words, but not in a mailbox."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("*smiles* Sure.", "Sure."),
        ("Sure _laughs softly_ thing", "Sure thing"),
        ("Well (pause) yes [music].", "Well yes."),
        ("*Clears throat*", ""),
        ("*smiles at all the people around* x", "smiles at all the people around x"),
        ("*smiles", "smiles"),
        ("*smiles\nx*", "smiles x"),
        ("(smiles " + "x" * 70, "(smiles " + "x" * 70),
        ("(and so on)", "(and so on)"),
        ("*really* good", "really good"),
        ("*", ""),
        ("Press * or #, then # again. You pressed *.", "Press * or #, then # again. You pressed *."),
        ("You pressed #.", "You pressed #."),
    ],
)
def test_a_stage_direction_is_not_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """It begins with a word for one and is short; other words in asterisks are emphasised."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a -> b => c <- d --> e", "a, b, c, d, e"),
        ("so -- yes ----- no", "so — yes — no"),
        ("well-known", "well-known"),
        ("9-", "9-"),
        ("a.-> b", "a. b"),
    ],
)
def test_arrows_are_commas_and_many_hyphens_a_dash(clean: Callable[[str], str], text: str, said: str) -> None:
    """One hyphen is what it is."""
    assert clean(text) == said
