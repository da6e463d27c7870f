"""The table: which providers there are, what goes wrong with them, and what is to become of the call. Pure.

What is expected is what docs/failures.md says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CASES", "FALLBACK", "HEALTHY", "MOST_LATER_MS", "SAID", "Case", "Role", "cases_of"]

Role = Literal["recogniser", "voice", "model", "tool", "realtime"]

SAID: Final = "We open at nine every weekday. On Saturday we open at ten."
"""What the agent answers to the caller's first words."""
FALLBACK: Final = "Goodbye and thank you for calling."
"""What it answers to the second: the call goes on."""
MOST_LATER_MS: Final = 1500.0
"""So much longer than without a fault the caller waits at most, before an answer or within one."""
UNPUNCTUATED: Final = "We open at nine on weekdays and at ten on Saturday and on Sunday we are closed"
HEALTHY: Final = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One cell of the table."""

    role: Role
    provider: str
    """As the agent names it."""
    fault: str
    """What goes wrong, in the words of the column."""
    door: str = ""
    """The stand-in's; ``""``: nothing goes wrong there."""
    stage: str = ""
    kind: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    """See :class:`offhook.testing.providers.faults.Fault`."""
    script: str = ""
    """What the model or the tool does, by name (:mod:`offhook.faults.scripts`)."""
    interrupts: bool = False
    """Whether the caller speaks into the answer."""
    answer: str = SAID
    """What the caller hears of the first answer, all of it and once."""
    gaps: bool = False
    """Whether words of the sentence that broke may be missing: the voice tells no times of its words."""
    filler: bool = False
    """Whether it may take longer, and the caller is told so."""
    reworded: bool = False
    """Whether something else is said."""


_RECOGNISERS: Final = {
    "assemblyai": "assemblyai",
    "deepgram": "deepgram",
    "deepgram:flux": "flux",
    "telnyx": "telnyx-stt",
}
_VOICES: Final = {
    "deepgram": "aura",
    "cartesia": "cartesia",
    "elevenlabs": "elevenlabs",
    "rime": "rime",
    "openai": "speech",
    "telnyx": "telnyx-tts",
}
_TELL_WORDS: Final = {"cartesia", "elevenlabs", "rime"}
_MODEL: Final = "openai"
_CLOSED: Final = {"code": 1011}
_ALWAYS: Final[Mapping[str, Any]] = {"times": None}


def _recognisers() -> list[Case]:
    faults: list[tuple[str, str, str, Mapping[str, Any]]] = [
        ("refuses us", "connect", "refuse", {"status": 401}),
        ("is out of order", "connect", "refuse", {"status": 503}),
        ("never lets us in", "connect", "hang", _ALWAYS),
        ("lets us in and is silent", "*", "silence", _ALWAYS),
        ("sends garbage", "partial", "garbage", {}),
        ("sends an error", "partial", "error", {"code": 1011}),
        ("closes early", "partial", "close", _CLOSED),
        ("breaks off", "partial", "reset", {}),
        ("falls silent in a word", "partial", "silence", _ALWAYS),
    ]
    return [
        Case(role="recogniser", provider=provider, fault=fault, door=door, stage=stage, kind=kind, more=more)
        for provider, door in _RECOGNISERS.items()
        for fault, stage, kind, more in [(HEALTHY, "", "", {}), *faults]
    ]


