"""A host serves two carriers at once, over sockets: one that is commanded, and one that is answered by a document."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest
import websockets

from offhook.carriers.telnyx.signing import Signer
from offhook.carriers.telnyx.wire import telnyx_wire
from offhook.errors import ConfigError
from offhook.server.host import Host
from offhook.server.options import HostOptions, HostTimes
from offhook.server.run import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.calls.call import Call

PUBLIC = "https://calls.example.com"


class Telephone:
    """A session that keeps what it hears."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.media = self
        self.pcm = b""
        self.begun = asyncio.Event()
        self.over = asyncio.Event()

    def media_started(self, started: Any) -> None:
        self.begun.set()

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        self.pcm += pcm

    def mark_returned(self, name: str) -> None: ...

    def digit(self, digit: str) -> None: ...

    def media_lost(self) -> None: ...

    def media_resumed(self) -> None: ...

    def media_stopped(self) -> None:
        self.over.set()

    def tick(self, now_ms: float) -> None: ...

    async def run(self) -> None:
        await self.over.wait()

    async def aclose(self) -> None: ...


class CommandedCarrier:
    """Telnyx's formats, with commands that are kept."""

    def __init__(self) -> None:
        self.signer = Signer()
        self.wire = telnyx_wire(self.signer.public_key)
        self.answered: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.dialed: list[str] = []

    async def answer(self, call_id: str, *, stream: Any = None, **_: Any) -> None:
        self.answered.put_nowait((call_id, stream))

    async def hangup(self, call_id: str, **_: Any) -> None: ...

    async def stop_streaming(self, call_id: str, **_: Any) -> None: ...


class Street:
    """A host with both carriers on a port, and how each delivers to it."""

    def __init__(self, paper: Any) -> None:
        self.paper = paper
        carrier: Any = CommandedCarrier()
        self.telnyx = carrier
        self.sessions: list[Telephone] = []
        times = HostTimes(document_s=0.3)
        self.host = Host(
            self._session,
            carriers=[carrier, paper],
            public_url=PUBLIC,
            options=HostOptions(times=times),
        )
        self.server = Server(self.host)
        self.http = httpx.AsyncClient()

    def _session(self, call: Call) -> Telephone:
        self.sessions.append(Telephone(call))
        return self.sessions[-1]

    async def on_paper(self, status: str, call: str = "c1", *, base: str = PUBLIC, **fields: str) -> httpx.Response:
        form = {"status": status, "call": call, "id": f"{call}/{status}", "from": "+15550100", **fields}
        return await self.form({name: value for name, value in form.items() if value}, base=base)

    async def form(self, form: dict[str, str], *, base: str = PUBLIC) -> httpx.Response:
        path = "/webhooks/paper?line=1%202"
        return await self.http.post(
            self.server.url + path,
            content=urlencode(form),
            headers={"x-paper-signature": self.paper.sign(base + path, form)},
        )

    async def by_telnyx(self, event_type: str, call: str = "c1", **payload: str) -> httpx.Response:
        data = {
            "event_type": event_type,
            "id": f"{call}/{event_type}",
            "occurred_at": "2026-01-01T00:00:00Z",
            "payload": {"call_control_id": call, **payload},
        }
        body = json.dumps({"data": data}).encode()
        headers = self.telnyx.signer.sign(body, int(time.time()))
        return await self.http.post(f"{self.server.url}/webhooks/telnyx", content=body, headers=headers)

    async def connect(self, public_stream_url: str) -> Any:
        return await websockets.connect(public_stream_url.replace("wss" + PUBLIC[5:], "ws" + self.server.url[4:]))


@pytest.fixture
async def street(paper: Any) -> AsyncIterator[Street]:
    street = Street(paper)
    async with street.server, street.http:
        yield street


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.002)


