"""Webhooks going out: what is tried next, and that it is done."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from offhook.carriers.telnyx.signing import Signer, verify
from offhook.clock import ManualClock
from offhook.errors import ConfigError
from offhook.exchange.legs.journal import Journal
from offhook.exchange.webhooks.delivery import Webhook, WebhookSender, trusting
from offhook.exchange.webhooks.targets import Target
from offhook.exchange.words.settings import WebhookAssumptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

FIRST, SECOND = "http://127.0.0.1:1/first", "http://127.0.0.1:1/second"


class Sending:
    """A sender whose clock and waits are the test's."""

    def __init__(self, assumptions: WebhookAssumptions | None = None, client: httpx.AsyncClient | None = None) -> None:
        self.clock = ManualClock()
        self.journal = Journal(self.clock)
        self.signer = Signer()
        self.waits: list[float] = []
        self.sender = WebhookSender(
            self.signer,
            clock=self.clock,
            journal=self.journal,
            assumptions=assumptions or WebhookAssumptions(),
            sleep=self.sleep,
            client=client,
        )

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def send(self, target: Target) -> None:
        self.sender.send(
            Webhook(
                event_id="e-1",
                event_type="call.initiated",
                call_id="v3:a",
                occurred_ms=0.0,
                payload={"call_control_id": "v3:a"},
                target=target,
            )
        )
        await self.sender.settle()


@pytest.fixture
async def sending() -> AsyncIterator[Sending]:
    """A sender, closed at the end."""
    made = Sending()
    yield made
    await made.sender.aclose()


async def test_each_try_is_signed_and_counted(sending: Sending, application: Any) -> None:
    """500, 503, then 200: three signed bodies with attempt 1, 2, 3 and one id."""
    statuses = iter([500, 503, 200])
    application.answer = lambda delivery: next(statuses)
    await sending.send(Target(application.url, retries_ms=(1000, 3000)))
    bodies = [json.loads(one.body) for one in application.deliveries]
    assert [body["meta"] for body in bodies] == [
        {"attempt": number, "delivered_to": application.url} for number in (1, 2, 3)
    ]
    assert {body["data"]["id"] for body in bodies} == {"e-1"}
    for one in application.deliveries:
        verify(one.body, one.headers, sending.signer.public_key, now_s=sending.clock.wall_ms() / 1000)
    assert sending.waits == [1.0, 3.0]
    assert sending.sender.tally("v3:a") == {"sent": 1, "delivered": 1, "failed": 0, "pending": 0, "tries": 3}
    kinds = [event["type"] for event in sending.journal.history("v3:a")]
    assert kinds == ["webhook.attempt_failed", "webhook.attempt_failed", "webhook.delivered"]
    assert [one["status"] for one in sending.sender.deliveries] == [500, 503, 200]


async def test_the_failover_url_gets_what_the_first_url_did_not(sending: Sending, application: Any) -> None:
    """delivered_to says which URL it was."""
    nobody = "http://127.0.0.1:9/webhooks"
    await sending.send(Target(nobody, application.url, retries_ms=()))
    assert [one.event["meta"] for one in application.deliveries] == [{"attempt": 2, "delivered_to": application.url}]
    assert sending.journal.history()[0]["reason"] == "nothing listens there"
    assert sending.journal.history()[-1]["failover"] is True


async def test_an_event_that_nobody_takes_is_given_up(sending: Sending) -> None:
    """The journal and the account say so."""
    await sending.send(Target("http://127.0.0.1:9/webhooks", retries_ms=(5,)))
    assert sending.sender.tally() == {"sent": 1, "delivered": 0, "failed": 1, "pending": 0, "tries": 2}
    assert sending.journal.history()[-1]["type"] == "webhook.failed"
    assert sending.sender.by_type() == {"call.initiated": 1}
    sending.sender.forget("v3:a")
    assert sending.sender.tally("v3:a")["sent"] == 0


async def test_a_url_that_cannot_be_written_is_a_failed_try(sending: Sending) -> None:
    """JSON can hold half a character; a URL cannot."""
    await sending.send(Target("http://127.0.0.1:9/\ud800"))
    assert sending.sender.tally()["failed"] == 1
    assert sending.journal.history()[0]["reason"] == "UnicodeEncodeError"


async def test_no_answer_in_time_is_a_failed_try(sending: Sending, application: Any) -> None:
    """After the timeout, in milliseconds, of the target."""
    application.answer = lambda delivery: 0
    await sending.send(Target(application.url, timeout_ms=30))
    assert sending.journal.history()[0]["reason"] == "timeout"


async def test_redirects_are_followed_at_most_three_times(sending: Sending, application: Any) -> None:
    """307 keeps the request; a circle is a failed try; with the switch off, a 3xx is a refusal."""
    application.answer = lambda delivery: 200 if delivery.path == "/there" else (307, {"location": "/there"})
    await sending.send(Target(application.url))
    assert sending.sender.tally()["delivered"] == 1
    application.answer = lambda delivery: (307, {"location": "/round"})
    await sending.send(Target(application.url))
    assert sending.journal.history()[-2]["reason"] == "too many redirects"
    strict = Sending(WebhookAssumptions(follow_redirects=False))
    await strict.send(Target(application.url, retries_ms=(1,)))
    assert strict.sender.tally()["tries"] == 1
    await strict.sender.aclose()


