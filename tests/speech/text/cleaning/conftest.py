"""What the tests of cleaning share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.speech.text import cleaning

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def clean() -> Callable[[str], str]:
    """Cleans a text, at once and letter by letter."""

    def cleaned(text: str) -> str:
        cleaner = cleaning.Cleaner()
        pieces = "".join([cleaner.push(letter) for letter in text]) + cleaner.flush()
        whole = cleaning.clean(text)
        assert pieces.rstrip() == whole
        return whole

    return cleaned
