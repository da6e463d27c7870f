"""A conversation with the engines that ship: recorded callers, recognition and a voice, on a clock without hurry."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import offhook
from offhook.agent import Agent, Engines
from offhook.audio.resample import resample
from offhook.audio.wav import read_wav
from offhook.errors import EngineMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook import Call

CLIPS = Path(offhook.__file__).parent / "exchange" / "clips"


def clip(name: str) -> list[bytes]:
    """A recorded line as the telephone carries it: 20 ms frames at 8 kHz."""
    rate, channels = read_wav(CLIPS / f"{name}.wav")
    pcm = resample(channels[0], rate, 8000)
    return [pcm[at : at + 320].ljust(320, b"\0") for at in range(0, len(pcm), 320)]


def engines(require: Callable[[bool, str], None]) -> Engines:
    require(find_spec("onnxruntime") is not None, "onnxruntime")
    require(find_spec("moonshine_voice") is not None, "moonshine-voice")
    require(find_spec("rapidfuzz") is not None, "rapidfuzz")
    try:
        return Engines.load()
    except EngineMissing as error:
        require(False, str(error))
        raise


def front_desk() -> Agent:
    agent = Agent("Front desk", "Hello.")
    agent.intent("opening hours", ["when are you open", "what are your hours"], reply="We open at nine.")

    @agent.intent("prices", ["what does a check-up cost", "how much is a check-up"])
    def prices(call: Call) -> str:
        return "A check-up costs sixty dollars, and that includes two pictures. A cleaning costs ninety dollars."

    agent.intent("location", ["where are you located", "what is your address"], reply="In Hill Street.")
    return agent


async def wait_for_engines(call: Any) -> None:
    """Let recognition and the voice finish what the last 20 ms started: on this clock they take no time."""
    session = call.session
    while not session.over:
        speech = call.cascade._mouth.current
        drafting = call.cascade._recogniser.busy
        speaking = speech is not None and not speech.complete and speech.playout.waiting_ms < 1000
        if not (drafting or speaking):
            return
        await asyncio.sleep(0.001)


async def hear(call: Any, frames: list[bytes]) -> None:
    for frame in frames:
        await call.step(frame)
        await wait_for_engines(call)


async def quiet(call: Any, ms: float) -> None:
    await hear(call, [bytes(320)] * round(ms / 20))


async def test_a_real_caller_is_understood_answered_and_may_interrupt(ringing: Any, require: Any) -> None:
    """A question is answered; "mm-hm" does not stop the agent; an interruption silences it within 250 ms."""
    real = engines(require)
    await real.warm_up()
    call = await ringing(front_desk(), vad=real.vad, stt=real.stt, tts=real.tts).start()
    await quiet(call, 1500)

    await hear(call, clip("hours"))
    await quiet(call, 2500)
    assert [event.intent for event in call.of("turn.reply")] == ["opening hours"]
    assert call.history[-1] == ("agent", "We open at nine.")
    assert call.of("turn.answered")[0].audio_ms <= 600

    await hear(call, clip("prices"))
    await quiet(call, 1200)
    before = call.audible_ms
    mm_hm = clip("mmhm")
    await hear(call, mm_hm)
    assert call.audible_ms - before >= len(mm_hm) * 20 - 20
    await quiet(call, 300)
    assert call.stream.cleared == 0

    heard_ms = call.audible_ms
    interruption = clip("location")
    await hear(call, interruption)
    assert call.stream.cleared == 1
    assert call.audible_ms - heard_ms <= 250
    await quiet(call, 2500)
    assert [event.intent for event in call.of("turn.reply")] == ["opening hours", "prices", "location"]
    (interrupted,) = (event for event in call.of("agent.speech_ended") if event.interrupted)
    assert interrupted.text.startswith(interrupted.heard)
    assert interrupted.heard != interrupted.text
    assert call.history[-1] == ("agent", "In Hill Street.")
    await call.end()
