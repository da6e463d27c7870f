"""Webhooks in: who may speak, once, and how fast the answer is."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from offhook.carriers.events import OtherEvent
from offhook.carriers.telnyx.signing import Signer
from offhook.carriers.wire import Document, Reading, WebhookRequest, Wire
from offhook.clock import ManualClock
from offhook.errors import PayloadInvalid, SignatureInvalid, WebhookError
from offhook.server.early import EarlyEvents
from offhook.server.inbox import MAX_BODY_BYTES, Inbox, Seen, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def changed(headers: dict[str, str], **changes: str | None) -> dict[str, str]:
    merged = {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


HOSTILE: dict[str, tuple[int, Callable[[Any, bytes, dict[str, str]], tuple[bytes, Any]]]] = {
    "no signature": (401, lambda t, b, h: (b, changed(h, telnyx_signature_ed25519=None))),
    "short signature": (401, lambda t, b, h: (b, changed(h, telnyx_signature_ed25519=h[SIGNATURE][:40]))),
    "garbled signature": (401, lambda t, b, h: (b, changed(h, telnyx_signature_ed25519="!" * 88))),
    "signature of another key": (401, lambda t, b, h: (b, lower(Signer().sign(b, int(time.time()))))),
    "one byte of the body changed": (401, lambda t, b, h: (b.replace(b"c1", b"c2"), h)),
    "signed 301 s ago": (403, lambda t, b, h: (b, lower(t.signer.sign(b, int(time.time()) - 301)))),
    "signed 302 s ahead": (403, lambda t, b, h: (b, lower(t.signer.sign(b, int(time.time()) + 302)))),
    "timestamp that is no number": (401, lambda t, b, h: (b, changed(h, telnyx_timestamp="now"))),
    "signature twice": (401, lambda t, b, h: (b, [*h.items(), (SIGNATURE, h[SIGNATURE])])),
    "body above a mebibyte": (413, lambda t, b, h: (b + b" " * MAX_BODY_BYTES, h)),
    "body that is not UTF-8": (
        400,
        lambda t, b, h: (b"\xff" + b, lower(t.signer.sign(b"\xff" + b, int(time.time())))),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_webhook_is_refused_and_nothing_acts_on_it(
    town: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One log line, without the body; a client error, which the carrier does not repeat."""
    host = await town.open()
    status, spoil = HOSTILE[name]
    body = town.event("call.initiated", direction="incoming", **{"from": "+15550100", "to": "+15550199"})
    body, headers = spoil(town, body, lower(town.signer.sign(body, int(time.time()))))
    answer = await town.post(body, headers)
    assert answer.status_code == status
    await host.inbox.events.join()
    assert town.carrier.commands == []
    counters = host.inbox.counters
    assert (counters.delivered, counters.verified, counters.accepted) == (1, 0, 0)
    assert sum(counters.refused.values()) == 1
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("offhook")]
    assert len(lines) == 1
    assert "+1555" not in caplog.text


