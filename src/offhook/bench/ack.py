"""What the journal costs: how long a webhook waits for its acknowledgement, with and without one.

``python -m offhook.bench.ack`` starts two servers that differ in their journal alone
(:mod:`offhook.bench.ack_server`), and posts them signed webhooks of calls that ring, are answered and end. The servers
take turns, so that what else the machine does hits both, and the cost is formed within a round: the difference of the
two medians. Each round has three loads: one webhook after the other, as many a second as were asked for at random
times, and as many in bursts of ten. Meanwhile handlers sleep on both servers, in the event loop and in threads.

A time is from the first byte of the request to the answer, at the client, which is a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from threading import Thread
from typing import TYPE_CHECKING, Any, get_args

from offhook.bench.media import machine
from offhook.bench.process import BenchFailed, ServerProcess
from offhook.carriers.telnyx.signing import Signer
from offhook.ids import new_id
from offhook.server.journal import JournalFile, Sync
from offhook.server.loop import loop_factory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["AckBenchResult", "Load", "LoadResult", "Times", "main", "run_ack_bench"]

WITHOUT, WITH = "without", "with"
MOST_ADDED_MS = 0.3
"""What the journal may add to the median, one webhook after the other and at the rate."""
MOST_P99_MS = 50.0
"""Within this nearly every webhook must be acknowledged, under every load."""
BURST = 10
_ANSWER_S = 10.0
_CALL = ("call.initiated", "call.answered", "call.hangup")


@dataclass(frozen=True, slots=True)
class Load:
    """How webhooks come."""

    name: str
    rate: float | None = None
    """So many a second; ``None``: the next one once the one before is answered."""
    burst: int = 1
    """So many at the same moment."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of acknowledgements, in a round each."""

    rounds: tuple[tuple[float, ...], ...]

    @property
    def all(self) -> list[float]:
        """Of all rounds, sorted."""
        return sorted(ms for each in self.rounds for ms in each)

    def at(self, part: float) -> float:
        """Not above this are ``part`` (0..1) of them."""
        return _at(self.all, part)

    def to_dict(self) -> dict[str, float]:
        """For programs."""
        each = self.all
        return {
            "webhooks": len(each),
            "p50_ms": round(_at(each, 0.5), 3),
            "p90_ms": round(_at(each, 0.9), 3),
            "p99_ms": round(_at(each, 0.99), 3),
            "max_ms": round(each[-1], 3),
        }


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of one load."""

    load: Load
    without: Times
    with_: Times

    @property
    def added_ms(self) -> tuple[float, float, float]:
        """What the journal added to the median of a round: the median, least and most of the rounds."""
        pairs = zip(self.without.rounds, self.with_.rounds, strict=True)
        each = [median(with_) - median(without) for without, with_ in pairs]
        return median(each), min(each), max(each)

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        middle, least, most = self.added_ms
        return {
            "name": self.load.name,
            "rate": self.load.rate,
            "burst": self.load.burst,
            WITHOUT: self.without.to_dict(),
            WITH: self.with_.to_dict(),
            "added_p50_ms": {"median": round(middle, 3), "min": round(least, 3), "max": round(most, 3)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AckBenchResult:
    """All loads of one run."""

    loads: tuple[LoadResult, ...]
    sync: Sync
    conversations: int
    journal: dict[str, Any]
    """What ``/healthz`` says of it at the end."""
    hop_ms: float
    """The least that a journal off the loop can cost: to a waiting thread and back, with nothing done there."""
    write_ms: float
    """One event written by a thread that has slept, without a word to the loop."""
    note: str
    machine: str

    @property
    def added_ms(self) -> float:
        """What the journal adds to the median, at most: bursts are not counted, where each waits for those before."""
        return max(result.added_ms[0] for result in self.loads if result.load.burst == 1)

    @property
    def p99_ms(self) -> float:
        """The worst of the loads, with a journal."""
        return max(result.with_.at(0.99) for result in self.loads)

    @property
    def kept(self) -> bool:
        """Whether the journal costs no more than it may."""
        return self.added_ms <= MOST_ADDED_MS and self.p99_ms <= MOST_P99_MS

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "bench": "ack",
            "sync": self.sync,
            "conversations": self.conversations,
            "machine": self.machine,
            "server": self.note,
            "loads": [result.to_dict() for result in self.loads],
            "journal": self.journal,
            "floor": {"hop_p50_ms": round(self.hop_ms, 3), "write_p50_ms": round(self.write_ms, 3)},
            "verdict": {
                "kept": self.kept,
                "added_p50_ms": round(self.added_ms, 3),
                "most_added_p50_ms": MOST_ADDED_MS,
                "p99_ms": round(self.p99_ms, 3),
                "most_p99_ms": MOST_P99_MS,
            },
        }

    def table(self) -> str:
        """For people: plain text, at most 100 columns. The last line is the verdict."""
        wide = max(len(result.load.name) for result in self.loads)
        handlers = f"{self.conversations} conversations whose handlers sleep" if self.conversations else "no handlers"
        lines = [
            f"acknowledgement of a webhook, ms; OFFHOOK_JOURNAL_SYNC={self.sync}, {handlers}",
            f"{'':{wide}}  {'without a journal':>22}  {'with a journal':>22}  {'added to p50':>20}",
            f"{'':{wide}}  {'p50':>6}  {'p99':>6}  {'max':>6}  {'p50':>6}  {'p99':>6}  {'max':>6}"
            f"  {'median':>6}  {'min':>5}  {'max':>5}",
        ]
        for result in self.loads:
            times = [
                f"{each.at(0.5):6.2f}  {each.at(0.99):6.2f}  {each.at(1):6.2f}"
                for each in (result.without, result.with_)
            ]
            middle, least, most = result.added_ms
            lines.append(f"{result.load.name:{wide}}  {times[0]}  {times[1]}  {middle:6.2f}  {least:5.2f}  {most:5.2f}")
        journal = self.journal
        lines += [
            f"the journal wrote {journal['written']}, {journal['late']} of them late, and lost {journal['lost']}",
            f"the least it can cost: {self.hop_ms:.2f} to a thread and back, {self.write_ms:.2f} to write there",
            f"{self.machine}; {self.note}",
            f"verdict: the journal adds {self.added_ms:.2f} ms to the median (at most {MOST_ADDED_MS:g}), p99 is "
            f"{self.p99_ms:.1f} ms (at most {MOST_P99_MS:g}): {'kept' if self.kept else 'not kept'}",
        ]
        return "\n".join(lines)


def loads(rate: float) -> tuple[Load, ...]:
    """The three of a round."""
    return (
        Load("one after the other"),
        Load(f"{rate:g} a second", rate),
        Load(f"{rate:g} a second, {BURST} at once", rate, BURST),
    )


def run_ack_bench(
    *,
    rounds: int = 8,
    webhooks: int = 150,
    rate: float = 200.0,
    sync: Sync = "off",
    conversations: int = 16,
    progress: Callable[[str], object] = lambda _: None,
) -> AckBenchResult:
    """Measure both servers. Blocks for about ``rounds`` * 4 * ``webhooks`` / ``rate`` seconds.

    Args:
        rounds: how often each server is measured.
        webhooks: how many each time, under each load.
        rate: so many a second.
        sync: of the journal.
        conversations: how many have handlers that sleep meanwhile.
        progress: told a line at each step.

    Raises:
        BenchFailed: a server fails.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="offhook-bench-")))
        signer = Signer()
        ports, note = {}, ""
        for name, journal in ((WITHOUT, "off"), (WITH, str(folder / "journal.db"))):
            progress(f"starting the server {name} a journal")
            words = [sys.executable, "-m", "offhook.bench.ack_server"]
            words += [signer.public_key, journal, sync, str(conversations)]
            server = stack.enter_context(ServerProcess(words, name=f"the server {name} a journal"))
            ports[name], note = server.port, server.note
        webhooks_of = _webhooks(signer)
        took: dict[tuple[Load, str], list[tuple[float, ...]]] = {}
        for turn in range(rounds + 1):  # the first is not counted: it warms both up
            names = (WITHOUT, WITH) if turn % 2 else (WITH, WITHOUT)
            for load in loads(rate):
                for name in names:
                    requests = [next(webhooks_of) for _ in range(webhooks)]
                    times = runner.run(_post_all(ports[name], requests, load, random.Random(turn)))
                    if turn:
                        took.setdefault((load, name), []).append(times)
            progress(f"round {turn} of {rounds}")
        return AckBenchResult(
            loads=tuple(
                LoadResult(load, *(Times(tuple(took[load, name])) for name in (WITHOUT, WITH))) for load in loads(rate)
            ),
            sync=sync,
            conversations=conversations,
            journal=runner.run(_health(ports[WITH]))["journal"],
            hop_ms=runner.run(_hop()),
            write_ms=_write(folder / "floor.db", sync),
            note=note,
            machine=f"{machine()}, {os.cpu_count()} cores",
        )


