"""Real plugins of LiveKit's, before the stand-ins for their vendors."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from tests.providers.realtime.conftest import patient, phone, standins

from offhook.providers.livekit.surroundings import aclose
from offhook.testing.providers import StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.testing.providers import Embedded


__all__ = ["patient", "phone", "plugins", "standins", "vendors"]


def _installed() -> bool:
    try:
        return all(find_spec(f"livekit.plugins.{name}") for name in ("assemblyai", "cartesia", "deepgram", "openai"))
    except ModuleNotFoundError:
        return False


@pytest.fixture
def plugins(require: Any) -> None:
    """The packages of LiveKit's that tests use."""
    require(_installed(), "the packages of the dependency group livekit")


@pytest.fixture
async def vendors(plugins: None, speech_engines: Embedded, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIns]:
    """Stand-ins with real speech engines, whose keys are in the environment; what plugins hold is closed at the end."""
    async with StandIns(speech_engines) as standins:
        for variable, value in standins.env.items():
            monkeypatch.setenv(variable, value)
        yield standins
        await aclose()
