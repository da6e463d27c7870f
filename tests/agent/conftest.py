"""A phone call on a manual clock: a stream that plays in real time, engines without models, a carrier that notes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent, Engines
from offhook.agent.cascade import Cascade
from offhook.agent.session import Session
from offhook.agent.voices import Fallback
from offhook.audio.formats import PCM_8K, PCMA, PCMU, AudioFormat
from offhook.calls import Call, CallRecord
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import MediaFormat, MediaStarted
from offhook.clock import ManualClock
from offhook.errors import CarrierUnavailable
from offhook.speech.testing import FakeStt, FakeTts, FakeVad, tone

if TYPE_CHECKING:
    from offhook.agent.conversant import ConversantHost
    from offhook.agent.events import SessionEvent
    from offhook.carriers.commands import LiveLeg
    from offhook.errors import CarrierError

RATE = 8000
FRAME_MS = 20
WORDS = tone(RATE, FRAME_MS, frequency=1000)
"""20 ms of the caller that sound like words."""
HUM = tone(RATE, FRAME_MS, frequency=250)
"""20 ms of the caller that sound like a hum."""
SILENCE = bytes(len(WORDS))
CODECS = {PCMU: "PCMU", PCMA: "PCMA", PCM_8K: "L16"}


@dataclass
class FakeStream:
    """A carrier's end of a stream: plays what it gets on the clock, and returns marks when they were played."""

    input_rate: int = RATE
    input_format: AudioFormat = PCMU
    output_rate: int = RATE
    output_format: AudioFormat = PCM_8K
    queue: deque[bytearray | str] = field(default_factory=deque)
    played: bytearray = field(default_factory=bytearray)
    cleared: int = 0
    returned: list[str] = field(default_factory=list)

    def send_encoded(self, audio: bytes) -> None:
        assert len(audio) % self.output_format.frame_bytes == 0
        self.queue.append(bytearray(audio))

    def send_audio(self, pcm: bytes) -> None:
        assert self.output_format == PCM_8K
        self.send_encoded(pcm)

    def send_mark(self, name: str) -> None:
        self.queue.append(name)

    def clear(self) -> None:
        self.cleared += 1
        self.returned += [item for item in self.queue if isinstance(item, str)]
        self.queue.clear()

    def play(self) -> bytes:
        """20 ms of what the caller hears."""
        heard = bytearray()
        need = self.output_format.frame_bytes
        while self.queue and (len(heard) < need or isinstance(self.queue[0], str)):
            head = self.queue[0]
            if isinstance(head, str):
                self.returned.append(head)
                self.queue.popleft()
                continue
            take = need - len(heard)
            heard += head[:take]
            del head[:take]
            if not head:
                self.queue.popleft()
        self.played += heard
        return bytes(heard)

    @property
    def audible(self) -> bool:
        return bool(self.queue)


class FakeCarrier:
    """Notes transfers; refuses them if told to."""

    def __init__(self) -> None:
        self.transfers: list[str] = []
        self.refuse: CarrierError | None = None
        self.legs: tuple[LiveLeg, ...] | None = None
        """What it lists as up; ``None``: it does not."""

    async def live_legs(self) -> tuple[LiveLeg, ...]:
        if self.legs is None:
            raise CarrierUnavailable("expected a list of legs, got none.")
        return self.legs

    async def transfer(
        self, call_id: str, *, to: str, from_: str | None = None, timeout_s: int = 30, leg_state: str | None = None
    ) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.transfers.append(to)

    async def hangup(self, call_id: str) -> None:
        raise AssertionError("the host hangs up, not the session")


async def settle() -> None:
    """Let every task run as far as it can without time."""
    for _ in range(30):
        await asyncio.sleep(0)


