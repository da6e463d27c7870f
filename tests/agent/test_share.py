"""What a turn costs beside its engines: fifty calls at once on one core, with a model and a voice of known delay."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.agent.conftest import SILENCE, WORDS, FakeCarrier, FakeStream
from tests.agent.own_time import OwnTimeLoop, run_in_own_time

from offhook.agent import Agent, Engines, TurnOptions, events
from offhook.agent.cascade import Cascade
from offhook.agent.session import Session
from offhook.agent.voices import Fallback
from offhook.calls import Call, CallRecord
from offhook.carriers.media import MediaFormat, MediaStarted
from offhook.models.testing import FakeModel
from offhook.speech.testing import FakeStt, FakeTts, FakeVad

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CALLS, TURNS = 50, 3
MODEL_MS, VOICE_MS, HEARING_MS = 300, 100, 80
TALKS = 35
"""Frames that a caller talks for."""


async def converse(agent: Agent, number: int) -> list[events.TurnAnswered]:
    """A call: the caller says something each time that the agent has finished; returns what every turn took."""
    loop = cast("OwnTimeLoop", asyncio.get_running_loop())
    call = Call(CallRecord(call_id=f"v3:{number}"), FakeCarrier())  # type: ignore[arg-type]
    answered: list[events.TurnAnswered] = []
    ended = 0

    def note(event: object) -> None:
        nonlocal ended
        if isinstance(event, events.TurnAnswered):
            answered.append(event)
        ended += isinstance(event, events.AgentSpeechEnded)

    call.observe(note)
    stt = FakeStt([f"question {at}" for at in range(TURNS + 1)], delay_ms=HEARING_MS)
    engines = Engines(FakeVad(), stt, FakeTts(word_ms=100, first_ms=VOICE_MS), Fallback())
    session = Session(call, agent, lambda host: Cascade(host, engines=engines), clock=loop)
    session.prepare()
    running = asyncio.create_task(session.run())
    call.line = stream = FakeStream()  # type: ignore[assignment]
    session.media.media_started(MediaStarted("stream", call.id, MediaFormat("PCMU", 8000)))
    began_s, talks, heard = loop.time() + 0.02 * number / CALLS, TALKS, 0
    for frame in range(TURNS * 400):
        if len(answered) == TURNS:
            break
        await asyncio.sleep(max(0.0, began_s + 0.02 * frame - loop.time()))
        session.tick(loop.now_ms())
        if ended > heard:
            heard, talks = ended, TALKS
        session.media.audio(WORDS if talks > 0 else SILENCE, frame * 20.0)
        talks -= 1
        stream.play()
        marks, stream.returned = stream.returned, []
        for mark in marks:
            session.media.mark_returned(mark)
        await asyncio.sleep(0.01)
        session.tick(loop.now_ms())
    await session.aclose()
    await asyncio.wait([running])
    return answered


async def crowd(*, speculate: bool) -> list[float]:
    """How long after each turn its answer was heard, in order of length."""
    model = FakeModel("Well, that is nine.", first_s=MODEL_MS / 1000)
    agent = Agent("Front desk", "", llm=model, turn_taking=TurnOptions(speculate=speculate))
    await converse(agent, 0)  # what is loaded at first use is loaded before the first call
    calls = await asyncio.gather(*(converse(agent, number) for number in range(CALLS)))
    return sorted(turn.audio_ms - turn.endpoint_ms for call in calls for turn in call)


def at(share: float, values: list[Any]) -> float:
    return float(values[min(len(values) - 1, int(len(values) * share))])


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """Coverage takes several times as long as what it covers: it is not asked for here.

    Nor does the garbage collector look at what earlier tests of this process have left.
    """
    tracing = sys.gettrace()
    sys.settrace(None)
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    sys.settrace(tracing)


def test_our_own_share_of_a_turn_is_small_however_many_calls_there_are() -> None:
    """At most 30 ms in the median, beside what the model and the voice take; the bench tells the slowest of 100."""
    after_ms = run_in_own_time(crowd(speculate=False))
    assert len(after_ms) == CALLS * TURNS
    ours_ms = [taken - MODEL_MS - VOICE_MS for taken in after_ms]
    print(f"our share of a turn at {CALLS} calls: p50 {at(0.5, ours_ms):.0f} ms, p99 {at(0.99, ours_ms):.0f} ms")
    assert ours_ms[0] >= -1
    assert at(0.5, ours_ms) <= 30


def test_an_answer_that_is_begun_early_is_sooner_by_what_the_turn_still_took() -> None:
    """The time from the words to the end of the turn is the model's and the voice's already."""
    early, late = (run_in_own_time(crowd(speculate=speculate)) for speculate in (True, False))
    print(f"answered after the turn: p50 {at(0.5, early):.0f} ms begun early, {at(0.5, late):.0f} ms not")
    assert at(0.5, early) < at(0.5, late) - 80
