"""What ``speak`` and ``playback_start`` share: how often, what is cut off first, and the facts of an announcement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, cast

from offhook.exchange.sound.announcer import Announcement
from offhook.exchange.words import errors, fields

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.facts import Outcome

__all__ = ["ENDLESS", "Stop", "announce", "loop", "stop"]

ENDLESS = 1_000_000
"""``loop: "infinity"``: longer than any call."""

Stop = Literal["", "current", "all"]

_COUNT = re.compile(r"[0-9]{1,3}")
_OUTCOMES: Mapping[str, Outcome] = {
    "completed": "completed",
    "cancelled": "stopped",
    "call_hangup": "hung_up",
    "failed": "failed",
}


def loop(body: Mapping[str, Any]) -> int:
    """How often it is played."""
    wanted = body.get("loop")
    if wanted is None:
        return 1
    if wanted == "infinity":
        return ENDLESS
    times = int(wanted) if isinstance(wanted, str) and _COUNT.fullmatch(wanted) else wanted
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= 100:
        raise errors.invalid_value(
            "loop", "90009", "Invalid value for loop", "The value must be 'infinity' or from 1 to 100."
        )
    return times


def stop(body: Mapping[str, Any], default: Literal["", "all"] = "") -> Stop:
    """What is cut off first."""
    which = fields.text(body, "stop") or default
    if which not in ("", "current", "all"):
        raise errors.invalid_value("stop", "90016", "Invalid value for stop", "The value must be one of: all, current.")
    return cast(Stop, which)


def announce(
    circuit: Circuit,
    id_: str,
    audio: Callable[[int], Coroutine[None, None, bytes]],
    *,
    times: int,
    stop: Stop,
    started: Callable[[], None],
    ended: Callable[[Outcome, str], None],
) -> None:
    """Queue an announcement on an answered leg; ``ended`` gets how it ended, and why if it failed."""
    assert circuit.announcer is not None
    reasons: list[str] = []
    announcement = Announcement(
        id=id_,
        audio=audio,
        times=times,
        started=started,
        ended=lambda status: ended(_OUTCOMES[status], "; ".join(reasons)),
        failed=reasons.append,
    )
    circuit.announcer.add(announcement, stop=stop)
