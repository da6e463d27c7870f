"""What hangs on a leg: our mark and the program's own text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.marks import Mark, marked, read_mark

WORDS = st.from_regex(r"[0-9a-zA-Z-]{0,40}", fullmatch=True)


@given(house=WORDS, id_=WORDS, text=st.none() | st.text())
def test_a_mark_and_a_text_come_back_as_they_were(house: str, id_: str, text: str | None) -> None:
    """Whatever the program hangs on its calls, colons and line ends included; no text is not an empty one."""
    assert read_mark(marked(Mark(house, id_), text)) == (Mark(house, id_), text)


@pytest.mark.parametrize("text", [None, "", "job-1", "offhook", "offhook:no", "offhook:a/b:c", "hung by offhook:a:b"])
def test_what_is_not_a_mark_is_the_programs_own_text(text: str | None) -> None:
    """A leg that somebody else dialled, or an older version, carries none."""
    assert read_mark(text) == (None, text)
