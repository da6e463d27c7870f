"""Everything that an agent needs, asked once."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from offhook.probing.engines import Spoken, ask_model, ask_recogniser, ask_voice, warm_up
from offhook.probing.probe import Found, probed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from offhook.agent.agent import Agent
    from offhook.models.base import ToolSpec
    from offhook.probing.probe import Probe, Role

__all__ = ["probe_agent"]


async def probe_agent(agent: Agent, told: Callable[[Probe], None]) -> list[Probe]:
    """Ask every engine, model and server of tools that a call may need, those too that only stand in for another.

    Voices come first, for what they say is what recognisers hear; then its tools, which models are given; then
    recognisers and models beside each other.

    Args:
        agent: is not changed.
        told: is called with every answer as it comes.
    """
    found: list[Probe] = []

    async def ask(role: Role, name: str, question: Callable[[], Awaitable[Found]]) -> None:
        probe = await probed(role, name, question)
        found.append(probe)
        told(probe)

    offered = _Offered()
    if agent.realtime is not None:
        await ask("tools", "what the agent does", partial(_doing, agent, offered))
        for model in _listed(agent.realtime):
            await ask("realtime", _name_of(model, ""), partial(_realtime, model, offered.specs))
        return found
    await ask("voice activity", _name_of(agent.vad, "silero"), partial(_detector, agent.vad))
    spoken = Spoken()
    for voice in _listed(agent.tts):
        await ask("voice", _name_of(voice, "the default"), partial(_voice, voice, spoken))
    await ask("tools" if agent.llm else "dialog", "what the agent does", partial(_doing, agent, offered))
    async with asyncio.TaskGroup() as together:
        for stt in _listed(agent.stt):
            together.create_task(ask("recogniser", _name_of(stt, "the default"), partial(_recogniser, stt, spoken)))
        for llm in agent.llm or offered.models:
            together.create_task(ask("model", _name_of(llm, ""), partial(_model, llm, offered.specs)))
    return found


def _listed(given: object) -> Sequence[Any]:
    return [*given] if isinstance(given, (list, tuple)) else [given]


def _name_of(engine: object, default: str) -> str:
    if engine is None:
        return default
    return engine if isinstance(engine, str) else str(getattr(engine, "name", "") or type(engine).__name__)


async def _detector(given: Any) -> Found:
    from offhook.speech.engines import load_vad

    await warm_up(load_vad() if given is None else given)
    return Found()


async def _voice(given: Any, spoken: Spoken) -> Found:
    from offhook.speech.batch_voice import as_streaming
    from offhook.speech.engines import load_tts

    voice = load_tts(given) if given is None or isinstance(given, str) else given
    return await ask_voice(as_streaming(voice), spoken)


async def _recogniser(given: Any, spoken: Spoken) -> Found:
    from offhook.speech.batch import streaming
    from offhook.speech.engines import default_stt, load_stt

    engine = default_stt() if given is None else load_stt(given) if isinstance(given, str) else given
    return await ask_recogniser(streaming(engine), spoken)


async def _model(given: Any, specs: Sequence[ToolSpec]) -> Found:
    if isinstance(given, str):
        from offhook.models.loading import load_model

        given = load_model(given)
    return await ask_model(given, specs)


async def _realtime(given: Any, specs: Sequence[ToolSpec]) -> Found:
    from offhook.agent.speech_to_speech import load_models

    (model,) = load_models(given)
    await warm_up(model)
    first_sounds = getattr(model, "first_sounds", None)
    if first_sounds is None:
        return Found()
    first_ms, again_ms, said_ms = await first_sounds(specs)
    return Found(first_ms, again_ms, f"{said_ms / 1000:.1f} s")


class _Offered:
    """What there is for models to use, and the models of a dialog of the agent's own."""

    def __init__(self) -> None:
        self.specs: Sequence[ToolSpec] = ()
        self.models: Sequence[Any] = ()


async def _doing(agent: Agent, offered: _Offered) -> Found:
    """Make ready what decides and what is done, as a worker does, but for the models, which are asked on their own."""
    if not agent.llm and agent.realtime is None:
        dialog = agent.dialog
        offered.models = getattr(dialog, "models", ())
        await warm_up(dialog)
        return Found(what=type(dialog).__name__)
    tools = agent.tools_for_the_model()
    if tools is None:
        return Found(what="no tools")
    await warm_up(tools)
    offered.specs = tools.specs
    return Found(what=", ".join(spec.name for spec in offered.specs) or "no tools")
