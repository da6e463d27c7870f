"""Who holds the event loop up."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from offhook.server.held_up import HeldUp

if TYPE_CHECKING:
    import pytest


async def test_code_that_blocks_is_named_once_by_file_and_line(caplog: pytest.LogCaptureFixture) -> None:
    """The user's own line, whatever it calls; and counted with how long it was."""
    held_up = HeldUp(limit_s=0.2)
    held_up.start()
    try:
        await asyncio.sleep(0.3)
        with caplog.at_level(logging.WARNING):
            time.sleep(1.0)  # a handler that blocks
            await asyncio.sleep(0.3)
    finally:
        held_up.stop()
    (line,) = [record.getMessage() for record in caplog.records]
    assert "tests/server/test_held_up.py:" in line
    assert held_up.report()["held_up"] >= 1
    assert 0.9 < held_up.report()["held_up_worst_s"] < 30
    await asyncio.sleep(0.3)
    held_up.stop()
