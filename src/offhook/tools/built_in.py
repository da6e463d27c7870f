"""Tools that come with the house. Each is a function like one of the program's own: ``agent.tool(send_digits)``."""

from __future__ import annotations

from typing import Annotated

from offhook.calls.call import Call  # noqa: TC001  (its annotation is read)
from offhook.calls.deeds import HandOver, HangUp

__all__ = ["hand_over", "hang_up", "send_digits"]


def hand_over(reason: Annotated[str, "in a few words, for the person who takes over"] = "") -> HandOver:
    """Connect the caller to a person: when they ask for one, or you cannot help them. Say so before you use it."""
    return HandOver(reason)


def hang_up() -> HangUp:
    """End the call, when the caller has said goodbye or there is nothing left to do."""
    return HangUp()


async def send_digits(
    call: Call, digits: Annotated[str, "0-9, A-D, * and #; w waits half a second, W a whole one"]
) -> None:
    """Press keys of the telephone, in a menu that asks for them."""
    await call.send_dtmf(digits)
