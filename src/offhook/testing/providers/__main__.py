"""Stand-ins for a benchmark: ``python -m offhook.testing.providers TEXT …``.

It prints ``ready PORT``, and serves until it is told to end. What is heard is the texts, whatever is said; without any
the engines of this machine hear.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from offhook.testing.providers import Embedded, Scripted, StandIns

__all__ = ["main"]


async def _serve(texts: list[str]) -> None:
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with StandIns(Scripted(texts) if texts else Embedded()) as providers:
        sys.stdout.write(f"ready {providers.port}\n")
        sys.stdout.flush()
        await over.wait()


def main() -> None:
    """Serve."""
    asyncio.run(_serve(sys.argv[1:]))


if __name__ == "__main__":
    main()
