"""A session with a conversant that knows nothing of engines: what any sibling of the cascade gets, and has to give."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from tests.agent.conftest import FakeCarrier, FakeStream, settle

from offhook.agent import Agent, Limits, Texts, events
from offhook.agent.session import Session
from offhook.agent.work import Work, current_work
from offhook.calls import Call, CallRecord
from offhook.calls.events import TransferBridged, TransferFailed
from offhook.carriers.commands import LiveLeg
from offhook.carriers.media import MediaFormat, MediaStarted
from offhook.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.agent.conversant import CallAudio, Conversant, ConversantHost, HoldReason

DESK = "+15550100050"
RING_S = 30


class Echo:
    """Sends back what it hears. What it is told to say is heard at once, unless a gate is shut."""

    def __init__(self, host: ConversantHost) -> None:
        self.host = host
        self.told: list[Any] = []
        self.line: CallAudio | None = None
        self.open = asyncio.Event()
        self.open.set()

    def prepare(self) -> None:
        self.told.append("prepare")

    def begin(self, line: CallAudio) -> None:
        self.line = line
        self.told.append(("begin", line.input_rate))

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        assert self.line is not None
        self.line.send_audio(pcm)
        self.line.send_mark(f"{timestamp_ms}")

    def tick(self, now_ms: float) -> None:
        self.told.append(("tick", now_ms))

    def mark_returned(self, name: str) -> None:
        self.told.append(("mark", name))

    def digit(self, digit: str) -> None:
        self.told.append(("digit", digit))

    def media_lost(self) -> None:
        self.told.append("lost")

    def media_resumed(self) -> None:
        self.told.append("resumed")

    async def say(self, text: str, kind: str, *, protected: bool = False) -> bool:
        self.told.append(("say", kind, text, protected))
        began_at_ms = self.host.wall_ms()
        await self.open.wait()
        self.host.notify(
            events.AgentSpeechEnded(
                at_ms=self.host.wall_ms(),
                call_id=self.host.call.id,
                kind=kind,
                text=text,
                heard=text,
                interrupted=False,
                began_at_ms=began_at_ms,
            )
        )
        return True

    async def ask(self, question: str) -> str:
        await self.say(question, "question")
        return "yes"

    async def idle(self) -> None:
        self.told.append("idle")

    async def ready_to_leave(self) -> None:
        self.told.append("ready")

    def hush(self) -> None:
        self.told.append("hush")

    def hold(self, reason: HoldReason) -> None:
        self.told.append(("hold", reason))

    def release(self) -> None:
        self.told.append("release")

    def stop(self) -> None:
        self.told.append("stop")


class OnTheLine:
    """A session with an :class:`Echo`, and everything around it."""

    def __init__(self, agent: Agent, conversant: type[Echo] = Echo) -> None:
        self.clock = ManualClock(now_ms=1000.0, wall_ms=50_000.0)
        self.carrier = FakeCarrier()
        self.stream = FakeStream()
        self.call = Call(CallRecord(call_id="v3:call"), self.carrier)  # type: ignore[arg-type]
        self.events: list[Any] = []
        self.call.observe(self.events.append)
        self.echo: Echo

        def make(host: ConversantHost) -> Conversant:
            self.echo = conversant(host)
            return self.echo

        self.session = Session(self.call, agent, make, clock=self.clock)

    def begin(self) -> None:
        self.call.line = self.stream  # type: ignore[assignment]
        self.session.media.media_started(MediaStarted("stream", "v3:call", MediaFormat("PCMU", 8000)))

    def kinds(self) -> list[str]:
        return [event.type for event in self.events if hasattr(event, "type")]


def make_agent(**more: Any) -> Agent:
    return Agent("Echo", "", **more)


@pytest.fixture
async def line() -> AsyncIterator[OnTheLine]:
    agent = make_agent()
    agent.handover(to=DESK, message="One moment please.")
    line = OnTheLine(agent)
    yield line
    await line.session.aclose()
    await settle()


async def test_a_conversant_hears_everything_between_begin_and_stop(line: OnTheLine) -> None:
    """Whatever it is: audio, ticks, marks, keys, a lost line that comes back; nothing before, nothing after."""
    media = line.session.media
    media.audio(b"", 0.0)
    media.mark_returned("early")
    media.digit("0")
    media.media_lost()
    media.media_resumed()
    line.session.tick(1000.0)
    line.session.prepare()
    assert line.echo.told == ["prepare"]
    line.begin()
    line.session.tick(1010.0)
    media.audio(bytes(320), 20.0)
    media.mark_returned("20.0")
    media.digit("5")
    media.media_lost()
    media.media_resumed()
    media.media_stopped()
    line.session.tick(1020.0)
    media.audio(bytes(320), 40.0)
    media.digit("6")
    media.media_lost()
    line.session.prepare()
    assert line.echo.told[1:] == [
        ("begin", 8000),
        ("tick", 1010.0),
        ("mark", "20.0"),
        ("digit", "5"),
        "lost",
        "resumed",
        "stop",
    ]
    assert list(line.stream.queue) == [bytearray(320), "20.0"]


async def test_the_facts_of_a_session_are_told_whoever_converses(line: OnTheLine) -> None:
    """Its begin, the keys, and its end with the first reason."""
    running = asyncio.create_task(line.session.run())
    line.begin()
    line.session.media.digit("5")
    line.session.media.media_stopped()
    await line.session.aclose()
    await running
    assert line.kinds() == ["session.started", "digit.pressed", "session.ended"]
    assert (line.events[0].agent, line.events[0].codec, line.events[0].sample_rate) == ("Echo", "PCMU", 8000)
    assert line.events[-1].reason == "media_stopped"
    assert line.call.conversation is None


async def test_a_conversant_that_cannot_begin_ends_the_session_with_its_error() -> None:
    """The host then lets the carrier's own voice apologise."""

    class Mute(Echo):
        def begin(self, line: CallAudio) -> None:
            raise OSError("deaf")

    line = OnTheLine(make_agent(), Mute)
    running = asyncio.create_task(line.session.run())
    line.begin()
    with pytest.raises(OSError, match="deaf"):
        await running
    assert line.echo.told == ["stop"]
    assert line.events[-1].reason == "engine_failed"


