"""An exchange in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

from offhook.exchange.exchange import Exchange
from offhook.exchange.words.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.exchange.words.seed import Seed
    from offhook.exchange.words.settings import ExchangeSettings

__all__ = ["run", "serve"]


def run(
    settings: ExchangeSettings | None = None,
    seed: Seed | None = None,
    port: int = DEFAULT_PORT,
    ready: Callable[[Exchange], None] | None = None,
    *,
    host: str = "127.0.0.1",
) -> None:
    """Run an exchange until SIGINT or SIGTERM; calls ``ready`` with it once it takes commands. Prints nothing.

    Raises:
        PortInUse: somebody else listens there.
    """
    asyncio.run(serve(settings, seed, port, ready, host=host))


async def serve(
    settings: ExchangeSettings | None = None,
    seed: Seed | None = None,
    port: int = DEFAULT_PORT,
    ready: Callable[[Exchange], None] | None = None,
    *,
    host: str = "127.0.0.1",
) -> None:
    """The same, in a loop that runs already."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    exchange = Exchange(seed, settings=settings, port=port, host=host)
    await exchange.start()
    caught = []
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Outside the main thread, and on systems without them, signals are somebody else's.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, over.set)
                caught.append(number)
        if ready is not None:
            ready(exchange)
        await over.wait()
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
        await exchange.stop()
