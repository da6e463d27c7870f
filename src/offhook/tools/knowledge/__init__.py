"""What an agent can look up: documents cut into passages, found by their words or by their meaning."""

from __future__ import annotations

from offhook.tools.knowledge.knowledge import Knowledge

__all__ = ["Knowledge"]