async def test_a_refusal_says_what_to_do_about_it(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The wrong key, the wrong time and the wrong version of the API are mistakes of whoever sets the server up."""
    await town.open()
    old = json.dumps({"event_type": "call_initiated", "payload": {"from": "+15550100"}}).encode()
    for body, signer, age_s in ((b"{}", Signer(), 0), (b"{}", town.signer, 301), (old, town.signer, 0)):
        await town.post(body, lower(signer.sign(body, int(time.time()) - age_s)))
    fixes = [record.getMessage().partition("; fix: ")[2] for record in caplog.records if "refused" in record.msg]
    for fix, word in zip(fixes, ("TELNYX_PUBLIC_KEY", "clock", "webhook_api_version"), strict=True):
        assert word in fix
    assert "+1555" not in caplog.text


async def test_a_valid_webhook_replayed_acts_once(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The twelfth hostile one: the same bytes with the same signature are refused, in one line."""
    host = await town.open()
    body = town.event("call.initiated", direction="incoming", **{"from": "+15550100", "to": "+15550199"})
    headers = town.signer.sign(body, int(time.time()))
    assert [(await town.post(body, headers)).status_code for _ in range(3)] == [200, 409, 409]
    await town.carrier.did("answer")
    await host.inbox.events.join()
    assert town.carrier.names() == ["answer"]
    assert host.inbox.counters.refused == {"replayed": 2}
    assert caplog.text.count("webhook refused: replayed, answered 409") == 2
    assert "+1555" not in caplog.text


async def test_an_event_that_the_carrier_repeats_is_taken_and_dropped(town: Any) -> None:
    """It is signed anew, and answered with 200, or it would be repeated again; a copy of that is a replay, too."""
    host = await town.open()
    body = town.event("call.initiated", direction="incoming", **{"from": "+15550100", "to": "+15550199"})
    deliveries = [town.signer.sign(body, int(time.time()) - age_s) for age_s in (3, 2, 1, 1)]
    assert [(await town.post(body, headers)).status_code for headers in deliveries] == [200, 200, 200, 409]
    await town.carrier.did("answer")
    await host.inbox.events.join()
    assert town.carrier.names() == ["answer"]
    assert host.inbox.counters.duplicates_dropped == 2


async def test_a_thousand_deliveries_of_one_event_act_once(town: Any) -> None:
    """Eight at a time, over real connections."""
    host = await town.open()
    body = town.event("call.initiated", direction="incoming", **{"from": "+15550100", "to": "+15550199"})
    headers = town.signer.sign(body, int(time.time()))

    answers: Counter[int] = Counter()

    async def deliver() -> None:
        for _ in range(125):
            answers[(await town.post(body, headers)).status_code] += 1

    await asyncio.gather(*(deliver() for _ in range(8)))
    await host.inbox.events.join()
    assert town.carrier.names().count("answer") == 1
    assert host.inbox.counters.report() == {
        "delivered": 1000,
        "verified": 1000,
        "accepted": 1,
        "duplicates_dropped": 0,
        "refused": {"replayed": 999},
    }
    assert answers == {200: 1, 409: 999}


async def test_a_body_without_an_announced_length_is_bounded_too(town: Any) -> None:
    """Chunked, it is cut off where the limit is."""
    host = await town.open()

    async def pieces() -> Any:
        for _ in range(40):
            yield b" " * 64 * 1024

    answer = await town.http.post(f"{town.url}/webhooks/telnyx", content=pieces())
    assert answer.status_code == 413
    assert host.inbox.counters.refused == {"body_too_large": 1}


async def test_a_delivery_that_breaks_off_is_one_line_in_the_log(town: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The carrier gave up, or somebody tries us out: nothing of it is an error of ours."""
    host = await town.open()
    _, writer = await asyncio.open_connection("127.0.0.1", town.server.port)
    writer.write(b'POST /webhooks/telnyx HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"data": "+15550100')
    await writer.drain()
    writer.close()
    async with asyncio.timeout(5):
        while not host.inbox.counters.refused:
            await asyncio.sleep(0.01)
    assert host.inbox.counters.refused == {"body_incomplete": 1}
    assert [record.getMessage().split(",")[0] for record in caplog.records if record.levelname != "INFO"] == [
        "webhook refused: body_incomplete"
    ]
    assert "+1555" not in caplog.text


async def test_other_paths_and_methods_are_not_webhooks(town: Any) -> None:
    """And do not count as such."""
    host = await town.open()
    assert (await town.http.get(f"{town.url}/webhooks/telnyx")).status_code == 405
    assert (await town.http.post(f"{town.url}/webhooks/other")).status_code == 404
    health = (await town.http.get(f"{town.url}/healthz")).json()
    assert health["status"] == "ok"
    assert health["webhooks"]["delivered"] == 0
    assert set(health["loop_stall"]) == {"starts_watched", "worst_ms", "worst_cpu_ms", "held_up", "held_up_worst_s"}
    assert health == host.report()


async def test_the_answer_does_not_wait_for_what_handlers_do(town: Any, record_property: Any) -> None:
    """While every command hangs for as long as it likes, 99 of 100 answers take 50 ms at most."""
    host = await town.open(max_calls=1000)
    hangs = asyncio.Event()

    async def answer(*_: Any, **__: Any) -> None:
        await hangs.wait()

    town.carrier.answer = answer
    await town.ring("warm")

    async def p99_ms(calls: range) -> float:
        took_ms = []
        for number in calls:
            body = town.event(
                "call.initiated", f"c{number}", direction="incoming", **{"from": "+15550100", "to": "+15550199"}
            )
            headers = town.signer.sign(body, int(time.time()))
            begun = time.perf_counter()
            assert (await town.post(body, headers)).status_code == 200
            took_ms.append((time.perf_counter() - begun) * 1000)
        return sorted(took_ms)[98]

    # The best of three: the machine that tests run on does other things too.
    rounds = [await p99_ms(range(start, start + 100)) for start in (0, 100, 200)]
    record_property("ack_p99_ms", min(rounds))
    assert min(rounds) <= 50
    assert host.report()["calls_up"] == 301
    hangs.set()


async def test_when_too_much_waits_the_carrier_is_asked_to_come_back(town: Any) -> None:
    """503, and the event is taken when it is delivered again: nothing is lost silently."""
    host = await town.open(max_queued_events=3)
    hangs = asyncio.Event()

    async def answer(*_: Any, **__: Any) -> None:
        await hangs.wait()

    town.carrier.answer = answer
    for number in range(3):
        assert (await town.ring(f"c{number}")).status_code == 200
    await host.inbox.events.join()
    body = town.event("call.answered", "c0")
    headers = town.signer.sign(body, int(time.time()))
    refused = await town.post(body, headers)
    assert (refused.status_code, refused.text) == (503, "queue_full")
    hangs.set()
    async with asyncio.timeout(5):
        while (await town.post(body, headers)).status_code != 200:
            await asyncio.sleep(0.01)
    await host.inbox.events.join()
    assert host.registry.get("c0", town.carrier).answered_at_ms is not None


# -- the parts ------------------------------------------------------------------------------------------------------


class Letters:
    """A carrier whose deliveries are words, each the id of an event; some raise what they are told to."""

    def __init__(self, **raises: WebhookError) -> None:
        self.raises = raises
        self.wire = Wire(name="letters", read_webhook=self.read, new_media=lambda: None)  # type: ignore[arg-type,return-value]

    def read(self, request: WebhookRequest, now_s: float) -> Reading:
        words = request.body.decode().split()
        for word in words:
            if word in self.raises:
                raise self.raises[word]
        return Reading(
            events=tuple(OtherEvent(event_id=word, event_type="x", occurred_at="", call_id="c") for word in words)
        )


class Letterbox:
    """An inbox, and the carrier of its letters."""

    def __init__(
        self, limit: int = 2, refuses: Any = lambda *_: None, journal: Any = None, **raises: WebhookError
    ) -> None:
        self.inbox = Inbox(ManualClock(), limit=limit, refuses=refuses, journal=journal)
        self.carrier: Any = Letters(**raises)

    def take(self, body: bytes) -> Verdict:
        request = WebhookRequest(method="POST", url="https://a.example/webhooks/letters", headers={}, body=body)
        return self.inbox.take(self.carrier, request)


async def test_every_reason_has_its_answer_and_its_count() -> None:
    """Refused deliveries are told apart."""
    letters = Letterbox(bad=SignatureInvalid("x"), odd=PayloadInvalid("x"), new=WebhookError("x"))
    answers = [letters.take(word) for word in (b"bad", b"odd", b"new", b"a", b"a", b"b", b"c")]
    assert answers == [
        Verdict(401, "signature_invalid"),
        Verdict(400, "payload_invalid"),
        Verdict(400, "webhook"),
        Verdict(200),
        Verdict(200),
        Verdict(200),
        Verdict(503, "queue_full"),
    ]
    assert letters.inbox.counters.report() == {
        "delivered": 7,
        "verified": 4,
        "accepted": 2,
        "duplicates_dropped": 1,
        "refused": {"signature_invalid": 1, "payload_invalid": 1, "webhook": 1, "queue_full": 1},
    }


async def test_what_was_refused_is_not_remembered_as_seen() -> None:
    """The carrier repeats it, and then it counts."""
    reasons: list[str | None] = ["draining"]
    letters = Letterbox(refuses=lambda *_: reasons[0])
    assert letters.take(b"a") == Verdict(503, "draining")
    reasons[0] = None
    assert letters.take(b"a") == Verdict(200)
    assert letters.inbox.events.qsize() == 1


async def test_a_delivery_of_several_events_is_taken_whole_or_not_at_all() -> None:
    """What was seen before is left out; what does not fit comes again."""
    letters = Letterbox(limit=3)
    assert letters.take(b"") == Verdict(200)
    assert letters.take(b"a b") == Verdict(200)
    assert letters.take(b"b c d") == Verdict(503, "queue_full")
    assert letters.take(b"b c") == Verdict(200)
    assert [letters.inbox.events.get_nowait()[1].event_id for _ in range(3)] == ["a", "b", "c"]
    assert (letters.inbox.counters.accepted, letters.inbox.counters.duplicates_dropped) == (3, 1)
    assert letters.take(b"d e") == Verdict(200)


async def test_events_of_two_carriers_are_not_taken_for_each_other() -> None:
    """Their ids are their own affair."""
    letters, other = Letterbox(limit=3), Letters()
    other.wire = dataclasses.replace(other.wire, name="other")
    assert letters.take(b"a") == Verdict(200)
    letters.carrier = other
    assert letters.take(b"a") == Verdict(200)
    assert [letters.inbox.events.get_nowait()[0].wire.name for _ in range(2)] == ["letters", "other"]


class Disk:
    """A journal that writes when it is told to."""

    def __init__(self) -> None:
        self.writing: list[asyncio.Future[bool]] = []

    def accept(self, carrier: str, event: Any, signature: bytes) -> asyncio.Future[bool]:
        self.writing.append(asyncio.get_running_loop().create_future())
        return self.writing[-1]


async def test_events_are_acted_on_after_the_acknowledgements_of_all_that_was_written_with_them() -> None:
    """What they set going would hold those up."""
    disk = Disk()
    letters = Letterbox(limit=4, journal=disk)
    order: list[str] = []

    async def acknowledge(body: bytes) -> None:
        await asyncio.gather(*letters.take(body).written)
        order.append(f"200 {body.decode()}")

    async def act() -> None:
        while True:
            _, event = await letters.inbox.events.get()
            order.append(f"act {event.event_id}")
            letters.inbox.events.task_done()

    acting = asyncio.create_task(act())
    answers = [asyncio.create_task(acknowledge(body)) for body in (b"a", b"b c", b"d")]
    await asyncio.sleep(0.01)
    assert (order, letters.inbox.waiting) == ([], 4)
    for written in disk.writing:
        written.set_result(True)
    await asyncio.gather(*answers)
    await letters.inbox.join()
    assert order == ["200 a", "200 b c", "200 d", "act a", "act b", "act c", "act d"]
    acting.cancel()


async def test_events_keep_their_order_whichever_is_written_first() -> None:
    """One that is late holds those behind it up, for no longer than an acknowledgement waits for the journal."""
    disk = Disk()
    letters = Letterbox(limit=3, journal=disk)
    for body in (b"a", b"b", b"c"):
        assert letters.take(body) == Verdict(200)
    assert letters.take(b"d") == Verdict(503, "queue_full")
    done: list[str] = []
    joining = asyncio.create_task(letters.inbox.join())
    for at, handed_on in ((1, []), (0, ["a", "b"]), (2, ["c"])):
        disk.writing[at].set_result(True)
        await asyncio.sleep(0.01)
        assert not joining.done()
        assert letters.inbox.events.qsize() == len(handed_on)
        for name in handed_on:
            assert letters.inbox.events.get_nowait()[1].event_id == name
            letters.inbox.events.task_done()
            done.append(name)
    assert done == ["a", "b", "c"]
    await joining
    assert letters.inbox.waiting == 0


async def test_a_document_that_nobody_writes_is_a_refusal() -> None:
    """The carrier then goes where it is told to go when we fail."""

    async def never() -> Document:
        await asyncio.Event().wait()
        raise AssertionError

    letters = Letterbox()
    assert await letters.inbox.document_of(Verdict(200, document=never), 0.01) == Verdict(503, "not_answered")
    assert letters.inbox.counters.refused == {"not_answered": 1}


def test_seen_events_are_forgotten_by_age_and_by_number() -> None:
    """Bounded either way; ten minutes at least."""
    seen = Seen[str](limit=3, memory_ms=600_000)
    seen.add("a", 0)
    seen.add("b", 1)
    seen.add("c", 600_000)
    assert "a" in seen
    seen.add("d", 600_000.5)
    assert "a" not in seen
    assert len(seen) == 3
    seen.add("e", 600_002)
    assert "b" not in seen
    assert "c" in seen
    assert Seen[str]()._memory_ms >= 600_000


def test_events_of_unknown_calls_are_kept_within_bounds() -> None:
    """So many calls, so many events each, and none of no call."""
    early = EarlyEvents(calls=2, events=3)
    one: Any = Letters()
    other: Any = Letters()
    other.wire = dataclasses.replace(other.wire, name="other")

    def event(number: int, call_id: str) -> OtherEvent:
        return OtherEvent(event_id=str(number), event_type="x", occurred_at="", call_id=call_id)

    for number in range(5):
        early.keep(one, event(number, "b"))
    early.keep(one, event(9, ""))
    early.keep(one, event(5, "c"))
    assert [kept.event_id for kept in early.take(one, "b")] == ["0", "1", "2"]
    assert early.take(one, "b") == []
    assert early.take(other, "c") == []
    early.keep(one, event(6, "d"))
    early.keep(one, event(7, "e"))
    assert len(early) == 2
    assert early.take(one, "c") == []


def test_what_comes_again_is_remembered_from_then_on() -> None:
    """And what did not is forgotten first."""
    seen = Seen[str](limit=2)
    for at_ms, key in enumerate(("a", "b", "a", "c")):
        seen.add(key, at_ms)
    assert ("a" in seen, "b" in seen, "c" in seen) == (True, False, True)
