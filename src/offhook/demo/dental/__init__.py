"""A receptionist with a language model, documents and intents, on services that stand-ins speak for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.demo.demonstration import Check, Demonstration
from offhook.demo.lines import Line, Lines
from offhook.demo.looking import asked, connected, milliseconds, recognised, said, used
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from offhook.demo.demonstration import Told

__all__ = ["DEMONSTRATION"]

THINKS_MS, WORD_MS = 250.0, 15.0


def _uses(tool: str, arguments: str) -> Answer:
    return Answer(tools=((tool, arguments),), first_ms=THINKS_MS)


def _says(text: str) -> Answer:
    return Answer(text=text, first_ms=THINKS_MS, piece_ms=WORD_MS)


def stand_ins() -> StandIns:
    """A recogniser with the engine of this machine behind it, and a scripted model."""
    lines = Lines(
        Line(
            r"cost|price|check.?up",
            (
                _uses("look_up", '{"question": "what does a check-up cost"}'),
                _says("A check-up costs sixty dollars, with two x-ray pictures."),
            ),
        ),
        Line(
            r"hurt|tooth|cold",
            (
                _uses("look_up", '{"question": "tooth hurts with cold drinks after a treatment"}'),
                _says("I am sorry to hear that. For two weeks that is usual; else come at eight, any weekday."),
            ),
        ),
        Line(r"bicycle|bike|wheel|repair", (_uses("hand_over", '{"reason": "not dental"}'),)),
        otherwise=_says("Could you say that again, please?"),
    )
    return StandIns(answers=lines)


def check(told: Told) -> list[Check]:
    """Words really recognised, a sure intent without the model, answers out of documents, a hand-over."""
    turns = told.story["turns"]
    requests = asked(told.services)
    heard = [turn["caller"]["heard"] for turn in turns]
    last = [next((text for role, text in reversed(request) if role == "user"), "") for request in requests]
    looked = used(told, "look_up")
    slowest_ms = max((each["took_ms"] for each in looked), default=None)
    first = (turns[0]["agent"]["intent"] if turns else None) or "none"
    return [
        recognised(told),
        Check(
            "a sure intent answers, the model takes the rest",
            first == "opening hours" and len(heard) > 1 and heard[1] in last,
            f"intent: {first}; the model was asked {len(requests)} times",
        ),
        Check(
            "prices and treatments are looked up in the documents",
            len(looked) >= 2 and said(told, "sixty dollars") and said(told, "eight"),
            f"{len(looked)} looked up, the slowest in {milliseconds(slowest_ms)}",
        ),
        Check(
            "answers are soon at the caller's ear",
            (told.story["median_latency_ms"] or 1e9) <= 1500,
            f"{milliseconds(told.story['median_latency_ms'])} in the median; the model takes {THINKS_MS:.0f} ms of it, "
            "twice where it looks something up",
        ),
        Check(
            "what is no business of the practice goes to a person",
            connected(told.story),
            "the caller talked to the person" if connected(told.story) else "the person was not reached",
        ),
    ]


DEMONSTRATION = Demonstration(
    name="dental",
    summary="a language model with instructions, documents and intents, over AssemblyAI's and OpenAI's protocols",
    agent="offhook.demo.dental.agent:agent",
    script="script.toml",
    stand_ins=stand_ins,
    check=check,
)
