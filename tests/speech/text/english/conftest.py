"""What the tests of English share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.speech.text import Wording

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDINGS = {language: Wording(language=language) for language in ("en", "en-US", "en-GB")}


@pytest.fixture
def said() -> Callable[..., str]:
    """What a voice is given for a clean sentence."""

    def say(text: str, language: str = "en") -> str:
        return _WORDINGS[language].spoken(text).voice

    return say
