"""The agent: its definition, and the session that holds a conversation."""

from __future__ import annotations

from offhook.agent.agent import Agent, Texts
from offhook.agent.engines import Engines
from offhook.agent.handover import Handover
from offhook.agent.options import Limits, TurnOptions
from offhook.agent.work import uninterrupted

__all__ = ["Agent", "Engines", "Handover", "Limits", "Texts", "TurnOptions", "uninterrupted"]
