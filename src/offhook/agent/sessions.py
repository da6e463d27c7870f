"""An agent as a host knows it: something that makes a session for each call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from offhook.agent.cascade import Cascade
from offhook.agent.cascade.recording import Greeting
from offhook.agent.engines import Engines
from offhook.agent.session import Session
from offhook.agent.speech_to_speech import RealtimeSessions
from offhook.audio.formats import PCM_16K, PCMU, AudioFormat, Rewriter, best_for
from offhook.speech.batch import metered, unadapted
from offhook.speech.metering import Metering, cost_of_recognition, cost_of_voice
from offhook.waiting import WaitOver, within
from offhook.waits import RECOGNITION, VOICE_FIRST

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.calls.call import Call
    from offhook.clock import Clock
    from offhook.speech.metering import EngineCost

__all__ = ["AgentSessions", "sessions_of"]

_SOMETHING_SAID = "Sorry, I did not get that. Could you say it another way?"
_MEASURE_S = 10.0
"""An engine that takes longer than that is not measured: what calls wait for then is what counts."""


def sessions_of(agent: Agent, *, voice: str | None = None) -> AgentSessions | RealtimeSessions:
    """What makes the sessions of an agent, with its engines or its realtime model.

    Args:
        agent: who answers.
        voice: the name of one that speaks in place of the agent's.

    Raises:
        ConfigError: something that it is made of is not there, or wrong.
        EngineMissing: an engine is not installed.
    """
    if agent.realtime is not None:
        return RealtimeSessions(agent)
    return AgentSessions(agent, Engines.load(tts=voice or agent.tts, stt=agent.stt, vad=agent.vad))


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
        _ = agent.dialog, agent.wording  # built once and now, not while the first caller waits
        self._agent = agent
        self.metering = Metering()
        """Where it is told what calls ask of the engines, and what these take."""
        self._engines = engines
        self._metered = replace(
            engines,
            stt=metered(engines.stt, self.metering),
            stt_fallback=tuple(metered(stt, self.metering) for stt in engines.stt_fallback),
            metering=self.metering,
        )
        self._clock = clock
        self._greeting = Greeting(agent, self._metered.voices)

    async def warm_up(self) -> None:
        """Load the engines and have the greeting said once, so that the first call does not wait for it; and see what
        the engines take when nothing else is asked of them."""
        await self._engines.warm_up()
        warm_up = getattr(self._agent.dialog, "warm_up", None)
        if warm_up is not None:
            await warm_up()
        await self._greeting.recording()
        self.metering.costs = await self._costs()

    async def _costs(self) -> tuple[EngineCost, ...]:
        """What those engines take that compute here (``at_once``): the voice says something of a usual length, and the
        recogniser hears it. Others are seen at work: a request to a provider may cost money."""
        stt, tts = unadapted(self._engines.stt), self._metered.voices.first
        pcm = AudioFormat("pcm", stt.sample_rate) if stt is not None else PCM_16K
        costs: list[EngineCost] = []
        try:
            written, said = PCMU, b"".join(recorded.audio for recorded in await self._greeting.recording())
            if getattr(tts, "at_once", None) is not None:
                text = self._agent.texts.clarify or _SOMETHING_SAID
                written = best_for(pcm, tts.formats)
                voice, said = await within(VOICE_FIRST, cost_of_voice(tts, text, written), limit_s=_MEASURE_S)
                costs.append(voice)
            if said and stt is not None and hasattr(stt, "at_once"):
                heard = await asyncio.to_thread(Rewriter(written, pcm).process, said)
                costs.append(await within(RECOGNITION, cost_of_recognition(stt, heard), limit_s=_MEASURE_S))
        except WaitOver:
            pass
        return tuple(costs)

    def __call__(self, call: Call) -> Session:
        """A session for ``call``, with its greeting on the way."""
        conversant = partial(Cascade, engines=self._metered, greeting=self._greeting)
        session = Session(call, self._agent, conversant, clock=self._clock)
        session.prepare()
        return session
