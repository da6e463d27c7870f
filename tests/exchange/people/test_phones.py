"""The phones that need no human."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.clock import ManualClock
from offhook.exchange.people.phones import BusyPhone, NoAnswerPhone, Phone, RejectingPhone, SilentPhone

WALL_MS = 1_000_000.0
VOICE = b"\x00\x10" * 160


class FakeHandset:
    """A handset that writes down what its phone does."""

    def __init__(self) -> None:
        self.call_id = "v3:call"
        self.did: list[str] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []

    def answer(self) -> None:
        self.did.append("answer")

    def reject(self, cause: str) -> None:
        self.did.append(f"reject {cause}")

    def hang_up(self) -> None:
        self.did.append("hang_up")

    def press(self, digit: str) -> None:
        self.did.append(f"press {digit}")

    def note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self.notes.append((type, fields))


@pytest.mark.parametrize(("phone", "cause"), [(BusyPhone(), "busy"), (RejectingPhone(), "rejected")])
def test_some_refuse_at_once(phone: Phone, cause: str) -> None:
    """A phone in use and one that turns calls down say so when it rings."""
    handset = FakeHandset()
    phone.ring(handset, 0)
    phone.waiting(5000)
    assert handset.did == [f"reject {cause}"]


def test_some_never_answer() -> None:
    """It rings until somebody else gives up."""
    handset = FakeHandset()
    phone = NoAnswerPhone()
    phone.ring(handset, 0)
    phone.waiting(60_000)
    assert handset.did == []


def test_a_silent_phone_answers_listens_and_says_nothing() -> None:
    """Its report says when it heard something, which keys, and how the call ended."""
    handset = FakeHandset()
    phone = SilentPhone(answer_after_ms=100, clock=ManualClock(0.0, WALL_MS))
    assert phone.report()["heard_began_ms"] is None
    phone.ring(handset, 0)
    phone.waiting(80)
    phone.waiting(100)
    phone.waiting(120)
    assert handset.did == ["answer"]
    phone.connected(120)
    phone.bridged(120)
    for now_ms in range(200, 400, 20):
        assert not any(phone.mouth(now_ms))
        phone.ear(VOICE, now_ms)
    phone.digit("5", 400)
    phone.ended("normal_clearing", 500)
    assert phone.report() == {
        "heard_began_ms": pytest.approx(WALL_MS + 200, abs=1),
        "heard_ended_ms": pytest.approx(WALL_MS + 400, abs=1),
        "digits": "5",
        "ended": "normal_clearing",
    }


def test_a_silent_phone_can_call() -> None:
    """It waits, and does nothing by itself."""
    handset = FakeHandset()
    phone = SilentPhone()
    phone.placed(handset, 0)
    phone.waiting(10_000)
    assert handset.did == []
