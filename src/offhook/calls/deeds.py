"""What ends the agent's part in a call: decided by a dialog or a tool, done once everything said was heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Deed", "HandOver", "HangUp"]


@dataclass(frozen=True, slots=True)
class HandOver:
    """Connect the caller to a person once everything said was heard. The last act.

    ``reason`` is for the person and the records; ``to`` is an E.164 number or a SIP URI, ``None``: where the agent
    hands over to.
    """

    reason: str = ""
    to: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call once everything said was heard. The last act."""


Deed: TypeAlias = HandOver | HangUp
