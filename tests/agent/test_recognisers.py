"""The recognisers of a worker: the one that hears, and those that hear where it does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.agent import Engines
from offhook.agent.recognisers import Recognisers
from offhook.errors import ConfigError, EngineRefused
from offhook.speech.batch import BatchSpeechToText
from offhook.speech.testing import FakeStreamingStt, FakeStt, FakeTts, FakeVad

if TYPE_CHECKING:
    from typing import Any


class Time:
    """A clock in seconds that is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_recogniser_that_failed_twice_in_a_row_is_left_alone_for_a_while(caplog: Any) -> None:
    """By all calls, and the log says so once."""
    time = Time()
    first, second = FakeStreamingStt(), FakeStreamingStt()
    recognisers = Recognisers(first, second, now_s=time)
    recognisers.failed(first, OSError())
    assert recognisers.order() == [first, second]
    recognisers.failed(first, OSError())
    recognisers.failed(first, OSError())
    assert recognisers.order() == [second]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    time.now_s = 60.0
    assert recognisers.order() == [first, second]
    recognisers.worked(first)
    assert "works again" in caplog.text
    assert recognisers.order() == [first, second]


def test_one_that_refuses_to_work_for_us_is_left_alone_at_once() -> None:
    """Its key is no better in the next call."""
    first, second = FakeStreamingStt(), FakeStreamingStt()
    recognisers = Recognisers(first, second)
    recognisers.failed(first, EngineRefused("expected to be let in, got a refusal."))
    assert recognisers.order() == [second]


def test_a_call_goes_back_to_a_better_recogniser_once_that_is_left_alone_no_more() -> None:
    """One call tries it first."""
    time = Time()
    first, second = FakeStreamingStt(), FakeStreamingStt()
    recognisers = Recognisers(first, second, now_s=time)
    assert recognisers.better_than(first) is None
    assert recognisers.better_than(second) is first
    for _ in range(2):
        recognisers.failed(first, OSError())
    assert recognisers.better_than(second) is None
    time.now_s = 60.0
    assert recognisers.better_than(second) is first
    assert recognisers.better_than(second) is None, "somebody else tries it"


def test_all_of_them_stream_in_the_end() -> None:
    """Those of whole utterances are adapted, once."""
    live, batch = FakeStreamingStt(), FakeStt()
    recognisers = Recognisers(batch, live)
    first, second = recognisers.order()
    assert isinstance(first, BatchSpeechToText)
    assert first.stt is batch
    assert second is live
    assert recognisers.order()[0] is first


def test_an_agents_recognisers_are_objects_names_or_a_list_of_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is none is refused before the first call."""
    made = FakeStreamingStt()
    monkeypatch.setattr("offhook.speech.engines.load_stt", lambda name: {"parrot": made}[name])
    given = FakeStt()

    def hears(stt: Any) -> list[Any]:
        engines = Engines.load(stt=stt, tts=FakeTts(), vad=FakeVad())
        return [engines.stt, *engines.stt_fallback]

    assert hears(given) == [given]
    assert hears("parrot") == [made]
    assert hears(["parrot", given]) == [made, given]
    with pytest.raises(ConfigError, match="empty list"):
        hears([])
    with pytest.raises(ConfigError, match="expected a recogniser"):
        hears([given, 5])


async def test_the_first_recogniser_is_made_ready_and_the_others_in_the_background(caplog: Any) -> None:
    """One of those that cannot be is said in the log, and costs nobody anything."""
    import asyncio

    ready: list[str] = []
    done = asyncio.Event()

    class Slow(FakeStreamingStt):
        async def warm_up(self) -> None:
            await asyncio.sleep(0)
            ready.append("slow")

    class Broken(FakeStreamingStt):
        async def warm_up(self) -> None:
            raise OSError("canary")

    class Last(FakeStt):
        async def warm_up(self) -> None:
            ready.append("last")
            done.set()

    engines = Engines(FakeVad(), Slow(), FakeTts(), stt_fallback=(Broken(), Last()))
    await engines.warm_up()
    assert ready == ["slow"]
    async with asyncio.timeout(5):
        await done.wait()
    assert ready == ["slow", "last"]
    assert "recogniser 2 could not be made ready" in caplog.text
    assert "canary" not in caplog.text
