"""A WebSocket to a provider: it connects in the background, and nobody waits for it."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.server import serve

from offhook.errors import EngineError, EngineUnavailable
from offhook.providers import connection
from offhook.providers.connection import Connection, Link
from offhook.providers.refusals import Refusals
from offhook.waits import PROVIDER_CONNECT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from websockets.asyncio.server import ServerConnection

    from offhook.errors import OffhookError

X = Refusals(provider="X", key="X_API_KEY", codes={})


@dataclass
class Owner:
    """Whoever has the connection."""

    first: tuple[str, ...] = ()
    raises: Exception | None = None
    told: list[Any] = field(default_factory=list)
    dropped_bytes: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def connected(self) -> tuple[str, ...]:
        self._tell("connected")
        return self.first

    def received(self, message: str | bytes) -> None:
        self._tell(message)
        if self.raises is not None:
            raise self.raises

    def broke(self, error: OffhookError) -> None:
        self._tell(error)

    def dropped(self, message: str | bytes) -> None:
        self.dropped_bytes += len(message)

    def _tell(self, what: object) -> None:
        self.told.append(what)
        self.more.set()

    async def wait_for(self, kind: type | str) -> Any:
        async with asyncio.timeout(10):
            while True:
                for one in self.told:
                    if one == kind or (isinstance(kind, type) and isinstance(one, kind)):
                        return one
                self.more.clear()
                await self.more.wait()


@dataclass
class Far:
    """The far end: what it was sent."""

    url: str = ""
    got: list[str | bytes] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    subprotocol: str | None = None

    async def wait_for(self, count: int) -> list[str | bytes]:
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self.more.clear()
                await self.more.wait()
        return self.got

    async def read(self, socket: ServerConnection) -> None:
        self.subprotocol = socket.subprotocol
        async for message in socket:
            self.got.append(message)
            self.more.set()
        self.closed.set()


@asynccontextmanager
async def far_end(
    handle: Callable[[Far, ServerConnection], Awaitable[None]] = Far.read, **options: Any
) -> AsyncIterator[Far]:
    far = Far()
    async with serve(
        lambda socket: handle(far, socket), "127.0.0.1", 0, compression=None, close_timeout=0.2, **options
    ) as server:
        scheme = "wss" if "ssl" in options else "ws"
        far.url = f"{scheme}://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield far


def link(url: str, **more: Any) -> Link:
    return Link(refusals=X, url=url, headers={"Authorization": "k"}, **more)


async def test_what_is_sent_before_there_is_a_connection_is_sent_in_order() -> None:
    """After what the owner has to say first."""
    async with far_end() as far:
        owner = Owner(first=("hello",))
        there = Connection(link(far.url), owner)
        there.send(b"1", audio=True)
        there.send("2")
        before = there.connected
        assert await far.wait_for(3) == ["hello", b"1", "2"]
        assert (before, there.connected) == (False, True)
        there.send(b"3", audio=True)
        assert (await far.wait_for(4))[3] == b"3"
        there.close("bye")
        await asyncio.wait_for(far.closed.wait(), 5)
        assert far.got[4:] == ["bye"]
        there.send("too late")
        there.close()
        assert owner.told == ["connected"]


async def test_only_audio_is_dropped_where_the_connection_takes_too_long() -> None:
    """The oldest; requests stay."""
    async with far_end() as far:
        owner = Owner()
        there = Connection(link(far.url, most_queued=20), owner)
        there.send("first")
        for piece in (b"a" * 10, b"b" * 10, b"c" * 10):
            there.send(piece, audio=True)
        assert await far.wait_for(3) == ["first", b"b" * 10, b"c" * 10]
        assert owner.dropped_bytes == 10
        there.close()


async def test_a_connection_on_which_nothing_is_sent_is_kept_alive() -> None:
    """But not one on which something is."""
    async with far_end() as far:
        there = Connection(link(far.url, keep_alive="alive", keep_alive_s=0.05), Owner())
        assert await far.wait_for(3) == ["alive"] * 3
        there.close()
    async with far_end() as far:
        there = Connection(link(far.url, keep_alive="alive", keep_alive_s=5.0), Owner())
        there.send("something")
        assert await far.wait_for(1) == ["something"]
        there.close()


async def test_a_provider_that_speaks_first_is_not_there_before_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its greeting is a message as any other; without it there is no connection."""

    async def greet(far: Far, socket: ServerConnection) -> None:
        await socket.send("welcome")
        await far.read(socket)

    async with far_end(greet) as far:
        owner = Owner()
        there = Connection(link(far.url, greets=True), owner)
        await owner.wait_for("welcome")
        assert owner.told == ["connected", "welcome"]
        there.close()
    monkeypatch.setattr(connection, "PROVIDER_CONNECT", replace(PROVIDER_CONNECT, limit_s=0.2))
    async with far_end() as far:
        owner = Owner()
        Connection(link(far.url, greets=True), owner)
        assert isinstance(await owner.wait_for(EngineError), EngineUnavailable)
        await asyncio.wait_for(far.closed.wait(), 5)
        assert len(owner.told) == 1


async def test_a_provider_that_takes_nothing_any_more_is_dead() -> None:
    """What waits for it grows with every piece of audio."""

    async def deaf(far: Far, socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await far.closed.wait()

    async with far_end(deaf) as far:
        owner = Owner()
        there = Connection(link(far.url), owner)
        await owner.wait_for("connected")
        for _ in range(400):
            there.send(os.urandom(50_000), audio=True)
        assert not any(isinstance(one, EngineError) for one in owner.told)  # never from within
        assert isinstance(await owner.wait_for(EngineError), EngineUnavailable)
        far.closed.set()


@pytest.mark.parametrize("raised", [EngineUnavailable("expected this, got that."), KeyError("a mistake of ours")])
async def test_a_message_that_cannot_be_taken_ends_the_connection(raised: Exception) -> None:
    """Whatever its reader raises is told as an error of the engine's, once."""

    async def talk(far: Far, socket: ServerConnection) -> None:
        for _ in range(3):
            await socket.send("x")
        await far.read(socket)

    async with far_end(talk) as far:
        owner = Owner(raises=raised)
        Connection(link(far.url), owner)
        error = await owner.wait_for(EngineError)
        assert owner.told == ["connected", "x", error]
        assert "mistake" not in str(error)
        await asyncio.wait_for(far.closed.wait(), 5)


async def test_a_subprotocol_is_agreed_on() -> None:
    """Where there is one."""
    async with far_end(subprotocols=["x.v1"]) as far:
        there = Connection(link(far.url, subprotocols=("x.v1",)), Owner())
        there.send("1")
        await far.wait_for(1)
        assert far.subprotocol == "x.v1"
        there.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: ssl.SSLContext) -> None:
    """A key is told to nobody else."""
    async with far_end(ssl=certificate) as far:
        owner = Owner()
        Connection(link(far.url), owner)
        error = await owner.wait_for(EngineError)
        assert "SSLCertVerificationError" in str(error)
        assert far.got == []


@pytest.fixture
def certificate(tmp_path: Any) -> ssl.SSLContext:
    """A certificate that signs itself."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
