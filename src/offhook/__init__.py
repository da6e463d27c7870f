"""AI agents that talk on the phone, and the telephone exchange to try them on your own machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.agent import Agent, Engines, Handover, Limits, Texts, TurnOptions
    from offhook.calls.call import Call
    from offhook.dialog.base import Dialog, Heard, Reply
    from offhook.errors import ConfigError, OffhookError

__all__ = [
    "Agent",
    "Call",
    "ConfigError",
    "Dialog",
    "Engines",
    "Handover",
    "Heard",
    "Limits",
    "OffhookError",
    "Reply",
    "Texts",
    "TurnOptions",
    "__version__",
]

__version__ = "0.1.0"

_HOMES = {
    "Agent": "offhook.agent",
    "Call": "offhook.calls.call",
    "ConfigError": "offhook.errors",
    "Dialog": "offhook.dialog.base",
    "Engines": "offhook.agent",
    "Handover": "offhook.agent",
    "Heard": "offhook.dialog.base",
    "Limits": "offhook.agent",
    "OffhookError": "offhook.errors",
    "Reply": "offhook.dialog.base",
    "Texts": "offhook.agent",
    "TurnOptions": "offhook.agent",
}


if not TYPE_CHECKING:  # a type checker sees the imports above, and can tell a name that does not exist

    def __getattr__(name: str) -> object:
        # Imported when first asked for: a command line should not wait for what it does not use.
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
