"""The sessions of a call with its model, one after the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.clock import ManualClock
from offhook.errors import EngineRefused, EngineUnavailable
from offhook.health import Health
from offhook.providers.connection import until_closed
from offhook.providers.realtime import protocol
from offhook.providers.realtime.model import OpenAIRealtime
from offhook.providers.realtime.protocol import Ready
from offhook.providers.realtime.session import ModelSession
from offhook.providers.realtime.sessions import Sessions
from offhook.speech.streams import PCMU

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.errors import OffhookError
    from offhook.providers.realtime.seam import RealtimeModel
    from offhook.testing.providers import StandIns

HOUR_S = 3600.0


class Watcher:
    """Whoever has the sessions."""

    def __init__(self) -> None:
        self.told_of: list[Any] = []
        self.more = asyncio.Event()

    def _tell(self, what: Any) -> None:
        self.told_of.append(what)
        self.more.set()

    def told(self, event: Any) -> None:
        self._tell(event)

    def broke(self) -> None:
        self._tell("broke")

    def anew(self) -> None:
        self._tell("anew")

    def gone(self, error: OffhookError) -> None:
        self._tell(error)

    async def until(self, kind: Any, times: int = 1) -> None:
        async with asyncio.timeout(5):
            while sum(what == kind or type(what) is kind for what in self.told_of) < times:
                self.more.clear()
                await self.more.wait()


class OneCall:
    def __init__(self, *models: OpenAIRealtime) -> None:
        self.clock = ManualClock()
        self.watcher = Watcher()
        self.models = models or (OpenAIRealtime(),)
        self.health: Health[RealtimeModel] = Health(now_s=lambda: self.clock.now_ms() / 1000)
        self.sessions = Sessions(
            self.models, self.health, PCMU, self._first, self.watcher, clock=self.clock, call_id="v3:call"
        )

    @staticmethod
    def _first(model: RealtimeModel) -> list[str]:
        assert isinstance(model, OpenAIRealtime)
        return [protocol.update({"instructions": model.name})]

    async def ready(self) -> OneCall:
        self.sessions.open()
        await self.watcher.until(Ready, 2)
        return self


@pytest.fixture
async def call(standins: StandIns) -> AsyncIterator[OneCall]:
    call = OneCall()
    yield await call.ready()
    call.sessions.close()
    await until_closed()


async def test_a_session_is_renewed_before_its_hour_is_over_in_a_quiet_moment(call: OneCall) -> None:
    """The next one is there before it takes over, and so nobody notices."""
    first = call.sessions.current
    call.clock.advance((HOUR_S - 400) * 1000)
    call.sessions.tick(quiet=True, entries=3)
    assert call.sessions.current is first
    call.clock.advance(101_000)
    call.sessions.tick(quiet=False, entries=3)
    await _while(lambda: call.sessions.tick(quiet=True, entries=3), call)
    assert call.sessions.current is not first
    assert call.watcher.told_of.count("anew") == 1
    call.sessions.tick(quiet=True, entries=3)
    call.clock.advance((HOUR_S - 310) * 1000)
    call.sessions.tick(quiet=True, entries=3)
    assert call.watcher.told_of.count("anew") == 1


async def _while(tick: Any, call: OneCall) -> None:
    before = call.sessions.current
    async with asyncio.timeout(5):
        while call.sessions.current is before:
            tick()
            await asyncio.sleep(0.005)


async def test_a_session_that_knows_less_than_was_said_does_not_take_over(call: OneCall, standins: StandIns) -> None:
    """Another one is made that knows it."""
    call.clock.advance((HOUR_S - 299) * 1000)
    entries = iter(range(100))
    for _ in range(10):
        call.sessions.tick(quiet=True, entries=next(entries))
        await asyncio.sleep(0.01)
    assert "anew" not in call.watcher.told_of
    await _while(lambda: call.sessions.tick(quiet=True, entries=50), call)
    assert len(standins.journal.find("realtime", stage="connect", way="in")) > 2


async def test_a_session_that_is_about_to_end_is_renewed_whoever_speaks(call: OneCall, standins: StandIns) -> None:
    """What the caller is saying is said to the next one again."""
    call.sessions.audio(b"\x00" * 16_000, keep=True)
    call.clock.advance((HOUR_S - 10) * 1000)
    call.sessions.tick(quiet=False, entries=0)
    assert call.watcher.told_of[-1] == "anew"
    await call.watcher.until(Ready, 4)
    sizes: dict[str, int] = {}
    for entry in standins.journal.find("realtime", way="in", stage="audio"):
        sizes[entry.connection] = sizes.get(entry.connection, 0) + entry.bytes
    one, other = sizes.values()
    assert one == other


async def test_no_more_than_ten_seconds_of_the_caller_are_kept_and_half_a_second_of_nobody(
    call: OneCall, standins: StandIns
) -> None:
    """What is understood is forgotten."""
    sizes = []
    for pieces, keep, forgets in ((20, True, False), (20, False, False), (3, True, True)):
        for _ in range(pieces):
            call.sessions.audio(b"\x00" * 8000, keep=keep)
        if forgets:
            call.sessions.forget()
        sizes.append(call.sessions.kept_ms)
    assert sizes == [10_000, 0, 0]


async def test_what_is_said_before_a_session_is_there_is_kept_for_the_next(call: OneCall, standins: StandIns) -> None:
    """Nobody has heard it yet."""
    session = call.sessions.current
    assert isinstance(session, ModelSession)
    session.ready = False
    for _ in range(5):
        call.sessions.audio(b"\x00" * 8000, keep=False)
    assert call.sessions.kept_ms == 5000
    assert not call.sessions.several
    session.ready = True
    call.sessions.audio(b"\x00" * 8000, keep=False)
    assert call.sessions.kept_ms <= 1000


async def test_a_session_that_breaks_while_it_is_not_in_use_is_no_loss(call: OneCall, standins: StandIns) -> None:
    """Another one is made."""
    call.clock.advance((HOUR_S - 299) * 1000)
    standins.fault("realtime", "connect", "refuse", status=500)
    await _while(lambda: call.sessions.tick(quiet=True, entries=0), call)
    assert not [what for what in call.watcher.told_of if isinstance(what, Exception)]


async def test_where_one_is_refused_the_next_model_is_tried(standins: StandIns) -> None:
    """And rests, for all calls."""
    call = OneCall(OpenAIRealtime("one"), OpenAIRealtime("two"))
    standins.fault("realtime", "connect", "refuse", status=401)
    await call.ready()
    current = call.sessions.current
    assert current is not None
    assert current.model is call.models[1]
    assert call.health.rests(call.models[0])
    call.sessions.worked()
    call.sessions.restart(EngineUnavailable("expected an answer, got none."))
    assert call.sessions.there
    call.sessions.close()
    await until_closed()
    call.sessions.restart(EngineUnavailable("expected nothing, got nothing."))
    call.sessions.open()
    assert not call.sessions.there


@pytest.mark.parametrize("code", ["invalid_api_key", "insufficient_quota", "model_not_found"])
async def test_an_error_that_another_try_cannot_mend_is_the_end(
    call: OneCall, standins: StandIns, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the model's own code, and without its words."""
    session = call.sessions.current
    assert isinstance(session, ModelSession)
    with pytest.raises(EngineRefused, match=code):
        session.received(f'{{"type":"error","error":{{"code":"{code}","message":"sk-secret"}}}}')


async def test_nothing_is_sent_where_there_is_no_session(standins: StandIns) -> None:
    """Before the first, and after the last."""
    call = OneCall()
    call.sessions.audio(b"\x00", keep=False)
    call.sessions.send(protocol.clear_input())
    call.sessions.worked()
    call.sessions.tick(quiet=True, entries=0)
    assert not standins.journal.find("realtime")
