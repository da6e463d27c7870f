"""What sessions of recognition share."""

from __future__ import annotations

import re

__all__ = ["EAGERNESS_MS", "KEY", "plain", "silence_for", "sureness"]

KEY = "offhook-stand-in"
"""The key in the environment that stand-ins give. Any other is taken too: there is nothing to protect."""

EAGERNESS_MS = 300.0
"""The silence after which a stand-in is half sure that a turn is over. The vendors' models judge the words as well; a
stand-in has silence alone."""


def sureness(silence_ms: float) -> float:
    """How sure a stand-in is, in 0..1, that a turn is over after so much silence."""
    return silence_ms / (silence_ms + EAGERNESS_MS)


def silence_for(sure: float) -> float:
    """The silence after which it is that sure; a very long one for 1."""
    return EAGERNESS_MS * sure / max(1.0 - sure, 0.001)


def plain(text: str) -> str:
    """The words as a recogniser gives them that writes neither capitals nor punctuation."""
    return re.sub(r"[^\w\s']", "", text.lower())
