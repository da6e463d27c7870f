"""One call while it is up: its commands, its stream and its session, and what is done when any of them fails.

The rule behind all of it: a caller is never left in silence. Where there is no audio to be had, the carrier's own voice
apologises, and the call is hung up.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from offhook.calls.events import MediaLost
from offhook.calls.media.line import LineState
from offhook.calls.state import AnswerCall, BeginSession, CallState, EndSession, GiveUp, MediaBegan, RestartStream
from offhook.carriers.events import CallEvent, SpeakEnded, StreamingFailed
from offhook.errors import CallEnded, CallNotFound, CarrierError
from offhook.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from offhook.calls.call import Call
    from offhook.calls.media.stream import MediaStream, StreamFailure
    from offhook.calls.state import Effect
    from offhook.carriers.commands import StreamRequest
    from offhook.carriers.media import MediaStarted
    from offhook.clock import Clock
    from offhook.server.options import HostOptions
    from offhook.server.session import Session, SessionFactory
    from offhook.server.stall import StallProbe
    from offhook.server.ticker import Ticker

__all__ = ["LiveCall", "Surroundings"]

logger = logging.getLogger(__name__)


class Surroundings(Protocol):
    """What a live call needs of its host."""

    sessions: SessionFactory
    options: HostOptions
    clock: Clock
    ticker: Ticker
    stall: StallProbe
    stopping: bool
    """Whether the process ends now: nobody is called, told or hung up any more."""

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run ``work`` in a task that the host keeps and counts."""
        ...

    def stream_request(self, call: Call, *, ringing_s: float = 0.0) -> StreamRequest:
        """A stream to ask the carrier for, with a fresh token."""
        ...

    def identified(self, live: LiveCall, call_id: str) -> None:
        """A dialled call has told its id through its media stream."""
        ...

    def stream_over(self, stream: MediaStream) -> None:
        """A media stream is over, and has counted what there was to count."""
        ...

    def settled(self, live: LiveCall, *, forget: bool) -> None:
        """Our part in the call is done; ``forget`` if the call is over as well."""
        ...


