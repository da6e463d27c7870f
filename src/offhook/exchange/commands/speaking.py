"""``speak``: a text is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.announcing import Stop, announce, loop, stop
from offhook.exchange.commands.command import Command, keep_state
from offhook.exchange.legs import facts
from offhook.exchange.sound.sources import spoken_audio
from offhook.exchange.words import errors, fields
from offhook.exchange.words.ids import new_speak_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.facts import Outcome
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "Speak", "parse_speak"]

MAX_SPEAK_CHARACTERS = 3000
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """``actions/speak``. ``times`` is how often it is said; ``stop`` is what it cuts off first."""

    text: str
    voice: str
    times: int = 1
    stop: Stop = ""
    client_state: str | None = None


def parse_speak(body: Mapping[str, Any]) -> Speak:
    """Check the body of ``speak``. SSML is read without its tags."""
    payload = fields.required_text(body, "payload")
    if len(payload) > MAX_SPEAK_CHARACTERS:
        raise errors.invalid_value(
            "payload",
            "90010",
            "Invalid value for payload",
            f"The 'payload' parameter must have at most {MAX_SPEAK_CHARACTERS} characters.",
        )
    kind = fields.text(body, "payload_type") or "text"
    if kind not in ("text", "ssml"):
        raise errors.invalid_value(
            "payload_type", "90011", "Invalid value for payload_type", "The value must be one of: ssml, text."
        )
    voice = fields.required_text(body, "voice")
    if voice in ("male", "female") and not fields.text(body, "language"):
        raise errors.missing_parameter("language")
    fields.choice(body, "service_level", ("basic", "premium"), "premium")
    fields.choice(body, "target_legs", ("self", "opposite", "both"), "self")
    return Speak(
        text=_TAG.sub(" ", payload) if kind == "ssml" else payload,
        voice=voice,
        times=loop(body),
        stop=stop(body),
        client_state=fields.client_state(body),
    )


def _speak(board: Switchboard, circuit: Circuit, command: Speak) -> None:
    keep_state(circuit, command.client_state)
    speak_id = new_speak_id()

    def started() -> None:
        board.publish(facts.SpeakStarted(circuit.leg, board.clock.wall_ms(), speak_id))

    def ended(outcome: Outcome, reason: str) -> None:
        board.publish(facts.SpeakEnded(circuit.leg, board.clock.wall_ms(), speak_id, outcome, reason))

    audio = partial(spoken_audio, command.text)
    announce(circuit, speak_id, audio, times=command.times, stop=command.stop, started=started, ended=ended)


COMMANDS = (Command(name="speak", parse=parse_speak, do=_speak, idle={"target_legs": "self", "voice_settings": None}),)
