"""The server of :mod:`offhook.bench.ack`: ``python -m offhook.bench.ack_server PUBLIC_KEY JOURNAL SYNC CONVERSATIONS``.

A host as ``offhook serve`` runs it, for a carrier that agrees to every command at once. ``JOURNAL`` is a file, or
``off``. Beside the webhooks so many conversations are under way whose handlers sleep all the time, every other one as a
plain ``def``, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from offhook import Agent
from offhook.calls.call import Call
from offhook.calls.state import CallRecord
from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.clock import SystemClock
from offhook.dialog.acts import acts_of, answer_of
from offhook.dialog.base import Heard
from offhook.server.host import Host
from offhook.server.journal import Journal, Sync
from offhook.server.loop import loop_factory
from offhook.server.options import HostOptions, HostTimes
from offhook.server.run import Server

if TYPE_CHECKING:
    from offhook.carriers.commands import Carrier, LiveLeg

__all__ = ["agent", "main"]

HANDLER_S = 0.25
"""How long a handler sleeps."""
QUESTIONS = ("what do I owe you", "when will it be delivered")

agent = Agent(name="Slow desk", greeting="One moment, please.")


@agent.intent("balance", examples=["what do I owe you", "what is my balance", "is my bill paid"])
async def balance(call: Call) -> str:
    """Wait for somebody else's server, as an ``async def`` does."""
    await asyncio.sleep(HANDLER_S)
    return "Your bill is paid."


@agent.intent("delivery", examples=["when will it be delivered", "where is my parcel", "has my order been sent"])
def delivery(call: Call) -> str:
    """Wait for somebody else's server, as a plain ``def`` does: in a thread."""
    time.sleep(HANDLER_S)
    return "It will be there on Monday."


class _Agreeable:
    """A carrier that agrees to everything."""

    def __init__(self, public_key: str) -> None:
        self.wire = telnyx_wire(public_key)

    def __getattr__(self, name: str) -> Any:
        if name in ("warm_up", "aclose"):
            raise AttributeError(name)

        async def command(*_: object, **__: object) -> Any:
            return None

        return command

    async def is_alive(self, call_id: str) -> bool:
        return True

    async def live_legs(self, connection_id: str | None = None) -> tuple[LiveLeg, ...]:
        return ()


class _Quiet:
    """A session without audio: the bench's calls have none."""

    def __init__(self, call: Call) -> None:
        self.media: Any = self

    async def run(self) -> None:
        await asyncio.Event().wait()

    def tick(self, now_ms: float) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def _converse(carrier: Carrier, number: int) -> None:
    """A caller who asks again as soon as there is an answer; the dialog is asked as a session asks it."""
    call = Call(CallRecord(call_id=f"v3:conversation-{number}"), carrier)
    heard = Heard(QUESTIONS[number % len(QUESTIONS)])
    while True:
        async for _ in acts_of(answer_of(agent.dialog.respond, call, heard)):
            pass


async def serve(public_key: str, journal: Path | None, sync: Sync, conversations: int) -> None:
    """Listen on a free port of this machine, print ``ready PORT NOTE``, and serve until told to end."""
    carrier = cast("Carrier", _Agreeable(public_key))
    # The calls never have audio, and nothing of them is measured: room for them is no matter here.
    options = HostOptions(max_calls=10_000, measures_capacity=False, times=HostTimes(media_s=3600))
    written = None if journal is None else Journal(journal, SystemClock(), sync=sync)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    async with Server(Host(_Quiet, carriers=[carrier], options=options, journal=written)) as server:
        talking = [asyncio.create_task(_converse(carrier, number)) for number in range(conversations)]
        gc.collect()
        gc.freeze()  # as offhook serve does
        print(f"ready {server.port} on {type(loop).__module__.partition('.')[0]}", flush=True)
        await asked.wait()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


def main(words: list[str]) -> None:
    """Run the server, on the loop that ``offhook serve`` runs on."""
    public_key, journal, sync, conversations = words
    if sync not in get_args(Sync):
        raise SystemExit(f"expected one of {', '.join(get_args(Sync))}, got {sync!r}")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            serve(public_key, None if journal == "off" else Path(journal), cast("Sync", sync), int(conversations))
        )


if __name__ == "__main__":
    main(sys.argv[1:])
