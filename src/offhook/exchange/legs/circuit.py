"""A leg with everything that runs for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

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

__all__ = ["USER_ID", "Circuit", "local_stream_url"]

USER_ID = "00000000-0000-4000-8000-000000000001"
"""The account, in media start frames."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def local_stream_url(url: str, webhook_url: str) -> str:
    """The URL to open for a media stream that an application asked for as if it were on the internet.

    ``wss://`` and hosts that are not this machine become the host and port of the application's webhook URL, with the
    same path and query: ``wss://`` where that is ``https://``, else ``ws://``. What the application's own host has, at
    whatever port, is kept, as is ``ws://`` on this machine.
    """
    parts, home = urlsplit(url), urlsplit(webhook_url)
    scheme = "wss" if home.scheme == "https" else "ws"
    if parts.scheme == "ws" and parts.hostname in _LOOPBACK:
        return url
    if parts.scheme == scheme and parts.hostname == home.hostname:
        return url
    return urlunsplit((scheme, home.netloc.rpartition("@")[2], parts.path, parts.query, ""))


@dataclass(slots=True, eq=False)
class Circuit:
    """A leg with everything that runs for it."""

    leg: Leg
    application: Application
    line: Line | None = None
    routing: Routing = field(default_factory=Routing)
    streams: dict[str, StreamOptions] = field(default_factory=dict)
    stream_on_answer: StreamOptions | None = None
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
    replies: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    """Command ids that were accepted: until when they count (monotonic ms), and how they were answered."""

    @property
    def call_id(self) -> str:
        """The leg's ``call_control_id``."""
        return self.leg.call_id
