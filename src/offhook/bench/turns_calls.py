"""What both sides of ``offhook bench turns`` do: the callers, and the times of a turn. It imports no offhook.

A caller speaks for 1.2 s, and 0.3 s later the recogniser, which is a fake, tells the words and that the turn is over.
The model and the voice are fakes, too, and take a known time each. What is measured is what lies between them: from the
end of the turn to the request to the model, from its first words to the request to the voice, and from the first sound
to the line.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["FIRST_WORDS_S", "FRAME_S", "REST", "SAID", "WORDS", "Turns", "drive", "rss_kb"]

FRAME_S = 0.02
FIRST_WORDS_S = 0.2
"""What the model takes."""
FIRST_SOUND_S = 0.1
"""And the voice."""
WORDS = "when are you open"
SAID, REST = "We open at nine every day. ", "Would you like to come?"
SPEAKS_FRAMES, ENDPOINT_FRAMES, LISTENS_FRAMES = 60, 15, 160
STAGGER_S = 0.037


@dataclass
class Turns:
    """The times of the turns of one call, in seconds of the loop's clock."""

    ended: float = 0.0
    asked_model: float = 0.0
    first_words: float = 0.0
    asked_voice: float = 0.0
    first_sound: float = 0.0
    open: bool = False
    shares_ms: list[float] = field(default_factory=list)

    def turn_over(self) -> None:
        """The recogniser says so."""
        self.ended, self.open = time.perf_counter(), True

    def sounds(self) -> None:
        """Audio of the answer reaches the line."""
        if not self.open:
            return
        self.open = False
        ours = self.asked_model - self.ended + self.asked_voice - self.first_words
        self.shares_ms.append(1000 * (ours + time.perf_counter() - self.first_sound))


async def drive(turns: int, frame: Callable[[bool], None], over: Callable[[], None], number: int) -> None:
    """One caller: ``frame`` is called every 20 ms with whether they speak, ``over`` where a turn ends."""
    loop = asyncio.get_running_loop()
    due = loop.time() + 1.0 + number * STAGGER_S
    await asyncio.sleep(due - loop.time())
    for _ in range(turns):
        for at in range(SPEAKS_FRAMES + ENDPOINT_FRAMES + LISTENS_FRAMES):
            frame(at < SPEAKS_FRAMES)
            if at == SPEAKS_FRAMES + ENDPOINT_FRAMES - 1:
                over()
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))


def rss_kb() -> float:
    """What this process holds in memory."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * resource.getpagesize() / 1024


async def measure(calls: int, turns: int, call: Callable[[int, int], Coroutine[Any, Any, Turns]]) -> dict[str, Any]:
    """Hold all calls at once, after one that is not counted; ``call`` is given its number, and how many turns."""
    await call(0, 1)
    before_kb, began, cpu = rss_kb(), time.perf_counter(), time.process_time()
    running = [asyncio.create_task(call(number, turns)) for number in range(calls)]
    await asyncio.sleep(1.0 + calls * STAGGER_S)
    held_kb = rss_kb() - before_kb
    done = await asyncio.gather(*running)
    took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    shares = sorted(share for each in done for share in each.shares_ms)
    return {
        "turns": len(shares),
        "missed": calls * turns - len(shares),
        "p50_ms": round(shares[len(shares) // 2], 2) if shares else None,
        "p99_ms": round(shares[min(len(shares) - 1, int(len(shares) * 0.99))], 2) if shares else None,
        "max_ms": round(shares[-1], 2) if shares else None,
        "cpu_ms_per_call_s": round(1000 * cpu_s / (took_s * calls), 2),
        "memory_kb_per_call": round(held_kb / calls),
    }


def run(calls: int, turns: int, call: Callable[[int, int], Coroutine[Any, Any, Turns]]) -> None:
    """Do so on one core, and print what came of it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(json.dumps(asyncio.run(measure(calls, turns, call))), flush=True)