# -- the client --------------------------------------------------------------------------------------------------------


def _webhooks(signer: Signer) -> Iterator[bytes]:
    """Requests without end: what the carrier posts of one call after the other."""
    for number in cycle(range(1_000_000)):
        call_id, session_id = f"v3:{new_id()}", new_id()
        for event_type in _CALL:
            payload = {
                "call_control_id": call_id,
                "call_leg_id": new_id(),
                "call_session_id": session_id,
                "connection_id": "1000000000000000001",
                "client_state": None,
                "direction": "incoming",
                "from": f"+1555{number:07}",
                "to": "+15550199",
                "hangup_cause": "normal_clearing",
                "hangup_source": "caller",
                "sip_hangup_cause": "200",
            }
            data = {"event_type": event_type, "id": new_id(), "occurred_at": "2026-01-01T00:00:00Z", "payload": payload}
            body = json.dumps({"data": data}).encode()
            headers = signer.sign(body, int(time.time())) | {"Content-Type": "application/json"}
            yield _request("POST", "/webhooks/telnyx", headers, body)


def _request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body


class _Client(asyncio.Protocol):
    """One connection that is kept, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[float, bytes]] | None = None
        self._came = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    async def ask(self, request: bytes) -> tuple[float, bytes]:
        """Milliseconds to the answer, and its body.

        Raises:
            BenchFailed: it is not 200, or none.
        """
        assert self._transport is not None, "it is connected first"
        self._answer = asyncio.get_running_loop().create_future()
        self._came = b""
        began_s = time.perf_counter()
        self._transport.write(request)
        try:
            ended_s, body = await asyncio.wait_for(self._answer, _ANSWER_S)
        except TimeoutError:
            raise BenchFailed(f"expected an answer within {_ANSWER_S:g} s, got none.") from None
        return (ended_s - began_s) * 1000, body

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        if not end or self._answer is None or self._answer.done():
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._answer.set_exception(BenchFailed(f"expected 200, got {head[:60].decode(errors='replace')!r}."))
        elif len(body) >= _length(head):
            self._answer.set_result((now_s, body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BenchFailed("expected an answer, got the end of the connection."))

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


def _length(head: bytes) -> int:
    names = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in names if name == b"content-length"), 0)


async def _connect(port: int) -> _Client:
    _, client = await asyncio.get_running_loop().create_connection(_Client, "127.0.0.1", port)
    return client


async def _post_all(port: int, requests: Sequence[bytes], load: Load, chance: random.Random) -> tuple[float, ...]:
    free = [await _connect(port)]
    took: list[float] = []

    async def post(client: _Client, request: bytes) -> None:
        took_ms, _ = await client.ask(request)
        took.append(took_ms)
        free.append(client)

    posting: list[asyncio.Task[None]] = []
    due_s = time.perf_counter()
    for at in range(0, len(requests), load.burst):
        if load.rate is None:
            await post(free.pop(), requests[at])
            continue
        due_s += chance.expovariate(load.rate / load.burst)
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        burst = requests[at : at + load.burst]
        clients = [free.pop() if free else await _connect(port) for _ in burst]
        for client, request in zip(clients, burst, strict=True):
            posting.append(asyncio.create_task(post(client, request)))
    await asyncio.gather(*posting)
    for client in free:
        client.close()
    return tuple(took)


async def _health(port: int) -> dict[str, Any]:
    client = await _connect(port)
    _, body = await client.ask(_request("GET", "/healthz", {}))
    client.close()
    report: dict[str, Any] = json.loads(body)
    return report


# -- the floor ---------------------------------------------------------------------------------------------------------

_FLOOR_TIMES = 300
_FLOOR_PAUSE_S = 0.003


async def _hop() -> float:
    """The median of what it takes to a thread that waits, and back."""
    loop = asyncio.get_running_loop()
    queue: SimpleQueue[asyncio.Future[None] | None] = SimpleQueue()

    def work() -> None:
        while (item := queue.get()) is not None:
            loop.call_soon_threadsafe(item.set_result, None)

    thread = Thread(target=work, name="bench hop", daemon=True)
    thread.start()
    took = []
    for _ in range(_FLOOR_TIMES):
        await asyncio.sleep(_FLOOR_PAUSE_S)
        done: asyncio.Future[None] = loop.create_future()
        began_s = time.perf_counter()
        queue.put(done)
        await done
        took.append(time.perf_counter() - began_s)
    queue.put(None)
    return median(took) * 1000


def _write(path: Path, sync: Sync) -> float:
    """The median of what a write takes where nothing else is done."""
    file = JournalFile(path, sync)
    took = []
    for _ in range(_FLOOR_TIMES):
        row = (f"telnyx/{new_id()}", f"telnyx/{new_id()}", bytes(64), time.time() * 1000, bytes(500))
        time.sleep(_FLOOR_PAUSE_S)
        began_s = time.perf_counter()
        file.write_events([row])
        took.append(time.perf_counter() - began_s)
    file.close()
    return median(took) * 1000


def _at(each: Sequence[float], part: float) -> float:
    return each[min(len(each) - 1, int(len(each) * part))]


def main(words: Iterable[str]) -> int:
    """Run it from a command line; the exit code is 0 where the journal costs no more than it may, else 1."""
    parser = argparse.ArgumentParser(prog="python -m offhook.bench.ack", description="What the journal costs.")
    parser.add_argument("--rounds", type=int, default=8, help="how often each server is measured")
    parser.add_argument("--webhooks", type=int, default=150, help="how many each time, under each load")
    parser.add_argument("--rate", type=float, default=200.0, help="so many a second")
    parser.add_argument("--sync", choices=get_args(Sync), default="off", help="of the journal")
    parser.add_argument("--conversations", type=int, default=16, help="with handlers that sleep meanwhile; 0: none")
    parser.add_argument("--json", action="store_true", help="for programs")
    chosen = parser.parse_args(list(words))
    try:
        result = run_ack_bench(
            rounds=chosen.rounds,
            webhooks=chosen.webhooks,
            rate=chosen.rate,
            sync=chosen.sync,
            conversations=chosen.conversations,
            progress=lambda line: print(line, file=sys.stderr),
        )
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result.to_dict()) if chosen.json else result.table())
    return 0 if result.kept else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
