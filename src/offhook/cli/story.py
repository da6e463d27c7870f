"""What happened on a call, told from the events of both ends: lines while it runs, one object when it is over.

The exchange says what the caller said and heard, and when; the agent says what it understood and meant to say. Neither
is asked about the other's side, so no figure about the agent comes from the agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Line", "Narrator", "tell"]

Event = dict[str, Any]
Who = Literal["caller", "agent", "person", "call", "note"]

SAME_TURN_MS = 1200.0
"""The two ends may disagree by this much about when a turn ended: the caller measures its own clip, the agent hears it
through the network and a detector."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to print: who, what, and a figure."""

    who: Who
    text: str
    figure: str = ""


# -- while it runs ----------------------------------------------------------------------------------------------------


class Narrator:
    """Turns events into lines as they come. Events of the two ends may arrive a little out of order.

    Args:
        call: the caller's leg; events of other legs are the person's.
        one_sided: only the agent's events come, as on a real number: what is said is told when the agent says it.
    """

    def __init__(self, call: str | None = None, *, one_sided: bool = False) -> None:
        self.call = call
        self._one_sided = one_sided
        self._rang_ms: float | None = None
        self._spoke_until_ms: float | None = None
        self._barged_in_ms: float | None = None
        self._said = False
        self._speaking: str | None = None
        self._told: str | None = None
        self._heard_at_ms: float | None = None

    def lines(self, event: Event) -> list[Line]:
        """The lines that follow from ``event``; often none."""
        # Both ends tell of the caller's speech; the caller's own telling counts.
        kind = event["type"]
        if kind.startswith("caller.") and event["source"] != "exchange":
            return []
        handler = _NARRATE.get(kind)
        return handler(self, event) if handler is not None else []

    def _leg_state(self, event: Event) -> list[Line]:
        state, mine = event.get("state"), event.get("call") == self.call
        if mine and state == "parked":
            self._rang_ms = event["at_ms"]
        elif mine and state == "answered" and self._rang_ms is not None:
            ms, self._rang_ms = event["at_ms"] - self._rang_ms, None
            return [Line("call", f"answered after {ms:.0f} ms")]
        return []

    def _ringing(self, event: Event) -> list[Line]:
        return [Line("call", f"{event['direction']} call")] if self._one_sided else []

    def _caller_speech(self, event: Event) -> list[Line]:
        if event.get("call") != self.call:
            return [Line("person", f"“{event['said']}”")]
        kind = event.get("kind")
        self._said = self._said or kind != "backchannel"
        self._barged_in_ms = event["at_ms"] if kind == "barge_in" else None
        mark = {"barge_in": "interrupts", "backchannel": "while the agent speaks"}.get(str(kind), "")
        return [Line("caller", f"“{event['said']}”", mark)]

    def _caller_silent(self, event: Event) -> list[Line]:
        if event.get("call") == self.call and event.get("kind") != "backchannel":
            self._spoke_until_ms = event["at_ms"]
        return []

    def _hears_speech(self, event: Event) -> list[Line]:
        if event.get("call") != self.call:
            return []
        self._heard_at_ms = event["at_ms"]
        return self._agent_line()

    def _hears_silence(self, event: Event) -> list[Line]:
        if event.get("call") != self.call:
            return []
        self._heard_at_ms = None
        began_ms, self._barged_in_ms = self._barged_in_ms, None
        return (
            [] if began_ms is None else [Line("note", "the agent falls silent", f"{event['at_ms'] - began_ms:.0f} ms")]
        )

    def _agent_began(self, event: Event) -> list[Line]:
        self._speaking = event.get("text") or None
        self._told = event.get("text")
        if self._one_sided:
            self._heard_at_ms = event["at_ms"]
        return self._agent_line()

    def _agent_line(self) -> list[Line]:
        if self._speaking is None or self._heard_at_ms is None:
            return []
        text, self._speaking = self._speaking, None
        ms = self._heard_at_ms - self._spoke_until_ms if self._spoke_until_ms is not None else None
        self._spoke_until_ms = None
        return [Line("agent", f"“{text}”", f"heard after {ms:.0f} ms" if ms is not None and ms > 0 else "")]

    def _agent_ended(self, event: Event) -> list[Line]:
        lines = []
        if self._speaking is not None:  # too short for the caller's ear to tell it from the sentence before
            lines.append(Line("agent", f"“{self._speaking}”"))
            self._speaking = None
        # What is thought of while it is said is known at its end.
        told, self._told = self._told, None
        more = event["heard"][len(told) :].strip() if told else ""
        if more:
            lines.append(Line("agent", f"“{more}”"))
        if event["interrupted"]:
            unheard = event["text"][len(event["heard"]) :].strip()
            if unheard:
                lines.append(Line("note", f"not heard: “{_shorten(unheard)}”"))
        return lines

    def _heard(self, event: Event) -> list[Line]:
        said, self._said = self._said, False
        if said:
            return [Line("note", f"understood: “{event['text']}”", f"{event['confidence']:.0%} sure")]
        # A person at a microphone: what they said is known only as it was understood, and its end from the agent.
        self._spoke_until_ms = event["speech_ended_at_ms"]
        return [Line("caller", f"“{event['text']}”", f"{event['confidence']:.0%} sure")]

    def _ended(self, event: Event) -> list[Line]:
        if event.get("call") != self.call or (event["source"] == "exchange") is self._one_sided:
            return []
        return [Line("call", f"ended: {event['cause'].replace('_', ' ')}")]

    def _handover(self, event: Event) -> list[Line]:
        return [Line("call", f"handing over to {event['to']}: {event['reason']}")]


