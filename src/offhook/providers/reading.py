"""Reading what a provider sends: whatever it is, there is a value of the right type, or an error of ours. Pure."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import msgspec

from offhook.errors import EngineError
from offhook.speech.streams import Word

__all__ = ["audio_in", "items", "mean", "number", "number_in", "object_of", "text", "timed"]

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


def number_in(name: str) -> int | None:
    """The number of the sentence that a context is named after."""
    return int(name) if name.isascii() and name.isdecimal() and len(name) < 10 else None


def audio_in(data: object, provider: str) -> bytes:
    """Audio in base64.

    Raises:
        EngineError: it is none.
    """
    try:
        return base64.b64decode(data if isinstance(data, str) else "", validate=True)
    except (binascii.Error, ValueError):
        raise EngineError(f"expected audio of {provider}, got what is none.") from None


def timed(value: object) -> tuple[Word, ...]:
    """Words with times in seconds: ``{"words": […], "start": […], "end": […]}``; none where that is not so."""
    if not isinstance(value, dict):
        return ()
    columns: list[Any] = [value.get(name) for name in ("words", "start", "end")]
    if not all(isinstance(column, list) for column in columns):
        return ()
    return tuple(
        Word(word, began * 1000, ended * 1000)
        for word, began, ended in zip(*columns, strict=False)
        if isinstance(word, str) and word and _is_time(began) and _is_time(ended)
    )


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 3600
