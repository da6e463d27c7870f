"""What is asked of an engine, and what came of it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from offhook.errors import ConfigError, EngineError, OffhookError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["LIMIT_S", "Found", "Probe", "Role", "probed"]

logger = logging.getLogger(__name__)

Role: TypeAlias = Literal["voice", "recogniser", "model", "realtime", "tools", "dialog", "voice activity"]

LIMIT_S: Final = 15.0
"""How long one engine may take in all, loading included."""


@dataclass(frozen=True, slots=True)
class Found:
    """It works."""

    first_ms: float | None = None
    """From the question to the beginning of the answer, the connection included; ``None``: does not apply."""
    again_ms: float | None = None
    """The same for a second question, on what is there by then."""
    what: str = ""
    """What it has given: ``1.9 s of PCMU``."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of asking one engine."""

    role: Role
    name: str
    """As the agent names it; the type of one of its own."""
    found: Found | None = None
    """``None``: it does not work."""
    error: str | None = None
    """What was expected and what came; ``None``: it works."""
    fix: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a program reads it."""
        found = self.found or Found()
        return {
            "role": self.role,
            "name": self.name,
            "ok": self.found is not None,
            "first_ms": _rounded(found.first_ms),
            "again_ms": _rounded(found.again_ms),
            "found": found.what or None,
            "error": self.error,
            "fix": self.fix,
        }


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)


async def probed(role: Role, name: str, ask: Callable[[], Awaitable[Found]], *, limit_s: float = LIMIT_S) -> Probe:
    """Ask, and make of whatever happens something to be told. Raises nothing but its own cancellation."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(limit_s):
            return Probe(role, name, await ask())
    except TimeoutError:
        waited = time.monotonic() - began_s
        return Probe(role, name, error=f"expected an answer, got none in {waited:.0f} s.", fix=_UNREACHED)
    except OffhookError as error:
        return Probe(role, name, error=error.message, fix=error.fix or _fix_of(error))
    except Exception as error:
        logger.debug("%s %s raised", role, name, exc_info=error)
        return Probe(role, name, error=f"expected an answer, got {type(error).__name__}.", fix=_OWN)


_UNREACHED: Final = "see that this machine reaches the provider, and what its status page says"
_OWN: Final = "look into it: offhook check --debug shows where it was raised"


def _fix_of(error: OffhookError) -> str | None:
    return None if isinstance(error, ConfigError) else _UNREACHED if isinstance(error, EngineError) else None