def _voices() -> list[Case]:
    cases = []
    for provider, door in _VOICES.items():
        middle = {"after": 3}
        faults: list[tuple[str, str, str, Mapping[str, Any]]] = [
            (HEALTHY, "", "", {}),
            ("refuses us", "connect", "refuse", {"status": 401, "times": None}),
            ("is out of order", "connect", "refuse", {"status": 503, "times": None}),
            ("never lets us in", "connect", "hang", _ALWAYS),
            ("lets us in and is silent", "audio", "silence", _ALWAYS),
            ("sends garbage", "audio", "garbage", {"times": None, "garbage": "text"}),
            ("closes early", "audio", "close", {**_CLOSED, "times": 2}),
            ("breaks off in a sentence", "audio", "reset", middle),
            ("falls silent in a sentence", "audio", "silence", {**middle, **_ALWAYS}),
            ("speaks on after it was stopped", "cancel", "late", {"delay_ms": 30}),
            ("speaks at another rate", "speak", "rate", {}),
        ]
        for fault, stage, kind, more in faults:
            cases.append(
                Case(
                    role="voice",
                    provider=provider,
                    fault=fault,
                    door=door if kind else "",
                    stage=stage,
                    kind=kind,
                    more=more,
                    interrupts=kind == "late",
                    gaps=more.get("after") is not None and provider not in _TELL_WORDS,
                )
            )
    return cases


def _models() -> list[Case]:
    faults: list[tuple[str, str, str, Mapping[str, Any]]] = [
        (HEALTHY, "", "", {}),
        ("refuses us", "connect", "refuse", {"status": 401}),
        ("is out of order", "connect", "refuse", {"status": 503}),
        ("never answers", "connect", "hang", {}),
        ("begins and is silent", "text", "silence", {}),
        ("sends garbage", "text", "garbage", {"garbage": "shape"}),
        ("sends an error", "text", "error", {"code": 500}),
        ("closes early", "text", "close", {"after": 4}),
        ("breaks off in a sentence", "text", "reset", {"after": 4}),
        ("falls silent in a sentence", "text", "silence", {"after": 4}),
    ]
    cases = [
        Case(role="model", provider=_MODEL, fault=fault, door="chat" if kind else "", stage=stage, kind=kind, more=more)
        for fault, stage, kind, more in faults
    ]
    scripts = [
        ("answers after it was stopped", "slow", {"interrupts": True}),
        ("answers nothing", "empty", {}),
        (
            "puts no full stop",
            "unpunctuated",
            {"answer": UNPUNCTUATED},
        ),
        ("answers with 10,000 words", "endless", {"reworded": True, "interrupts": True}),
        ("wants a tool that is not there", "unknown tool", {}),
        ("calls a tool in broken JSON", "broken call", {}),
        ("calls tools without end", "tool loop", {}),
    ]
    cases += [
        Case(role="model", provider=_MODEL, fault=fault, script=script, **more)  # type: ignore[arg-type]
        for fault, script, more in scripts
    ]
    tools = [
        (HEALTHY, "tool", {}),
        ("raises", "tool raises", {}),
        ("hangs", "tool hangs", {"filler": True}),
        ("returns a megabyte", "tool returns a megabyte", {}),
    ]
    return cases + [
        Case(role="tool", provider=_MODEL, fault=fault, script=script, **more)  # type: ignore[arg-type]
        for fault, script, more in tools
    ]


def _realtime() -> list[Case]:
    faults: list[tuple[str, str, str, Mapping[str, Any]]] = [
        (HEALTHY, "", "", {}),
        ("refuses us", "connect", "refuse", {"status": 401}),
        ("is out of order", "connect", "refuse", {"status": 503}),
        ("never lets us in", "connect", "hang", {}),
        ("sends garbage", "created", "garbage", {}),
        ("closes early", "created", "close", _CLOSED),
        ("breaks off in a sentence", "voice", "reset", {"after": 8}),
        ("begins and is silent", "created", "silence", {}),
    ]
    return [
        Case(
            role="realtime",
            provider=_MODEL,
            fault=fault,
            door="realtime" if kind else "",
            stage=stage,
            kind=kind,
            more=more,
            gaps="sentence" in fault,
        )
        for fault, stage, kind, more in faults
    ]


CASES: Final = (*_recognisers(), *_voices(), *_models(), *_realtime())
"""All of them, row by row; of each provider first the one in which nothing goes wrong."""


def cases_of(only: str | None) -> tuple[Case, ...]:
    """Those of a role or a provider; ``None``: all."""
    return tuple(case for case in CASES if only is None or only in (case.role, case.provider))
