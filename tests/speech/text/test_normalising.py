"""The tables of rules."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.text.normalising import Rule, needing, normalise, rules_of


def test_a_rule_says_what_it_finds_in_what_was_left_alone() -> None:
    """And nothing where it does not know."""
    rule = Rule(re.compile("[0-9]"), lambda found: None if found[0] == "9" else f"n{found[0]}")
    assert rule.apply([("a1b9", None), ("2", "two")]) == [("a", None), ("1", "n1"), ("b9", None), ("2", "two")]


def test_of_what_a_rule_finds_a_part_may_be_replaced() -> None:
    """The rest stands around it."""
    rule = Rule(re.compile("code ([0-9])"), lambda found: f"n{found[1]}", 1)
    assert rule.apply([("code 1", None)]) == [("code ", None), ("1", "n1")]


def test_the_stop_of_an_abbreviation_at_the_end_is_that_of_the_sentence() -> None:
    """One is said, not two and not none."""
    rules = [Rule(re.compile(r"etc\."), lambda _: "et cetera"), Rule(re.compile(r"pm\."), lambda _: "p.m.")]
    assert normalise([("etc.", None)], rules) == [("etc.", "et cetera.")]
    assert normalise([("pm.", None)], rules) == [("pm.", "p.m.")]
    assert normalise([("so.", None)], rules) == [("so.", None)]
    assert normalise([], rules) == []


def test_a_rule_that_needs_a_character_is_not_tried_without_it() -> None:
    """It would find nothing."""
    tried: list[str] = []

    def say(found: re.Match[str]) -> str:
        tried.append(found[0])
        return "x"

    rules = needing("ab", Rule(re.compile("[abc]"), say))
    assert normalise([("c", None)], rules) == [("c", None)]
    assert tried == []
    assert normalise([("a", None), ("c", "b")], rules) == [("a", "x"), ("c", "b")]


@given(st.text(alphabet="0159.,:/-+$£%°Cxk'#&@()apm Mo*Nv~^=½d", max_size=25) | st.text(max_size=25))
def test_what_a_rule_needs_is_in_all_that_it_finds(text: str) -> None:
    """So that nothing is said otherwise because it was not looked for."""
    rules = rules_of("en")
    everywhere = [replace(rule, needs=frozenset()) for rule in rules]
    assert normalise([(text, None)], rules) == normalise([(text, None)], everywhere)


def test_a_language_without_a_table_is_said_as_it_is_written() -> None:
    """Its voice knows better."""
    assert rules_of("de") == ()
    assert rules_of("en-GB") != ()
