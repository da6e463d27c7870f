"""An answer that is begun before the turn is over, and that nobody hears until it is.

Words are often known some hundred milliseconds before it is clear that the caller has finished. A dialog that declares
itself ``speculative`` is asked for its answer then: its acts are taken up to the first deed that is not
:class:`~offhook.dialog.acts.Say`, and none is done; the voice makes audio of the words, and keeps it. Where the turn
ends with the same words its answer goes on from there; where the caller goes on, it is closed, and nothing has
happened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from offhook.agent.cascade.replying import Words
from offhook.agent.work import current_work
from offhook.dialog.acts import Say, Understood, acts_of, answer_of
from offhook.waiting import Stream
from offhook.waits import HANDLER, REPLY_NEXT

if TYPE_CHECKING:
    from offhook.agent.cascade.mouth import Mouth, Prepared
    from offhook.agent.cascade.turn import Turn
    from offhook.agent.options import Limits
    from offhook.calls.call import Call
    from offhook.dialog.acts import Act
    from offhook.dialog.base import Dialog, Heard
    from offhook.waits import Wait

__all__ = ["Draft", "is_speculative"]

_MOST_LETTERS = 4_000
"""Words beyond these are not asked for before somebody hears them."""

_closing: set[asyncio.Task[None]] = set()
"""Drafts that are thrown away: the event loop itself keeps no reference to a task."""


def is_speculative(dialog: Dialog, heard: Heard) -> bool:
    """Whether ``dialog`` may be asked about ``heard`` before it is clear that this is the whole turn."""
    speculative = getattr(dialog, "speculative", False)
    return bool(speculative(heard) if callable(speculative) else speculative)


class Draft:
    """The beginning of an answer. It is what :class:`~offhook.agent.cascade.acting.Acting` takes acts from, once the
    turn is over.

    Args:
        call: the call.
        dialog: what answers.
        mouth: what will speak it.
        turn: what it answers; its code runs as this turn's.
        limits: how long to wait for it.
        said: how many entries the transcript has had until now.
    """

    def __init__(self, call: Call, dialog: Dialog, mouth: Mouth, turn: Turn, *, limits: Limits, said: int) -> None:
        self.turn = turn
        self.said = said
        """How many entries the transcript had when it was begun."""
        self._call = call
        self._dialog = dialog
        self._mouth = mouth
        self._limits = limits
        self._taken: deque[Act] = deque()
        self._more = asyncio.Event()
        self._error: Exception | None = None
        self._stream: Stream[Act] | None = None
        self._heard = False
        self._words: Words | None = None
        self._prepared: Prepared | None = None
        self._given = 0
        self._taking = asyncio.create_task(self._take())
        self._taking.add_done_callback(lambda _: self._more.set())

    @property
    def failed(self) -> bool:
        """Whether there is no answer: another may be asked for."""
        return self._error is not None

    def adopt(self) -> None:
        """The turn is over, and these were its words: somebody hears it from here on."""
        self._heard = True
        self.turn.begin()

    def spoken(self) -> tuple[Words | None, Prepared] | None:
        """What the voice was asked for in advance of the words whose first piece was just taken, for whoever says them:
        the words, unless they are a whole text; the pieces that are in them come no more."""
        prepared, self._prepared = self._prepared, None
        if prepared is None:
            return None
        for _ in range(self._given - 1):
            self._taken.popleft()
        return self._words, prepared

    def unsay(self) -> None:
        """Nobody says its words: the voice need not make audio of them."""
        if self._prepared is not None:
            self._mouth.drop(self._prepared)
            self._prepared = None

    def drop(self) -> None:
        """It is not wanted: what it has asked for is cancelled at once."""
        self.unsay()
        closing = asyncio.create_task(self.aclose())
        self._taking.cancel()
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)

    # -- as a stream of acts ------------------------------------------------------------------------------------------

    async def next(self, wait: Wait, *, limit_s: float | None = None) -> Act:
        """The next act: see :meth:`offhook.waiting.Stream.next`."""
        while not self._taken and not self._taking.done():
            self._more.clear()
            await self._more.wait()
        if self._taken:
            return self._taken.popleft()
        if self._error is not None:
            raise self._error
        if self._stream is None:
            raise StopAsyncIteration
        return await self._stream.next(wait, limit_s=limit_s)

    async def aclose(self) -> None:
        """Close the dialog's iterator, unless it is at its end."""
        self.unsay()
        self._taking.cancel()
        await asyncio.wait([self._taking])
        if self._stream is not None:
            await self._stream.aclose()

    async def _take(self) -> None:
        """Take acts until one has to be done, or somebody hears them."""
        current_work.set(self.turn)
        answer = acts_of(answer_of(self._dialog.respond, self._call, self.turn.heard))
        self._stream = stream = Stream(answer, keep=lambda: self.turn.holds > 0, call_id=self._call.id)
        wait, limit_s, letters = HANDLER, self._limits.handler_s, 0
        try:
            while not self._heard and letters < _MOST_LETTERS:
                act = await stream.next(wait, limit_s=limit_s)
                self._taken.append(act)
                self._more.set()
                if isinstance(act, Say):
                    wait, limit_s = REPLY_NEXT, self._limits.next_piece_s
                    letters += len(act.text)
                    self._say(act)
                    continue
                self._no_more_words()
                if not isinstance(act, Understood):
                    return
        except StopAsyncIteration:
            self._no_more_words()
        except Exception as error:
            self._error = error

    def _say(self, act: Say) -> None:
        """Have the voice make audio of it, if it belongs to the first words and nobody says them yet."""
        if self._heard:
            return
        if self._given == 0:
            self._words = None if act.whole else Words(act.text)
            self._prepared = self._mouth.prepare(self._words or act.text)
        elif self._words is None or self._words.ended:
            return
        else:
            self._words.give(act.text)
        self._given += 1

    def _no_more_words(self) -> None:
        if self._words is not None and not self._heard:
            self._words.end()