async def test_only_the_first_error_of_an_engine_counts(line: OnTheLine) -> None:
    """The others follow from it."""
    line.begin()
    running = asyncio.create_task(line.session.run())
    line.session.engine_failed(OSError("first"))
    line.session.engine_failed(ValueError("second"))
    with pytest.raises(OSError, match="first"):
        await running


async def test_handlers_say_ask_and_hang_up_through_the_conversant(line: OnTheLine) -> None:
    """The end waits until it says that the call can be left."""
    line.begin()
    await line.call.say("Hello.")
    assert await line.call.ask("Shall I?") == "yes"
    await line.call.hangup()
    assert line.echo.told[1:] == [
        ("say", "say", "Hello.", False),
        ("say", "question", "Shall I?", False),
        "ready",
        "stop",
    ]
    assert line.events[-1].reason == "hangup"


async def test_the_transcript_is_written_from_the_facts(line: OnTheLine) -> None:
    """What was heard of the agent's words, and the caller's turns; in wall clock."""
    line.begin()
    line.session.notify(
        events.TurnHeard(
            at_ms=1.0, call_id="c", text="are you open", confidence=0.8, speech_began_at_ms=2.0, speech_ended_at_ms=3.0
        )
    )
    line.session.notify(
        events.TurnHeard(at_ms=1.0, call_id="c", text="", confidence=0, speech_began_at_ms=4.0, speech_ended_at_ms=5.0)
    )
    line.session.notify(
        events.AgentSpeechEnded(
            at_ms=7.0,
            call_id="c",
            kind="reply",
            text="Yes, till nine.",
            heard="Yes,",
            interrupted=True,
            began_at_ms=6.0,
        )
    )
    caller, agent = line.call.transcript
    assert (caller.speaker, caller.kind, caller.heard, caller.confidence) == ("caller", "turn", "are you open", 0.8)
    assert (caller.began_at_ms, caller.ended_at_ms, caller.cut) == (2.0, 3.0, False)
    assert (agent.speaker, agent.kind, agent.heard, agent.said) == ("agent", "reply", "Yes,", "Yes, till nine.")
    assert (agent.began_at_ms, agent.ended_at_ms, agent.cut) == (6.0, 7.0, True)


async def test_the_longest_conversation_ends_with_a_goodbye_whoever_converses() -> None:
    """What is being said and worked on is given up, the goodbye is heard to its end, and said once."""
    line = OnTheLine(make_agent(limits=Limits(max_duration_s=2), texts=Texts(goodbye="Bye.")))
    line.begin()
    line.session.tick(2999.0)
    line.echo.told.clear()
    line.echo.open.clear()
    line.session.tick(3000.0)
    line.session.tick(3010.0)
    line.session.leave("silence")
    await settle()
    assert line.echo.told == [
        ("tick", 3000.0),
        ("hold", "goodbye"),
        "hush",
        ("tick", 3010.0),
        ("say", "goodbye", "Bye.", True),
    ]
    assert not line.session.over
    line.echo.open.set()
    await settle()
    assert line.events[-1].reason == "max_duration"
    line.session.leave("too late")


async def test_an_empty_goodbye_is_not_said() -> None:
    """Texts can be left out."""
    line = OnTheLine(make_agent(texts=Texts(goodbye="")))
    line.begin()
    line.session.leave("silence")
    await settle()
    assert line.events[-1].reason == "silence"
    assert ("say", "goodbye", "", True) not in line.echo.told


async def test_a_goodbye_that_the_caller_does_not_wait_for_is_given_up(line: OnTheLine) -> None:
    """Nothing is left running."""
    line.begin()
    line.echo.open.clear()
    line.session.leave("silence")
    await settle()
    line.session.media.media_stopped()
    await settle()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    assert line.events[-1].reason == "media_stopped"


