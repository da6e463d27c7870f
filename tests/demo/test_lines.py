"""A scripted model, which answers by the words that were really recognised."""

from __future__ import annotations

from typing import Any

from offhook.demo.lines import Line, Lines
from offhook.testing.providers import Answer

LINES = Lines(
    Line("cost", (Answer(tools=(("price", "{}"),)), Answer(text="Sixty."))),
    Line("^yes", (Answer(text="Fine."),)),
    otherwise=Answer(text="Again, please?"),
)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


USED: list[dict[str, Any]] = [
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": "60"},
]


def test_the_last_words_of_the_caller_count() -> None:
    """Whatever their case; and what was said before does not."""
    assert LINES.next([user("yes"), user("What does it COST?")]).tools
    assert LINES.next([user("What does it cost?"), user("Yes, please")]).text == "Fine."


def test_what_came_of_its_tools_leads_to_the_next_answer() -> None:
    """And the last one is given again and again."""
    assert LINES.next([user("cost?"), *USED]).text == "Sixty."
    assert LINES.next([user("cost?"), *USED, *USED]).text == "Sixty."
    assert LINES.next([user("cost?"), *USED, user("cost?")]).tools


def test_what_it_has_no_line_for_is_asked_again() -> None:
    """Nothing said, too."""
    assert LINES.next([user("Hello?")]).text == "Again, please?"
    assert LINES.next([]).text == "Again, please?"
