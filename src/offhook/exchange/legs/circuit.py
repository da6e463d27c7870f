"""A leg with everything that runs for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.exchange.words.fields import Routing

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.exchange.legs.alarms import Alarm
    from offhook.exchange.legs.gather import Gather
    from offhook.exchange.legs.machine import Leg
    from offhook.exchange.sound.announcer import Announcer
    from offhook.exchange.sound.line import Line
    from offhook.exchange.words.fields import StreamOptions
    from offhook.exchange.words.seed import Application

__all__ = ["Circuit"]


@dataclass(slots=True, eq=False)
class Circuit:
    """A leg with everything that runs for it."""

    leg: Leg
    application: Application
    line: Line | None = None
    routing: Routing = field(default_factory=Routing)
    streams: dict[str, StreamOptions] = field(default_factory=dict)
    stream_on_answer: StreamOptions | None = None
    stream_while_ringing: bool = False
    """Whether the socket of that stream opens before the answer."""
    digits_on_answer: str = ""
    time_limit_s: float = 14_400
    then: Callable[[], None] | None = None
    """What else to do when it is answered: bridging, for a transfer."""
    dialled: list[Circuit] = field(default_factory=list)
    """Legs that ring for this one; when this one ends, they need not ring on."""
    alarms: list[Alarm] = field(default_factory=list)
    announcer: Announcer | None = None
    gather: Gather | None = None
    gather_alarm: Alarm | None = None

    @property
    def call_id(self) -> str:
        """The leg's ``call_control_id``."""
        return self.leg.call_id
