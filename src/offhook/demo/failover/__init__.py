"""Services that die at the start, in a sentence, after a tool, or hang: what the caller hears of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.demo.demonstration import Check, Demonstration
from offhook.demo.lines import Line, Lines
from offhook.demo.looking import gap_after, heard_by_caller, milliseconds, recognised
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.demo.demonstration import Told

__all__ = ["DEMONSTRATION"]

THINKS_MS, WORD_MS = 120.0, 15.0
MOST_MS = 1500.0
"""From the fault to the first sound of what goes on in its place."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What goes wrong when the caller says such words (a regular expression), and the answer that is heard all the
    same."""

    said: str
    name: str
    door: str
    stage: str
    kind: Any
    more: Mapping[str, Any]
    answer: str
    most_ms: float = MOST_MS


_TROUBLES = (
    _Trouble(
        r"\bopen\b",
        "the recogniser breaks off while the caller speaks",
        "assemblyai",
        "partial",
        "close",
        {"code": 1011},
        "We open at nine, every day of the week.",
        most_ms=2 * MOST_MS,  # the rest of what the caller is saying is in it
    ),
    _Trouble(
        r"appointment",
        "the model refuses at the start",
        "chat",
        "connect",
        "refuse",
        {"status": 500},
        "Of course. Which day and time would suit you?",
    ),
    _Trouble(
        r"tuesday|three",
        "the voice breaks off in a sentence",
        "cartesia",
        "audio",
        "reset",
        {"after": 12},
        "I have written down Tuesday at three, and we will send a message to your phone.",
    ),
    _Trouble(
        r"bicycle|repair",
        "the model breaks off in a sentence",
        "chat",
        "text",
        "reset",
        {"after": 6},
        "I am afraid that we only repair teeth here, but there is a workshop around the corner.",
    ),
    _Trouble(
        r"tooth|hurt|cold",
        "the voice hangs",
        "cartesia",
        "audio",
        "silence",
        {},
        "I am sorry to hear that, please come in at eight.",
    ),
    _Trouble(
        r"cost|check.?up",
        "the model hangs after a tool was used",
        "chat",
        "text",
        "silence",
        {},
        "A check-up costs sixty dollars.",
    ),
)


def _says(text: str) -> Answer:
    return Answer(text=text, first_ms=THINKS_MS, piece_ms=WORD_MS)


def stand_ins() -> StandIns:
    """Two recognisers and a voice with the engines of this machine behind them, and a scripted model."""
    lines = []
    for trouble in _TROUBLES:
        uses = Answer(tools=(("price", '{"treatment": "check-up"}'),), first_ms=THINKS_MS)
        answer = _says(trouble.answer)
        lines.append(Line(trouble.said, (uses, answer) if trouble is _TROUBLES[-1] else (answer,)))
    lines.append(Line(r"thank|bye", (_says("Goodbye."),)))
    return StandIns(answers=Lines(*lines, otherwise=_says("Could you say that again, please?")))


def meanwhile(event: Mapping[str, Any], stand_ins: StandIns) -> None:
    """Let something go wrong as the caller begins to speak."""
    if event["type"] == "caller.speech_started" and event["source"] == "exchange":
        for trouble in _TROUBLES:
            if re.search(trouble.said, event["said"], re.IGNORECASE):
                stand_ins.fault(trouble.door, trouble.stage, trouble.kind, **trouble.more)


def check(told: Told) -> list[Check]:
    """For each trouble: how soon the caller hears what goes on in its place, and that nothing is said twice."""
    faults = [entry for entry in told.services if entry.way == "fault"]
    checks = [recognised(told)]
    words = heard_by_caller(told)
    for number, trouble in enumerate(_TROUBLES):
        gap_ms = gap_after(told, faults[number].at_ms + told.wall_offset_ms) if number < len(faults) else None
        times = words.count(_plain(trouble.answer))
        checks.append(
            Check(
                trouble.name,
                gap_ms is not None and gap_ms <= trouble.most_ms and times == 1,
                f"silent for {milliseconds(gap_ms)}; the answer was heard {times} times",
            )
        )
    return checks


def _plain(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum() or sign == " ")


DEMONSTRATION = Demonstration(
    name="failover",
    summary="recogniser, model and voice die at the start, in a sentence, after a tool, or hang; another goes on",
    agent="offhook.demo.failover.agent:agent",
    script="script.toml",
    stand_ins=stand_ins,
    meanwhile=meanwhile,
    check=check,
)
