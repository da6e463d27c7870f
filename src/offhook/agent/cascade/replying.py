"""The words of an answer on their way from the dialog to the voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialog.acts import Say, close

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from offhook.dialog.acts import Act

__all__ = ["Words"]


class Words:
    """The pieces of one speech, out of a stream of acts: up to the first act that is something else.

    The dialog is asked for the next act when the voice wants the next piece, never earlier.

    Args:
        first: the act that begins it.
        acts: what follows.
    """

    def __init__(self, first: Say, acts: AsyncGenerator[Act]) -> None:
        self._first: Say | None = first
        self._acts = acts
        self.following: Act | None = None
        """The act after the last word; ``None`` while that is not known, and at the end of the stream."""
        self._over = False

    def __aiter__(self) -> Words:
        return self

    async def __anext__(self) -> str:
        """The next piece."""
        if self._first is not None:
            text, self._first = self._first.text, None
            return text
        if self._over:
            raise StopAsyncIteration
        act = await anext(self._acts, None)
        if isinstance(act, Say):
            return act.text
        self._over = True
        self.following = act
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Nobody wants the rest, unless all words were taken: then the acts go on."""
        if not self._over:
            self._over = True
            await close(self._acts)
