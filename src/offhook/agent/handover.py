"""When and where an agent hands a caller over to a person."""

from __future__ import annotations

import re
from dataclasses import dataclass

from offhook.errors import ConfigError

__all__ = ["Handover", "check_address"]

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_SIP = re.compile(r"sips?:[^\s@<>]+@[^\s@<>]+", re.ASCII | re.IGNORECASE)


def check_address(to: str, *, purpose: str = "to hand over to") -> str:
    """``to``, if it can be dialled. ``purpose`` is for the message.

    Raises:
        ConfigError: it is neither an E.164 number nor a SIP URI.
    """
    if _E164.fullmatch(to) or _SIP.fullmatch(to):
        return to
    raise ConfigError(
        f"expected an E.164 number (+ and 7 to 15 digits) or a SIP URI {purpose}, got something else.",
        fix='write it like "+15550100" or "sip:desk@example.com", without spaces',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """When and where an agent hands a caller over to a person.

    Raises:
        ConfigError: a value that cannot work.
    """

    to: str
    """E.164 number or SIP URI."""
    below_confidence: float = 0.5
    """An answer less certain than this, in 0..1, is a miss."""
    after_misses: int = 2
    """How many misses in a row it takes; each one before the last is answered by asking again."""
    message: str = "I will connect you to a colleague. One moment, please."
    """Said before."""
    ring_s: int = 30
    """How long it may ring there, in 5..600, before the caller is told that nobody answers."""

    def __post_init__(self) -> None:
        check_address(self.to)
        if not 0 <= self.below_confidence <= 1:
            raise ConfigError(
                f"expected below_confidence in 0..1, got {self.below_confidence}", fix="0.5 suits most agents"
            )
        if self.after_misses < 1:
            raise ConfigError(f"expected after_misses of 1 or more, got {self.after_misses}", fix="use 1 or 2")
        if not 5 <= self.ring_s <= 600:
            raise ConfigError(f"expected ring_s in 5..600, got {self.ring_s}", fix="30 is what carriers do")
