"""Which phone a seed or a request describes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from offhook.errors import ConfigError
from offhook.exchange.people.caller import AnsweringPerson, ScriptedCaller
from offhook.exchange.people.phones import BusyPhone, NoAnswerPhone, RejectingPhone, SilentPhone
from offhook.exchange.people.script import load_script, parse_script
from offhook.exchange.people.voices import Voices
from offhook.exchange.words.seed import PhoneSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.clock import Clock
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.people.script import Script

__all__ = ["People"]

DEFAULT_CALLER = "caller"
DEFAULT_PERSON = "person"


class People:
    """Makes phones, each for one call.

    Args:
        clock: whose wall time the phones' reports are in.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._voices = Voices()
        self._scripts: dict[str, Script] = {}

    async def prepare(self, specs: Iterable[object]) -> None:
        """Read the scripts of a seed's persons and make their voices, so that nobody has to wait for it in a call.

        Raises:
            ConfigError: a script is not there or wrong.
        """
        for spec in specs:
            if isinstance(spec, PhoneSpec) and spec.answers == "person":
                script = await asyncio.to_thread(_script, spec.script, DEFAULT_PERSON)
                await self._voices.prepare(script)
                self._scripts[spec.number] = script

    def phone(self, spec: PhoneSpec) -> Phone | None:
        """The phone that rings at a seeded number; ``None`` when nobody has the number."""
        match spec.answers:
            case "not_found":
                return None
            case "busy":
                return BusyPhone()
            case "rejects":
                return RejectingPhone()
            case "no_answer":
                return NoAnswerPhone()
            case "silent":
                return SilentPhone(answer_after_ms=spec.answer_after_ms, clock=self._clock)
            case "person":
                return AnsweringPerson(
                    self._scripts[spec.number],
                    voices=self._voices,
                    answer_after_ms=spec.answer_after_ms,
                    clock=self._clock,
                )

    async def caller(self, script: object) -> Phone:
        """The caller that a request describes.

        Args:
            script: the name of a script or a path to one, a script as a table, ``"silent"``, or ``None`` for the
                script that comes with the exchange.

        Raises:
            ConfigError: it is none of these, or something in it is not there.
        """
        if script == "silent":
            return SilentPhone(answer_after_ms=None, clock=self._clock)
        voices = Voices()
        read = await asyncio.to_thread(_script, script, DEFAULT_CALLER)
        await voices.prepare(read)
        return await asyncio.to_thread(ScriptedCaller, read, voices=voices, clock=self._clock)


def _script(script: Any, default: str) -> Script:
    if script is None:
        return load_script(default)
    if isinstance(script, str):
        return load_script(script)
    if isinstance(script, dict):
        return parse_script(script)
    raise ConfigError(
        f"expected a script's name or a table of steps, got {type(script).__name__}.",
        fix='script = "person", script = "people/anna.toml", or a table with steps',
    )
