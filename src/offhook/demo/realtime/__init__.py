"""A speech-to-speech model: an interruption, a tool, a session that breaks off, and a hand-over."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from offhook.demo.demonstration import Check, Demonstration
from offhook.demo.lines import Line, Lines
from offhook.demo.looking import (
    connected,
    gap_after,
    heard_before_interruption,
    heard_by_caller,
    milliseconds,
    recognised,
    said,
    used,
)
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.demo.demonstration import Told

__all__ = ["DEMONSTRATION"]

THINKS_MS = 250.0
MOST_MS = 1500.0
"""From the end of a session to the first sound of what goes on in its place."""
CLOSE_MS = 150.0
"""What the model is told of an interruption may differ by so much from what was at the caller's ear: the line itself
takes some of it, and the ear needs a moment to be sure."""
LONG = (
    "We open at nine every weekday, at ten on Saturday, and on Sunday there is always somebody at the phone "
    "who can tell you where to go if it cannot wait."
)
BROKEN = "I am sorry to hear that. For two weeks that is usual, and after that you had better come in at eight."


def _says(text: str) -> Answer:
    return Answer(text=text, first_ms=THINKS_MS)


def stand_ins() -> StandIns:
    """A model that hears and speaks with the engines of this machine, and answers from a script."""
    uses = Answer(tools=(("price", '{"treatment": "check-up"}'),), first_ms=THINKS_MS)
    person = Answer(tools=(("hand_over", '{"reason": "not dental"}'),), first_ms=THINKS_MS)
    lines = Lines(
        Line(r"hurt|tooth|cold", (_says(BROKEN),)),
        Line(r"\bopen\b|hours", (_says(LONG),)),
        Line(r"where|located|address|find you", (_says("You find us in Hill Street, at number twelve."),)),
        Line(r"cost|price|check.?up", (uses, _says("A check-up costs sixty dollars."))),
        Line(r"bicycle|bike|wheel|repair", (person,)),
        otherwise=_says("Could you say that again, please?"),
    )
    return StandIns(answers=lines)


def meanwhile(event: Mapping[str, Any], stand_ins: StandIns) -> None:
    """Let the session break off in the middle of an answer."""
    if event["type"] == "caller.speech_started" and re.search("tooth|hurt|cold", event.get("said", "")):
        stand_ins.fault("realtime", "voice", "reset", after=20)


def check(told: Told) -> list[Check]:
    """Audio as it is, what the model knows of an interruption, a tool, another session, a person."""
    sent = _sent(told, "configure")
    audio = sent[0]["session"]["audio"] if sent else {}
    ways = [audio.get(way, {}).get("format", {}).get("type") for way in ("input", "output")]
    cuts = _sent(told, "truncate")
    told_ms, heard_ms = (cuts[0]["audio_end_ms"] if cuts else None), heard_before_interruption(told)
    close = told_ms is not None and heard_ms is not None and abs(told_ms - heard_ms) <= CLOSE_MS
    broken = [entry for entry in told.services if entry.way == "fault"]
    gap_ms = gap_after(told, broken[0].at_ms + told.wall_offset_ms) if broken else None
    times = heard_by_caller(told).count("".join(sign for sign in BROKEN.lower() if sign.isalnum() or sign == " "))
    return [
        recognised(told),
        Check(
            "audio passes as it is on the line, both ways",
            ways == ["audio/pcmu"] * 2,
            " and ".join(way or "-" for way in ways),
        ),
        Check(
            "of an answer that is interrupted the model is told what was heard",
            close,
            f"heard: {milliseconds(heard_ms)}; told: {milliseconds(told_ms)}",
        ),
        Check(
            "the model uses a tool",
            len(used(told, "price")) == 1 and said(told, "sixty dollars"),
            f"used {len(used(told, 'price'))} times",
        ),
        Check(
            "a session that breaks off in an answer is followed by another, that says the rest of it",
            gap_ms is not None and gap_ms <= MOST_MS and times == 1,
            f"silent for {milliseconds(gap_ms)}; the answer was heard {times} times",
        ),
        Check(
            "the model hands the caller over to a person",
            connected(told.story),
            "the caller talked to the person" if connected(told.story) else "the person was not reached",
        ),
    ]


def _sent(told: Told, stage: str) -> list[dict[str, Any]]:
    """What the model was sent."""
    return [json.loads(each.message or "{}") for each in told.services if each.way == "in" and each.stage == stage]


DEMONSTRATION = Demonstration(
    name="realtime",
    summary="a speech-to-speech model over OpenAI's Realtime protocol: interruption, tool, broken session, hand-over",
    agent="offhook.demo.realtime.agent:agent",
    script="script.toml",
    stand_ins=stand_ins,
    meanwhile=meanwhile,
    check=check,
)
