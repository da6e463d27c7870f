"""Reading what a provider sends: whatever it is, there is a value of the right type, or an error of ours. Pure."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from offhook.errors import EngineError

__all__ = ["items", "mean", "number", "object_of", "text"]

_decode = msgspec.json.Decoder().decode


def object_of(message: str | bytes, provider: str) -> dict[str, Any]:
    """A message as an object.

    Raises:
        EngineError: it is none.
    """
    if isinstance(message, str):
        try:
            value = _decode(message)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            value = None
        if isinstance(value, dict):
            return value
    raise EngineError(f"expected a message of {provider}, got one that is none.")


def text(values: dict[str, Any], name: str) -> str:
    """A text; an empty one where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def number(values: dict[str, Any], name: str, default: float = 0.0) -> float:
    """A finite number; ``default`` where there is none."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    try:
        return float(value) if math.isfinite(value) else default
    except OverflowError:
        return default


def items(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list; none where there is no list."""
    value = values.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mean(confidences: list[float], default: float = 1.0) -> float:
    """The mean of confidences, in 0..1; ``default`` of none."""
    if not confidences:
        return default
    return min(1.0, max(0.0, sum(confidences) / len(confidences)))
