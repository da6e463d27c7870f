"""Every wait of a call: its limit, and what becomes of the call when it is over.

Code that is not ours (a handler, a voice, a recogniser, a carrier) may take for ever, and may ignore that it is
cancelled. So nothing of a call awaits it directly: it awaits :func:`within` a :class:`Wait`, which comes back in time
whatever happens. All waits are listed here, with their outcome, and docs/failures.md shows the same table.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from offhook.errors import OffhookError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = [
    "ALL",
    "ANSWER",
    "APOLOGY",
    "CLOSE",
    "COMMAND",
    "DIALLED",
    "GOODBYE",
    "HANDLER",
    "HANGUP",
    "HANGUP_REPORT",
    "JOURNAL",
    "JOURNAL_START",
    "MEDIA_RESTART",
    "MEDIA_SILENCE",
    "MEDIA_START",
    "RECOGNITION",
    "REPLY_FIRST",
    "REPLY_NEXT",
    "SESSION_END",
    "TRANSFER",
    "VOICE_FIRST",
    "VOICE_NEXT",
    "Wait",
    "WaitOver",
    "close",
    "each_within",
    "left_running",
    "within",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something that a call waits for."""

    name: str
    """What is waited for: "a handler"."""
    limit_s: float
    """How long at most, unless whoever waits says otherwise."""
    long_s: float | None = None
    """After how long the caller is told to be patient; ``None``: never."""
    outcome: str
    """What becomes of the call when it is over."""


# -- the program's own code ------------------------------------------------------------------------------------------

HANDLER = Wait(
    name="a handler or the dialog to answer",
    limit_s=30.0,
    long_s=3.0,
    outcome="the caller hears a filler after a while, then an apology; the second time in a row a person takes over",
)
REPLY_FIRST = Wait(
    name="the first piece of a reply",
    limit_s=30.0,
    long_s=3.0,
    outcome="as for a handler: a filler, then an apology; the second time in a row a person takes over",
)
REPLY_NEXT = Wait(
    name="the next piece of a reply",
    limit_s=10.0,
    long_s=3.0,
    outcome="what there is is said, then a filler, then an apology; the second time in a row a person takes over",
)

# -- speech ----------------------------------------------------------------------------------------------------------

RECOGNITION = Wait(
    name="the words of the caller",
    limit_s=5.0,
    outcome="nothing was heard, and the caller is asked again; the second time in a row a person takes over, or the "
    "carrier's voice apologises and the call ends",
)
VOICE_FIRST = Wait(
    name="the first sound of a sentence",
    limit_s=2.5,
    outcome="another voice says the sentence; where there is none, a person takes over, or the carrier's voice "
    "apologises and the call ends",
)
VOICE_NEXT = Wait(
    name="the next sound of a sentence",
    limit_s=2.0,
    outcome="another voice says the rest from the next sentence on; where there is none, as for the first sound",
)

# -- the carrier -----------------------------------------------------------------------------------------------------

COMMAND = Wait(
    name="the carrier's answer to a command",
    limit_s=30.0,
    outcome="the command counts as failed: what was to follow from it is undone, and the call is told or hung up",
)
DIALLED = Wait(
    name="the leg of a dial that was interrupted",
    limit_s=10.0,
    outcome="the program ends without it; another process of this connection hangs the leg up when it hears of it",
)
ANSWER = Wait(
    name="the carrier to answer an incoming call",
    limit_s=45.0,
    outcome="it is tried for as long as the phone rings, then the call is rejected",
)
HANGUP = Wait(
    name="the carrier to hang up",
    limit_s=60.0,
    outcome="it is tried again and again; then the call is given up, its slot is free, and the log says so",
)
HANGUP_REPORT = Wait(
    name="the report that a call is over",
    limit_s=15.0,
    outcome="the carrier is asked whether the call lives; if not, or if it does not say, the slot of the call is free",
)
TRANSFER = Wait(
    name="a person to answer a transfer",
    limit_s=45.0,
    long_s=6.0,
    outcome="the caller hears from time to time that it still rings, then that nobody can take the call, and the agent "
    "goes on",
)

# -- the disk --------------------------------------------------------------------------------------------------------

JOURNAL = Wait(
    name="an accepted event to be written down",
    limit_s=0.02,
    outcome="the webhook is acknowledged all the same, and counted: would the process die now, the event would be lost",
)
JOURNAL_START = Wait(
    name="the journal to be read, or asked whose a call is",
    limit_s=3.0,
    outcome="calls are taken without it; what an earlier process left is found by asking the carrier",
)

# -- media -----------------------------------------------------------------------------------------------------------

MEDIA_START = Wait(
    name="the audio of an answered call",
    limit_s=10.0,
    outcome="a new stream is asked for once; then the carrier's voice apologises and the call ends",
)
MEDIA_RESTART = Wait(
    name="a new stream in place of one that was lost",
    limit_s=8.0,
    outcome="the carrier's voice apologises and the call ends",
)
MEDIA_SILENCE = Wait(
    name="the next piece of the caller's audio",
    limit_s=1.0,
    outcome="what the caller was saying counts as said, and is answered",
)

