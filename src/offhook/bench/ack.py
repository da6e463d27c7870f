"""What the journal costs: how long a webhook waits for its acknowledgement, with and without one.

``python -m offhook.bench.ack`` prints percentiles in milliseconds. Every webhook is signed and of a new call, which is
answered and stays up. The two servers take turns, so that what else the machine does hits both.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offhook.carriers.telnyx.signing import Signer
from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.clock import SystemClock
from offhook.ids import new_id
from offhook.server.host import Host
from offhook.server.journal import Journal
from offhook.server.options import HostOptions, HostTimes
from offhook.server.run import Server

if TYPE_CHECKING:
    from offhook.calls.call import Call
    from offhook.carriers.commands import LiveLeg
    from offhook.server.journal import Sync

__all__ = ["main", "measure"]

BLOCK = 50
"""Webhooks of a turn."""


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


class _Sleeper:
    """A session whose handlers sleep."""

    def __init__(self, call: Call) -> None:
        self.media: Any = self

    async def run(self) -> None:
        await asyncio.Event().wait()

    def tick(self, now_ms: float) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def measure(webhooks: int, *, sync: Sync = "off") -> dict[str, list[float]]:
    """Milliseconds of every acknowledgement, sorted, for ``"without"`` and ``"with"`` a journal."""
    signer = Signer()
    with tempfile.TemporaryDirectory() as folder:
        journals = {"without": None, "with": Journal(Path(folder) / "journal.db", SystemClock(), sync=sync)}
        servers = {
            name: Server(
                Host(
                    _Sleeper,
                    carriers=[_Agreeable(signer.public_key)],
                    options=HostOptions(
                        max_calls=10 * webhooks, max_queued_events=10 * webhooks, times=HostTimes(media_s=3600)
                    ),
                    journal=journal,
                )
            )
            for name, journal in journals.items()
        }
        for server in servers.values():
            await server.start()
        try:
            ports = {name: server.port for name, server in servers.items()}
            # In a process of its own: it must not hold up what it measures.
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as client:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(client, _post_all, ports, signer.private_key, webhooks)
        finally:
            for server in servers.values():
                await server.stop()


def _post_all(ports: dict[str, int], private_key: str, webhooks: int) -> dict[str, list[float]]:
    signer = Signer(private_key)
    took_ms: dict[str, list[float]] = {name: [] for name in ports}
    clients = {name: http.client.HTTPConnection("127.0.0.1", port) for name, port in ports.items()}
    for _ in range(0, webhooks, BLOCK):
        for name, client in clients.items():
            took_ms[name] += [_post(client, signer) for _ in range(BLOCK)]
    for client in clients.values():
        client.close()
    return {name: sorted(each[BLOCK:] or each) for name, each in took_ms.items()}


def _post(client: http.client.HTTPConnection, signer: Signer) -> float:
    payload = {"call_control_id": f"v3:{new_id()}", "direction": "incoming", "from": "+15550100", "to": "+15550199"}
    data = {"event_type": "call.initiated", "id": new_id(), "occurred_at": "", "payload": payload}
    body = json.dumps({"data": data}).encode()
    headers = signer.sign(body, int(time.time()))
    began = time.perf_counter()
    client.request("POST", "/webhooks/telnyx", body, headers)
    reply = client.getresponse()
    reply.read()
    took_ms = (time.perf_counter() - began) * 1000
    if reply.status != 200:
        raise RuntimeError(f"expected 200, got {reply.status}")
    return took_ms


def main(words: list[str]) -> int:
    """``[webhooks [off|commit]]``."""
    webhooks = int(words[0]) if words else 500
    sync: Sync = "commit" if words[1:] == ["commit"] else "off"
    took_ms = asyncio.run(measure(webhooks, sync=sync))
    print(f"acknowledgement of a webhook, ms, {webhooks} each, OFFHOOK_JOURNAL_SYNC={sync}")
    for name, each in took_ms.items():
        print(f"  {name:8} a journal  p50 {each[len(each) // 2]:.2f}  p99 {each[int(len(each) * 0.99)]:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
