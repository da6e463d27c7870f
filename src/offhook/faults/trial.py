"""One cell of the table: a call on which something goes wrong, and what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from offhook.agent import Agent, Texts, TurnOptions
from offhook.agent.events import AgentSpeechEnded, TurnHeard
from offhook.agent.sessions import sessions_of
from offhook.calls import Call, CallRecord
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import MediaFormat, MediaStarted
from offhook.clock import SystemClock
from offhook.errors import CarrierUnavailable
from offhook.faults.cases import FALLBACK, Case
from offhook.faults.line import FRAME_MS, SimulatedLine
from offhook.faults.scripts import CALLER, add_tools, answers_for
from offhook.ids import new_id
from offhook.models.openai import OpenAIModel
from offhook.providers import (
    AssemblyAI,
    Aura,
    Cartesia,
    Deepgram,
    ElevenLabs,
    Flux,
    OpenAIRealtime,
    OpenAISpeech,
    Rime,
    TelnyxStt,
    TelnyxTts,
)
from offhook.speech.base import Recognition
from offhook.speech.testing import FakeTts, FakeVad, tone
from offhook.testing.providers import Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook import Heard
    from offhook.agent.session import Session

__all__ = ["KEY", "Conversation", "hold"]

KEY: Final = "sk-quicksilver"
"""Of every provider; in no log."""
_WORD_MS: Final = 200.0
_LONGEST_S: Final = 14.0
"""An answer that is not over by then never will be."""
_SILENT_MS: Final = 1200.0
"""The agent has said all of it when it was silent for so long."""
_BEFORE_S: Final = 2.6
"""The caller waits for so long, as if there were a greeting."""
_SPEAKS_MS: Final = 900.0
_INTERRUPTS_MS: Final = 1000.0
"""So long the caller hears an answer before they speak into it."""

_MADE: Final[Mapping[str, Callable[[str], Any]]] = {
    "recogniser assemblyai": lambda origin: AssemblyAI(api_key=KEY, base_url=origin),
    "recogniser deepgram": lambda origin: Deepgram(api_key=KEY, base_url=origin),
    "recogniser deepgram:flux": lambda origin: Flux(api_key=KEY, base_url=origin),
    "recogniser telnyx": lambda origin: TelnyxStt(api_key=KEY, base_url=f"{origin}/v2"),
    "voice deepgram": lambda origin: Aura(api_key=KEY, base_url=origin),
    "voice cartesia": lambda origin: Cartesia("v", api_key=KEY, base_url=origin),
    "voice elevenlabs": lambda origin: ElevenLabs("v", api_key=KEY, base_url=origin),
    "voice rime": lambda origin: Rime(api_key=KEY, base_url=origin),
    "voice telnyx": lambda origin: TelnyxTts(api_key=KEY, base_url=f"{origin}/v2"),
    "voice openai": lambda origin: OpenAISpeech(api_key=KEY, base_url=f"{origin}/v1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What became of the call."""

    heard: tuple[str, ...]
    """What the agent took the caller to have said, turn by turn."""
    said: tuple[tuple[str, ...], ...]
    """What the caller heard of the agent after each of their turns, piece by piece."""
    first_ms: float
    """From the end of the caller's first words to the first sound."""
    gap_ms: float
    """The longest silence within the first answer."""
    sounded_ms: tuple[float, ...]
    """How long there was something to be heard after each turn."""
    error: str = ""
    """What ended the conversation before its time: a type."""


class _NoCarrier:
    """There is none: nothing is handed over, and nobody hangs up."""

    async def live_legs(self) -> Any:
        raise CarrierUnavailable("expected a carrier, got none.")

    async def hangup(self, call_id: str) -> None:
        return


