"""Documents cut into passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offhook.tools.knowledge.passages import MOST_WORDS, Passage, passages_of, text_of_html

PRICES = """# Prices

All prices with tax.

## Cleaning

A cleaning costs
90 dollars.

## Whitening #

250 dollars.

# Parking
Behind the house.
"""


def test_a_passage_is_named_by_its_document_and_headings() -> None:
    """A heading ends what is below those as deep as it."""
    assert passages_of("prices.md", PRICES) == [
        Passage("prices.md > Prices", "All prices with tax."),
        Passage("prices.md > Prices > Cleaning", "A cleaning costs 90 dollars."),
        Passage("prices.md > Prices > Whitening", "250 dollars."),
        Passage("prices.md > Parking", "Behind the house."),
    ]


def test_paragraphs_are_kept_together_as_long_as_they_fit() -> None:
    """A short one is no passage of its own."""
    half = " ".join(["word"] * (MOST_WORDS // 2))
    assert [passage.text for passage in passages_of("a", f"{half}\n\n{half}\n\nmore")] == [f"{half}\n{half}", "more"]


def test_a_long_paragraph_is_cut_between_sentences_and_a_long_sentence_between_words() -> None:
    """Nothing is lost."""
    sentence = " ".join(["word"] * 99) + " end."
    texts = [passage.text for passage in passages_of("a", f"{sentence} {sentence} {' '.join(['x'] * 160)}")]
    assert texts[:2] == [sentence, sentence]
    assert [len(text.split()) for text in texts[2:]] == [150, 10]


def test_what_looks_like_a_heading_in_code_is_none() -> None:
    """A comment in a script begins so."""
    assert [passage.source for passage in passages_of("a", "```\n# not one\n```\n")] == ["a"]


def test_a_page_is_read_without_what_is_not_shown() -> None:
    """Its headings are headings."""
    page = "<head><title>x</title></head><h1>Prices</h1><script>var a</script><p>90&nbsp;dollars</p></style><p>More"
    assert passages_of("p", text_of_html(page)) == [Passage("p > Prices", "90 dollars\nMore")]


@given(st.lists(st.text(alphabet="ab #.\n`", max_size=40)).map("\n".join))
def test_no_word_is_lost_and_no_passage_too_long(text: str) -> None:
    """Whatever the document."""
    passages = passages_of("a", text)
    assert all(0 < len(passage.text.split()) <= MOST_WORDS for passage in passages)
    kept = " ".join(f"{passage.source} {passage.text}" for passage in passages).split()
    plain = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(word in kept for line in plain for word in line.split())


@given(st.text(alphabet="<>/ph1ab &;\"'=\n"))
def test_any_page_is_read(page: str) -> None:
    """Broken ones, too."""
    assert isinstance(text_of_html(page), str)
