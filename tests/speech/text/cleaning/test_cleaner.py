"""Text without what cannot be said, however it is cut into pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offhook.speech.text.cleaning import Cleaner, clean

if TYPE_CHECKING:
    from collections.abc import Iterable

REPLY = """# Your order

Hi 👋🏽! Your **order** (no. `AB-12`) is _on its way_ 🎉.

| Day | Hours |
|-----|:-----:|
| Mon | 9–5   |

1. Open [our page](https://www.offhook.dev/track?id=1 "Track it").
2. Or write to <help@offhook.dev>.
   - [x] *really*

```python
print("hello")
```

> See https://offhook.dev/docs, &amp; ask.<br>*smiles* Bye!
"""
CLEANED = """Your order
Hi! Your order (no. AB-12) is on its way.
Day, Hours
Mon, 9–5
1. Open our page.
2. Or write to help@offhook.dev.
really
See offhook.dev, & ask.
Bye!"""


def test_a_reply_with_everything_in_it_is_made_fit_to_be_said() -> None:
    """Its words are left, a line for each part."""
    assert clean(REPLY) == CLEANED


def cleaned(pieces: Iterable[str]) -> str:
    """What comes out of a text in pieces."""
    cleaner = Cleaner()
    return ("".join([cleaner.push(piece) for piece in pieces]) + cleaner.flush()).rstrip()


def test_a_text_that_comes_letter_by_letter_is_cleaned_as_a_whole() -> None:
    """Links, tags and fences are cut anywhere."""
    assert cleaned(REPLY) == CLEANED


MARKUP = st.sampled_from(
    [
        *("*", "**", "_", "`", "```", "```py\n", "~~", "~~~\n", "# ", "- ", "1. ", "> ", "|", "|---|", "\n", "\n\n"),
        *("[", "]", "](", ")", "(", "![", "[^1]", "[1]", "[ref]: x", "【1†a】", "https://", "www.a.b", "mailto:", '"'),
        *("<", ">", "<b>", "</b>", "<br/>", "<think>", "</think>", "<!--", "-->", "<a@b.c>", "&amp;", "&#65;", "&"),
        *("smiles", "(laughs)", "*sigh", ":)", ": ", ";-", "=", "->", "--", "-", "#", "\\", "!", "5", "~", "a_b", "@c"),
        *(
            "👍",
            "🏽",
            "\u200d",
            "\ufe0f",
            "①",
            "→",
            "\r",
            "\r\n",
            "\t",
            " ",
            "word",
            "A",
            ".",
            "é",
            "你",
            "ก",
            "\u200b",
        ),
        *("$", "{", "}", "  ", "===", "'"),
    ]
)


@given(st.lists(MARKUP, max_size=30).map("".join), st.data())
@example("![a](b)", None)
def test_pieces_make_no_difference(text: str, data: st.DataObject | None) -> None:
    """For any text and any way of cutting it, the same comes out."""
    whole = clean(text)
    assert cleaned(text) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        assert cleaned(text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)) == whole


@given(st.text(max_size=40))
def test_any_text_is_cleaned_the_same_in_pieces(text: str) -> None:
    """Whatever characters are in it."""
    assert cleaned(text) == clean(text)


@given(st.text(st.characters(categories=["L", "Nd"], max_codepoint=0xD7FF), max_size=30))
def test_letters_and_digits_are_kept(text: str) -> None:
    """In any script."""
    assert [c for c in clean(text) if c.isalnum()] == [c for c in text if c.isalnum()]


@pytest.mark.parametrize(
    "marks",
    [
        *(
            "[{}]: x",
            "[{}] x",
            "![{}](u)",
            "<{}>",
            "<a {}>",
            "<!a {}>",
            "<a@{}>",
            "<{}@a>",
            "【{}†a】",
            "【a†{}】",
            "&{};",
        ),
        *("【a†{}】", "*smiles {}*", "*sm{}*", "x[^{}]", "```{}\ny", "[a][{}]", "[a]({})", "http://{}) x", "a_{}@b"),
    ],
)
@pytest.mark.parametrize("bound", [31, 40, 60, 64, 80, 100, 190, 200, 250, 280, 300, 2000])
def test_a_bound_is_the_same_in_pieces(marks: str, bound: int) -> None:
    """What is too long for a mark is so however it comes."""
    for length in range(bound - 2, bound + 3):
        text = marks.format("a" * length)
        assert cleaned(text) == clean(text)


@pytest.mark.parametrize("mark", list("*_`~-=|#:![(<>&.{}"))
@pytest.mark.parametrize("bound", [3, 6, 10, 40, 200])
def test_marks_without_end_are_the_same_in_pieces(mark: str, bound: int) -> None:
    """At the beginning of a line, between words and at the end."""
    for length in range(bound - 1, bound + 3):
        for text in (f"{mark * length}\nb", f"a {mark * length}b", f"a{mark * length}b", f"a{mark * length}"):
            assert cleaned(text) == clean(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We open at nine.", "We open at nine."),
        ("first line\ngoes on", "first line goes on"),
        ("First line\nAnother", "First line\nAnother"),
        ("one\n\ntwo", "one\ntwo"),
        ("a  b\tc", "a b c"),
        ("a\r\nb\rC", "a b\nC"),
        ("a\u2028B", "a\nB"),
        ("x\x07y", "xy"),
        (" ", ""),
    ],
)
def test_spaces_are_one_and_a_line_that_goes_on_is_one(text: str, said: str) -> None:
    """A small letter at the beginning of a line tells that it does."""
    assert clean(text) == said


def test_a_line_end_of_two_characters_is_one_where_it_is_cut_between_them() -> None:
    """Two would be the end of a paragraph."""
    cleaner = Cleaner()
    assert cleaner.push("one\r") + cleaner.push("\ntwo") + cleaner.push("") + cleaner.flush() == "one two"


def test_after_a_flush_another_text_begins() -> None:
    """Its first line is a new line."""
    cleaner = Cleaner()
    assert cleaner.push("`one") + cleaner.flush() == "one"
    assert cleaner.push("- two") + cleaner.flush() == "two"


@pytest.mark.parametrize("text", ["We open at nine.", "Come in!", "Is it?", "(so)", "你好。", "So. ", "So? "])
def test_the_end_of_a_sentence_is_not_held_back(text: str) -> None:
    """Whoever cuts sentences sees it at once."""
    assert Cleaner().push(text) == text