_NARRATE: dict[str, Callable[[Narrator, Event], list[Line]]] = {
    "leg.state": Narrator._leg_state,
    "call.ringing": Narrator._ringing,
    "caller.speech_started": Narrator._caller_speech,
    "caller.speech_ended": Narrator._caller_silent,
    "caller.hears_speech": Narrator._hears_speech,
    "caller.hears_silence": Narrator._hears_silence,
    "agent.speech_began": Narrator._agent_began,
    "agent.speech_ended": Narrator._agent_ended,
    "turn.heard": Narrator._heard,
    "backchannel.ignored": lambda _, event: [Line("note", "a back-channel: the agent goes on")],
    "barge_in.resumed": lambda _, event: [Line("note", "no interruption after all: the agent goes on")],
    "silence.reminder": lambda _, event: [Line("note", "nobody speaks: a reminder")],
    "handler.failed": lambda _, event: [Line("note", f"a handler raised {event['error']}")],
    "tool.used": lambda _, event: [
        Line("note", f"tool {event['name']}: {'not done' if event['failed'] else 'done'}", f"{event['took_ms']:.0f} ms")
    ],
    "handover.started": Narrator._handover,
    "handover.done": lambda _, event: [Line("call", "connected to the person")],
    "handover.failed": lambda _, event: [Line("call", "nobody answers; the agent goes on")],
    "call.ended": Narrator._ended,
}


