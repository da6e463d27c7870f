"""What the commands that bring another party into a call allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.exchange.commands.parties import (
    IDLE_DIALLING,
    IDLE_RECORDING,
    display_name,
    park,
    ring_limit_s,
    time_limit_s,
)
from offhook.exchange.words.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@pytest.mark.parametrize(
    ("limit", "name", "default", "low", "high", "code"),
    [
        (ring_limit_s, "timeout_secs", 30, 5, 600, "90028"),
        (time_limit_s, "time_limit_secs", 14_400, 30, 14_400, "90029"),
    ],
)
def test_a_time_has_the_carriers_default_bounds_and_code(
    limit: Callable[[Mapping[str, Any]], int], name: str, default: int, low: int, high: int, code: str
) -> None:
    """Ringing is 5 to 600 s, a call 30 s to four hours."""
    assert limit({}) == default
    assert [limit({name: value}) for value in (low, high)] == [low, high]
    for outside in (low - 1, high + 1):
        with pytest.raises(ApiError) as refused:
            limit({name: outside})
        assert (refused.value.code, refused.value.title) == (code, f"Invalid value for {name}")
        assert refused.value.pointer == f"/{name}"


def test_a_display_name_has_at_most_128_characters() -> None:
    """And is empty where none was given."""
    assert display_name({}) == ""
    assert display_name({"from_display_name": "x" * 128}) == "x" * 128
    with pytest.raises(ApiError):
        display_name({"from_display_name": "x" * 129})


def test_a_leg_stays_only_if_it_was_asked_to() -> None:
    """``self`` is the one word there is."""
    assert park({"park_after_unbridge": "self"})
    assert not park({})
    with pytest.raises(ApiError) as refused:
        park({"park_after_unbridge": "both"})
    assert refused.value.code == "10032"


def test_dialling_can_ask_for_every_recording_that_answering_can() -> None:
    """What is not played is named once."""
    assert IDLE_RECORDING.items() <= {name: IDLE_DIALLING[name] for name in IDLE_RECORDING}.items()