class LiveCall:
    """A call that is up. It is the :class:`~offhook.calls.media.line.LineWatcher` of its audio."""

    def __init__(self, call: Call, host: Surroundings) -> None:
        self.call = call
        self.began_ms = host.clock.now_ms()
        """When it began, on the monotonic clock."""
        self._host = host
        call.line.watcher = self
        self._session: Session | None = None
        self._session_broken = False
        self._running: asyncio.Task[None] | None = None
        self._run_over = False
        self._closing: asyncio.Task[None] | None = None
        self._closed = False
        self._watchdog: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._spoken = asyncio.Event()
        self._gave_up = False

    @property
    def busy(self) -> bool:
        """Whether our part in the call is not done. A call that was handed to a person goes on without us."""
        return not self._closed

    @property
    def handed_over(self) -> bool:
        """Whether the call goes on, or may go on, without us."""
        return self.call.transferring or self.call.state is CallState.BRIDGED

    # -- what the carrier reports ------------------------------------------------------------------------------------

    def handle(self, event: CallEvent | MediaBegan) -> None:
        """Add what ``event`` says to the call and do what follows."""
        call = self.call
        before = call.answered_at_ms
        effects = call.apply(event, wall_ms=self._host.clock.wall_ms())
        if isinstance(event, SpeakEnded):
            self._spoken.set()
        for effect in effects:
            self._act(effect)
        if isinstance(event, CallEvent):
            call.notify(event)
        if before is None and call.answered_at_ms is not None:
            self.expect_media()

    def _act(self, effect: Effect) -> None:
        match effect:
            case AnswerCall():
                self._host.spawn(self._answer())
            case BeginSession():
                self._begin()
            case EndSession():
                self._end()
            case RestartStream():
                if not self._leaving():
                    self._host.spawn(self._restart_stream())
            case GiveUp(reason):
                if not self._leaving():
                    self.give_up(reason)

    def _leaving(self) -> bool:
        # A session that runs learns of a lost stream by its socket, and the host by the session's end.
        return self.call.transferring or self._running is not None or self._gave_up

    # -- the beginning -----------------------------------------------------------------------------------------------

    async def _answer(self) -> None:
        call = self.call
        self._host.stall.watch()
        request = self._host.stream_request(call)
        answering = asyncio.ensure_future(call.carrier.answer(call.id, stream=request))
        await asyncio.sleep(0)  # the command leaves first; the session is made while the carrier works
        self.prepare()
        try:
            await answering
        except (CallEnded, CallNotFound):
            return  # the caller has gone; the webhook that says so is on its way
        except CarrierError as error:
            logger.error("call %s could not be answered: %s", call.id, error.code)
            return
        self.expect_media()

    def prepare(self) -> None:
        """Make the session, while the phone rings."""
        if self._session is not None or self._session_broken or self.call.ended:
            return
        try:
            self._session = self._host.sessions(self.call)
        except Exception as error:
            self._session_broken = True
            logger.error("call %s: making its session raised %s", self.call.id, type(error).__name__)

    def expect_media(self) -> None:
        """The call is answered: its audio must begin soon."""
        if self._watchdog is None and self.call.line.started is None and not self.call.ended:
            delay_s = self._host.options.times.media_s
            self._watchdog = asyncio.get_running_loop().call_later(delay_s, self._no_media, "no_media")

    def _no_media(self, reason: str) -> None:
        """Report a failed stream ourselves, since the carrier has not."""
        self._watchdog = None
        call = self.call
        if call.line.started is None and not call.ended:
            self.handle(
                StreamingFailed(
                    event_id=new_id(), event_type="streaming.failed", occurred_at="", call_id=call.id, reason=reason
                )
            )

    async def _restart_stream(self) -> None:
        call = self.call
        logger.warning("call %s: its media stream failed, asking for another", call.id)
        self._disarm()
        try:
            await call.carrier.start_streaming(call.id, self._host.stream_request(call))
        except CarrierError as error:
            if not call.ended:
                self._no_media(error.code)
            return
        self.expect_media()

    def _begin(self) -> None:
        self._disarm()
        self._host.stall.watch()
        self.prepare()
        session = self._session
        if session is None:
            self.give_up("session_failed")
            return
        self._running = self._host.spawn(self._run(session))
        self.call.line.add(session.media, vital=True)
        self._host.ticker.add(session.tick)

    # -- the call's audio (LineWatcher) ------------------------------------------------------------------------------

    def admits(self, stream: MediaStream, started: MediaStarted) -> bool:
        """Whether a stream may carry the call's audio."""
        call = self.call
        if not call.id and started.call_id:
            self._host.identified(self, started.call_id)
        if started.call_id and started.call_id != call.id:
            stream.fail("call_mismatch", "the stream names another call than its token")
            return False
        return not (call.ended or self._leaving())

    def media_began(self, started: MediaStarted) -> None:
        """The call's audio flows."""
        self.handle(MediaBegan(stream_id=started.stream_id))

    def stream_failed(self, failure: StreamFailure, detail: str) -> None:
        """A stream was given up on our side."""
        call = self.call
        logger.error("call %s: media stream given up: %s (%s)", call.id, failure, detail)
        if not self._leaving():
            self.give_up(failure)

    def media_gone(self) -> None:
        """The audio is lost: a session that ran on it must end now."""
        self.call.line.stop()
        if self._running is not None:
            self._close_later()

    def stream_over(self, stream: MediaStream) -> None:
        """A stream is over, and has counted."""
        self._host.stream_over(stream)
        self._let_go()

    def _let_go(self) -> None:
        """Hold on to nothing of a call that is done with: it is remembered for a while, for late webhooks."""
        if self._closed and not self.call.line.open:
            self.call.line.watcher = None

    # -- the conversation --------------------------------------------------------------------------------------------

    async def _run(self, session: Session) -> None:
        call = self.call
        failed: str | None = None
        try:
            await session.run()
        except asyncio.CancelledError:
            failed = "session_cancelled"
        except Exception as error:
            failed = "session_failed"
            logger.error("call %s: its session raised %s", call.id, type(error).__name__)
            logger.debug("the session's error", exc_info=error)
        self._run_over = True
        self._host.ticker.remove(session.tick)
        call.conversation = None
        if failed is None and call.line.lost:
            failed = call.line.failure or "media_lost"
        await self._leave(failed)
        self._close_later()

    async def _leave(self, failed: str | None) -> None:
        """The session is done: see that the call does not stay up without anyone."""
        call = self.call
        if failed == "media_lost":
            await self._end_may_follow()
        if call.ended or self._host.stopping:
            return
        if self.handed_over:
            if call.line.state is LineState.UP:
                with suppress(CarrierError):
                    await call.carrier.stop_streaming(call.id)
            return
        if failed is not None:
            self.give_up(failed)
        else:
            await self._hang_up()

    # -- the end -----------------------------------------------------------------------------------------------------

    def transfer_failed(self) -> None:
        """The person the call was transferred to did not answer: if nobody else does, tell the caller."""
        if self._run_over and not self.call.ended:
            self._host.spawn(self._tell_of_failed_transfer())

    async def _tell_of_failed_transfer(self) -> None:
        await self._end_may_follow()
        if not self._host.stopping:
            self.give_up("transfer_failed")

    async def _end_may_follow(self) -> None:
        """Wait, bounded, for the call's end: a caller who hangs up ends the audio, and the leg to a person that still
        rings, before the webhook comes that says so."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), self._host.options.times.hangup_s)

    def give_up(self, reason: str) -> None:
        """Tell the caller, by the carrier's voice, that it does not work, and hang up. Once."""
        if self._gave_up or self.call.ended:
            return
        self._gave_up = True
        call = self.call
        logger.error("call %s: given up: %s", call.id, reason)
        call.notify(MediaLost(at_ms=self._host.clock.wall_ms(), call_id=call.id, reason=reason))
        self._disarm()
        self._host.spawn(self._apologise())

    async def _apologise(self) -> None:
        call = self.call
        self._spoken.clear()
        try:
            await call.carrier.speak(call.id, self._host.options.texts.apology)
        except CarrierError as error:
            logger.error("call %s: the apology could not be spoken: %s", call.id, error.code)
        else:
            waits = [asyncio.ensure_future(event.wait()) for event in (self._spoken, self._ended)]
            await asyncio.wait(waits, timeout=self._host.options.times.apology_s, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        await self._hang_up()

    async def _hang_up(self) -> None:
        call = self.call
        if call.ended:
            return
        try:
            await call.carrier.hangup(call.id)
        except CarrierError as error:
            logger.error("call %s could not be hung up: %s", call.id, error.code)

    def _end(self) -> None:
        self._ended.set()
        self._disarm()
        self.call.line.close()
        if self._closed:
            self._host.settled(self, forget=True)
        else:
            self._close_later()

    def _close_later(self) -> None:
        if self._closing is None:
            self._closing = self._host.spawn(self._close())

    async def _close(self) -> None:
        """Wait for the session to end, bounded, and let everything go."""
        running = self._running
        if running is not None and running is not asyncio.current_task() and not self._run_over:
            patience_s = self._host.options.times.session_end_s
            _, pending = await asyncio.wait([running], timeout=patience_s)
            if pending:
                logger.error("call %s: its session did not end within %g s; cancelled", self.call.id, patience_s)
                running.cancel()
                await asyncio.wait([running])
        session, self._session = self._session, None
        if session is not None:
            try:
                async with asyncio.timeout(self._host.options.times.session_end_s):
                    await session.aclose()
            except Exception as error:
                logger.error("call %s: closing its session raised %s", self.call.id, type(error).__name__)
        self.call.line.close()
        self._closed = True
        self._let_go()
        self._host.settled(self, forget=self.call.ended)

    async def say_goodbye(self) -> None:
        """The process stops: let the session say so, bounded, and end the call."""
        call, times, texts = self.call, self._host.options.times, self._host.options.texts
        conversation = call.conversation
        if conversation is not None and not call.transferring:
            with suppress(TimeoutError, Exception):
                async with asyncio.timeout(times.goodbye_s):
                    await conversation.say(texts.goodbye)
                    await conversation.hangup()
                    if self._running is not None:
                        await asyncio.shield(self._running)  # which hangs up
        if not self._run_over and not self.handed_over:
            await self._hang_up()

    def abandon(self) -> None:
        """Let go of everything now and leave the call to itself: the process ends, or the call must be over."""
        self._disarm()
        self.call.line.close()
        if self._running is not None:
            self._running.cancel()
        self._close_later()

    def _disarm(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