def _shorten(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"


# -- when it is over --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _AgentSide:
    """What the agent made of one turn."""

    heard: str = ""
    confidence: float | None = None
    intent: str | None = None
    intent_confidence: float | None = None
    said: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    interrupted: bool = False


def tell(report: Mapping[str, Any], events: Sequence[Event], *, folder: Mapping[str, str]) -> dict[str, Any]:
    """The whole call as one object (see docs/json.md).

    Args:
        report: what the exchange reports of the call.
        events: every event of both ends.
        folder: where ``recording`` and ``timeline`` are.
    """
    call_id = report["call"]["call_control_id"]
    mine = sorted((event for event in events if event.get("call") == call_id), key=lambda event: event["at_ms"])
    caller = report["caller"]
    turns = _turns(caller["turns"], mine)
    return {
        "call": {
            "id": call_id,
            **{key: report["call"].get(key) for key in ("from", "to", "direction", "codec", "state", "hangup_cause")},
        },
        "webhooks": _webhooks(events),
        "turns": turns,
        "median_latency_ms": _median([turn["latency_ms"] for turn in turns]),
        "greeting_ms": caller["greeting_ms"],
        "barge_in": caller["barge_in"],
        "backchannel": caller["backchannel"],
        "handover": _handover(mine, report),
        "loop_stall_ms": _last(events, "server.report", "loop_stall_ms"),
        "loop_stall_cpu_ms": _last(events, "server.report", "loop_stall_cpu_ms"),
        **folder,
    }


def _turns(spoken: Sequence[Mapping[str, Any]], events: Sequence[Event]) -> list[dict[str, Any]]:
    sides = _agent_sides(events)
    turns = []
    parted_ms = min((event["at_ms"] for event in events if event["type"] == "handover.done"), default=float("inf"))
    for turn in spoken:
        if turn["kind"] == "backchannel" or turn["began_ms"] > parted_ms:  # or said to the person
            continue
        side = _nearest(sides, turn["ended_ms"])
        turns.append(
            {
                "caller": {"said": turn["said"], "heard": side.heard, "confidence": side.confidence},
                "agent": {
                    "intent": side.intent,
                    "text": " ".join(side.said),
                    "heard": " ".join(side.reached).strip(),
                    "confidence": side.intent_confidence,
                },
                "latency_ms": turn["latency_ms"],
                "interrupted": side.interrupted,
            }
        )
    return turns


# A reply that was worked out with a question in between belongs to both turns: the intent is known at the first, the
# reply comes at the second.
def _agent_sides(events: Sequence[Event]) -> list[tuple[float, _AgentSide]]:
    sides: list[tuple[float, _AgentSide]] = []
    for event in events:
        if event["type"] == "turn.heard":
            side = _AgentSide(heard=event["text"], confidence=round(event["confidence"], 3))
            sides.append((event["speech_ended_at_ms"], side))
        elif sides and event["type"] in ("turn.intent", "turn.reply"):
            sides[-1][1].intent = event["intent"]
            sides[-1][1].intent_confidence = round(event["confidence"], 3)
        elif sides and event["type"] == "agent.speech_ended":
            # An interrupted sentence ends after the turn that interrupted it may have begun, but before it is answered.
            side = _before(sides, event["began_at_ms"])
            side.said.append(event["text"])
            side.reached.append(event["heard"])
            side.interrupted = side.interrupted or event["interrupted"]
    return sides


def _before(sides: Sequence[tuple[float, _AgentSide]], at_ms: float) -> _AgentSide:
    found = sides[0][1]
    for ended_ms, side in sides:
        if ended_ms <= at_ms:
            found = side
    return found


def _nearest(sides: Sequence[tuple[float, _AgentSide]], ended_ms: float) -> _AgentSide:
    close = [(abs(at_ms - ended_ms), index) for index, (at_ms, _) in enumerate(sides)]
    close = [(distance, index) for distance, index in close if distance <= SAME_TURN_MS]
    return sides[min(close)[1]][1] if close else _AgentSide()


def _webhooks(events: Sequence[Event]) -> dict[str, Any]:
    ours = _last(events, "server.report", "webhooks") or {}
    return {
        "delivered": sum(event["type"] == "webhook.delivered" for event in events),
        "verified": ours.get("verified", 0),
        "duplicates_dropped": ours.get("duplicates_dropped", 0),
    }


def _handover(events: Sequence[Event], report: Mapping[str, Any]) -> dict[str, Any] | None:
    started = [event for event in events if event["type"] == "handover.started"]
    if not started:
        return None
    return {
        "to": started[-1]["to"],
        "reason": started[-1]["reason"],
        "bridged": any(event["type"] == "handover.done" for event in events),
        "person_heard": report["caller"]["heard_person"],
    }


def _last(events: Sequence[Event], kind: str, key: str) -> Any:
    found = [event[key] for event in events if event["type"] == kind and key in event]
    return found[-1] if found else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 1) if known else None
