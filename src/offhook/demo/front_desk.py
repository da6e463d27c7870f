"""The first demonstration: a conversation as people have it, with engines of this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.demo.demonstration import Check, Demonstration
from offhook.demo.looking import connected, milliseconds

if TYPE_CHECKING:
    from offhook.demo.demonstration import Told

__all__ = ["DEMONSTRATION"]


def check(told: Told) -> list[Check]:
    """Five turns that were answered, an interruption, a back-channel, a hand-over."""
    story = told.story
    turns, barge_in, backchannel = story["turns"], story["barge_in"] or {}, story["backchannel"] or {}
    answered = sum(turn["latency_ms"] is not None or bool(turn["agent"]["text"]) for turn in turns)
    stopped = backchannel.get("stopped_agent")
    return [
        Check(
            "turns answered",
            len(turns) >= 5 and answered == len(turns),
            f"{answered} of {len(turns)}, after {milliseconds(story['median_latency_ms'])} (median, at the ear)",
        ),
        Check(
            "an interruption silences the agent",
            barge_in.get("stop_ms") is not None,
            f"after {milliseconds(barge_in.get('stop_ms'))}",
        ),
        Check(
            "a back-channel does not",
            stopped is False,
            {None: "there was none", True: "it did"}.get(stopped, "the agent went on"),
        ),
        Check(
            "the caller talks to the person",
            connected(story),
            "heard the person" if connected(story) else "the person was not reached",
        ),
    ]


DEMONSTRATION = Demonstration(
    name="front-desk",
    summary="intents, an interruption, a back-channel, a hand-over to a person; engines of this machine alone",
    agent="offhook.demo.agent:agent",
    script="script.toml",
    check=check,
)
