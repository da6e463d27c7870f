"""What plugins of LiveKit's raise, in our words."""

from __future__ import annotations

import pytest

from offhook.errors import EngineError, EngineRefused, EngineUnavailable
from offhook.providers.livekit.failures import failure


class STT:
    """Stands for a plugin."""


class Failed(Exception):
    """As LiveKit's: with a status, or without."""

    def __init__(self, status_code: object = None) -> None:
        super().__init__("canary")
        self.status_code = status_code


Plugged = type("TTS", (), {"__module__": "livekit.plugins.deepgram.tts"})


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
def test_one_that_is_refused_is_refused_again(status: int) -> None:
    """The key, the account, or the request."""
    told = failure(Plugged(), Failed(status))
    assert isinstance(told, EngineRefused)
    assert str(status) in told.message
    assert "deepgram TTS" in told.message
    assert told.fix


@pytest.mark.parametrize("status", [-1, 0, None, "401", 408, 429, 500, 503, 1006, 3007])
def test_anything_else_is_worth_another_try(status: object) -> None:
    """Its text is not told: it may hold what was said."""
    told = failure(STT(), Failed(status))
    assert isinstance(told, EngineUnavailable)
    assert "canary" not in told.message


def test_the_status_may_be_that_of_the_cause() -> None:
    """LiveKit wraps what it was told."""
    wrapped, met = Failed(-1), RuntimeError("canary")
    wrapped.__cause__, met.__context__ = Failed(401), Failed(401)
    assert isinstance(failure(STT(), wrapped), EngineRefused)
    assert isinstance(failure(STT(), met), EngineRefused)


def test_causes_without_end_are_not_followed_without_end() -> None:
    """Four of them."""
    first, second = Failed(), Failed()
    first.__cause__, second.__cause__ = second, first
    assert isinstance(failure(STT(), first), EngineUnavailable)


def test_an_error_of_ours_stays_what_it_is() -> None:
    """It is in our words already."""
    ours = EngineError("expected this, got that.")
    assert failure(STT(), ours) is ours
