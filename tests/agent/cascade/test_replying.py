"""The words of an answer, out of a stream of acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.agent.cascade.replying import Words
from offhook.dialog.acts import Act, HangUp, Say, Understood

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Stream:
    """Acts, of which it is known how many were asked for and whether they were closed."""

    def __init__(self, *acts: Act) -> None:
        self.acts = acts
        self.taken = 0
        self.closed = False

    async def stream(self) -> AsyncGenerator[Act]:
        try:
            for act in self.acts:
                self.taken += 1
                yield act
        finally:
            self.closed = True


async def test_the_words_end_at_the_first_act_that_is_something_else() -> None:
    """Which is kept, and the acts go on behind it."""
    source = Stream(Say("At "), Say("nine."), Understood("hours"), HangUp())
    acts = source.stream()
    words = Words(Say("Well. "), acts)
    assert [piece async for piece in words] == ["Well. ", "At ", "nine."]
    assert words.following == Understood("hours")
    assert [piece async for piece in words] == []
    await words.aclose()
    assert not source.closed
    assert await anext(acts) == HangUp()


async def test_the_dialog_is_asked_when_the_voice_wants_a_piece_and_not_before() -> None:
    """The first piece is known already."""
    source = Stream(Say("At "), Say("nine."))
    words = Words(Say("Well. "), source.stream())
    assert await anext(words) == "Well. "
    assert source.taken == 0
    assert await anext(words) == "At "
    assert source.taken == 1


async def test_nothing_follows_the_last_word_of_a_stream() -> None:
    """It has come to its end by itself."""
    source = Stream()
    words = Words(Say("Well."), source.stream())
    assert [piece async for piece in words] == ["Well."]
    assert words.following is None


async def test_words_that_nobody_wants_close_the_acts() -> None:
    """Once is enough, and nothing is said after it."""
    source = Stream(Say("At "), Say("nine."))
    words = Words(Say("Well. "), source.stream())
    assert [await anext(words), await anext(words)] == ["Well. ", "At "]
    await words.aclose()
    await words.aclose()
    assert source.closed
    assert source.taken == 1
    assert [piece async for piece in words] == []
