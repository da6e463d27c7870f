"""What every test may use."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.models.chat_server import ChatServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("offhook", parent=settings(), deadline=None)
settings.load_profile("offhook")

# Whoever starts the tests in the background of a script lets them ignore Ctrl-C, and so every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def require(condition: bool, reason: str) -> None:
    """Skip the test where a component is not present; in CI the component must be there, so fail."""
    if condition:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have what this test needs: {reason}")
    pytest.skip(reason)


@pytest.fixture(name="require", scope="session")
def require_fixture() -> object:
    """``require(condition, reason)`` as a fixture."""
    return require


@pytest.fixture
async def chat_server() -> AsyncIterator[ChatServer]:
    """A server of a chat model, and no connection to it that outlives the test."""
    require(find_spec("openai") is not None, "the extra openai")
    from offhook.models.openai import aclose_connections

    server = ChatServer()
    await server.start()
    yield server
    await aclose_connections()
    await server.stop()
