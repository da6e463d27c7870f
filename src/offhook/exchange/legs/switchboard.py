"""Legs, and all that runs for them: the place where the pure machine's effects become lines, timers and facts."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Literal

from offhook.exchange.legs import facts
from offhook.exchange.legs import machine as legs
from offhook.exchange.legs.circuit import Circuit
from offhook.exchange.legs.gathering import Gathering
from offhook.exchange.legs.handset import LineHandset
from offhook.exchange.legs.lines import Lines
from offhook.exchange.legs.machine import Leg, LegState
from offhook.exchange.legs.observers import Observers
from offhook.exchange.words import errors
from offhook.exchange.words.ids import new_call_control_id, new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offhook.clock import Clock
    from offhook.exchange.legs.alarms import Alarms
    from offhook.exchange.legs.directory import Directory
    from offhook.exchange.legs.lines import Note
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.sound.pacer import Pacer
    from offhook.exchange.words.fields import StreamOptions
    from offhook.exchange.words.seed import Application
    from offhook.exchange.words.settings import ExchangeSettings

__all__ = ["Switchboard"]

HANGUP_GRACE_S = 0.25
"""How long the end of a leg waits for its media stream to end first, as it does at the carrier."""


class Switchboard:
    """All legs of an exchange. Everything happens on the event loop; nothing here waits.

    It tells nobody in particular what happens: it publishes facts, and who wants to know observes them
    (:meth:`observe`).

    Args:
        settings: assumptions about the carrier.
        clock: the time.
        directory: who has which number.
        alarms: time-outs.
        pacer: the 20 ms clock of all lines.
        note: writes into the journal what phones and lines say of themselves.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        *,
        clock: Clock,
        directory: Directory,
        alarms: Alarms,
        pacer: Pacer,
        note: Note,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.directory = directory
        self.circuits: dict[str, Circuit] = {}
        self.gathering = Gathering(clock, alarms, self.publish)
        self._alarms = alarms
        self._note = note
        self._observers = Observers()
        self._lines = Lines(
            settings,
            directory,
            clock=clock,
            pacer=pacer,
            publish=self.publish,
            note=note,
            fail=lambda circuit: self.happen(circuit, legs.LineFailed()),
        )
        self._endings: set[asyncio.Task[None]] = set()

    # -- who is told --------------------------------------------------------------------------------------------------

    def observe(self, observer: Callable[[facts.Fact], None], call_id: str | None = None) -> Callable[[], None]:
        """Call ``observer`` with every fact of the leg ``call_id``, or of all legs; call what is returned to stop."""
        return self._observers.observe(observer, call_id)

    def publish(self, fact: facts.Fact) -> None:
        """Tell the observers of a fact."""
        self._observers.publish(fact)

    def note(self, type: str, call: str, **fields: object) -> None:  # noqa: A002 (the word of the timeline)
        """Write into the journal what a phone says of itself."""
        self._note(type, call, **fields)

    # -- legs begin ---------------------------------------------------------------------------------------------------

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

    def begin(
        self, leg: Leg, application: Application, *, phone: Phone | None, recording: Path | None = None
    ) -> Circuit:
        """A leg begins. Announce it, and ring or place the phone, next.

        Raises:
            UnsupportedCodec: this machine cannot speak the leg's codec; then there is no leg.
        """
        circuit = Circuit(leg, application)
        if phone is not None:
            self._lines.install(circuit, phone, recording)
        self.circuits[leg.call_id] = circuit
        self.publish(facts.StateReached(leg, self.clock.wall_ms()))
        return circuit

    def announce_and_ring(self, circuit: Circuit, *, ring_limit_s: float) -> None:
        """Say that the leg begins, let the phone know, and start the clock on its ringing."""
        self.publish(facts.Initiated(circuit.leg, self.clock.wall_ms()))
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
            return
        if circuit.stream_while_ringing:
            self._open_awaited(circuit)
        line.phone.ring(handset, now_ms)

    def _alarm(self, circuit: Circuit, after_s: float, happening: legs.Happening) -> None:
        circuit.alarms.append(self._alarms.set(after_s * 1000, lambda: self.happen(circuit, happening)))

    # -- what happens to them -----------------------------------------------------------------------------------------

    def happen(self, circuit: Circuit, happening: legs.Happening) -> None:
        """Something happens to a leg: take the machine's next state and do what follows."""
        before = circuit.leg.state
        circuit.leg, effects = legs.apply(circuit.leg, happening, wall_ms=self.clock.wall_ms())
        if circuit.leg.state is not before:
            self.publish(facts.StateReached(circuit.leg, self.clock.wall_ms()))
        for effect in effects:
            match effect:
                case legs.Connected():
                    self._connected(circuit)
                case legs.Bridged(peer):
                    self.publish(facts.Bridged(circuit.leg, self.clock.wall_ms(), peer))
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
        """The phone of a leg sends a digit: observers, the media stream and a gathering get it."""
        if not circuit.leg.connected:
            return
        self.publish(facts.DigitPressed(circuit.leg, self.clock.wall_ms(), digit))
        if circuit.line is not None:
            circuit.line.dtmf_to_app(digit)
        self.gathering.pressed(circuit, digit)

    def open_stream(self, circuit: Circuit, options: StreamOptions) -> str:
        """Open a media stream; returns its id."""
        return self._lines.open_stream(circuit, options)

    def _connected(self, circuit: Circuit) -> None:
        self._silence_alarms(circuit)
        self._alarm(circuit, circuit.time_limit_s, legs.TimeLimitReached())
        self.publish(facts.Answered(circuit.leg, self.clock.wall_ms()))
        if not circuit.leg.connected:
            return  # an observer has ended it at once
        if circuit.line is not None:
            circuit.line.connect()
        self._open_awaited(circuit)
        if circuit.digits_on_answer and circuit.line is not None:
            circuit.line.press(circuit.digits_on_answer)
        if circuit.then is not None:
            circuit.then()

    def _open_awaited(self, circuit: Circuit) -> None:
        options, circuit.stream_on_answer = circuit.stream_on_answer, None
        if options is not None:
            self.open_stream(circuit, options)

    def _unbridged(self, circuit: Circuit, peer: str) -> None:
        if circuit.line is not None:
            circuit.line.unbridge()
        other = self.circuits.get(peer)
        if other is not None:
            self.happen(other, legs.PeerGone(circuit.call_id))

    # -- legs end -----------------------------------------------------------------------------------------------------

    def _ended(self, circuit: Circuit, ending: legs.Ending) -> None:
        self._silence_alarms(circuit)
        self.gathering.stop(circuit, "hung_up")
        if circuit.announcer is not None:
            circuit.announcer.hang_up()
        for other in circuit.dialled:
            if not other.leg.connected:
                self.happen(other, legs.HungUpByApp())
        self._alarms.set(self.settings.signalling.ended_readable_s * 1000, lambda: self._forget(circuit))
        task = asyncio.create_task(self._finish(circuit, ending), name="leg ends")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _finish(self, circuit: Circuit, ending: legs.Ending) -> None:
        closing = asyncio.create_task(self._lines.close(circuit, ending.cause), name="line closes")
        await asyncio.wait({closing}, timeout=HANGUP_GRACE_S)
        self.publish(facts.HungUp(circuit.leg, self.clock.wall_ms(), ending))
        await closing

    def _silence_alarms(self, circuit: Circuit) -> None:
        for alarm in circuit.alarms:
            alarm.cancel()
        circuit.alarms.clear()

    def _forget(self, circuit: Circuit) -> None:
        self.circuits.pop(circuit.call_id, None)
        self.publish(facts.Forgotten(circuit.leg, self.clock.wall_ms()))

    async def close(self) -> None:
        """End every leg, as the network does when it goes down."""
        for circuit in self.alive():
            self.happen(circuit, legs.HungUpByApp())
        while self._endings:
            with contextlib.suppress(Exception):
                await asyncio.wait(tuple(self._endings))
