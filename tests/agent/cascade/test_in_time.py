"""The sentences of a text that comes in pieces, in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.agent.conftest import settle

from offhook.agent.cascade.in_time import Alarm, SentencesInTime
from offhook.clock import ManualClock
from offhook.speech.text import Wording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_an_alarm_rings_once_at_its_time() -> None:
    """The one that was set last."""
    alarm, rung = Alarm(), list[float]()
    alarm.tick(0)
    alarm.set(100, lambda now_ms: rung.append(-now_ms))
    alarm.set(200, rung.append)
    for now_ms in (100, 199, 201, 300):
        alarm.tick(now_ms)
    assert rung == [201]
    alarm.set(400, rung.append)
    alarm.set(None, rung.append)
    alarm.tick(500)
    assert rung == [201]


class Text:
    """A text that comes when it is told to, and what became of it."""

    def __init__(self) -> None:
        self.clock = ManualClock(now_ms=1000.0)
        self.alarm = Alarm()
        self.asked = 0
        self.closed = False
        self.is_dry = True
        self.failures: list[BaseException] = []
        self.coming: asyncio.Queue[str | BaseException | None] = asyncio.Queue()
        self.sentences = SentencesInTime(
            self.pieces(),
            Wording().stream(),
            clock=self.clock,
            alarm=self.alarm,
            dry=lambda: self.is_dry,
            failed=self.failures.append,
        )
        self.said: list[str] = []

    async def pieces(self) -> AsyncIterator[str]:
        task = asyncio.current_task()
        try:
            while True:
                self.asked += 1
                piece = await self.coming.get()
                assert asyncio.current_task() is task
                if isinstance(piece, BaseException):
                    raise piece
                if piece is None:
                    return
                yield piece
        finally:
            self.closed = True

    async def give(self, *pieces: str | BaseException | None) -> None:
        for piece in pieces:
            self.coming.put_nowait(piece)
        await settle()

    async def wait(self, ms: float) -> None:
        for _ in range(round(ms / 20)):
            self.clock.advance(20)
            self.alarm.tick(self.clock.now_ms())
        await settle()

    async def say(self) -> None:
        """Take all sentences that come."""
        async for spoken in self.sentences:
            self.said.append(spoken.voice)


async def saying(text: Text) -> asyncio.Task[None]:
    task = asyncio.create_task(text.say())
    await settle()
    return task


async def test_a_piece_is_asked_for_when_a_sentence_is_wanted() -> None:
    """Not before, and not while there is one."""
    text = Text()
    await settle()
    assert text.asked == 0
    await text.give("One. Two. Th", "ree. Four")
    assert (await anext(text.sentences)).text == "One."
    await settle()
    assert text.asked == 1
    assert (await anext(text.sentences)).text == "Two."
    assert (await anext(text.sentences)).text == "Three."
    assert text.asked == 2
    await text.sentences.aclose()
    await settle()
    assert text.closed


async def test_a_text_that_ends_is_said_to_its_end() -> None:
    """In one task, and then it is closed."""
    text = Text()
    task = await saying(text)
    await text.give("One. Two", None)
    await task
    assert text.said == ["One.", "Two"]
    assert text.closed
    await text.wait(2000)


async def test_a_text_that_fails_is_said_as_far_as_it_came() -> None:
    """Its failure is told."""
    text, error = Text(), ValueError("broken")
    task = await saying(text)
    await text.give("One. Two", error)
    await task
    assert text.said == ["One.", "Two"]
    assert text.failures == [error]


async def test_a_whole_sentence_is_said_soon() -> None:
    """Though something else is being heard, and nothing comes."""
    text = Text()
    text.is_dry = False
    task = await saying(text)
    await text.give("One is here.")
    assert text.said == []
    await text.wait(100)
    assert text.said == ["One is here."]
    await text.give(" Two is here. ")
    assert text.said == ["One is here.", "Two is here."]
    task.cancel()
    await text.sentences.aclose()
    await settle()
    assert text.closed


async def test_a_sentence_is_broken_off_when_nothing_is_left_to_be_heard() -> None:
    """And goes on when more comes."""
    text = Text()
    text.is_dry = False
    task = await saying(text)
    await text.give("We are open from")
    await text.wait(2000)
    assert text.said == []
    text.is_dry = True
    await text.wait(100)
    assert text.said == ["We are open from"]
    await text.give(" nine to five. ")
    assert text.said == ["We are open from", "nine to five."]
    await text.give(None)
    await task


async def test_who_wants_no_more_is_not_waited_for() -> None:
    """Whatever time it is."""
    text = Text()
    task = await saying(text)
    await text.give("One is here.")
    task.cancel()
    await text.sentences.aclose()
    await settle()
    await text.wait(1000)
    assert text.said == []
    assert [piece async for piece in _rest(text.sentences)] == []


async def _rest(sentences: Any) -> AsyncIterator[Any]:
    async for spoken in sentences:
        yield spoken
