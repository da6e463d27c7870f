"""Agents that are one model, which hears and speaks: what such a model is to them, and the sessions of their calls."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from offhook.agent.session import Session
from offhook.errors import ConfigError, kind_of
from offhook.health import Health
from offhook.named import SPEECH_TO_SPEECH, make

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.agent.agent import Agent
    from offhook.agent.conversant import Conversant, ConversantHost
    from offhook.calls.call import Call
    from offhook.clock import Clock

__all__ = ["RealtimeSessions", "SpeechToSpeech", "load_models"]


class SpeechToSpeech(Protocol):
    """A model that hears and speaks. One for all calls of a worker.

    It may have a ``warm_up``, as engines do; and ``await model.first_sounds(tools)``, which lets it speak twice, and
    returns how long both took and how much was said the first time, in milliseconds.
    """

    def converse(self, host: ConversantHost, models: Sequence[Any], health: Health[Any]) -> Conversant:
        """What talks on one call.

        Args:
            host: the session on the call.
            models: this one, and those of its kind that talk where it does not work, in their order.
            health: how they do, for all calls.
        """
        ...


def load_models(given: str | SpeechToSpeech | Sequence[str | SpeechToSpeech]) -> list[SpeechToSpeech]:
    """The models that are given, or named.

    Raises:
        ConfigError: none, one that nobody knows, what is none, or several that cannot take each other's place.
    """
    several: list[Any] = [*given] if isinstance(given, (list, tuple)) else [given]
    if not several:
        raise ConfigError("expected a realtime model, got an empty list of them.", fix='realtime="openai:gpt-realtime"')
    models = [make("a realtime model", SPEECH_TO_SPEECH, one) if isinstance(one, str) else one for one in several]
    for model in models:
        if not callable(getattr(model, "converse", None)):
            raise ConfigError(
                f"expected realtime models by name or with a method converse, got {kind_of(model)}.",
                fix='realtime="openai:gpt-realtime"',
            )
        if type(model) is not type(models[0]):
            raise ConfigError(
                "expected realtime models of one kind, that can take each other's place, got several kinds.",
                fix='realtime=["openai:gpt-realtime", "openai:gpt-realtime-mini"]',
            )
    return models


class RealtimeSessions:
    """Makes the session of a call while it rings (:data:`~offhook.calls.session.SessionFactory`).

    Args:
        agent: who answers.
        clock: what time it is.

    Raises:
        ConfigError: there is no such model, or no key for it.
    """

    def __init__(self, agent: Agent, *, clock: Clock | None = None) -> None:
        assert agent.realtime is not None, "only made for an agent that has one"
        self._agent = agent
        self._models = load_models(agent.realtime)
        self._health: Health[Any] = Health(now_s=time.monotonic)
        self._clock = clock
        self._tools = agent.tools_for_the_model()

    @property
    def models(self) -> Sequence[SpeechToSpeech]:
        """Those that talk, in their order."""
        return self._models

    async def warm_up(self) -> None:
        """Have models and tools ready, so that the first call does not wait for it."""
        for each in (*self._models, self._tools):
            warm_up = getattr(each, "warm_up", None)
            if warm_up is not None:
                await warm_up()

    def __call__(self, call: Call) -> Session:
        """A session for ``call``, with the model's on the way."""
        conversant = partial(self._models[0].converse, models=self._models, health=self._health)
        session = Session(call, self._agent, conversant, clock=self._clock)
        session.prepare()
        return session
