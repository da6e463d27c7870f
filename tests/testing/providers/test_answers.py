"""What the language models of the stand-ins say."""

from __future__ import annotations

import pytest

from offhook.errors import ConfigError
from offhook.testing.providers.answers import Answer, Answers


def test_answers_are_given_in_turn() -> None:
    """A text is an answer without delay."""
    answers = Answers("one", Answer(text="two", first_ms=5))
    answers.add("three")
    assert answers.waiting == 3
    assert [answers.next([]).text for _ in range(3)] == ["one", "two", "three"]
    answers.add("four")
    answers.clear()
    assert answers.waiting == 0


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "Nothing was said."),
        (["text"], "Nothing was said."),
        ([{"role": "user", "content": "hello"}], "You said: hello"),
        ([{"role": "user", "content": [{"type": "text", "text": "a"}, 1, {"text": "b"}]}], "You said: a b"),
        ([{"role": "tool", "content": "9 o'clock"}], "The result is: 9 o'clock"),
        ([{"role": "user", "content": None}], "You said: "),
    ],
)
def test_without_any_it_repeats_what_it_was_told_last(messages: list[object], said: str) -> None:
    """So that a program can be tried without a script."""
    assert Answers().next(messages).text == said


def test_an_answer_is_read_from_json() -> None:
    """Its tools as pairs."""
    answer = Answer.of({"text": "so", "tools": [["book", "{}"]], "first_ms": 20})
    assert answer == Answer(text="so", tools=(("book", "{}"),), first_ms=20)
    for wrong in ({"words": "so"}, {"tools": [["book"]]}, {"tools": 5}):
        with pytest.raises(ConfigError):
            Answer.of(wrong)
