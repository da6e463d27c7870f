"""An agent as a host knows it: something that makes a session for each call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from offhook.agent.cascade import Cascade
from offhook.agent.cascade.recording import Greeting
from offhook.agent.session import Session

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.agent.engines import Engines
    from offhook.calls.call import Call
    from offhook.clock import Clock

__all__ = ["AgentSessions"]


class AgentSessions:
    """Makes the session of a call while it rings (:data:`~offhook.calls.session.SessionFactory`).

    Args:
        agent: who answers.
        engines: what listens and speaks, for all calls.
        clock: what time it is.

    Raises:
        ConfigError: the agent has nothing to answer with.
    """

    def __init__(self, agent: Agent, engines: Engines, *, clock: Clock | None = None) -> None:
        _ = agent.dialog  # built once and now, not while the first caller waits
        self._agent = agent
        self._engines = engines
        self._clock = clock
        self._greeting = Greeting(agent, engines.tts)

    async def warm_up(self) -> None:
        """Load the engines and have the greeting said once, so that the first call does not wait for it."""
        await self._engines.warm_up()
        await self._greeting.recording()

    def __call__(self, call: Call) -> Session:
        """A session for ``call``, with its greeting on the way."""
        conversant = partial(Cascade, engines=self._engines, greeting=self._greeting)
        session = Session(call, self._agent, conversant, clock=self._clock)
        session.prepare()
        return session
