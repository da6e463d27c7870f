"""How a plugin of LiveKit's connects."""

from __future__ import annotations

from typing import Any

from offhook.waits import PROVIDER_CONNECT

__all__ = ["connecting"]


def connecting() -> Any:
    """In our time, and once: another provider may be there sooner than a second try."""
    from livekit.agents import APIConnectOptions

    return APIConnectOptions(max_retry=0, timeout=PROVIDER_CONNECT.limit_s)
