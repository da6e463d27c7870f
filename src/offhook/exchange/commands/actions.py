"""What each command does, once its body is good and the leg may take it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands import bodies as commands
from offhook.exchange.commands import sound_bodies as sound_commands
from offhook.exchange.legs import facts
from offhook.exchange.legs import machine as legs
from offhook.exchange.legs.gather import Gather
from offhook.exchange.sound.announcer import Announcement
from offhook.exchange.sound.sources import fetched_audio, spoken_audio, supplied_audio
from offhook.exchange.words import errors
from offhook.exchange.words.ids import new_speak_id, new_uuid
from offhook.exchange.words.times import iso_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["ACTIONS", "UNPLAYED_ACTIONS", "call_json", "dial", "perform"]

Body = dict[str, Any]
_OUTCOMES: Mapping[str, facts.Outcome] = {
    "completed": "completed",
    "cancelled": "stopped",
    "call_hangup": "hung_up",
    "failed": "failed",
}
_OK: Body = {"data": {"result": "ok"}}

UNPLAYED_ACTIONS = frozenset(
    {
        "ai_assistant_add_messages",
        "ai_assistant_join",
        "ai_assistant_start",
        "ai_assistant_stop",
        "conversation_relay_start",
        "conversation_relay_stop",
        "enqueue",
        "fork_start",
        "fork_stop",
        "gather_using_ai",
        "gather_using_audio",
        "gather_using_speak",
        "leave_queue",
        "pay",
        "record_pause",
        "record_resume",
        "record_start",
        "record_stop",
        "refer",
        "send_sip_info",
        "siprec_start",
        "siprec_stop",
        "suppression_start",
        "suppression_stop",
        "switch_supervisor_role",
        "transcription_start",
        "transcription_stop",
    }
)
"""Commands that the carrier has and the exchange does not play."""


def call_json(circuit: Circuit, now_ms: float, *, brief: bool = False) -> dict[str, Any]:
    """A call as ``GET /v2/calls/{id}`` gives it, or, ``brief``, as the list of active calls does."""
    leg = circuit.leg
    until_ms = leg.ended_ms if leg.ended_ms is not None else now_ms
    call: dict[str, Any] = {
        "record_type": "call",
        "call_control_id": leg.call_id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        "call_duration": int((until_ms - leg.answered_ms) // 1000) if leg.answered_ms is not None else 0,
    }
    if brief:
        return {**call, "client_state": leg.client_state or ""}
    call |= {"is_alive": leg.alive, "start_time": iso_time(leg.started_ms)}
    if leg.client_state is not None:
        call["client_state"] = leg.client_state
    if leg.ended_ms is not None:
        call["end_time"] = iso_time(leg.ended_ms)
    return call


def perform(board: Switchboard, circuit: Circuit, action: str, body: Mapping[str, Any]) -> Body:
    """Carry out a command on a leg, or answer as before if its ``command_id`` is known. Raises ApiError."""
    now_ms = board.clock.now_ms()
    command_id = body.get("command_id")
    for old in [old for old, (until_ms, _) in circuit.replies.items() if until_ms <= now_ms]:
        del circuit.replies[old]
    if isinstance(command_id, str) and command_id in circuit.replies:
        return circuit.replies[command_id][1]
    legs.permit(circuit.leg, action)
    reply = ACTIONS[action](board, circuit, body) or _OK
    if isinstance(command_id, str) and command_id:
        circuit.replies[command_id] = (now_ms + board.settings.signalling.command_id_window_s * 1000, reply)
    return reply


def _set_state(circuit: Circuit, client_state: str | None) -> None:
    if client_state is not None:
        circuit.leg = replace(circuit.leg, client_state=client_state)


# -- a call begins and ends -----------------------------------------------------------------------------------------


def dial(board: Switchboard, body: Mapping[str, Any]) -> Body:
    """``POST /v2/calls``. Raises ApiError."""
    now_ms = board.clock.now_ms()
    command_id = body.get("command_id")
    for old in [old for old, (until_ms, _) in board.dial_replies.items() if until_ms <= now_ms]:
        del board.dial_replies[old]
    if isinstance(command_id, str) and command_id in board.dial_replies:
        return board.dial_replies[command_id][1]
    command = commands.parse_dial(body)
    application = board.directory.applications.get(command.connection_id)
    if application is None or not application.active:
        raise errors.invalid_connection_id()
    linked = None
    if command.link_to is not None:
        linked = board.circuits.get(command.link_to)
        if linked is None:
            raise errors.invalid_call_control_id("/link_to")
    leg = board.new_leg(
        direction="outbound",
        from_=command.from_,
        to=command.to,
        connection_id=application.id,
        session_id=linked.leg.session_id if linked else None,
        caller_name=command.display_name,
        client_state=command.client_state,
        retry_on_timeout=command.retry_on_timeout,
        park_after_unbridge=command.park_after_unbridge,
        custom_headers=command.custom_headers,
    )
    circuit = board.begin(leg, application, phone=board.directory.phone_at(command.to))
    circuit.routing = command.routing
    circuit.stream_on_answer = command.stream
    circuit.digits_on_answer = command.digits_on_answer
    circuit.time_limit_s = command.time_limit_s
    if linked is not None and command.bridge_on_answer:
        circuit.then = partial(_join, board, linked, circuit)
    board.announce_and_ring(circuit, ring_limit_s=command.timeout_s)
    reply: Body = {
        "data": {
            "record_type": "call",
            "call_control_id": leg.call_id,
            "call_leg_id": leg.leg_id,
            "call_session_id": leg.session_id,
            # Dialling has only begun: the carrier says false here, whatever comes of it.
            "is_alive": False,
        }
    }
    if leg.client_state is not None:
        reply["data"]["client_state"] = leg.client_state
    if isinstance(command_id, str) and command_id:
        board.dial_replies[command_id] = (now_ms + board.settings.signalling.command_id_window_s * 1000, reply)
    return reply


def _answer(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = commands.parse_answer(body)
    if circuit.leg.connected and board.settings.signalling.second_answer_is_error:
        raise errors.already_answered("answer")
    _set_state(circuit, command.client_state)
    circuit.routing = command.routing.over(circuit.routing)
    if not circuit.leg.connected:
        circuit.stream_on_answer = command.stream
        circuit.leg = replace(circuit.leg, answer_headers=command.custom_headers)
        board.happen(circuit, legs.AnsweredByApp())


def _reject(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = commands.parse_reject(body)
    _set_state(circuit, command.client_state)
    board.happen(circuit, legs.RefusedByApp(command.cause))


def _hangup(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    _set_state(circuit, commands.parse_plain(body).client_state)
    board.happen(circuit, legs.HungUpByApp())


def _update_client_state(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    _set_state(circuit, commands.parse_client_state_update(body).client_state)


# -- two legs -------------------------------------------------------------------------------------------------------


def _join(board: Switchboard, one: Circuit, other: Circuit) -> None:
    """``other`` was answered for ``one``: connect them, if ``one`` is still there."""
    if not one.leg.alive:
        board.happen(other, legs.HungUpByApp())
        return
    board.happen(one, legs.AnsweredByApp())  # a transfer before the answer answers the caller now
    board.bridge(one, other)


def _transfer(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = commands.parse_transfer(body)
    _set_state(circuit, command.client_state)
    if command.park_after_unbridge:
        circuit.leg = replace(circuit.leg, park_after_unbridge=True)
    leg = board.new_leg(
        direction="outbound",
        from_=command.from_ or circuit.leg.to,
        to=command.to,
        connection_id=circuit.leg.connection_id,
        session_id=circuit.leg.session_id,
        caller_name=command.display_name,
        client_state=command.target_leg_client_state,
        custom_headers=command.custom_headers,
    )
    target = board.begin(leg, circuit.application, phone=board.directory.phone_at(command.to))
    target.routing = command.routing.over(circuit.routing)
    target.time_limit_s = command.time_limit_s
    target.digits_on_answer = command.digits_on_answer
    circuit.dialled.append(target)
    target.then = partial(_join, board, circuit, target)
    board.announce_and_ring(target, ring_limit_s=command.timeout_s)


def _bridge(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = commands.parse_bridge(body)
    other = board.circuits.get(command.call_control_id)
    if other is None or other is circuit:
        raise errors.invalid_call_control_id()
    legs.permit(other.leg, "bridge")
    _set_state(circuit, command.client_state)
    if command.park_after_unbridge:
        circuit.leg = replace(circuit.leg, park_after_unbridge=True)
    board.bridge(circuit, other)


# -- sounds and digits ----------------------------------------------------------------------------------------------


def _speak(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = sound_commands.parse_speak(body)
    _set_state(circuit, command.client_state)
    speak_id = new_speak_id()
    assert circuit.announcer is not None

    reasons: list[str] = []

    def started() -> None:
        board.publish(facts.SpeakStarted(circuit.leg, board.clock.wall_ms(), speak_id))

    def ended(status: str) -> None:
        reason = "; ".join(reasons)
        board.publish(facts.SpeakEnded(circuit.leg, board.clock.wall_ms(), speak_id, _OUTCOMES[status], reason))

    circuit.announcer.add(
        Announcement(
            id=speak_id,
            audio=partial(spoken_audio, command.text),
            times=command.times,
            started=started,
            ended=ended,
            failed=reasons.append,
        ),
        stop=command.stop,
    )


def _playback_start(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = sound_commands.parse_playback(body)
    _set_state(circuit, command.client_state)
    assert circuit.announcer is not None
    playback_id, url = new_uuid(), command.url
    reasons: list[str] = []

    def started() -> None:
        board.publish(facts.PlaybackStarted(circuit.leg, board.clock.wall_ms(), playback_id, url))

    def ended(status: str) -> None:
        at_ms, reason = board.clock.wall_ms(), "; ".join(reasons)
        board.publish(facts.PlaybackEnded(circuit.leg, at_ms, playback_id, url, _OUTCOMES[status], reason))

    circuit.announcer.add(
        Announcement(
            id=playback_id,
            audio=partial(supplied_audio, command.content)
            if command.content is not None
            else partial(fetched_audio, command.url or ""),
            times=command.times,
            started=started,
            ended=ended,
            failed=reasons.append,
        ),
        stop=command.stop,
    )


def _playback_stop(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = sound_commands.parse_playback_stop(body)
    _set_state(circuit, command.client_state)
    assert circuit.announcer is not None
    circuit.announcer.stop(command.stop)


def _send_dtmf(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = sound_commands.parse_send_dtmf(body)
    _set_state(circuit, command.client_state)
    assert circuit.line is not None
    circuit.line.press(command.digits, command.duration_ms)


def _gather(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = sound_commands.parse_gather(body)
    _set_state(circuit, command.client_state)
    wanted = replace(command.wanted, id=command.wanted.id or new_uuid())
    board.gathering.start(circuit, Gather(wanted, board.clock.now_ms()))


def _gather_stop(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    _set_state(circuit, commands.parse_plain(body).client_state)
    board.gathering.stop(circuit, "stopped")


# -- media streams --------------------------------------------------------------------------------------------------


def _streaming_start(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = commands.parse_streaming_start(body)
    if circuit.streams:
        raise errors.streaming_used()
    _set_state(circuit, command.client_state)
    board.open_stream(circuit, command.stream)


def _streaming_stop(board: Switchboard, circuit: Circuit, body: Mapping[str, Any]) -> None:
    command = commands.parse_streaming_stop(body)
    known = command.stream_id is None or command.stream_id in circuit.streams
    if not circuit.streams or not known:
        raise errors.streaming_not_used()
    _set_state(circuit, command.client_state)
    assert circuit.line is not None
    circuit.line.close_stream()


ACTIONS: Mapping[str, Callable[[Switchboard, Circuit, Mapping[str, Any]], Body | None]] = {
    "answer": _answer,
    "bridge": _bridge,
    "client_state_update": _update_client_state,
    "gather": _gather,
    "gather_stop": _gather_stop,
    "hangup": _hangup,
    "playback_start": _playback_start,
    "playback_stop": _playback_stop,
    "reject": _reject,
    "send_dtmf": _send_dtmf,
    "speak": _speak,
    "streaming_start": _streaming_start,
    "streaming_stop": _streaming_stop,
    "transfer": _transfer,
}
"""The commands that the exchange plays."""
