"""What goes wrong on request, and when: pure. Where it does is in :mod:`offhook.testing.providers.link`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from offhook.errors import ConfigError, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GARBAGE", "Fault", "Faults", "Garbage", "Kind", "garbled"]

Kind = Literal[
    "refuse", "hang", "silence", "garbage", "close", "reset", "error", "drop", "ignore", "late", "slow", "rate"
]
Garbage = Literal["json", "shape", "array", "binary", "text", "empty", "huge"]

GARBAGE: dict[str, str | bytes] = {
    "json": '{"type":"Turn","words":[{"text":',
    "shape": '{"type":["Turn"],"event":7,"channel":null,"words":"none","choices":{},"transcript":{}}',
    "array": '[[],null,"Turn"]',
    "binary": bytes(range(256)),
    "text": "service unavailable",
    "empty": "",
    "huge": '{"type":"' + "x" * 200_000 + '"}',
}
"""What a garbled message is replaced by."""


def garbled(message: str | bytes | None, garbage: Garbage) -> str | bytes:
    """What a message is replaced by: in an event of a stream of events, where it is one."""
    given = GARBAGE[garbage]
    if isinstance(message, str) and message.startswith("data: ") and isinstance(given, str):
        return f"data: {given}\n\n"
    return given


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at a stage of a door.

    Stages are the messages of a session, as they are about to be sent or were received, by the names that the journal
    shows them under; besides there are ``connect`` (the client asks to come in) and ``speak`` (audio is to be made).
    ``*`` is any message that is about to be sent.

    Kinds:
        ``refuse``: at ``connect``, HTTP ``status``; later, the socket is closed with ``code``.
        ``hang``: at ``connect``, the handshake is never answered.
        ``silence``: from here on nothing is sent; what comes is still read.
        ``garbage``: the message is replaced by one of :data:`GARBAGE`.
        ``close``: the socket is closed with ``code`` in place of the message; a response ends in the middle.
        ``reset``: the connection is cut, without a word.
        ``error``: the vendor's own way of telling an error, with ``code`` and ``text``, in place of the message.
        ``drop``: the message is left out.
        ``ignore``: a message of the client is not heard (a cancellation, say: what was asked for goes on).
        ``late``: at ``cancel``, the last audio that was sent comes once more, ``delay_ms`` later.
        ``slow``: the message, and what follows it, comes ``delay_ms`` later.
        ``rate``: at ``speak``, the audio is at twice the rate that was asked for.
    """

    door: str
    stage: str
    kind: Kind
    times: int | None = 1
    """How often; ``None``: always."""
    after: int = 0
    """How many messages of that stage are let through before."""
    status: int = 401
    code: int = 1008
    text: str = "a fault that was asked for"
    delay_ms: float = 300.0
    garbage: Garbage = "json"

    def __post_init__(self) -> None:
        for name, value, known in (("kind", self.kind, get_args(Kind)), ("garbage", self.garbage, get_args(Garbage))):
            if value not in known:
                raise ConfigError(
                    f"expected the {name} of a fault to be one of {', '.join(known)}, got {kind_of(value)}.",
                    fix=f"{name}={known[0]!r}",
                )
        if self.kind == "hang" and self.stage != "connect":
            raise ConfigError("expected hang at the stage connect, got it at another.", fix="stage='connect'")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Fault:
        """A fault from JSON.

        Raises:
            ConfigError: it is none.
        """
        known = {one.name: one for one in fields(cls)}
        if wrong := sorted(set(values) - set(known)):
            raise ConfigError(
                f"expected the fields of a fault ({', '.join(known)}), got {len(wrong)} others.", fix="leave them out"
            )
        types: dict[str, tuple[type, ...]] = {
            "times": (int, type(None)),
            "after": (int,),
            "status": (int,),
            "code": (int,),
            "delay_ms": (int, float),
        }
        for name, value in values.items():
            if not isinstance(value, types.get(name, (str,))) or isinstance(value, bool):
                raise ConfigError(f"expected {name} of a fault as it is documented, got {kind_of(value)}.")
        try:
            return cls(**values)
        except TypeError:
            raise ConfigError(
                f"expected door, stage and kind, got {kind_of(dict(values))}.",
                fix='{"door": "deepgram", "stage": "final", "kind": "silence"}',
            ) from None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def matches(self, door: str, stage: str, *, outgoing: bool) -> bool:
        """Whether it is meant for this stage of this door."""
        return self.door in (door, "*") and (self.stage == stage or (self.stage == "*" and outgoing))


class _Planned:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.passed = 0
        self.happened = 0

    @property
    def over(self) -> bool:
        return self.fault.times is not None and self.happened >= self.fault.times


class Faults:
    """The faults that were asked for, and which of them are due."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self._planned.append(_Planned(fault))

    def clear(self) -> None:
        """Forget all of them. Sessions that have fallen silent stay so."""
        self._planned.clear()

    def planned(self) -> list[dict[str, Any]]:
        """What is still to come, with how often it has happened already."""
        return [{**one.fault.to_json(), "happened": one.happened} for one in self._planned if not one.over]

    def due(self, door: str, stage: str, *, outgoing: bool = False) -> list[Fault]:
        """The faults of this message, which counts for all of them: any ``slow`` ones, and at most one other."""
        due: list[Fault] = []
        taken = False
        for one in self._planned:
            if one.over or not one.fault.matches(door, stage, outgoing=outgoing):
                continue
            if one.passed < one.fault.after:
                one.passed += 1
                continue
            if one.fault.kind != "slow":
                if taken:
                    continue
                taken = True
            one.happened += 1
            due.append(one.fault)
        return due
