"""Tools of a language model: side by side, with a question before, slow, failing, and one that ends the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.demo.demonstration import Check, Demonstration
from offhook.demo.lines import Line, Lines
from offhook.demo.looking import milliseconds, said, used
from offhook.demo.tools.agent import SLOW_S
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from offhook.demo.demonstration import Told

__all__ = ["DEMONSTRATION"]

THINKS_MS, WORD_MS = 250.0, 15.0
EACH_MS = 300.0
"""What either tool of the first turn takes."""


def _uses(*tools: tuple[str, str]) -> Answer:
    return Answer(tools=tools, first_ms=THINKS_MS)


def _says(text: str) -> Answer:
    return Answer(text=text, first_ms=THINKS_MS, piece_ms=WORD_MS)


def stand_ins() -> StandIns:
    """A scripted model."""
    lines = Lines(
        Line(
            r"cost|price|check.?up",
            (
                _uses(("price", '{"treatment": "check-up"}'), ("price", '{"treatment": "cleaning"}')),
                _says("A check-up costs sixty dollars, a cleaning ninety."),
            ),
        ),
        Line(r"appointment", (_says("Of course. Which day and time would suit you?"),)),
        Line(r"tuesday|three", (_uses(("book", '{"day": "Tuesday", "hour": 3}')),)),
        Line(r"^yes", (_says("Fine."), _says("It is booked. See you then."))),
        Line(
            r"bicycle|bike|repair",
            (_uses(("repair", '{"what": "bicycle"}')), _says("I am sorry, that did not work. Can I do anything else?")),
        ),
        Line(r"thank|bye", (Answer(text="Goodbye.", tools=(("hang_up", "{}"),), first_ms=THINKS_MS),)),
        otherwise=_says("Could you say that again, please?"),
    )
    return StandIns(answers=lines)


def check(told: Told) -> list[Check]:
    """What became of every tool, and that the caller was never left in silence."""
    prices, booked, failed = used(told, "price"), used(told, "book"), used(told, "repair", failed=True)
    slowest_ms = max((each["took_ms"] for each in prices), default=None)
    fillers = told.of("agent.speech_began", kind="filler")
    ended = told.of("call.ended")
    return [
        Check(
            "two tools of one answer are used side by side",
            len(prices) == 2 and slowest_ms is not None and slowest_ms < 2 * EACH_MS and said(told, "sixty", "ninety"),
            f"both in {milliseconds(slowest_ms)}; each takes {EACH_MS:.0f} ms",
        ),
        Check(
            "a tool that asks before it acts is used once the caller has said yes",
            len(booked) == 1 and said(told, "shall I book tuesday at 3") is True,
            f"booked {len(booked)} times",
        ),
        Check(
            "who waits for a slow tool is kept company",
            bool(fillers) and said(told, "it is booked"),
            f"{len(fillers)} times, while it took {SLOW_S:.0f} s",
        ),
        Check(
            "a tool that fails is told to the model, and the call goes on",
            len(failed) == 1 and said(told, "did not work"),
            f"failed {len(failed)} times",
        ),
        Check(
            "the model ends the call, once its goodbye was heard",
            bool(used(told, "hang_up")) and said(told, "goodbye") and bool(ended),
            f"ended: {ended[-1].get('cause') if ended else 'no'}",
        ),
    ]


DEMONSTRATION = Demonstration(
    name="tools",
    summary="tools of a language model: two at once, one that asks first, one that is slow, one that fails",
    agent="offhook.demo.tools.agent:agent",
    script="script.toml",
    stand_ins=stand_ins,
    check=check,
)
