"""The words of an answer on their way from the dialog to the voice."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Words"]


class Words:
    """The pieces of one speech, each asked for by the voice and given by whoever runs the dialog.

    The dialog is asked for the next piece when the voice wants it, never earlier, and runs in one task from its first
    act to its last: a time limit or a task group in it means that task.

    Args:
        first: the piece that is known already.
    """

    def __init__(self, first: str) -> None:
        self._pieces = deque([first])
        self._wanted = asyncio.Event()
        self._given = asyncio.Event()
        self.letters = len(first.strip())
        """How many characters there were, without the spaces around them."""
        self.ended = False
        """Whether it was told that there are no more."""
        self.wanting = False
        """Whether the voice wants a piece that is not there."""

    def __aiter__(self) -> Words:
        return self

    async def __anext__(self) -> str:
        """The next piece."""
        while not self._pieces:
            if self.ended:
                raise StopAsyncIteration
            self._given.clear()
            self._wanted.set()
            self.wanting = True
            await self._given.wait()
            self.wanting = False
        return self._pieces.popleft()

    async def wanted(self) -> None:
        """Wait until the voice wants another piece."""
        await self._wanted.wait()
        self._wanted.clear()

    def give(self, piece: str) -> None:
        """This is it."""
        self._pieces.append(piece)
        self.letters += len(piece.strip())
        self._given.set()

    def end(self) -> None:
        """There is no other."""
        self.ended = True
        self._given.set()
