"""What a command is: its name, what it takes, when it is permitted, what it does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from offhook.exchange.words import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.machine import Leg
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["OK", "Command", "Opening", "Reply", "alive", "answered", "asked_in_vain", "keep_state"]

Taken = TypeVar("Taken")
Reply = dict[str, Any]

OK: Reply = {"data": {"result": "ok"}}
"""How a command is answered that has nothing to tell."""


def alive(leg: Leg) -> None:
    """Permit while the leg is not over. Raises ApiError 90018."""
    if not leg.alive:
        raise errors.call_ended()


def answered(leg: Leg) -> None:
    """Permit while the leg is answered. Raises ApiError 90018 when it has ended, 90034 when it still rings."""
    alive(leg)
    if not leg.connected:
        raise errors.call_not_answered()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[Taken]):
    """A command to a leg. A family is a module of this package that lists its own in ``COMMANDS``.

    Args:
        name: the carrier's, ``actions/{name}``.
        parse: makes a frozen value of the body, or raises :exc:`~offhook.exchange.words.errors.ApiError`. Fields that
            the carrier does not know are ignored, as it ignores them.
        do: carries it out; ``None`` is answered with :data:`OK`.
        permit: raises ``ApiError`` when the leg may not be given it now. Asked before the body is looked at.
        method: of the request.
        idle: fields that the carrier acts on and the exchange accepts without effect, with the value that asks for
            nothing. One with another value is named in the answer's header.
    """

    name: str
    parse: Callable[[Mapping[str, Any]], Taken]
    do: Callable[[Switchboard, Circuit, Taken], Reply | None]
    permit: Callable[[Leg], None] = answered
    method: Literal["POST", "PUT"] = "POST"
    idle: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening(Generic[Taken]):
    """A command that begins a leg, and so is given to none. Fields as :class:`Command`'s."""

    name: str
    parse: Callable[[Mapping[str, Any]], Taken]
    do: Callable[[Switchboard, Taken], Reply]
    idle: Mapping[str, object] = field(default_factory=dict)


def asked_in_vain(command: Command[Any] | Opening[Any], body: Mapping[str, Any]) -> list[str]:
    """The fields of ``body`` that are accepted but have no effect here."""
    return sorted(name for name, idle in command.idle.items() if body.get(name) not in (None, idle))


def keep_state(circuit: Circuit, client_state: str | None) -> None:
    """Let the leg have a new client state, if one was given."""
    if client_state is not None:
        circuit.leg = replace(circuit.leg, client_state=client_state)
