"""A switchboard without an exchange around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.clock import SystemClock
from offhook.exchange.legs.alarms import Alarms
from offhook.exchange.legs.directory import Directory
from offhook.exchange.legs.switchboard import Switchboard
from offhook.exchange.sound.pacer import Pacer
from offhook.exchange.words.seed import default_seed
from offhook.exchange.words.settings import ExchangeSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def board() -> AsyncIterator[Switchboard]:
    """A switchboard with nobody to tell: no application is listening, no webhook is configured."""
    clock = SystemClock()
    alarms, pacer = Alarms(clock), Pacer(clock)
    made = Switchboard(
        ExchangeSettings(),
        clock=clock,
        directory=Directory(default_seed(), lambda spec: None),
        alarms=alarms,
        pacer=pacer,
        note=lambda *_, **__: None,
    )
    yield made
    await made.close()
    alarms.close()
    pacer.close()
