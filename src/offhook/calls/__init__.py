"""A call: its identity, state, media and registry."""

from __future__ import annotations

from offhook.calls.call import Call, Conversation
from offhook.calls.state import CallRecord, CallState

__all__ = ["Call", "CallRecord", "CallState", "Conversation"]
