"""How long sentences may be."""

from __future__ import annotations

import pytest

from offhook.errors import ConfigError
from offhook.speech.text import Cutting


@pytest.mark.parametrize(
    "values",
    [{"first_words": 0}, {"first_words": 30}, {"most_words": 20}, {"stop_ms": 0.0}, {"stop_ms": 700.0}],
)
def test_values_that_cannot_work_are_refused(values: dict[str, float]) -> None:
    """Each of them is at most the next."""
    with pytest.raises(ConfigError, match="leave them out"):
        Cutting(**values)  # type: ignore[arg-type]


def test_values_that_can_work_are_taken() -> None:
    """Equal ones, too."""
    assert Cutting(first_words=5, words=5, most_words=5, stop_ms=1, stalled_ms=1).words == 5