async def test_other_transport_errors_are_named() -> None:
    """By their class, never by their text, which may hold a URL."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("secret")

    sending = Sending(client=httpx.AsyncClient(transport=httpx.MockTransport(fail)))
    await sending.send(Target(FIRST))
    assert sending.journal.history()[0]["reason"] == "ReadError"
    await sending.sender.aclose()


async def test_a_program_without_tls_is_reached_by_the_https_url_it_gave(sending: Sending, application: Any) -> None:
    """It is told the URL that it gave; what was found out is known for the next event."""
    url = f"https://127.0.0.1:{application.port}/webhooks"
    for _ in range(2):
        await sending.send(Target(url, map_urls=True))
    assert sending.sender.tally()["delivered"] == 2
    assert [one.event["meta"]["delivered_to"] for one in application.deliveries] == [url, url]
    assert "https://127.0.0.1" not in str(sending.journal.history()[-1])


async def test_a_tunnels_url_leads_to_the_program(sending: Sending, application: Any) -> None:
    """With the path that it has; off, it is connected to as it is."""
    tunnel = "https://abc.tunnel.invalid/hooks?a=1"
    program = f"http://127.0.0.1:{application.port}/elsewhere"
    await sending.send(Target(tunnel, map_urls=True, program=program))
    assert [(one.path, one.event["meta"]["delivered_to"]) for one in application.deliveries] == [("/hooks?a=1", tunnel)]
    await sending.send(Target(tunnel, program=program))
    assert sending.journal.history()[-1]["last"] == "no such host"


async def test_what_was_tried_is_said(sending: Sending) -> None:
    """Each host and port with its reason; no path, which may hold a token."""
    tunnel = "https://abc.tunnel.invalid/hooks/token"
    await sending.send(Target(tunnel, map_urls=True, program="http://127.0.0.1:9/"))
    assert sending.journal.history()[-1]["last"] == (
        "tried http://127.0.0.1:9 (nothing listens there), https://abc.tunnel.invalid (no such host)"
    )


def certificate(folder: Path) -> Path:
    """A private CA's certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "offhook test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "ca.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


async def test_a_private_ca_is_trusted_when_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By SSL_CERT_FILE or by the setting; without, what is missing is said, and nothing is sent in the clear."""
    ca = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca)
    taken: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            taken.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 x\r\nconnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=context) as server:
        target = Target(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/w", map_urls=True)
        unknown = Sending()
        await unknown.send(target)
        assert "SSL_CERT_FILE" in unknown.journal.history()[-1]["last"]
        assert taken == []
        named = Sending(WebhookAssumptions(ca_path=ca))
        await named.send(target)
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        by_environment = Sending()
        await by_environment.send(target)
        assert (named.sender.tally()["delivered"], by_environment.sender.tally()["delivered"]) == (1, 1)
        for one in (unknown, named, by_environment):
            await one.sender.aclose()


def test_a_file_without_certificates_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    """ConfigError, at the start."""
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="ca_path"):
        trusting(tmp_path / "empty.pem")
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        trusting(tmp_path / "none.pem")


async def test_closing_gives_what_is_on_its_way_a_moment(application: Any) -> None:
    """And drops what takes longer."""
    sending = Sending()
    application.answer = lambda delivery: 0
    hanging = Webhook(
        event_id="e",
        event_type="call.hangup",
        call_id="v3:a",
        occurred_ms=0,
        payload={},
        target=Target(application.url),
    )
    sending.sender.send(hanging)
    async with asyncio.timeout(1):
        await sending.sender.aclose(grace_s=0.02)
    assert sending.sender.tally()["pending"] == 1


@pytest.fixture
def retrying() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A dial body with webhook fields."""
    return lambda more: {"connection_id": "1000000000000000001", "to": "+15550102", "from": "+15550199", **more}


async def test_a_call_may_have_urls_and_retries_of_its_own(
    exchange: Any, application: Any, http: httpx.AsyncClient, retrying: Any
) -> None:
    """webhook_url, webhook_urls per event, webhook_retries_policies per event."""
    base = f"http://127.0.0.1:{application.port}"
    application.answer = lambda delivery: 500 if delivery.type == "call.initiated" else 200
    body = retrying(
        {
            "webhook_url": base + "/own",
            "webhook_urls": {"call.hangup": [base + "/one", base + "/two"]},
            "webhook_retries_policies": {"call.initiated": {"retries_ms": [1]}},
        }
    )
    call_id = (await http.post("/v2/calls", json=body)).json()["data"]["call_control_id"]
    await application.wait("call.initiated", count=2)
    await http.post(f"/v2/calls/{call_id}/actions/hangup")
    await application.wait("call.hangup", count=2)
    await exchange.webhooks.settle()
    paths = sorted((one.type, one.path) for one in application.deliveries)
    assert paths == [
        ("call.hangup", "/one"),
        ("call.hangup", "/two"),
        ("call.initiated", "/own"),
        ("call.initiated", "/own"),
    ]


async def test_an_application_with_the_old_webhook_format_gets_nothing(
    exchange: Any, application: Any, http: httpx.AsyncClient, telephone: Any
) -> None:
    """The journal says why: the mistake must not wait for the first real call."""
    exchange.resources.update_application("1000000000000000001", {"webhook_api_version": "1"})
    call_id = exchange.place_call(from_="+15550150", to="+15550199", phone=telephone())
    assert "has webhook_api_version 1" in exchange.journal.history(call_id)[-1]["reason"]
    assert "set it to 2" in exchange.journal.history(call_id)[-1]["reason"]
    assert application.deliveries == []