# -- the end ---------------------------------------------------------------------------------------------------------

APOLOGY = Wait(
    name="the carrier's voice to apologise",
    limit_s=12.0,
    outcome="the call is hung up",
)
GOODBYE = Wait(
    name="a goodbye to be heard",
    limit_s=15.0,
    outcome="the call is hung up",
)
SESSION_END = Wait(
    name="a session to end after its call",
    limit_s=8.0,
    outcome="it is cancelled and left behind; the call's slot is free",
)
CLOSE = Wait(
    name="an engine to let go of what it was doing",
    limit_s=1.0,
    outcome="it is left behind",
)

ALL = (
    HANDLER,
    REPLY_FIRST,
    REPLY_NEXT,
    RECOGNITION,
    VOICE_FIRST,
    VOICE_NEXT,
    COMMAND,
    DIALLED,
    ANSWER,
    HANGUP,
    HANGUP_REPORT,
    TRANSFER,
    JOURNAL,
    JOURNAL_START,
    MEDIA_START,
    MEDIA_RESTART,
    MEDIA_SILENCE,
    APOLOGY,
    GOODBYE,
    SESSION_END,
    CLOSE,
)
"""Every wait there is."""


class WaitOver(OffhookError):
    """Something was waited for in vain."""

    code = "wait_over"
    retryable = True

    def __init__(self, wait: Wait, waited_s: float, *, call_id: str | None = None) -> None:
        super().__init__(f"expected {wait.name} within {waited_s:g} s, got nothing.", call_id=call_id)
        self.wait = wait
        self.waited_s = waited_s


_left: set[asyncio.Future[object]] = set()


def left_running() -> int:
    """How many pieces of work did not end when their time was over, and still have not."""
    return len(_left)


async def within(
    wait: Wait,
    work: Awaitable[T],
    *,
    limit_s: float | None = None,
    on_long: Callable[[], object] | None = None,
    long_s: float | None = None,
    keep: Callable[[], bool] | None = None,
    call_id: str | None = None,
) -> T:
    """The result of ``work``, or :exc:`WaitOver` when it takes too long. Never waits any longer than that.

    When the time is over, or whoever waits is cancelled, ``work`` is cancelled and left to itself: it may ignore that.

    Args:
        wait: what this is.
        work: what is waited for; it runs in a task of its own.
        limit_s: another limit than the wait's own.
        on_long: called once, when it takes longer than ``long_s``. It must not block.
        long_s: another one than the wait's own.
        keep: asked when the time is over: whether the work must go on to its end, unseen.
        call_id: for the line in the log, which is written when the time is over.

    Raises:
        WaitOver: the time is over.
    """
    limit = wait.limit_s if limit_s is None else limit_s
    task = asyncio.ensure_future(work)
    timer = None
    after_s = wait.long_s if long_s is None else long_s
    if on_long is not None and after_s is not None and after_s < limit:
        timer = asyncio.get_running_loop().call_later(after_s, on_long)
    try:
        await asyncio.wait({task}, timeout=limit)
    except asyncio.CancelledError:
        _leave(task, cancel=keep is None or not keep())
        raise
    finally:
        if timer is not None:
            timer.cancel()
    if task.done():
        return task.result()
    kept = keep is not None and keep()
    _leave(task, cancel=not kept)
    logger.warning("call %s: %s took longer than %g s: %s", call_id or "-", wait.name, limit, wait.outcome)
    raise WaitOver(wait, limit, call_id=call_id)


async def each_within(
    first: Wait,
    following: Wait,
    pieces: AsyncIterator[T],
    *,
    on_long: Callable[[], object] | None = None,
    call_id: str | None = None,
) -> AsyncIterator[T]:
    """The pieces of a stream, each awaited :func:`within` its time. The stream is closed in the end, in time too.

    Raises:
        WaitOver: a piece did not come.
    """
    wait = first
    try:
        while True:
            try:
                piece = await within(wait, anext(pieces), on_long=on_long, call_id=call_id)
            except StopAsyncIteration:
                return
            yield piece
            wait = following
    finally:
        await close(pieces)


async def close(pieces: object) -> None:
    """Close a stream, if it can be closed, within :data:`CLOSE`; what it raises is not worth more than a debug line."""
    aclose = getattr(pieces, "aclose", None)
    if aclose is None:
        return
    try:
        await within(CLOSE, aclose())
    except WaitOver:
        pass
    except Exception as error:
        logger.debug("closing a stream raised %s", type(error).__name__)


def _leave(task: asyncio.Future[T], *, cancel: bool) -> None:
    if task.done():
        _seen(task)
        return
    if cancel:
        task.cancel()
    _left.add(task)  # type: ignore[arg-type]  # the loop itself keeps no reference to a task
    task.add_done_callback(_over)


def _over(task: asyncio.Future[T]) -> None:
    _left.discard(task)
    _seen(task)


def _seen(task: asyncio.Future[T]) -> None:
    """Look at the result, so that nobody is told that it was never looked at."""
    with contextlib.suppress(asyncio.CancelledError):
        error = task.exception()
        if error is not None:
            logger.debug("work that nobody waits for any more raised %s", type(error).__name__)
