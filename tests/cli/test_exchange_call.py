"""What ``offhook exchange call`` makes of a call that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.cli import exchange
from offhook.cli.exchange import _problems, _settled

if TYPE_CHECKING:
    import pytest


def caller(*answers: str, missed: tuple[int, ...] = (), finished: bool = True) -> dict[str, Any]:
    """What a caller reports whose turns were answered so; ``mm-hm`` is a backchannel."""
    turns = [{"kind": "backchannel" if one == "mm-hm" else "turn", "answer": one} for one in answers]
    return {"turns": turns, "missed_steps": list(missed), "finished": finished}


def test_a_call_that_went_as_asked_has_no_problems() -> None:
    """Every turn was answered, one way or another; a backchannel wants no answer."""
    assert _problems(caller("answered", "mm-hm", "talked_over"), every_turn=True) == []


def test_what_the_caller_waited_for_in_vain_is_told() -> None:
    """By the numbers of the script's steps."""
    (problem,) = _problems(caller(missed=(2, 5)), every_turn=True)
    assert problem == "waited in vain at step 2, 5 of the script"


def test_a_call_that_ended_early_is_told() -> None:
    """The caller had more to do."""
    (problem,) = _problems(caller("answered", finished=False), every_turn=True)
    assert problem == "the call ended before the caller had done everything"


def test_what_was_not_answered_is_counted() -> None:
    """Among what wanted an answer."""
    (problem,) = _problems(caller("none", "mm-hm", "answered", "none"), every_turn=True)
    assert problem == "2 of 3 things that the caller said were not answered"


def test_a_script_may_hang_up_on_its_last_words() -> None:
    """They need no answer then."""
    assert _problems(caller("answered", "none"), every_turn=False) == []
    assert len(_problems(caller("none", "answered"), every_turn=False)) == 1


class Exchange:
    """Reports a call whose webhooks are delivered one at a time."""

    def __init__(self, pending: int) -> None:
        self.pending = pending
        self.asked: list[str] = []

    async def ask(self, method: str, path: str) -> Any:
        self.asked.append(f"{method} {path}")
        report = {"webhooks": {"pending": self.pending}}
        self.pending = max(self.pending - 1, 0)
        return report


async def test_a_report_waits_for_the_last_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for again until none is on its way."""
    monkeypatch.setattr(exchange, "SETTLE_EVERY_S", 0)
    asked = Exchange(pending=2)
    assert await _settled(asked, "v3:1") == {"webhooks": {"pending": 0}}  # type: ignore[arg-type]
    assert asked.asked == ["GET /exchange/calls/v3:1"] * 3


async def test_a_report_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that nobody takes is tried for long."""
    monkeypatch.setattr(exchange, "LAST_WEBHOOKS_S", 0)
    report = await _settled(Exchange(pending=9), "v3:1")  # type: ignore[arg-type]
    assert report == {"webhooks": {"pending": 9}}
