"""Whether what became of a call is what is to become of it: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.faults.cases import FALLBACK, MOST_LATER_MS
from offhook.faults.scripts import CALLER

if TYPE_CHECKING:
    from offhook.faults.cases import Case
    from offhook.faults.trial import Conversation

__all__ = ["Verdict", "judge"]

FILLER = "One moment."
_MEASURED_MS = 100.0
"""Two calls of the same kind differ by so much."""
_TOLERANCE_MS = 300.0
"""So much longer something may be heard than without a fault before it counts as said twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a cell shows."""

    case: Case
    wrong: tuple[str, ...]
    """What is not as it is to be; empty: all is."""
    later_ms: float | None = None
    """How much longer the caller waited than without a fault, before the answer or within it."""

    @property
    def ok(self) -> bool:
        """Whether all is as it is to be."""
        return not self.wrong

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        case = self.case
        later_ms = None if self.later_ms is None else round(self.later_ms)
        return {
            "role": case.role,
            "provider": case.provider,
            "fault": case.fault,
            "ok": self.ok,
            "later_ms": later_ms,
            "wrong": list(self.wrong),
        }


def judge(case: Case, had: Conversation, healthy: Conversation, *, most_later_ms: float = MOST_LATER_MS) -> Verdict:
    """Compare a conversation with what is to become of its case, and with the one in which nothing goes wrong."""
    wrong = []
    if had.error:
        wrong.append(f"the conversation ended with {had.error}")
    spoken = {_plain(text) for text in CALLER}
    if len(had.heard) != len(CALLER) or any(_plain(text) not in spoken for text in had.heard):
        wrong.append(f"the caller's two turns were heard as {len(had.heard)}")
    first, second = (tuple(text for text in said if text != FILLER) for said in had.said)
    if case.interrupts:
        first, second = (*first, *second)[:1], (*first, *second)[1:]
        if not _plain(case.answer if not case.reworded else " ".join(first)).startswith(_plain(" ".join(first))):
            wrong.append("something else than the answer was heard before the interruption")
    elif not _is_answer(" ".join(first), case):
        wrong.append(f"of the answer's {len(case.answer.split())} words {len(' '.join(first).split())} were heard")
    if _plain(" ".join(second)) not in {_plain(FALLBACK), _plain(case.answer)}:
        wrong.append("the second answer was not heard as it is")
    later_ms = max(had.first_ms - healthy.first_ms, had.gap_ms - healthy.gap_ms, 0.0)
    if later_ms > most_later_ms + _MEASURED_MS and not case.filler:
        wrong.append(f"the caller waited for {later_ms:.0f} ms longer")
    comparable = not (case.interrupts or case.filler or case.kind == "rate" or case.script)
    if comparable and had.sounded_ms[0] > healthy.sounded_ms[0] + _TOLERANCE_MS:
        wrong.append(f"{had.sounded_ms[0] - healthy.sounded_ms[0]:.0f} ms more were heard: something was said twice")
    return Verdict(case=case, wrong=tuple(wrong), later_ms=later_ms)


def _is_answer(said: str, case: Case) -> bool:
    """Whether it is the whole answer; where words may be missing, its words in their order, most of them."""
    heard, wanted = _plain(said).split(), _plain(case.answer).split()
    if not case.gaps:
        return heard == wanted
    rest = iter(wanted)
    return all(word in rest for word in heard) and len(heard) >= 0.7 * len(wanted)


def _plain(text: str) -> str:
    return " ".join("".join(sign for sign in text.lower() if sign.isalnum() or sign == " ").split())
