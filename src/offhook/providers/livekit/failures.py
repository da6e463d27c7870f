"""What it means when a plugin of LiveKit's raises: errors without the provider's own words."""

from __future__ import annotations

from typing import Any

from offhook.errors import EngineError, EngineRefused, EngineUnavailable

__all__ = ["failure"]

_KEY = (401, 403)
_LATER = (408, 409, 425, 429)


def failure(plugin: Any, error: Exception) -> EngineError:
    """The error for what ``plugin`` has raised.

    LiveKit tells a status (``APIStatusError``), often as the cause of an error without one; -1: there was none.
    """
    if isinstance(error, EngineError):
        return error
    name = f"LiveKit's {_label(plugin)}"
    status = _status(error)
    if status in _KEY:
        return EngineRefused(f"expected {name} to be let in, got the code {status}.", fix="correct its key")
    if status == 402:
        return EngineRefused(f"expected {name} to be served, got the code 402.", fix="see the account")
    if 400 <= status < 500 and status not in _LATER:
        return EngineRefused(
            f"expected {name} to make itself understood, got the code {status}.", fix="correct its options"
        )
    got = f"the code {status}" if status > 0 else type(error).__name__
    return EngineUnavailable(f"expected {name} to work, got {got}.")


def _label(plugin: Any) -> str:
    """``livekit.plugins.deepgram.stt.STT`` is Deepgram's STT: ``deepgram STT``."""
    parts = type(plugin).__module__.split(".")
    return (
        f"{parts[2] if parts[:2] == ['livekit', 'plugins'] and len(parts) > 2 else parts[-1]} {type(plugin).__name__}"
    )


def _status(error: BaseException) -> int:
    seen: BaseException | None = error
    for _ in range(4):
        status = getattr(seen, "status_code", None) or getattr(seen, "status", None)
        if isinstance(status, int) and status > 0:
            return status
        seen = seen.__cause__ or seen.__context__ if seen is not None else None
    return -1
