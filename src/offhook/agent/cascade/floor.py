"""What the agent does, and whether the caller may have the floor; of :mod:`~.turns`."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["AgentState", "Floor"]


class AgentState(Enum):
    """What the agent is doing."""

    LISTENING = auto()
    """It waits for the caller."""
    THINKING = auto()
    """It works on an answer, silently."""
    SPEAKING = auto()
    """The caller hears it, or would if it were not paused."""


class Floor:
    """Who has the floor. All times are milliseconds of one clock.

    Args:
        now_ms: when the conversation begins.
        barge_in: whether the caller can interrupt the agent at all.
    """

    def __init__(self, now_ms: float, *, barge_in: bool) -> None:
        self._barge_in = barge_in
        self.agent = AgentState.LISTENING
        self.protected = False
        """What the agent says is not interrupted."""
        self.hello = False
        """The call has just begun: a hello is no interruption."""
        self.since_ms = now_ms
        """When the agent last began to speak."""
        self._paused_ms: float | None = None

    @property
    def paused(self) -> bool:
        """Whether the agent has been silenced, and has neither yielded nor gone on."""
        return self._paused_ms is not None

    @property
    def interruptible(self) -> bool:
        """Whether the agent is heard, and may be silenced."""
        return self.agent is AgentState.SPEAKING and not self.protected and self._paused_ms is None

    @property
    def undisturbed(self) -> bool:
        """Whether the agent speaks, and nothing has silenced it."""
        return self.agent is AgentState.SPEAKING and self._paused_ms is None

    @property
    def guarded(self) -> bool:
        """Whether the agent says something that is not interrupted."""
        return self.agent is AgentState.SPEAKING and self.protected

    def paused_for_ms(self, now_ms: float) -> float:
        """For how long the agent has been silenced."""
        return now_ms - self._paused_ms if self._paused_ms is not None else 0.0

    def speaks(self, now_ms: float, *, protected: bool, hello: bool) -> None:
        """The agent is about to be heard."""
        if self.agent is not AgentState.SPEAKING:
            self.since_ms = now_ms
        self.agent = AgentState.SPEAKING
        self.protected = protected or not self._barge_in
        self.hello = hello

    def falls_silent(self, state: AgentState) -> None:
        """The agent cannot be heard any more; it is not paused any more, if it was."""
        self.agent = state
        self.protected = False
        self._paused_ms = None

    def pause(self, now_ms: float) -> None:
        """The agent is silenced."""
        self._paused_ms = now_ms

    def go_on(self) -> bool:
        """It was no interruption; whether the agent had been silenced."""
        paused, self._paused_ms = self.paused, None
        return paused

    def give_up(self) -> bool:
        """The caller has the floor; whether the agent had it until now, and could lose it."""
        self._paused_ms = None
        if self.agent is not AgentState.SPEAKING or self.protected:
            return False
        self.agent = AgentState.LISTENING
        return True