class PhoneCall:
    """A session and everything around it. ``stt`` hears the texts it is given, one per recognition."""

    def __init__(
        self,
        agent: Agent,
        *texts: str,
        tts: Any = None,
        stt: Any = None,
        stt_fallback: tuple[Any, ...] = (),
        vad: Any = None,
        fallback: Any = None,
        direction: Any = "inbound",
        line: AudioFormat = PCM_8K,
    ) -> None:
        self.clock = ManualClock(now_ms=1000.0)
        self.stream = FakeStream(output_format=line)
        self.carrier = FakeCarrier()
        self.tts = tts or FakeTts(word_ms=200)
        self.stt = stt or FakeStt(texts)
        self.vad = vad or FakeVad()
        self.events: list[SessionEvent] = []
        self.call = Call(CallRecord(call_id="v3:call", direction=direction), self.carrier)  # type: ignore[arg-type]
        self.call.line.expect(StreamRequest(url="", codec=CODECS[line], sample_rate=line.sample_rate))
        self.call.observe(self.events.append)  # type: ignore[arg-type]
        self.cascade: Cascade
        engines = Engines(self.vad, self.stt, self.tts, fallback or Fallback(), stt_fallback)

        def conversant(host: ConversantHost) -> Cascade:
            self.cascade = Cascade(host, engines=engines)
            return self.cascade

        self.session = Session(self.call, agent, conversant, clock=self.clock)
        self.running: asyncio.Task[None] | None = None
        self.audible_ms = 0.0
        self.sent_ms = 0.0

    async def start(self) -> PhoneCall:
        self.session.prepare()
        await settle()
        self.running = asyncio.create_task(self.session.run())
        self.call.line = self.stream  # type: ignore[assignment]
        self.session.media.media_started(MediaStarted("stream", "v3:call", MediaFormat("PCMU", RATE)))
        await settle()
        return self

    async def step(self, pcm: bytes = SILENCE) -> None:
        """20 ms of the line, both ways."""
        for _ in range(2):
            self.clock.advance(FRAME_MS / 2)
            self.session.tick(self.clock.now_ms())
        self.session.media.audio(pcm, self.sent_ms)
        self.sent_ms += FRAME_MS
        if self.stream.play():
            self.audible_ms += FRAME_MS
        marks, self.stream.returned = self.stream.returned, []
        for name in marks:
            self.session.media.mark_returned(name)
        await settle()

    async def line(self, ms: float, pcm: bytes = SILENCE) -> None:
        for _ in range(round(ms / FRAME_MS)):
            await self.step(pcm)

    async def say(self, ms: float = 600) -> None:
        """The caller speaks, and is silent for long enough to have finished."""
        await self.line(ms, WORDS)
        await self.line(600)

    async def until_quiet(self) -> None:
        """Wait until the agent has said everything."""
        for _ in range(2000):
            await self.step()
            if self.session.over or (self.cascade._mouth.current is None and not self.stream.audible):
                return
        raise AssertionError("the agent does not stop")

    @property
    def history(self) -> list[tuple[str, str]]:
        """Who said what, as far as it was heard."""
        return [(entry.speaker, entry.heard) for entry in self.call.transcript if entry.heard]

    def kinds(self) -> list[str]:
        return [event.type for event in self.events if hasattr(event, "to_dict")]

    def of(self, type_: str) -> list[Any]:
        return [event for event in self.events if getattr(event, "type", None) == type_]

    async def end(self) -> None:
        await self.session.aclose()
        if self.running is not None:
            await asyncio.wait([self.running])
        await settle()


@pytest.fixture
def ringing() -> Any:
    """:class:`PhoneCall`: a call that has not begun."""
    return PhoneCall


@pytest.fixture
async def phone() -> Any:
    """``await phone(agent, *texts)``: a call that has begun; ended with the test."""
    calls: list[PhoneCall] = []

    async def begin(agent: Agent, *texts: str, **more: Any) -> PhoneCall:
        call = PhoneCall(agent, *texts, **more)
        calls.append(call)
        return await call.start()

    yield begin
    for call in calls:
        await call.end()
        assert call.vad.open_streams == 0


@pytest.fixture
async def elapse(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``await elapse(seconds)``: the event loop believes that this time is over; the clock of the call stands."""
    loop = asyncio.get_running_loop()
    began, gone_s = loop.time(), 0.0
    monkeypatch.setattr(loop, "time", lambda: began + gone_s)

    async def elapse(seconds: float) -> None:
        nonlocal gone_s
        for _ in range(round(seconds / 0.05)):
            gone_s += 0.05
            await settle()

    return elapse
