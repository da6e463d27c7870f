"""The audio of one live call: it is asked for, awaited, let in, and asked for again when it is lost."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from offhook.calls import ending as ends
from offhook.calls.media.line import LineState
from offhook.calls.state import MediaBegan
from offhook.carriers.events import StreamingFailed
from offhook.errors import CarrierError
from offhook.ids import new_id

if TYPE_CHECKING:
    from offhook.calls.call import Call
    from offhook.calls.ending import Ending, Happening
    from offhook.calls.media.stream import MediaStream, StreamFailure
    from offhook.calls.state import OwnEvent
    from offhook.carriers.events import CallEvent
    from offhook.carriers.media import MediaStarted
    from offhook.server.leg import Leg
    from offhook.server.surroundings import Surroundings

__all__ = ["AudioOwner", "LiveAudio"]

logger = logging.getLogger(__name__)

REGAIN_AGAIN_MS = 10_000.0
"""Audio that is lost again sooner than this is not asked for again."""
REGAIN_POLL_S = 0.05


class AudioOwner(Protocol):
    """What a call's audio needs of the call."""

    call: Call
    leg: Leg
    ending: Ending

    @property
    def busy(self) -> bool:
        """Whether our part in the call is not done."""
        ...

    @property
    def handed_over(self) -> bool:
        """Whether the call goes on, or may go on, without us."""
        ...

    def handle(self, event: CallEvent | OwnEvent) -> None:
        """Add what ``event`` says to the call and do what follows."""
        ...

    def tell(self, happening: Happening) -> None:
        """Add what has happened to the end of the call, and do what follows."""
        ...

    def fail(self, reason: str) -> None:
        """There is no audio to be had."""
        ...

    def shown_by_media(self, call_id: str) -> bool:
        """A media stream names the leg of a call that is being dialled; whether it is wanted."""
        ...

    async def end_within(self, limit_s: float) -> bool:
        """Wait so long for the call's end; whether it has come."""
        ...

    def let_go(self) -> None:
        """Hold on to nothing of a call that is done with."""
        ...


class LiveAudio:
    """The :class:`~offhook.calls.media.line.LineWatcher` of one call.

    Args:
        owner: the call.
        host: what it runs in.
    """

    def __init__(self, owner: AudioOwner, host: Surroundings) -> None:
        self._owner = owner
        self._host = host
        self._regained_ms = host.clock.now_ms() - REGAIN_AGAIN_MS
        self._watchdog: asyncio.TimerHandle | None = None

    def expect(self) -> None:
        """The call is answered: its audio must begin soon."""
        if (
            self._watchdog is None
            and self._owner.call.line.started is None
            and self._owner.busy
            and not self._owner.call.ended
        ):
            delay_s = self._host.options.times.media_s
            self._watchdog = asyncio.get_running_loop().call_later(delay_s, self.missing, "no_media")

    def missing(self, reason: str) -> None:
        """Report a failed stream ourselves, since the carrier has not."""
        self._watchdog = None
        call = self._owner.call
        if call.line.started is None and not call.ended:
            self._owner.handle(
                StreamingFailed(
                    event_id=new_id(), event_type="streaming.failed", occurred_at="", call_id=call.id, reason=reason
                )
            )

    async def restart(self) -> None:
        """The carrier could not open the first stream: ask for another."""
        call = self._owner.call
        logger.warning("call %s: its media stream failed, asking for another", call.id)
        self.disarm()
        try:
            await call.carrier.start_streaming(call.id, self._host.stream_request(call))
        except CarrierError as error:
            if not call.ended:
                self.missing(error.code)
            return
        self.expect()

    # -- what its line tells (LineWatcher) ---------------------------------------------------------------------------

    def admits(self, stream: MediaStream, started: MediaStarted) -> bool:
        """Whether a stream may carry the call's audio."""
        call = self._owner.call
        if not call.id and started.call_id and not self._owner.shown_by_media(started.call_id):
            return False
        if started.call_id and started.call_id != call.id:
            stream.fail("call_mismatch", "the stream names another call than its token")
            return False
        if call.ended or call.transferring:
            return False
        return self._owner.ending.takes_audio or self._owner.ending.in_conversation

    def media_began(self, started: MediaStarted) -> None:
        """The call's audio flows."""
        self._owner.handle(MediaBegan(stream_id=started.stream_id))

    def stream_failed(self, failure: StreamFailure, detail: str) -> None:
        """A stream was given up on our side."""
        logger.error("call %s: media stream given up: %s (%s)", self._owner.call.id, failure, detail)
        self._owner.fail(failure)

    def media_gone(self) -> None:
        """The audio is lost: it is asked for once more, and a session that ran on it ends if it does not come back."""
        now_ms = self._host.clock.now_ms()
        again = now_ms - self._regained_ms >= REGAIN_AGAIN_MS
        if again and self._owner.call.line.failure is None and self._owner.ending.in_conversation:
            self._regained_ms = now_ms
            self._host.spawn(self._regain())
        else:
            self._media_over()

    def _media_over(self) -> None:
        self._owner.call.line.stop()
        self._owner.tell(ends.MediaGone())

    async def _regain(self) -> None:
        """Ask for a new stream in mid-call, unless the audio has ended because the call has."""
        call, line, times = self._owner.call, self._owner.call.line, self._host.options.times
        await self._owner.end_within(times.lost_s)
        if self._owner.ending.in_conversation and not (self._owner.handed_over or self._host.stopping):
            logger.warning("call %s: its audio was lost, asking for another stream", call.id)
            failure = await self._owner.leg.stream(self._host.stream_request(call))
            ends_ms = self._host.clock.now_ms() + times.restart_s * 1000
            while failure is None and line.state is LineState.LOST and self._host.clock.now_ms() < ends_ms:
                if await self._owner.end_within(REGAIN_POLL_S):
                    break
        if line.state is LineState.LOST:
            self._media_over()

    def stream_over(self, stream: MediaStream) -> None:
        """A stream is over, and has counted."""
        self._host.stream_over(stream)
        self._owner.let_go()

    def disarm(self) -> None:
        """The audio is not waited for any more."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
