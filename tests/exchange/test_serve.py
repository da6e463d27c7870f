"""An exchange in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx

from offhook.exchange.serve import run, serve

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.exchange.exchange import Exchange
    from offhook.exchange.words.settings import ExchangeSettings

PROGRAM = """
import sys
from pathlib import Path
from offhook.exchange.serve import run
from offhook.exchange.words.settings import ExchangeSettings
settings = ExchangeSettings(private_key_path=Path(sys.argv[1]))
run(settings, port=0, ready=lambda exchange: print(exchange.base_url, flush=True))
print("over", flush=True)
"""


def test_it_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """SIGTERM ends it in good order; it prints nothing of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "key")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    base_url = process.stdout.readline().strip()
    reply = httpx.get(base_url + "/phone_numbers", headers={"authorization": "Bearer k"}, trust_env=False)
    assert reply.status_code == 200
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("over\n", "", 0)


async def test_ready_is_called_with_the_exchange(settings: ExchangeSettings) -> None:
    """In a loop that runs already; cancelling ends it."""
    ready: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(settings, port=0, ready=ready.set_result))
    exchange = await ready
    assert exchange.port > 0
    task.cancel()
    await asyncio.wait({task})
    assert exchange.journal.history()[-1]["type"] == "exchange.stopped"


def test_it_runs_outside_the_main_thread(settings: ExchangeSettings) -> None:
    """Where signals are somebody else's."""
    seen: list[str] = []

    def ready(exchange: Exchange) -> None:
        seen.append(exchange.base_url)
        asyncio.get_running_loop().call_soon(asyncio.current_task(asyncio.get_running_loop()).cancel)  # type: ignore[union-attr]

    def work() -> None:
        try:
            run(settings, port=0, ready=ready)
        except asyncio.CancelledError:
            seen.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert len(seen) == 2
