"""LiveKit's side of ``offhook bench turns``: ``PYTHON turns_livekit.py CALLS TURNS``, with livekit-agents installed.

An ``AgentSession`` for each call, without a room: its audio comes and goes by classes of our own. Its voice activity is
the one that it brings, turns end where the recogniser says so, without a delay, and nothing is generated ahead.
"""

from __future__ import annotations

import asyncio
import logging
import math
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, llm, stt, tts
from livekit.agents.utils import http_context
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from turns_calls import FIRST_SOUND_S, FIRST_WORDS_S, REST, SAID, WORDS, Turns, drive, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RATE = 16_000
_SAMPLES = RATE // 50
_LOUD = struct.pack(
    f"<{_SAMPLES}h", *(round(8000 * math.sin(2 * math.pi * 1000 * at / RATE)) for at in range(_SAMPLES))
)
_SILENCE = bytes(2 * _SAMPLES)
_PIECE = _LOUD * 5


class Ear(stt.STT):
    """Told by the caller when a turn is over."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.current: Any = None

    async def _recognize_impl(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def stream(self, *, language: Any = None, conn_options: Any = APIConnectOptions()) -> Any:
        self.current = EarStream(stt=self, conn_options=conn_options)
        return self.current


class EarStream(stt.RecognizeStream):
    """Takes audio, and tells what it is told."""

    async def _run(self) -> None:
        async for _ in self._input_ch:
            pass

    def tell(self, kind: Any, text: str = "") -> None:
        data = [stt.SpeechData(language="en", text=text, confidence=0.9)] if text else []  # type: ignore[arg-type]
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=data))


class Model(llm.LLM):
    """Says its two sentences after a known time."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self.turns = turns

    def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = APIConnectOptions(), **_: Any) -> Any:
        self.turns.asked_model = time.perf_counter()
        return ModelStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class ModelStream(llm.LLMStream):
    """One answer."""

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_WORDS_S)
        self._llm.turns.first_words = time.perf_counter()  # type: ignore[attr-defined]
        for text in (SAID, REST):
            self._event_ch.send_nowait(llm.ChatChunk(id="x", delta=llm.ChoiceDelta(role="assistant", content=text)))
            await asyncio.sleep(0.02)


class Voice(tts.TTS):
    """Speaks after a known time."""

    def __init__(self, turns: Turns) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=RATE, num_channels=1)
        self.turns = turns

    def synthesize(self, text: str, **_: Any) -> Any:
        raise NotImplementedError

    def stream(self, *, conn_options: Any = APIConnectOptions()) -> Any:
        return VoiceStream(tts=self, conn_options=conn_options)


class VoiceStream(tts.SynthesizeStream):
    """One answer: it begins with the first text that it is given."""

    async def _run(self, output_emitter: Any) -> None:
        turns: Turns = self._tts.turns  # type: ignore[attr-defined]
        output_emitter.initialize(
            request_id="x", sample_rate=RATE, num_channels=1, mime_type="audio/pcm", stream=True, frame_size_ms=20
        )
        output_emitter.start_segment(segment_id="x")
        begun = False
        async for text in self._input_ch:
            if not isinstance(text, str):
                continue
            if not begun:
                turns.asked_voice = time.perf_counter()
                await asyncio.sleep(FIRST_SOUND_S)
                turns.first_sound = time.perf_counter()
                begun = True
            for _ in range(3 * len(text.split())):
                output_emitter.push(_PIECE)
        output_emitter.end_segment()


class Microphone(AudioInput):
    """What the caller says."""

    def __init__(self) -> None:
        super().__init__(label="caller")
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        return rtc.AudioFrame(await self.frames.get(), RATE, 1, _SAMPLES)

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self


class Line(AudioOutput):
    """Takes frames, and says when they are played, in real time."""

    def __init__(self, turns: Turns) -> None:
        super().__init__(label="line", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.turns = turns
        self.pushed_s = 0.0
        self.began: float | None = None
        self.ending: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.turns.sounds()
        if self.began is None:
            self.began = asyncio.get_running_loop().time()
            self.on_playback_started(created_at=time.time())
        self.pushed_s += frame.duration

    def flush(self) -> None:
        super().flush()
        if self.began is not None and self.ending is None:
            loop = asyncio.get_running_loop()
            self.ending = loop.call_at(self.began + self.pushed_s, self._over, False)

    def clear_buffer(self) -> None:
        if self.began is not None:
            if self.ending is not None:
                self.ending.cancel()
            self._over(True)

    def _over(self, interrupted: bool) -> None:
        played_s, self.pushed_s, self.began, self.ending = self.pushed_s, 0.0, None, None
        self.on_playback_finished(playback_position=played_s, interrupted=interrupted)


async def call(number: int, turns_wanted: int) -> Turns:
    """One call."""
    turns, ear, microphone = Turns(), Ear(), Microphone()
    session: Any = AgentSession(
        stt=ear,
        llm=Model(turns),
        tts=Voice(turns),
        turn_handling={
            "turn_detection": "stt",
            "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
            "preemptive_generation": {"enabled": False},
        },
    )
    session.input.audio = microphone
    session.output.audio = Line(turns)
    await session.start(Agent(instructions="Be kind."))

    def frame(loud: bool) -> None:
        microphone.frames.put_nowait(_LOUD if loud else _SILENCE)

    def over() -> None:
        turns.turn_over()
        ear.current.tell(stt.SpeechEventType.FINAL_TRANSCRIPT, WORDS)
        ear.current.tell(stt.SpeechEventType.END_OF_SPEECH)

    await drive(turns_wanted, frame, over, number)
    await session.aclose()
    return turns


async def with_http(number: int, turns_wanted: int) -> Turns:
    """As plugins expect it."""
    async with http_context.open():
        return await call(number, turns_wanted)


if __name__ == "__main__":
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    run(int(sys.argv[1]), int(sys.argv[2]), with_http)