async def test_each_call_is_answered_the_way_of_its_carrier(street: Street) -> None:
    """Two calls of one id, at once: a command to one carrier, a document for the other; audio, and the end of one."""
    reply = await street.on_paper("ringing", to="+15550199")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/xml")
    found = re.fullmatch(r'<Answer><Stream url="(wss://calls\.example\.com/media/[^"]+)"/></Answer>', reply.text)
    assert found is not None
    await street.by_telnyx("call.initiated", direction="incoming")
    call_id, request = await asyncio.wait_for(street.telnyx.answered.get(), 5)
    assert call_id == "c1"
    assert (await street.on_paper("in-progress")).text == "ok"

    on_paper = await street.connect(found[1])
    await on_paper.send("start c1 s1")
    by_telnyx = await street.connect(request.url)
    start = {"call_control_id": "c1", "media_format": {"encoding": "PCMU", "sample_rate": 8000}}
    await by_telnyx.send(json.dumps({"event": "start", "stream_id": "s2", "start": start}))
    for session in street.sessions:
        await asyncio.wait_for(session.begun.wait(), 5)
    paper, telnyx = street.sessions
    assert (paper.call.carrier, telnyx.call.carrier) == (street.paper, street.telnyx)
    assert (paper.call.from_, paper.call.to, paper.call.state) == ("+15550100", "+15550199", "answered")

    await on_paper.send("audio 1 " + "ff" * 160)
    await until(lambda: len(paper.pcm) == 320)
    assert telnyx.pcm == b""
    paper.call.line.send_audio(bytes(640))
    assert [await on_paper.recv() for _ in range(2)] == ["audio " + "ff" * 160] * 2  # no longer than it takes

    await street.by_telnyx("call.hangup", hangup_cause="normal_clearing")
    await asyncio.wait_for(telnyx.over.wait(), 5)
    assert (telnyx.call.ended, paper.call.ended) == (True, False)
    assert [call.carrier for call in street.host.registry] == [street.paper]
    await street.on_paper("completed")
    await asyncio.wait_for(paper.over.wait(), 5)
    await on_paper.close()
    await by_telnyx.close()


async def test_a_repeated_webhook_is_told_the_same(street: Street) -> None:
    """The reply was lost, and with it what to do; the call is not answered twice."""
    first, second = await street.on_paper("ringing"), await street.on_paper("ringing")
    assert first.text == second.text
    assert street.paper.commands == [("answer", "c1")]


async def test_the_address_that_counts_is_the_public_one(street: Street) -> None:
    """It is what the carrier has signed, whatever a proxy makes of it."""
    assert (await street.on_paper("ringing", base=street.server.url)).status_code == 401
    assert street.host.inbox.counters.refused == {"signature_invalid": 1}
    assert street.sessions == []


async def test_a_delivery_may_say_nothing_or_several_things(street: Street) -> None:
    """The reply to it is empty of commands."""
    assert (await street.form({"hello": "there"})).status_code == 200
    await street.on_paper("ringing")
    await street.on_paper("in-progress")
    await street.host.inbox.events.join()
    assert street.host.inbox.counters.accepted == 3


async def test_a_call_that_nobody_answers_is_left_to_others(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """The carrier waits no longer than it must, and goes where it is told to go when we fail."""

    async def never(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(street.paper, "answer", never)
    reply = await street.on_paper("ringing")
    assert (reply.status_code, reply.text) == (503, "not_answered")
    street.host.draining = True
    reply = await street.on_paper("ringing", "c2")
    assert (reply.status_code, reply.text) == (503, "draining")


async def test_a_carrier_that_is_not_served_has_no_webhooks(street: Street) -> None:
    """Nor is it taken for another."""
    assert (await street.http.post(f"{street.server.url}/webhooks/other")).status_code == 404


async def test_a_call_is_dialled_through_the_carrier_that_is_named(street: Street, paper: Any) -> None:
    """The first, if none is."""
    call = await street.host.dial("+15550111", "+15550199", carrier="paper")
    assert call.carrier is paper
    assert street.paper.commands == [("dial", "+15550111")]
    assert street.host.registry.get("dialed", paper) is call
    with pytest.raises(ConfigError, match="telnyx, paper"):
        await street.host.dial("+15550111", "+15550199", carrier="other")


def test_carriers_of_a_host_have_different_names(paper: Any) -> None:
    """Or it could not tell whose webhook it has."""
    for carriers in ([], [paper, paper]):
        with pytest.raises(ConfigError, match="different names"):
            Host(lambda _: None, carriers=carriers)  # type: ignore[arg-type,return-value]


def test_the_paper_carrier_is_a_carrier(paper: Any) -> None:
    """It has every command; what it has no use for, it may ignore."""
    from offhook.carriers.commands import Carrier

    commands = {name for name in vars(Carrier) if not name.startswith("_")}
    assert {name for name in commands if not hasattr(paper, name)} == set()
