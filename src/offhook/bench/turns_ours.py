"""Our side of ``offhook bench turns``: ``python -m offhook.bench.turns_ours CALLS TURNS``, a process of its own.

The sessions, the cascade and voice activity are those of any call; they are driven at the session's door, with frames
of 20 ms in real time: what the media socket takes is measured by ``offhook bench media``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

from offhook.agent import Agent, TurnOptions
from offhook.agent.engines import Engines
from offhook.agent.sessions import AgentSessions
from offhook.agent.voices import Fallback
from offhook.audio.formats import PCM_8K, PCMU, Rewriter
from offhook.bench.turns_calls import FIRST_SOUND_S, FIRST_WORDS_S, REST, SAID, WORDS, Turns, drive, run
from offhook.calls import Call, CallRecord
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import MediaFormat, MediaStarted
from offhook.clock import SystemClock
from offhook.models.base import Finished, TextPiece
from offhook.speech.engines import load_vad
from offhook.speech.streams import EndOfTurn, PartialWords, RecognitionStream, Sound
from offhook.speech.testing import tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.audio.formats import AudioFormat

__all__ = ["main"]

_LOUD, _SILENCE = tone(8000, 20, frequency=1000), bytes(320)
_PIECE = Rewriter(PCM_8K, PCMU).process(tone(8000, 100))
_of_call: dict[str, Turns] = {}


class _Ear(RecognitionStream):
    def __init__(self, on_event: Any) -> None:
        self.on_event = on_event
        self.flushes = 0

    def push(self, audio: bytes) -> None:
        return

    def flush(self) -> None:
        self.flushes += 1
        asyncio.get_running_loop().call_soon(self.on_event, PartialWords(WORDS, 0.9, (), self.flushes))

    def close(self) -> None:
        self.on_event = lambda event: None


class _Stt:
    formats = (PCMU,)
    ends_turns = True
    live = True

    def __init__(self) -> None:
        self.ears: dict[str | None, _Ear] = {}

    def open(self, audio: AudioFormat, on_event: Any, *, call_id: str | None = None) -> RecognitionStream:
        ear = self.ears[call_id] = _Ear(on_event)
        return ear


class _Model:
    async def stream(self, messages: Any, *, tools: Any = (), call_id: str | None = None) -> AsyncIterator[Any]:
        turns = _of_call[call_id or ""]
        turns.asked_model = time.perf_counter()
        await asyncio.sleep(FIRST_WORDS_S)
        turns.first_words = time.perf_counter()
        yield TextPiece(SAID)
        await asyncio.sleep(0.02)
        yield TextPiece(REST)
        yield Finished()


class _Voice:
    formats = (PCMU,)

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> Any:
        return _VoiceStream(_of_call.get(call_id or "", Turns()))


class _VoiceStream:
    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def speak(self, text: str, *, goes_on: bool = False) -> Any:
        return self._sounds(text, time.perf_counter())

    async def _sounds(self, text: str, asked: float) -> AsyncIterator[Sound]:
        first = text.startswith(SAID[:7])
        if first:
            self._turns.asked_voice = asked
        await asyncio.sleep(FIRST_SOUND_S)
        if first:
            self._turns.first_sound = time.perf_counter()
        for _ in range(3 * len(text.split())):
            yield Sound(_PIECE)

    def cancel(self) -> None:
        return

    def close(self) -> None:
        return


class _Line:
    """Plays as a carrier does, and returns marks."""

    input_rate = output_rate = 8000
    input_format = output_format = PCMU

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._queue: list[int | str] = []
        self._left = 0

    def send_encoded(self, audio: bytes) -> None:
        self._turns.sounds()
        self._queue.append(len(audio) // 160)

    def send_audio(self, pcm: bytes) -> None:
        self.send_encoded(pcm[::2])

    def send_mark(self, name: str) -> None:
        self._queue.append(name)

    def clear(self) -> None:
        self._queue.clear()

    def play(self) -> list[str]:
        marks: list[str] = []
        if self._left:
            self._left -= 1
        while self._queue and not self._left:
            head = self._queue.pop(0)
            if isinstance(head, str):
                marks.append(head)
            else:
                self._left = head
        return marks


def main() -> None:
    """Hold the calls, and print what came of it."""
    calls, turns_each = int(sys.argv[1]), int(sys.argv[2])
    stt = _Stt()
    agent = Agent(
        "Desk",
        "",
        instructions="Be kind.",
        llm=_Model(),
        turn_taking=TurnOptions(turn_detection="stt", speculate=False),
    )
    sessions = AgentSessions(agent, Engines(load_vad(), stt, _Voice(), Fallback()))
    warm = False

    async def call(number: int, turns_wanted: int) -> Turns:
        nonlocal warm
        if not warm:
            await sessions.warm_up()
            warm = True
        turns = Turns()
        call = Call(CallRecord(call_id=f"v3:{number}-{turns_wanted}", direction="inbound"), object())  # type: ignore[arg-type]
        _of_call[call.id] = turns
        call.line.expect(StreamRequest(url="", codec="PCMU", sample_rate=8000))
        session, line, clock = sessions(call), _Line(turns), SystemClock()
        running = asyncio.create_task(session.run())
        call.line = line  # type: ignore[assignment]
        session.media.media_started(MediaStarted("s", call.id, MediaFormat("PCMU", 8000)))
        sent_ms = 0.0

        def frame(loud: bool) -> None:
            nonlocal sent_ms
            session.media.audio(_LOUD if loud else _SILENCE, sent_ms)
            sent_ms += 20
            for name in line.play():
                session.media.mark_returned(name)
            session.tick(clock.now_ms())

        def over() -> None:
            turns.turn_over()
            stt.ears[call.id].on_event(EndOfTurn(WORDS, 0.9))

        await drive(turns_wanted, frame, over, number)
        await session.aclose()
        await running
        return turns

    run(calls, turns_each, call)


if __name__ == "__main__":
    main()
