"""``dial`` and ``transfer``: a leg that begins here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from offhook.addresses import is_e164
from offhook.exchange.commands.bridging import join
from offhook.exchange.commands.command import Command, Opening, Reply, alive, keep_state
from offhook.exchange.commands.parties import IDLE_DIALLING, display_name, park, ring_limit_s, time_limit_s
from offhook.exchange.words import errors, fields
from offhook.exchange.words.fields import Routing, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "Dial", "Transfer", "parse_dial", "parse_transfer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """``POST /v2/calls``."""

    connection_id: str
    to: str
    from_: str
    display_name: str = ""
    timeout_s: int = 30
    time_limit_s: int = 14_400
    retry_on_timeout: bool = True
    client_state: str | None = None
    routing: Routing = field(default_factory=Routing)
    stream: StreamOptions | None = None
    stream_while_ringing: bool = False
    link_to: str | None = None
    bridge_on_answer: bool = False
    park_after_unbridge: bool = False
    digits_on_answer: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()


def parse_dial(body: Mapping[str, Any]) -> Dial:
    """Check the body of ``POST /v2/calls``; whether the application exists is for the exchange to say."""
    connection_id = fields.required_text(body, "connection_id")
    to, digits = _dialled(body)
    from_ = fields.required_text(body, "from")
    if not is_e164(from_):
        raise errors.not_e164("from")
    link_to = fields.text(body, "link_to")
    bridge_on_answer = fields.flag(body, "bridge_on_answer", default=False)
    if bridge_on_answer and not link_to:
        raise errors.missing_parameter("link_to")
    return Dial(
        connection_id=connection_id,
        to=to,
        from_=from_,
        display_name=display_name(body),
        timeout_s=ring_limit_s(body),
        time_limit_s=time_limit_s(body),
        retry_on_timeout=fields.flag(body, "retry_on_timeout", default=True),
        client_state=fields.client_state(body),
        routing=fields.routing(body),
        stream=fields.stream(body),
        stream_while_ringing=fields.flag(body, "stream_establish_before_call_originate", default=False),
        link_to=link_to,
        bridge_on_answer=bridge_on_answer,
        park_after_unbridge=park(body),
        digits_on_answer=digits or fields.digits_of(body, "send_digits_on_answer"),
        custom_headers=fields.pairs(body, "custom_headers"),
    )


def _dialled(body: Mapping[str, Any]) -> tuple[str, str]:
    """Whom to dial, and the digits after a comma, which are pressed on answer."""
    to = body.get("to")
    if isinstance(to, list):
        if len(to) > 1:
            raise errors.not_played("dialling several numbers at once")
        to = to[0] if to else None
        if to is not None and not isinstance(to, str):
            raise errors.wrong_type("to", "string")
        return fields.destination("to", to) if to else fields.required_text({}, "to"), ""
    number, comma, digits = fields.required_text(body, "to").partition(",")
    return fields.destination("to", number), fields.check_digits("to", digits) if comma else ""


def _dial(board: Switchboard, command: Dial) -> Reply:
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
    always = board.settings.media.dialled_stream_opens == "while_ringing"
    circuit.stream_while_ringing = always or command.stream_while_ringing
    circuit.digits_on_answer = command.digits_on_answer
    circuit.time_limit_s = command.time_limit_s
    if linked is not None and command.bridge_on_answer:
        circuit.then = partial(join, board, linked, circuit)
    board.announce_and_ring(circuit, ring_limit_s=command.timeout_s)
    call: Reply = {
        "record_type": "call",
        "call_control_id": leg.call_id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        # Dialling has only begun: the carrier says false here, whatever comes of it.
        "is_alive": False,
    }
    return {"data": call if leg.client_state is None else {**call, "client_state": leg.client_state}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """``actions/transfer``."""

    to: str
    from_: str | None = None
    display_name: str = ""
    timeout_s: int = 30
    time_limit_s: int = 14_400
    client_state: str | None = None
    target_leg_client_state: str | None = None
    routing: Routing = field(default_factory=Routing)
    park_after_unbridge: bool = False
    digits_on_answer: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()


def parse_transfer(body: Mapping[str, Any]) -> Transfer:
    """Check the body of ``transfer``."""
    to = fields.destination("to", fields.required_text(body, "to"))
    from_ = fields.text(body, "from")
    if from_ is not None and not is_e164(from_):
        raise errors.not_e164("from")
    return Transfer(
        to=to,
        from_=from_,
        display_name=display_name(body),
        timeout_s=ring_limit_s(body),
        time_limit_s=time_limit_s(body),
        client_state=fields.client_state(body),
        target_leg_client_state=fields.client_state(body, "target_leg_client_state"),
        routing=fields.routing(body),
        park_after_unbridge=park(body),
        digits_on_answer=fields.digits_of(body, "send_digits_on_answer"),
        custom_headers=fields.pairs(body, "custom_headers"),
    )


def _transfer(board: Switchboard, circuit: Circuit, command: Transfer) -> None:
    keep_state(circuit, command.client_state)
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
    target.then = partial(join, board, circuit, target)
    board.announce_and_ring(target, ring_limit_s=command.timeout_s)


COMMANDS = (
    Opening(
        name="dial",
        parse=parse_dial,
        do=_dial,
        idle={
            **IDLE_DIALLING,
            "assistant": None,
            "billing_group_id": None,
            "bridge_intent": False,
            "conference_config": None,
            "conversation_relay_config": None,
            "dialogflow_config": None,
            "enable_dialogflow": False,
            "prevent_double_bridge": False,
            "send_silence_when_idle": False,
            "supervise_call_control_id": None,
            "supervisor_role": "barge",
            "transcription": False,
            "transcription_config": None,
        },
    ),
    Command(name="transfer", parse=parse_transfer, do=_transfer, permit=alive, idle=IDLE_DIALLING),
)
