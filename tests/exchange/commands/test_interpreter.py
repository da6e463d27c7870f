"""A document that is interpreted runs on facts alone: webhooks are one observer, and this one does without them."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.intake import Intake
from offhook.exchange.legs import facts

if TYPE_CHECKING:
    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard


def short_sound() -> str:
    """A WAV file of 40 ms, as a command carries it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\x00\x40\x00\xc0" * 160)
    return base64.b64encode(file.getvalue()).decode()


class Interpreter:
    """A document: answer, play, gather keys, hang up; each step follows from the fact that ends the one before."""

    def __init__(self, board: Switchboard, circuit: Circuit) -> None:
        self._intake = Intake(board)
        self._circuit = circuit
        self.told: list[str] = []
        self.gathered = ""
        self.over = asyncio.Event()
        board.observe(self.hear, circuit.call_id)

    def hear(self, fact: facts.Fact) -> None:
        self.told.append(type(fact).__name__)
        match fact:
            case facts.Initiated():
                self._do("answer")
            case facts.Answered():
                self._do("playback_start", playback_content=short_sound())
            case facts.PlaybackEnded(outcome="completed"):
                self._do("gather", maximum_digits=2)
            case facts.GatherEnded(digits=digits):
                self.gathered = digits
                self._do("hangup")
            case facts.HungUp():
                self.over.set()

    def _do(self, command: str, **body: Any) -> None:
        self._intake.perform(self._circuit, command, body)


async def test_a_document_runs_on_facts_alone(board: Switchboard, telephone: Any) -> None:
    """It plays something, waits for its end, gathers keys and hangs up, with no webhook anywhere."""
    phone = telephone()
    application = next(iter(board.directory.applications.values()))
    leg = board.new_leg(
        direction="inbound", from_="+15550150", to="+15550199", connection_id=application.id, codec="PCMU"
    )
    circuit = board.begin(leg, application, phone=phone)
    document = Interpreter(board, circuit)

    def press_when_asked(fact: facts.Fact) -> None:
        if isinstance(fact, facts.PlaybackEnded):
            phone.handset.press("4")
            phone.handset.press("2")

    board.observe(press_when_asked, circuit.call_id)
    board.announce_and_ring(circuit, ring_limit_s=10)
    async with asyncio.timeout(5):
        await document.over.wait()
    assert document.gathered == "42"
    assert document.told == [
        "Initiated",
        "StateReached",
        "Answered",
        "PlaybackStarted",
        "PlaybackEnded",
        "DigitPressed",
        "DigitPressed",
        "GatherEnded",
        "StateReached",
        "HungUp",
    ]
    assert max(phone.heard) > 0
