"""A call with a realtime model: the line on a manual clock, ten times as fast as time; the model a stand-in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import FRAME_MS, RATE, SILENCE, WORDS, FakeCarrier, FakeStream, settle

from offhook.agent.session import Session
from offhook.audio.formats import PCMU
from offhook.calls import Call, CallRecord
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import MediaFormat, MediaStarted
from offhook.clock import ManualClock
from offhook.health import Health
from offhook.providers.connection import until_closed
from offhook.providers.realtime import speaking
from offhook.providers.realtime.model import OpenAIRealtime
from offhook.testing.providers import Scripted, StandIns
from offhook.waits import REALTIME, REALTIME_OF_SEVERAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.agent import Agent
    from offhook.providers.realtime.conversant import RealtimeConversant

WORD_MS = 100.0
"""A word of the model."""


class RealtimeCall:
    """A session with a realtime model, and everything around it."""

    def __init__(self, agent: Agent, standins: StandIns, *, direction: Any = "inbound", models: Any = None) -> None:
        self.standins = standins
        self.clock = ManualClock(now_ms=1000.0)
        self.stream = FakeStream(output_format=PCMU)
        self.carrier = FakeCarrier()
        self.events: list[Any] = []
        self.call = Call(CallRecord(call_id="v3:call", direction=direction), self.carrier)  # type: ignore[arg-type]
        self.call.line.expect(StreamRequest(url="", codec="PCMU", sample_rate=RATE))
        self.call.observe(self.events.append)
        self.models = models or [OpenAIRealtime()]
        health: Health[OpenAIRealtime] = Health(now_s=lambda: self.clock.now_ms() / 1000)
        self.conversant: RealtimeConversant

        agent.tools_for_the_model()

        def make(host: Any) -> Any:
            self.conversant = partial(self.models[0].converse, models=self.models, health=health)(host)
            return self.conversant

        self.session = Session(self.call, agent, make, clock=self.clock)
        self.running: asyncio.Task[None] | None = None
        self.sent_ms = 0.0

    async def start(self, *, rings: bool = True) -> RealtimeCall:
        if rings:
            self.session.prepare()
        await settle()
        self.running = asyncio.create_task(self.session.run())
        self.call.line = self.stream  # type: ignore[assignment]
        self.session.media.media_started(MediaStarted("stream", "v3:call", MediaFormat("PCMU", RATE)))
        return self

    async def step(self, pcm: bytes = SILENCE) -> None:
        """20 ms of the line, both ways, in 2 ms."""
        self.clock.advance(FRAME_MS)
        self.session.tick(self.clock.now_ms())
        self.session.media.audio(pcm, self.sent_ms)
        self.sent_ms += FRAME_MS
        self.stream.play()
        marks, self.stream.returned = self.stream.returned, []
        for name in marks:
            self.session.media.mark_returned(name)
        await asyncio.sleep(0.002)

    async def line(self, ms: float, pcm: bytes = SILENCE) -> None:
        for _ in range(round(ms / FRAME_MS)):
            await self.step(pcm)

    async def say(self, ms: float = 400) -> None:
        """The caller says something, and waits for the answer."""
        await self.line(ms, WORDS)
        await self.line(700)

    async def until(self, true: Callable[[], object], limit_ms: float = 120_000) -> None:
        """The line goes on until something is so."""
        for _ in range(round(limit_ms / FRAME_MS)):
            if true():
                return
            await self.step()
        raise AssertionError(f"it never was: {self.said}")

    async def heard(self, text: str) -> None:
        """The caller has heard the agent say exactly this."""
        await self.until(lambda: text in self.said)

    @property
    def said(self) -> list[str]:
        """What the agent has said, as far as it was heard."""
        return [event.heard for event in self.of("agent.speech_ended")]

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(entry.speaker, entry.heard) for entry in self.call.transcript if entry.heard]

    def of(self, type_: str) -> list[Any]:
        return [event for event in self.events if getattr(event, "type", None) == type_]

    async def end(self) -> None:
        await self.session.aclose()
        if self.running is not None:
            await asyncio.wait([self.running])
        await settle()


class Caller:
    """Makes calls, and ends them."""

    def __init__(self, standins: StandIns) -> None:
        self.standins = standins
        self._calls: list[RealtimeCall] = []

    async def __call__(self, agent: Agent, *, rings: bool = True, opening: str = "", **more: Any) -> RealtimeCall:
        call = RealtimeCall(agent, self.standins, **more)
        call.call.opening = opening
        self._calls.append(call)
        return await call.start(rings=rings)

    async def end(self) -> None:
        for call in self._calls:
            await call.end()
        await until_closed()


@pytest.fixture
async def standins(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIns]:
    """A model that hears these words, one after the other, and says tones."""
    texts = ["When are you open?", "And on Sunday?", "Thank you.", "Hello?"]
    async with StandIns(Scripted(texts, word_ms=WORD_MS)) as standins:
        for name, value in standins.env.items():
            monkeypatch.setenv(name, value)
        yield standins


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the call runs faster than time: on a slow machine a model that works must not seem to hang."""
    monkeypatch.setattr(speaking, "REALTIME", replace(REALTIME, limit_s=60.0))
    monkeypatch.setattr(speaking, "REALTIME_OF_SEVERAL", replace(REALTIME_OF_SEVERAL, limit_s=60.0))


@pytest.fixture
async def phone(standins: StandIns, patient: None) -> AsyncIterator[Caller]:
    """``await phone(agent)``: a call that has begun; ended with the test."""
    caller = Caller(standins)
    yield caller
    await caller.end()