class _Says:
    """A dialog that knows one answer to each turn."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    async def respond(self, call: Call, heard: Heard) -> str:
        turn = call.data["turn"] = call.data.get("turn", -1) + 1
        return FALLBACK if turn else self._answer


class _Hears:
    """A recogniser on this machine that hears what the caller says."""

    sample_rate = 16_000

    def __init__(self) -> None:
        self._first = True

    async def transcribe(self, pcm: bytes) -> Recognition:
        return Recognition(CALLER[0], 0.95)


def _agent(case: Case, origin: str) -> Agent:
    """The agent under test: whatever fails is the first of two."""
    own = {
        "name": "Table",
        "greeting": "",
        "texts": Texts(fillers=("One moment.",) if case.filler else (), silence_reminder="Are you there?"),
        "turn_taking": TurnOptions(speculate=False),
        "vad": FakeVad(),
    }
    if case.role == "realtime":
        models = [OpenAIRealtime(name, api_key=KEY, base_url=f"{origin}/v1") for name in ("one", "other")]
        return Agent(**{**own, "vad": None}, instructions="Be kind.", realtime=models)  # type: ignore[arg-type]
    made = _MADE.get(f"{case.role} {case.provider}")
    engine = made(origin) if made is not None else None
    voice = FakeTts(word_ms=_WORD_MS)
    stt: list[Any] = [engine, _Hears()] if case.role == "recogniser" else [Deepgram(api_key=KEY, base_url=origin)]
    tts: list[Any] = [engine, voice] if case.role == "voice" else [voice]
    if case.role in ("model", "tool"):
        llm = [OpenAIModel(name, api_key=KEY, base_url=f"{origin}/v1") for name in ("gpt-4.1", "gpt-4.1-mini")]
        agent = Agent(**own, instructions="Be kind.", llm=llm, stt=stt, tts=tts)  # type: ignore[arg-type]
        add_tools(agent, case.script)
        return agent
    return Agent(**own, dialog=_Says(case.answer), stt=stt, tts=tts)  # type: ignore[arg-type]


async def hold(case: Case) -> Conversation:
    """Hold the conversation of a case: the caller speaks, hears the answer (or interrupts it), and speaks again."""
    async with StandIns(Scripted(CALLER, word_ms=_WORD_MS), answers=answers_for(case.script, case.answer)) as standins:
        agent = _agent(case, standins.origin)
        sessions = sessions_of(agent)
        await sessions.warm_up()
        if case.kind:
            standins.fault(case.door, case.stage, case.kind, **case.more)
        return await _Caller(sessions, interrupts=case.interrupts).converse()


class _Caller:
    """Somebody on a simulated line."""

    def __init__(self, sessions: Callable[[Call], Session], *, interrupts: bool) -> None:
        self._interrupts = interrupts
        self._clock = SystemClock()
        self._line = SimulatedLine()
        self._events: list[Any] = []
        self._call = Call(CallRecord(call_id=f"v3:{new_id()}", direction="inbound"), _NoCarrier())  # type: ignore[arg-type]
        self._call.line.expect(StreamRequest(url="", codec="PCMU", sample_rate=8000))
        self._call.observe(self._events.append)
        self._session = sessions(self._call)
        self._words = bytearray()
        self._said = asyncio.Event()
        self._sent_ms = 0.0
        self._spoke_until_ms = 0.0

    async def converse(self) -> Conversation:
        """The whole call."""
        running = asyncio.create_task(self._session.run())
        self._call.line = self._line  # type: ignore[assignment]
        self._session.media.media_started(MediaStarted("stream", self._call.id, MediaFormat("PCMU", 8000)))
        sounding = asyncio.create_task(self._sound())
        turns: list[tuple[float, float, list[str]]] = []
        try:
            await asyncio.sleep(_BEFORE_S)
            for number in range(len(CALLER)):
                before = len(self._events)
                began_ms = await self._speak()
                await self._listen(began_ms, self._interrupts and number == 0)
                said = [event.heard for event in self._events[before:] if isinstance(event, AgentSpeechEnded)]
                turns.append((began_ms, self._clock.now_ms(), [text for text in said if text]))
        finally:
            sounding.cancel()
            await self._session.aclose()
            await asyncio.wait([running, sounding])
        error = running.exception()
        began_ms, ended_ms, _ = turns[0]
        heard_at = [at_ms for at_ms in self._line.heard_at_ms if at_ms >= began_ms]
        return Conversation(
            heard=tuple(event.text for event in self._events if isinstance(event, TurnHeard)),
            said=tuple(tuple(said) for _, _, said in turns),
            first_ms=heard_at[0] - began_ms if heard_at else float("inf"),
            gap_ms=self._line.longest_wait_ms(heard_at[0], ended_ms) if heard_at else 0.0,
            sounded_ms=tuple(self._line.heard_ms(begins_ms, ends_ms) for begins_ms, ends_ms, _ in turns),
            error=type(error).__name__ if error is not None else "",
        )

    async def _speak(self) -> float:
        """Say something; when the last of it was said."""
        self._words += tone(8000, _SPEAKS_MS, frequency=1000)
        self._said.clear()
        await self._said.wait()
        return self._clock.now_ms()

    async def _listen(self, since_ms: float, interrupts: bool) -> None:
        """Until the agent has said all that it has to say, or has been heard for long enough to be interrupted."""
        while (now_ms := self._clock.now_ms()) - since_ms < _LONGEST_S * 1000:
            await asyncio.sleep(0.02)
            if interrupts and self._line.heard_ms(since_ms, now_ms) >= _INTERRUPTS_MS:
                return
            last_ms = self._line.heard_at_ms[-1] if self._line.heard_at_ms else 0.0
            if last_ms >= since_ms and now_ms - last_ms >= _SILENT_MS:
                return

    async def _sound(self) -> None:
        """The line, 20 ms after 20 ms."""
        silence, size = bytes(320), 320
        began_ms, session = self._clock.now_ms(), self._session
        while True:
            now_ms = self._clock.now_ms()
            while self._sent_ms + FRAME_MS <= now_ms - began_ms:
                frame = bytes(self._words[:size]).ljust(size, b"\0") if self._words else silence
                del self._words[:size]
                if not self._words:
                    self._said.set()
                session.media.audio(frame, self._sent_ms)
                self._sent_ms += FRAME_MS
                for name in self._line.play(began_ms + self._sent_ms):
                    session.media.mark_returned(name)
            session.tick(now_ms)
            await asyncio.sleep(0.01)
