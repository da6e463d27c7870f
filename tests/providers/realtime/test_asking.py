"""A realtime model that is asked for something once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.errors import EngineError, EngineRefused
from offhook.models.base import ToolSpec
from offhook.providers.connection import until_closed
from offhook.providers.realtime.model import OpenAIRealtime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.testing.providers import StandIns


@pytest.fixture(autouse=True)
async def closed(standins: StandIns) -> AsyncIterator[None]:
    yield
    await until_closed()


async def test_it_speaks_twice_in_one_session_with_the_tools(standins: StandIns) -> None:
    """What it refuses of them would be found."""
    tool = ToolSpec("book", "Book it.", {"type": "object", "properties": {}})
    first_ms, again_ms, said_ms = await OpenAIRealtime().first_sounds([tool])
    assert first_ms > again_ms > 0
    assert said_ms > 100
    assert len(standins.journal.find("realtime", stage="connect", way="in")) == 1
    (settings,) = standins.journal.find("realtime", stage="configure", way="in")
    assert '"book"' in str(settings.message)


@pytest.mark.parametrize(
    ("stage", "kind", "error"),
    [
        ("connect", "refuse", EngineRefused),
        ("created", "close", EngineError),
        ("voice", "drop", EngineError),
        ("configured", "error", EngineError),
    ],
)
async def test_one_that_does_not_work_is_told_of(
    standins: StandIns, stage: str, kind: str, error: type[Exception]
) -> None:
    """Whatever it is that goes wrong."""
    standins.fault("realtime", stage, kind, times=None)
    with pytest.raises(error):
        await OpenAIRealtime().first_sounds(())


async def test_settings_that_are_refused_are_told_of(standins: StandIns) -> None:
    """By the code of the provider."""
    model = OpenAIRealtime(options={"type": "transcription"})
    with pytest.raises(EngineError, match="invalid_value"):
        await model.first_sounds(())
