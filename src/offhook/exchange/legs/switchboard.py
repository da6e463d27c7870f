"""Legs, and all that runs for them: the place where the pure machine's effects become lines, timers and webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Literal

from offhook.exchange.legs import machine as legs
from offhook.exchange.legs.circuit import USER_ID, Circuit, local_stream_url
from offhook.exchange.legs.machine import Leg, LegState
from offhook.exchange.sound.announcer import Announcer
from offhook.exchange.sound.line import Line
from offhook.exchange.sound.media import StreamSettings
from offhook.exchange.webhooks import payloads as events
from offhook.exchange.webhooks.targets import Notices
from offhook.exchange.words import errors
from offhook.exchange.words.ids import new_call_control_id, new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offhook.clock import Clock
    from offhook.exchange.api.resources import Directory
    from offhook.exchange.legs.alarms import Alarms
    from offhook.exchange.legs.gather import Gather, Gathered
    from offhook.exchange.legs.journal import Journal
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.sound.pacer import Pacer
    from offhook.exchange.webhooks.delivery import WebhookSender
    from offhook.exchange.webhooks.payloads import Payload
    from offhook.exchange.words.fields import StreamOptions
    from offhook.exchange.words.seed import Application, PhoneSpec
    from offhook.exchange.words.settings import ExchangeSettings

__all__ = ["LineHandset", "Switchboard"]

logger = logging.getLogger(__name__)

HANGUP_GRACE_S = 0.25
"""How long ``call.hangup`` waits for the media stream to end first, as it does at the carrier."""


class LineHandset:
    """What a phone holds in its hand: it acts on one leg."""

    def __init__(self, board: Switchboard, circuit: Circuit) -> None:
        self._board = board
        self._circuit = circuit
        self.call_id = circuit.call_id

    def answer(self) -> None:
        """Pick up."""
        if self._circuit.leg.direction == "outbound":
            self._board.happen(self._circuit, legs.AnsweredByPhone())

    def reject(self, cause: Literal["busy", "rejected"]) -> None:
        """Refuse the call."""
        if self._circuit.leg.direction == "outbound":
            self._board.happen(self._circuit, legs.RefusedByPhone(cause))

    def hang_up(self) -> None:
        """Put the receiver down."""
        self._board.happen(self._circuit, legs.HungUpByPhone())

    def press(self, digit: str) -> None:
        """Press a key; before the call is answered nobody hears it."""
        self._board.pressed(self._circuit, digit)

    def note(self, type: str, **fields: object) -> None:  # noqa: A002 (the word of the timeline)
        """Write an event of this phone into the journal."""
        self._board.journal.append(type, self.call_id, **fields)


class Switchboard:
    """All legs of an exchange. Everything happens on the event loop; nothing here waits.

    Args:
        settings: assumptions about the carrier.
        clock: the time.
        directory: who has which number.
        journal: what happened.
        webhooks: tells applications.
        alarms: time-outs.
        pacer: the 20 ms clock of all lines.
        make_phone: makes the phone that a seed describes, for one call; ``None`` when there is nobody.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        *,
        clock: Clock,
        directory: Directory,
        journal: Journal,
        webhooks: WebhookSender,
        alarms: Alarms,
        pacer: Pacer,
        make_phone: Callable[[PhoneSpec], Phone | None],
    ) -> None:
        self.make_phone = make_phone
        self.settings = settings
        self.clock = clock
        self.directory = directory
        self.journal = journal
        self.webhooks = webhooks
        self._notices = Notices(settings.webhooks, clock=clock, journal=journal, webhooks=webhooks)
        self.alarms = alarms
        self._pacer = pacer
        self.circuits: dict[str, Circuit] = {}
        self.dial_replies: dict[str, tuple[float, dict[str, Any]]] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._loose: dict[Line, Circuit] = {}

    # -- legs begin -------------------------------------------------------------------------------------------------

    def circuit(self, call_id: str) -> Circuit:
        """The leg with this id; ended ones are kept for a while. Raises ApiError 90015."""
        found = self.circuits.get(call_id)
        if found is None:
            raise errors.invalid_call_control_id()
        return found

    def alive(self, connection_id: str | None = None) -> list[Circuit]:
        """The legs that are not over."""
        return [
            one for one in self.circuits.values() if one.leg.alive and connection_id in (None, one.leg.connection_id)
        ]

    def begin(
        self, leg: Leg, application: Application, *, phone: Phone | None, recording: Path | None = None
    ) -> Circuit:
        """A leg begins. Tell the application, and ring or place the phone, next.

        Raises:
            UnsupportedCodec: this machine cannot speak the leg's codec; then there is no leg.
        """
        circuit = Circuit(leg, application)
        if phone is not None:
            circuit.line = Line(
                call_id=leg.call_id,
                codec=leg.codec,
                phone=phone,
                listener=self,
                pacer=self._pacer,
                clock=self.clock,
                recording=recording,
            )
            circuit.announcer = Announcer(circuit.line)
            self._loose[circuit.line] = circuit
        self.circuits[leg.call_id] = circuit
        self._journal_state(circuit)
        return circuit

    def new_leg(
        self,
        *,
        direction: Literal["inbound", "outbound"],
        from_: str,
        to: str,
        connection_id: str,
        session_id: str | None = None,
        **more: Any,
    ) -> Leg:
        """A fresh record with ids of its own. The first leg of a session gives the session its id."""
        leg_id = new_uuid()
        number = self.directory.number_called(to if direction == "inbound" else from_)
        return Leg(
            call_id=new_call_control_id(),
            leg_id=leg_id,
            session_id=session_id or new_uuid(),
            connection_id=connection_id,
            direction=direction,
            from_=from_,
            to=to,
            started_ms=self.clock.wall_ms(),
            tags=number.tags if number else (),
            state=LegState.PARKED if direction == "inbound" else LegState.DIALING,
            **more,
        )

    def announce_and_ring(self, circuit: Circuit, *, ring_limit_s: float) -> None:
        """Tell the application of the leg, let the phone know, and start the clock on its ringing."""
        self.emit(circuit, "call.initiated", events.initiated(circuit.leg))
        self._alarm(circuit, ring_limit_s, legs.RingingOver())
        asyncio.get_running_loop().call_soon(self._ring, circuit)

    def _ring(self, circuit: Circuit) -> None:
        line = circuit.line
        if not circuit.leg.alive:
            return
        if line is None:
            self.happen(circuit, legs.NumberUnknown())
            return
        handset, now_ms = LineHandset(self, circuit), self.clock.now_ms()
        line.begin()
        if circuit.leg.direction == "inbound":
            line.phone.placed(handset, now_ms)
        else:
            line.phone.ring(handset, now_ms)

    def _alarm(self, circuit: Circuit, after_s: float, happening: legs.Happening) -> None:
        circuit.alarms.append(self.alarms.set(after_s * 1000, lambda: self.happen(circuit, happening)))

    # -- what happens to them ---------------------------------------------------------------------------------------

    def happen(self, circuit: Circuit, happening: legs.Happening) -> None:
        """Something happens to a leg: take the machine's next state and do what follows."""
        before = circuit.leg.state
        circuit.leg, effects = legs.apply(circuit.leg, happening, wall_ms=self.clock.wall_ms())
        if circuit.leg.state is not before:
            self._journal_state(circuit)
        for effect in effects:
            match effect:
                case legs.Connected():
                    self._connected(circuit)
                case legs.Bridged():
                    self.emit(circuit, "call.bridged", events.bridged(circuit.leg))
                case legs.Unbridged(peer):
                    self._unbridged(circuit, peer)
                case legs.Ended(ending):
                    self._ended(circuit, ending)

    def bridge(self, one: Circuit, other: Circuit) -> None:
        """Connect two legs that are both answered."""
        self.happen(one, legs.BridgeTo(other.call_id))
        self.happen(other, legs.BridgeTo(one.call_id))
        if one.line is not None and other.line is not None:
            one.line.bridge(other.line)

    def pressed(self, circuit: Circuit, digit: str) -> None:
        """The phone of a leg sends a digit: a webhook, the media stream and a gathering get it."""
        if not circuit.leg.connected:
            return
        self.emit(circuit, "call.dtmf.received", events.dtmf_received(circuit.leg, digit))
        if circuit.line is not None:
            circuit.line.dtmf_to_app(digit)
        if circuit.gather is not None:
            self._gathered(circuit, circuit.gather.digit(digit, self.clock.now_ms()))

    def open_stream(self, circuit: Circuit, options: StreamOptions) -> str:
        """Open a media stream on an answered leg; returns its id."""
        assert circuit.line is not None
        leg, media = circuit.leg, self.settings.media
        url = options.url
        if media.map_stream_urls:
            url = local_stream_url(url, circuit.routing.url or circuit.application.webhook_event_url)
        stream_id = new_uuid()
        circuit.streams[stream_id] = options
        circuit.line.open_stream(
            StreamSettings(
                stream_id=stream_id,
                url=url,
                track=options.track,
                codec=options.codec,
                bidirectional_mode=options.bidirectional_mode,
                bidirectional_codec=options.bidirectional_codec,
                bidirectional_sampling_rate=options.bidirectional_sampling_rate,
                bidirectional_target_legs=options.bidirectional_target_legs,
                auth_token=options.auth_token,
                custom_parameters=dict(options.custom_parameters),
                client_state=leg.client_state,
                tags=leg.tags,
                user_id=USER_ID,
                call_control_id=leg.call_id,
                call_session_id=leg.session_id,
                from_=leg.from_,
                to=leg.to,
                l16_byte_order=media.l16_byte_order,
                on_app_close=media.on_app_close,
            )
        )
        return stream_id

    def start_gather(self, circuit: Circuit, gather: Gather) -> None:
        """Collect digits; a gathering that is under way is cancelled."""
        self.stop_gather(circuit, "cancelled")
        circuit.gather = gather
        self._watch_gather(circuit, gather)

    def stop_gather(self, circuit: Circuit, status: Literal["cancelled", "call_hangup"]) -> None:
        """End the gathering, if there is one."""
        if circuit.gather is not None:
            self._gathered(circuit, circuit.gather.stopped(status))

    def _watch_gather(self, circuit: Circuit, gather: Gather) -> None:
        def due() -> None:
            if circuit.gather is gather:
                self._gathered(circuit, gather.over(self.clock.now_ms()))

        if circuit.gather_alarm is not None:
            circuit.gather_alarm.cancel()
        circuit.gather_alarm = self.alarms.set(gather.due_ms - self.clock.now_ms(), due)

    def _gathered(self, circuit: Circuit, gathered: Gathered | None) -> None:
        gather = circuit.gather
        assert gather is not None
        if gathered is None:
            self._watch_gather(circuit, gather)
            return
        circuit.gather = None
        payload = events.gather_ended(circuit.leg, gather.id, gathered.digits, gathered.status)
        self.emit(circuit, "call.gather.ended", payload)

    def _connected(self, circuit: Circuit) -> None:
        for alarm in circuit.alarms:
            alarm.cancel()
        circuit.alarms.clear()
        self._alarm(circuit, circuit.time_limit_s, legs.TimeLimitReached())
        if circuit.line is not None:
            circuit.line.connect()
        self.emit(circuit, "call.answered", events.answered(circuit.leg))
        if circuit.stream_on_answer is not None:
            options, circuit.stream_on_answer = circuit.stream_on_answer, None
            self.open_stream(circuit, options)
        if circuit.digits_on_answer and circuit.line is not None:
            circuit.line.press(circuit.digits_on_answer)
        if circuit.then is not None:
            circuit.then()

    def _unbridged(self, circuit: Circuit, peer: str) -> None:
        if circuit.line is not None:
            circuit.line.unbridge()
        other = self.circuits.get(peer)
        if other is not None:
            self.happen(other, legs.PeerGone(circuit.call_id))

    def _ended(self, circuit: Circuit, ending: legs.Ending) -> None:
        for alarm in circuit.alarms:
            alarm.cancel()
        circuit.alarms.clear()
        self.stop_gather(circuit, "call_hangup")
        if circuit.announcer is not None:
            circuit.announcer.hang_up()
        for other in circuit.dialled:
            if not other.leg.connected:
                self.happen(other, legs.HungUpByApp())
        keep_ms = self.settings.signalling.ended_readable_s * 1000
        self.alarms.set(keep_ms, lambda: self._forget(circuit))
        task = asyncio.create_task(self._finish(circuit, ending), name="leg ends")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _finish(self, circuit: Circuit, ending: legs.Ending) -> None:
        closing = asyncio.create_task(self._close_line(circuit, ending.cause), name="line closes")
        await asyncio.wait({closing}, timeout=HANGUP_GRACE_S)
        self.emit(circuit, "call.hangup", events.hangup(circuit.leg))
        self.journal.append(
            "call.ended", circuit.call_id, cause=ending.cause, hangup_source=ending.source, sip_cause=ending.sip_cause
        )
        await closing

    async def _close_line(self, circuit: Circuit, cause: str) -> None:
        try:
            if circuit.announcer is not None:
                await circuit.announcer.drain()
            if circuit.line is not None:
                await circuit.line.close(cause)
        except Exception:
            logger.exception("a line did not close cleanly")
        finally:
            if circuit.line is not None:
                self._loose.pop(circuit.line, None)

    def _forget(self, circuit: Circuit) -> None:
        self.circuits.pop(circuit.call_id, None)
        self.webhooks.forget(circuit.call_id)

    async def close(self) -> None:
        """End every leg, as the network does when it goes down."""
        for circuit in self.alive():
            self.happen(circuit, legs.HungUpByApp())
        while self._endings:
            with contextlib.suppress(Exception):
                await asyncio.wait(tuple(self._endings))

    def emit(self, circuit: Circuit, event_type: str, payload: Payload) -> None:
        """Tell the application of something."""
        self._notices.emit(circuit, event_type, payload)

    def _journal_state(self, circuit: Circuit) -> None:
        leg = circuit.leg
        self.journal.append(
            "leg.state", leg.call_id, state=str(leg.state), direction=leg.direction, session=leg.session_id
        )

    # -- LineListener -------------------------------------------------------------------------------------------------

    def playback_ended(self, line: Line, playback_id: str, status: str) -> None:
        """The line is done with an announcement."""
        circuit = self._loose.get(line)
        if circuit is not None and circuit.announcer is not None:
            circuit.announcer.playback_ended(playback_id, status)

    def stream_started(self, line: Line, stream_id: str) -> None:
        """The media socket is open."""
        circuit = self._loose.get(line)
        if circuit is not None and stream_id in circuit.streams:
            self.journal.append("media.started", circuit.call_id, stream_id=stream_id)
            payload = events.streaming_started(circuit.leg, circuit.streams[stream_id])
            self.emit(circuit, "streaming.started", payload)

    def stream_failed(self, line: Line, stream_id: str, reason: str) -> None:
        """The media socket could not be opened, or was lost."""
        circuit = self._loose.get(line)
        if circuit is not None and stream_id in circuit.streams:
            options = circuit.streams.pop(stream_id)
            self.journal.append("media.failed", circuit.call_id, stream_id=stream_id, reason=reason)
            payload = events.streaming_failed(circuit.leg, options, stream_id, reason)
            self.emit(circuit, "streaming.failed", payload)

    def stream_stopped(self, line: Line, stream_id: str) -> None:
        """The media stream has ended."""
        circuit = self._loose.get(line)
        if circuit is not None and stream_id in circuit.streams:
            options = circuit.streams.pop(stream_id)
            self.journal.append("media.stopped", circuit.call_id, stream_id=stream_id)
            self.emit(circuit, "streaming.stopped", events.streaming_started(circuit.leg, options))

    def line_event(self, line: Line, type: str, **fields: object) -> None:  # noqa: A002 (the word of the timeline)
        """Something for the journal."""
        self.journal.append(type, line.call_id, **fields)
