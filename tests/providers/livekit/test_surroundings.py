"""What plugins expect around them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from offhook.providers.livekit import surroundings
from offhook.providers.livekit.surroundings import aclose, begin


class Plugin:
    """Notes that it was closed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = 0
        self.error = error

    async def aclose(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


def session() -> Any:
    from livekit.agents.utils import http_context

    return http_context.http_session()


async def test_plugins_share_the_http_session_of_their_event_loop(plugins: None) -> None:
    """It is closed at the end, and what they hold, too, whatever they make of that."""
    one, other = Plugin(RuntimeError("canary")), Plugin()
    first, second = await asyncio.gather(begin(one, session), begin(other, session))
    assert first is second
    assert not first.closed
    await aclose()
    await aclose()
    assert first.closed
    assert (one.closed, other.closed) == (1, 1)
    again = await begin(other, session)
    assert again is not first
    await aclose()


def test_the_end_of_the_event_loop_is_the_end_of_it(plugins: None) -> None:
    """Nobody need close it."""
    plugin = Plugin()
    opened = asyncio.run(begin(plugin, session))
    assert opened.closed
    assert plugin.closed == 1


async def test_what_cannot_be_had_is_told_to_whoever_wants_it(plugins: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And tried again the next time."""
    from livekit.agents.utils import http_context

    def no(*_: object) -> Any:
        raise OSError("canary")

    with monkeypatch.context() as patch:
        patch.setattr(http_context, "open", no)
        with pytest.raises(OSError, match="canary"):
            await begin(Plugin(), session)
    assert await begin(Plugin(), session) is not None
    await aclose()
    assert asyncio.get_running_loop() not in surroundings._here
