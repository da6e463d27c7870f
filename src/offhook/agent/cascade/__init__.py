"""The cascade: voice activity and recognition, then the dialog, then a voice."""

from __future__ import annotations

from offhook.agent.cascade.cascade import Cascade

__all__ = ["Cascade"]
