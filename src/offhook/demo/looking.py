"""What the checks of demonstrations look at."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from offhook.demo.demonstration import Check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.demo.demonstration import Told
    from offhook.testing.providers.journal import Entry

__all__ = [
    "asked",
    "connected",
    "gap_after",
    "heard_before_interruption",
    "heard_by_caller",
    "milliseconds",
    "recognised",
    "said",
    "used",
]


def milliseconds(value: float | None) -> str:
    """As people read it."""
    return "-" if value is None else f"{value:.0f} ms"


def connected(story: Mapping[str, Any]) -> bool:
    """Whether the caller was handed over, and heard the person."""
    handover = story["handover"] or {}
    return bool(handover.get("bridged") and handover.get("person_heard"))


def recognised(told: Told) -> Check:
    """Whether what the caller said became words, over the recogniser's own protocol."""
    right = wanted = 0
    for turn in told.story["turns"]:
        said, heard = _words(turn["caller"]["said"]), _words(turn["caller"]["heard"])
        wanted += len(said)
        right += sum(word in heard for word in said)
    return Check("what the caller says is recognised", right >= 0.7 * wanted > 0, f"{right} of {wanted} words")


def said(told: Told, *words: str) -> bool:
    """Whether the caller has heard the agent say all of these, in one answer."""
    heard = (event["heard"].lower() for event in told.of("agent.speech_ended"))
    return any(all(word.lower() in text for word in words) for text in heard)


def used(told: Told, name: str, *, failed: bool = False) -> list[Mapping[str, Any]]:
    """The uses of a tool that were done, or were not."""
    return told.of("tool.used", name=name, failed=failed)


def asked(entries: Sequence[Entry]) -> list[list[tuple[str, str]]]:
    """What models were asked: of each request, who said what."""
    found = []
    for entry in entries:
        if entry.door == "chat" and entry.stage == "request" and entry.message:
            messages = json.loads(entry.message).get("messages", [])
            found.append([(message["role"], str(message.get("content") or "")) for message in messages])
    return found


def heard_by_caller(told: Told) -> str:
    """All that the agent has said, as far as it was heard, in lower case and without marks."""
    heard = " ".join(event["heard"] for event in told.of("agent.speech_ended"))
    return " ".join("".join(sign for sign in heard.lower() if sign.isalnum() or sign == " ").split())


def heard_before_interruption(told: Told) -> float | None:
    """How much of the answer that was interrupted first was at the caller's ear, in milliseconds; ``None``: there is
    none."""
    cut = next(iter(told.of("agent.speech_ended", interrupted=True)), None)
    if cut is None:
        return None
    began_ms = silent_ms = None
    for event in told.events:
        if event["source"] == "exchange" and event["at_ms"] >= cut["began_at_ms"]:
            if event["type"] == "caller.hears_speech":
                if began_ms is not None and event["at_ms"] > cut["at_ms"]:
                    break  # the answer after it
                began_ms = event["at_ms"] if began_ms is None else began_ms
            elif event["type"] == "caller.hears_silence":
                silent_ms = event["at_ms"]
    return silent_ms - began_ms if began_ms is not None and silent_ms is not None else None


def gap_after(told: Told, at_ms: float) -> float | None:
    """How long the caller heard nothing from then on, until something was heard again: where the agent was speaking,
    from when it fell silent; ``None``: nothing was."""
    silent_ms: float | None = at_ms
    for event in told.events:
        if event["source"] != "exchange":
            continue
        if event["type"] == "caller.hears_speech":
            if event["at_ms"] >= at_ms:
                return 0.0 if silent_ms is None else float(event["at_ms"] - max(silent_ms, at_ms))
            silent_ms = None
        elif event["type"] == "caller.hears_silence":
            silent_ms = event["at_ms"]
        elif event["type"] == "caller.speech_started" and silent_ms is None and event["at_ms"] > at_ms:
            return 0.0  # it was heard to its end
    return 0.0 if silent_ms is None else None


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())