class TestHandingOver:
    """Whoever converses, the caller gets to a person in the same way."""

    async def begin(self, line: OnTheLine, **more: Any) -> asyncio.Task[None]:
        line.begin()
        line.echo.told.clear()
        task = asyncio.create_task(line.call.hand_over(**more))
        await settle()
        return task

    async def test_it_is_announced_and_the_person_dialled_after_the_last_word(self, line: OnTheLine) -> None:
        """The conversant is held meanwhile, and the session ends when the person is there."""
        task = await self.begin(line, reason="asked")
        assert line.echo.told == [("hold", "handover"), ("say", "handover", "One moment please.", True), "idle"]
        assert line.carrier.transfers == [DESK]
        line.call.notify("something else")
        line.call.notify(TransferBridged(at_ms=0.0, call_id="v3:call"))
        line.call.notify(TransferFailed(at_ms=0.0, call_id="v3:call", cause="late"))
        await task
        assert [k for k in line.kinds() if k.startswith("handover")] == ["handover.started", "handover.done"]
        assert line.events[-1].reason == "handover"
        assert "release" not in line.echo.told

    async def test_nobody_there_is_told_and_the_conversant_released(self, line: OnTheLine) -> None:
        """It answers again while the caller is told."""
        task = await self.begin(line)
        line.call.notify(TransferFailed(at_ms=0.0, call_id="v3:call", cause="busy"))
        await task
        assert line.echo.told[3:5] == ["release", ("say", "apology", line.session.agent.texts.handover_failed, False)]
        assert line.echo.told.count("release") == 1
        assert not line.session.over

    async def test_a_person_whose_answer_nobody_reported_is_there(self, line: OnTheLine) -> None:
        """Their leg is up for longer than it can ring; where it is gone, or the carrier does not say, nobody came."""
        ours, person = LiveLeg(call_id="v3:call", session_id="s"), LiveLeg(call_id="v3:desk", session_id="s")
        for legs, last in ((None, "failed"), ((), "failed"), ((ours,), "failed"), ((ours, person), "done")):
            line = OnTheLine(line.session.agent)
            line.call.record = replace(line.call.record, session_id="s")
            line.carrier.legs = legs
            with patch("offhook.agent.handing_over._TRANSFER_SLACK_S", 0.01 - RING_S):
                task = await self.begin(line)
                await task
            assert [k for k in line.kinds() if k.startswith("handover")] == ["handover.started", f"handover.{last}"]
            assert line.call.transferring is (last == "done")
            await line.session.aclose()

    async def test_it_is_announced_once_whatever_leads_to_it(self, line: OnTheLine) -> None:
        """Code that has said something has announced it; an answer to a question is no announcement."""
        for steps, announced in (((), True), (("say",), False), (("say", "ask"), True), (("ask", "say"), False)):
            line = OnTheLine(line.session.agent)
            line.begin()

            async def handler(steps: Any = steps, call: Call = line.call) -> None:
                current_work.set(Work())
                for step in steps:
                    await getattr(call, step)("I will put you through.")
                await call.hand_over()

            task = asyncio.create_task(handler())
            await settle()
            assert (("say", "handover", "One moment please.", True) in line.echo.told) is announced
            await line.session.aclose()
            task.cancel()
            await settle()

    async def test_stale_work_does_nothing(self, line: OnTheLine) -> None:
        """Something else is answered by now."""
        line.begin()
        line.echo.told.clear()

        async def handler() -> None:
            current_work.set(Work(stale=True))
            await line.call.say("Hello.")
            assert await line.call.ask("Shall I?") == ""
            await line.call.hand_over()
            await line.call.hangup()

        await asyncio.create_task(handler())
        assert line.echo.told == []
        assert not line.session.over


class TestFailuresOfTheProgram:
    """Counted in one place, whoever runs the code."""

    async def test_the_first_is_apologised_for_and_the_second_in_a_row_handed_over(self, line: OnTheLine) -> None:
        """What worked in between starts the count again."""
        line.begin()
        apology = ("say", "apology", line.session.agent.texts.apology, False)
        await line.session.program_failed(ValueError("secret"))
        line.session.program_worked()
        await line.session.program_failed(ValueError("secret"))
        assert line.echo.told[1:] == [apology, apology]
        task = asyncio.create_task(line.session.program_failed(ValueError("secret")))
        await settle()
        assert line.carrier.transfers == [DESK]
        assert [e.error for e in line.events if e.type == "handler.failed"] == ["ValueError"] * 3
        task.cancel()
        await settle()

    async def test_one_of_a_conversation_that_is_over_is_only_logged(self, line: OnTheLine) -> None:
        """Nobody is there to be told."""
        line.begin()
        await line.session.aclose()
        await line.session.program_failed(ValueError())
        assert "handler.failed" not in line.kinds()
