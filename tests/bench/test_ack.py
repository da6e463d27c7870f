"""The bench of acknowledgements measures what it says."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from offhook.bench import ack, ack_server
from offhook.bench.ack import AckBenchResult, Load, LoadResult, Times
from offhook.bench.process import BenchFailed
from offhook.calls.call import Call
from offhook.calls.state import CallRecord
from offhook.carriers.telnyx.signing import Signer
from offhook.dialog.base import Heard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def result(*, added_ms: float = 0.2, slowest_ms: float = 9.0, burst: int = 1) -> AckBenchResult:
    without = Times(((1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (1.0, 1.0, 1.0)))
    with_ = Times(tuple((each[0], each[1] + added_ms, slowest_ms) for each in without.rounds))
    return AckBenchResult(
        loads=(LoadResult(Load("a load", 10.0, burst), without, with_), LoadResult(Load("another"), without, without)),
        sync="off",
        conversations=2,
        journal={"written": 9, "late": 1, "lost": 0},
        hop_ms=0.05,
        write_ms=0.1,
        note="on a loop",
        machine="a machine",
    )


def test_what_the_journal_adds_is_formed_within_a_round() -> None:
    """What the machine did in one round, and not in another, is no cost of the journal."""
    assert result().loads[0].added_ms == pytest.approx((0.2, 0.2, 0.2))
    assert result().added_ms == pytest.approx(0.2)
    assert Times(((1.0, 2.0), (3.0, 4.0))).at(0.5) == 3.0


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        (result(), True),
        (result(added_ms=0.4), False),
        (result(slowest_ms=51.0), False),
        (result(added_ms=0.4, burst=10), True),
    ],
)
def test_the_verdict_is_what_was_measured(made: AckBenchResult, kept: bool) -> None:
    """Both limits are kept, or it says so; in a burst each waits for those before it, whatever the journal takes."""
    assert made.kept is kept
    assert made.to_dict()["verdict"]["kept"] is kept
    last = made.table().splitlines()[-1]
    assert last.startswith("verdict: ")
    assert last.endswith(": kept" if kept else ": not kept")
    assert max(map(len, made.table().splitlines())) <= 100


@pytest.mark.slow
def test_both_servers_are_measured_with_handlers_that_sleep(capsys: pytest.CaptureFixture[str]) -> None:
    """As many webhooks each, under every load, without those that warm it up; and every one of them was journalled."""
    code = ack.main(["--rounds", "2", "--webhooks", "20", "--rate", "100", "--sync", "commit", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == (0 if said["verdict"]["kept"] else 1)
    assert said["sync"] == "commit"
    assert said["conversations"] == 16
    assert [load["name"] for load in said["loads"]] == [
        "one after the other",
        "100 a second",
        "100 a second, 10 at once",
    ]
    for load in said["loads"]:
        for each in (load["without"], load["with"]):
            assert each["webhooks"] == 40
            assert 0 < each["p50_ms"] <= each["p90_ms"] <= each["p99_ms"] <= each["max_ms"]
    assert said["journal"]["written"] + said["journal"]["lost"] + said["journal"]["waiting"] >= 3 * 3 * 20
    assert said["floor"]["hop_p50_ms"] > 0
    assert said["floor"]["write_p50_ms"] > 0


async def test_handlers_sleep_on_the_loop_and_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both questions are understood by the agent, and neither holds the loop up."""
    monkeypatch.setattr(ack_server, "HANDLER_S", 0.2)
    call = Call(CallRecord(call_id="v3:1"), carrier=None)  # type: ignore[arg-type]

    async def answered(question: str) -> list[Any]:
        return [act async for act in ack_server.agent.dialog.respond(call, Heard(question))]  # type: ignore[union-attr]

    began_s = asyncio.get_running_loop().time()
    first, second = await asyncio.gather(*map(answered, ack_server.QUESTIONS))
    assert asyncio.get_running_loop().time() - began_s >= 0.19
    assert [acts[0].intent for acts in (first, second)] == ["balance", "delivery"]


@pytest.fixture
async def refusing() -> AsyncIterator[int]:
    """A server that answers with nothing that the bench may count."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/healthz" not in head:
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_an_answer_that_is_no_acknowledgement_is_not_measured(refusing: int) -> None:
    """A server that refuses is quick, and its figure would be too good."""
    webhook = next(ack._webhooks(Signer()))
    for load in ack.loads(1000.0):
        with pytest.raises(BenchFailed, match=r"expected 200, got 'HTTP/1\.1 503"):
            await ack._post_all(refusing, [webhook], load, Random(1))
    with pytest.raises(BenchFailed, match="got the end of the connection"):
        await ack._health(refusing)
