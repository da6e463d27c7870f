"""Where lines begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Title\ntext", "Title\ntext"),
        ("## Title ##\ntext", "Title\ntext"),
        ("#\nx", "x"),
        ("#", ""),
        ("#1 is best", "#1 is best"),
        ("Title\n=====\ntext", "Title\ntext"),
        ("a\n---\nb", "a\nb"),
        ("a\n***", "a"),
        ("-" * 250 + "\nx", "— x"),
        ("> quote\n> more", "quote\nmore"),
    ],
)
def test_headings_rulers_and_quotations_lose_their_marks(clean: Callable[[str], str], text: str, said: str) -> None:
    """No sentence goes on behind a heading."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- milk\n- eggs", "milk\neggs"),
        ("* milk\n  + eggs\n• bread", "milk\neggs\nbread"),
        ("-5 degrees", "-5 degrees"),
        ("•", ""),
        ("•x", "x"),
        ("- [ ] milk\n- [x] eggs", "milk\neggs"),
        ("1. one\n2) two", "1. one\n2. two"),
        ("- 1. one", "1. one"),
        ("2026. A year", "2026. A year"),
        ("12", "12"),
        ("1.", "1."),
    ],
)
def test_an_item_of_a_list_is_a_line_and_keeps_its_number(clean: Callable[[str], str], text: str, said: str) -> None:
    """A bullet is not said."""
    assert clean(text) == said


def test_a_table_is_read_row_by_row(clean: Callable[[str], str]) -> None:
    """Its cells are divided by commas, its rulers are not said."""
    table = "| Day | Hours |\n|:---|---:|\n| mon | 9 |\n| tue | 10 |\nthen text"
    assert clean(table) == "Day, Hours\nmon, 9\ntue, 10\nthen text"
    assert clean("a | b\n--- | ---\nc | d") == "a, b\nc, d"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[ref]: https://x.dev\nText", "Text"),
        ("[^1]: a footnote", ""),
        ("[not one", "not one"),
        ("[words]", "words"),
    ],
)
def test_a_definition_is_not_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """It is for whoever follows the link."""
    assert clean(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Here:\n```py\nprint('x')\n```\nDone.", "Here:\nDone."),
        ("```\na\n```", ""),
        ("```\na", ""),
        ("~~~\na\n~~~~\nb", "b"),
        ("````\n```\n````\nb", "b"),
        ("```\n``` and more", "and more"),
        ("Say ```js\nx\n  ```", "Say"),
        ("```\n`", ""),
        ("```not a block```", "not a block"),
    ],
)
def test_a_block_of_code_is_not_said(clean: Callable[[str], str], text: str, said: str) -> None:
    """Nor is anything in its place; one that does not end goes to the end of the text."""
    assert clean(text) == said
