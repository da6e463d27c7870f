"""One call while it is up: its commands, its audio and its session. What happens to them is told to two pure machines:
:mod:`~offhook.calls.state` knows what the call is, :mod:`~offhook.calls.ending` how it ends for us."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook import waits
from offhook.calls import ending as ends
from offhook.calls.ending import Ending
from offhook.calls.events import CallTurnedAway, MediaLost, TransferBridged, TransferFailed
from offhook.calls.media.line import LineState
from offhook.calls.recovery import Recovery
from offhook.calls.state import (
    AnswerCall,
    BeginSession,
    CallState,
    EndSession,
    GiveUp,
    PersonGone,
    RestartStream,
    TransferConnected,
    TransferLegOver,
    TransferLost,
)
from offhook.carriers.events import CallAnswered, CallEvent, SpeakEnded
from offhook.errors import CallNotAnswered, CarrierError
from offhook.ids import new_id
from offhook.logs import describe
from offhook.server.leg import Leg
from offhook.server.live_audio import LiveAudio

if TYPE_CHECKING:
    from offhook.calls.call import Call
    from offhook.calls.ending import Action, Happening
    from offhook.calls.session import CallSession
    from offhook.calls.state import Effect, OwnEvent
    from offhook.server.surroundings import Surroundings

__all__ = ["LiveCall"]

logger = logging.getLogger(__name__)


RINGING_SLACK_MS = 15_000.0
"""So much longer than it may ring a phone may take to be reported answered."""
SILENT_MS = 120_000.0
"""After so long without audio or an event the carrier is asked whether the call lives."""


WITH_A_PERSON = Ending(session=ends.SessionState.CLOSED, outcome=ends.Outcome.HANDED_OVER, reason="an earlier process")
"""A call that an earlier process has handed over: it needs nothing from us, as long as the person is there."""


TURNED_AWAY = Ending(session=ends.SessionState.CLOSED, outcome=ends.Outcome.HUNG_UP, reason="no room")
"""A call that was not taken."""
PASSED_ON = Ending(session=ends.SessionState.CLOSED, outcome=ends.Outcome.HANDED_OVER, reason="no room")
"""A call that was not taken, and goes to somebody else."""


class LiveCall:
    """A call that is up."""

    def __init__(self, call: Call, host: Surroundings) -> None:
        self.call = call
        self.began_ms = host.clock.now_ms()
        """When it began, on the monotonic clock."""
        self.ending = Ending()
        """How far its end has come."""
        self.ringing_s = 30.0
        """How long the phone may ring, where we dial."""
        self._heard_of_ms = self.began_ms
        self._host = host
        self._session: CallSession | None = None
        self._running: asyncio.Task[None] | None = None
        self._last_command: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._connected = False
        self._audio = call.line.watcher = LiveAudio(self, host)
        self.leg = Leg(call, host, report_s=host.options.times.report_s)
        call.end_leg = self.leg.hang_up
        self._ended = self.leg.over
        self._spoken = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether our part in the call is not done. A call that was handed to a person goes on without us."""
        return not self.ending.settled

    @property
    def handed_over(self) -> bool:
        """Whether the call goes on, or may go on, without us."""
        return self.call.transferring or self.call.state is CallState.BRIDGED

    # -- what is reported --------------------------------------------------------------------------------------------

    def handle(self, event: CallEvent | OwnEvent) -> None:
        """Add what ``event`` says to the call and do what follows."""
        call = self.call
        self._heard_of_ms = self._host.clock.now_ms()
        before = call.answered_at_ms
        effects = call.apply(event, wall_ms=self._host.clock.wall_ms())
        if isinstance(event, SpeakEnded):
            self._spoken.set()
        for effect in effects:
            self._act(effect)
        if isinstance(event, CallEvent):
            call.notify(event)
        if before is None and call.answered_at_ms is not None:
            self._audio.expect()

    def _act(self, effect: Effect) -> None:
        call, at_ms = self.call, self._host.clock.wall_ms()
        match effect:
            case AnswerCall():
                scarce = self._host.refuses(self)
                self._host.spawn(self._answer(self._host.ring_s()) if scarce is None else self._turn_away(scarce))
            case BeginSession():
                self._begin()
            case EndSession():
                self._ended.set()
                self._audio.disarm()
                call.line.close()
                self.tell(ends.CallEnded())
            case RestartStream():
                if self._takes_audio():
                    self._host.spawn(self._audio.restart())
            case GiveUp(reason):
                self.fail(reason)
            case TransferConnected():
                call.notify(TransferBridged(at_ms=at_ms, call_id=call.id))
            case PersonGone():
                self._host.spawn(self._after_person())
            case TransferLost(cause=cause):
                call.notify(TransferFailed(at_ms=at_ms, call_id=call.id, cause=cause))
                if self.ending == PASSED_ON and call.state is CallState.RINGING:
                    self._host.spawn(self.leg.reject("busy"))
                elif self.ending == WITH_A_PERSON:
                    self.ending = Ending()
                    self.take_over(Recovery.SERVE)
                else:
                    self.tell(ends.TransferLost())

    def _takes_audio(self) -> bool:
        # A session that runs learns of a lost stream by its line, and the host by the session's end.
        return self.ending.takes_audio and not self.call.transferring

    # -- the beginning -----------------------------------------------------------------------------------------------

    async def _answer(self, ring_s: float = 0.0) -> None:
        call = self.call
        if ring_s > 0 and await self.end_within(ring_s):
            return
        self._host.stall.watch()
        request = self._host.stream_request(call)
        answering = asyncio.ensure_future(self.leg.answer(request))
        await asyncio.sleep(0)  # the command leaves first; the session is made while the carrier works
        self.prepare()
        if await answering:
            self._audio.expect()

    async def _turn_away(self, scarce: str) -> None:
        """There is no room for this call: it goes where there is, or the caller hears that it is busy here."""
        call, to = self.call, self._host.options.overflow_to
        self.ending = TURNED_AWAY if to is None else PASSED_ON
        call.notify(
            CallTurnedAway(at_ms=self._host.clock.wall_ms(), call_id=call.id, reason=scarce, passed_on=to is not None)
        )
        if to is None or not await self.leg.pass_on(to):
            self.ending = TURNED_AWAY
            await self.leg.reject("busy")

    def belongs(self, *, leg_id: str, session_id: str) -> None:
        """What the carrier calls the leg of a dialled call, and its session."""
        record = self.call.record
        self.call.record = replace(record, leg_id=record.leg_id or leg_id, session_id=record.session_id or session_id)

    def take_over(self, recovery: Recovery) -> None:
        """The call was begun by a process that has died, or was not known: go on with it."""
        if recovery is Recovery.ANSWER:
            self._host.spawn(self._answer())
        elif recovery is Recovery.SERVE:
            self._host.spawn(self._resume())
        elif recovery is Recovery.WATCH:
            self.ending = WITH_A_PERSON
            self._host.settled(self, forget=False)

    async def _resume(self) -> None:
        """Somebody is on the line and hears nothing."""
        call = self.call
        call.opening = self._host.options.texts.cut_off
        self._host.stall.watch()
        streaming = asyncio.ensure_future(self.leg.stream(self._host.stream_request(call)))
        await asyncio.sleep(0)
        self.prepare()
        try:
            failure = await streaming
        except CallNotAnswered:
            call.opening = None
            await self._answer()
            return
        if failure is not None:
            self._audio.missing(failure.code)
        else:
            self._audio.expect()

    def prepare(self) -> None:
        """Make the session, while the phone rings."""
        if self._session is not None or self.ending != Ending():
            return
        try:
            self._session = self._host.sessions(self.call)
        except Exception as error:
            self.tell(ends.SessionBroken())
            logger.error("call %s: making its session raised %s", self.call.id, describe(error))

    def _begin(self) -> None:
        self._audio.disarm()
        self._host.stall.watch()
        self.prepare()
        session = self._session
        if session is None:
            self.fail("session_failed")
            return
        self.tell(ends.SessionBegan())
        self._running = self._host.spawn(self._run(session))
        self.call.line.add(session.media, vital=True)
        self._host.ticker.add(session.tick)

    async def _run(self, session: CallSession) -> None:
        call = self.call
        failed: str | None = None
        try:
            await session.run()
        except asyncio.CancelledError:
            failed = "session_cancelled"
        except Exception as error:
            failed = "session_failed"
            logger.error("call %s: its session raised %s", call.id, describe(error))
            logger.debug("the session's error", exc_info=error)
        self._host.ticker.remove(session.tick)
        call.conversation = None
        if failed is None and call.line.lost:
            failed = call.line.failure or "media_lost"
        self.tell(ends.SessionOver(failed=failed, handed_over=self.handed_over))

    async def _after_person(self) -> None:
        """Whom the caller talked to has hung up. The carrier hangs the caller's leg up then; where it does not, because
        that person was gone before the two were connected, the caller would hear nothing any more."""
        times = self._host.options.times
        for limit_s in (times.hangup_s, times.report_s):
            if await self.end_within(limit_s) or self._host.stopping:
                return
            if await self.call.is_alone() and not self.call.ended:
                logger.warning("call %s: nobody is left to talk to, and it is up: hanging up", self.call.id)
                await self.leg.hang_up()
                return
        await self.leg.check(unknown_is_over=False)

    async def end_within(self, limit_s: float) -> bool:
        """Wait so long for the call's end; whether it has come."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), limit_s)
        return self._ended.is_set()

    def shown_by_media(self, call_id: str) -> bool:
        """A media stream names the leg of this call, which is being dialled; whether it is wanted."""
        return self._host.shown_by_media(self, call_id)

    # -- how it is -----------------------------------------------------------------------------------------------------

    def look_after(self, now_ms: float) -> None:
        """Ask whether the call lives, where nothing has been heard of it for long: no audio, and no event.

        A call that we have dialled and whose audio flows after it can have rung is answered, though no event says so.
        And a caller who is being connected to a person, with no session to wait for that, is alone again once that
        person's leg is gone.
        """
        call = self.call
        if call.line.state is LineState.UP:
            if not call.record.begun and now_ms - self.began_ms >= self.ringing_s * 1000 + RINGING_SLACK_MS:
                logger.warning("call %s: it can ring no more, and its audio flows: it counts as answered", call.id)
                self.handle(
                    CallAnswered(event_id=new_id(), event_type="call.answered", occurred_at="", call_id=call.id)
                )
        elif call.id and now_ms - self._heard_of_ms >= SILENT_MS:
            self._heard_of_ms = now_ms
            self._host.spawn(self._still_lives())
        elif self._being_connected and (self._looking is None or self._looking.done()):
            self._looking = self._host.spawn(self._still_rings(now_ms))

    @property
    def _being_connected(self) -> bool:
        """Whether the caller is being connected to a person, and no session waits for that any more."""
        call = self.call
        return call.transferring and not (self.busy or self._connected or call.state is CallState.BRIDGED)

    async def _still_lives(self) -> None:
        await self.leg.check(unknown_is_over=False)

    async def _still_rings(self, now_ms: float) -> None:
        alone = await self.call.is_alone()
        if not self._being_connected or alone is None:
            return
        if alone:
            logger.warning("call %s: nobody has answered the transfer, though no report of it has come", self.call.id)
            self.handle(TransferLegOver(cause="unreported"))
        elif now_ms - self._heard_of_ms >= waits.TRANSFER.limit_s * 1000:
            self._connected = True  # no phone rings so long: they talk, and the report of that was lost

    # -- the end -----------------------------------------------------------------------------------------------------

    def fail(self, reason: str) -> None:
        """There is no audio to be had, or no session: tell the caller by other means."""
        self.tell(ends.MediaFailed(reason=reason, handed_over=self.call.transferring))

    def tell(self, happening: Happening) -> None:
        """Add what has happened to the end of the call, and do what follows."""
        self.ending, actions = ends.step(self.ending, happening)
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        spawn = self._host.spawn
        match action:
            case ends.Apologise(reason):
                logger.error("call %s: given up: %s", self.call.id, reason)
                self.call.notify(MediaLost(at_ms=self._host.clock.wall_ms(), call_id=self.call.id, reason=reason))
                self._audio.disarm()
                spawn(self._apologise())
            case ends.HangUp():
                self._last_command = spawn(self._hang_up())
            case ends.StopStreaming():
                if self.call.line.state is LineState.UP:
                    self._last_command = spawn(self._stop_streaming())
            case ends.AwaitEnd():
                spawn(self._await_end())
            case ends.EndSession():
                spawn(self._end_session())
            case ends.CancelSession():
                if self._running is not None:
                    self._running.cancel()
            case ends.CloseSession():
                spawn(self._close_session())
            case ends.Settle():
                self._host.settled(self, forget=self.call.ended)

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
        self.tell(ends.Apologised())

    async def _hang_up(self) -> None:
        await self.leg.hang_up()
        self.tell(ends.HungUp())

    async def _stop_streaming(self) -> None:
        with suppress(CarrierError):
            await self.call.carrier.stop_streaming(self.call.id)

    async def _await_end(self) -> None:
        await self.end_within(self._host.options.times.hangup_s)
        self.tell(ends.EndAwaited(handed_over=self.handed_over))

    async def _end_session(self) -> None:
        running, patience_s = self._running, self._host.options.times.session_end_s
        if running is None:
            return
        _, pending = await asyncio.wait([running], timeout=patience_s)
        if pending:
            logger.error("call %s: its session did not end within %g s; cancelled", self.call.id, patience_s)
            running.cancel()

    async def _close_session(self) -> None:
        """Let everything go, within its time; what the carrier was told before must have reached it."""
        if self._last_command is not None:
            await asyncio.wait([self._last_command])
        session, self._session = self._session, None
        if session is not None:
            try:
                async with asyncio.timeout(self._host.options.times.session_end_s):
                    await session.aclose()
            except Exception as error:
                logger.error("call %s: closing its session raised %s", self.call.id, describe(error))
        self.call.line.close()
        self.tell(ends.SessionClosed())
        self.let_go()

    def let_go(self) -> None:
        """Hold on to nothing of a call that is done with: it is remembered for a while, for late webhooks."""
        if self.ending.settled and not self.call.line.open:
            self.call.line.watcher = None

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
                        await asyncio.shield(self._running)
        self.tell(ends.GoodbyeOver(handed_over=self.handed_over))
        if self._last_command is not None:
            await asyncio.wait([self._last_command])

    def abandon(self) -> None:
        """Let go of everything now and leave the call to itself: the process ends, or the call must be over."""
        self._audio.disarm()
        self.call.line.close()
        self.tell(ends.Abandoned())
