"""The other marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("good :-) day :)", "good day"),
        (";) yes :D!", "yes!"),
        ("10: a; b = c", "10: a; b = c"),
        ("so : it", "so : it"),
        ("ends ;", "ends ;"),
        ("yes|no", "yes, no"),
        ("#tag and C# and # x", "#tag and C# and # x"),
        ("x #", "x"),
        (r"\*not\* a\b", "*not* a b"),
        ("a\\", "a"),
    ],
)
def test_marks_are_said_or_left_out(clean: Callable[[str], str], text: str, said: str) -> None:
    """Emoticons are pictographs, a bar is a comma, a backslash makes a mark mean itself."""
    assert clean(text) == said
