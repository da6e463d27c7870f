"""``answer``, ``reject`` and ``hangup``: the application takes a call, or does not, or ends it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from offhook.exchange.commands.command import Command, alive, keep_state
from offhook.exchange.commands.parties import IDLE_RECORDING
from offhook.exchange.legs import machine as legs
from offhook.exchange.words import errors, fields
from offhook.exchange.words.fields import Routing, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.machine import Leg
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "Answer", "Reject", "parse_answer", "parse_reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``actions/answer``."""

    client_state: str | None = None
    routing: Routing = field(default_factory=Routing)
    stream: StreamOptions | None = None
    custom_headers: tuple[tuple[str, str], ...] = ()


def parse_answer(body: Mapping[str, Any]) -> Answer:
    """Check the body of ``answer``."""
    return Answer(
        client_state=fields.client_state(body),
        routing=fields.routing(body),
        stream=fields.stream(body, rate=False),
        custom_headers=fields.pairs(body, "custom_headers"),
    )


def _may_answer(leg: Leg) -> None:
    alive(leg)
    if leg.direction == "outbound":
        raise errors.outbound_call("answer")


def _answer(board: Switchboard, circuit: Circuit, command: Answer) -> None:
    if circuit.leg.connected and board.settings.signalling.second_answer_is_error:
        raise errors.already_answered("answer")
    keep_state(circuit, command.client_state)
    circuit.routing = command.routing.over(circuit.routing)
    if not circuit.leg.connected:
        circuit.stream_on_answer = command.stream
        circuit.leg = replace(circuit.leg, answer_headers=command.custom_headers)
        board.happen(circuit, legs.AnsweredByApp())


@dataclass(frozen=True, slots=True)
class Reject:
    """``actions/reject``."""

    cause: Literal["CALL_REJECTED", "USER_BUSY"]
    client_state: str | None = None


def parse_reject(body: Mapping[str, Any]) -> Reject:
    """Check the body of ``reject``."""
    fields.required_text(body, "cause")
    cause = fields.choice(body, "cause", ("CALL_REJECTED", "USER_BUSY"), "")
    return Reject(cast(Literal["CALL_REJECTED", "USER_BUSY"], cause), fields.client_state(body))


def _may_reject(leg: Leg) -> None:
    alive(leg)
    if leg.direction == "outbound":
        raise errors.outbound_call("reject")
    if leg.connected:
        raise errors.already_answered("reject")


def _reject(board: Switchboard, circuit: Circuit, command: Reject) -> None:
    keep_state(circuit, command.client_state)
    board.happen(circuit, legs.RefusedByApp(command.cause))


def _hangup(board: Switchboard, circuit: Circuit, client_state: str | None) -> None:
    keep_state(circuit, client_state)
    board.happen(circuit, legs.HungUpByApp())


COMMANDS = (
    Command(
        name="answer",
        parse=parse_answer,
        do=_answer,
        permit=_may_answer,
        idle={
            **IDLE_RECORDING,
            "assistant": None,
            "billing_group_id": None,
            "conversation_relay_config": None,
            "deepfake_detection": {"enabled": False},
            "preferred_codecs": None,
            "send_silence_when_idle": False,
            "sip_headers": None,
            "sound_modifications": None,
            "transcription": False,
            "transcription_config": None,
            "webhook_url_method": "POST",
            "webhook_urls_method": "POST",
        },
    ),
    Command(name="reject", parse=parse_reject, do=_reject, permit=_may_reject),
    Command(name="hangup", parse=fields.client_state, do=_hangup, permit=alive, idle={"custom_headers": None}),
)
