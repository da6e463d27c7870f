"""The words of an answer, piece by piece."""

from __future__ import annotations

import asyncio

from tests.agent.conftest import settle

from offhook.agent.cascade.replying import Words


async def test_a_piece_is_wanted_when_the_voice_asks_and_not_before() -> None:
    """The first is known already."""
    words = Words("Well. ")
    wanted = asyncio.create_task(words.wanted())
    assert await anext(words) == "Well. "
    await settle()
    assert not wanted.done()
    piece = asyncio.ensure_future(anext(words))
    await settle()
    assert wanted.done()
    assert not piece.done()
    words.give("At nine.")
    assert await piece == "At nine."


async def test_words_end_after_the_last_piece() -> None:
    """A voice that waits for another is told."""
    words = Words("Well. ")
    words.give("At nine.")
    words.end()
    assert [piece async for piece in words] == ["Well. ", "At nine."]
    assert [piece async for piece in words] == []
    waiting = Words("Well.")
    assert await anext(waiting) == "Well."
    rest = asyncio.ensure_future(anext(waiting, None))
    await settle()
    waiting.end()
    assert await rest is None
