"""Everything that an agent needs, asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook import Agent
from offhook.dialog.model import ModelDialog
from offhook.errors import EngineError
from offhook.models.testing import FakeModel
from offhook.probing.agent import probe_agent
from offhook.probing.engines import SENTENCE
from offhook.speech.testing import FakeStreamingStt, FakeStreamingTts, FakeVad

if TYPE_CHECKING:
    import pytest

    from offhook.probing.probe import Probe


async def asked(agent: Agent) -> list[Probe]:
    told: list[Probe] = []
    probes = await probe_agent(agent, told.append)
    assert probes == told
    return probes


def agent(**more: Any) -> Agent:
    return Agent(
        "Desk",
        "",
        vad=FakeVad(),
        **{"tts": FakeStreamingTts(word_ms=95.0), "stt": FakeStreamingStt([SENTENCE]), **more},
    )


async def test_everything_is_asked_those_too_that_stand_in_for_another() -> None:
    """Voices first, then tools, then what hears and what thinks."""
    probes = await asked(
        agent(
            tts=[FakeStreamingTts(deeds=["refuse"]), FakeStreamingTts()],
            stt=[FakeStreamingStt([SENTENCE]), FakeStreamingStt([SENTENCE])],
            llm=[FakeModel("Yes.", name="one"), FakeModel([EngineError("no")], name="two")],
        )
    )
    assert [probe.role for probe in probes[:4]] == ["voice activity", "voice", "voice", "tools"]
    assert sorted(probe.role for probe in probes[4:]) == ["model", "model", "recogniser", "recogniser"]
    assert {probe.name: probe.found is not None for probe in probes if probe.role == "model"} == {
        "one": True,
        "two": False,
    }
    assert [probe.found is not None for probe in probes if probe.role == "voice"] == [False, True]


async def test_models_are_given_the_tools_that_they_will_have() -> None:
    """Those of the program and those of the house: a schema that the provider refuses is found here."""
    model = FakeModel("Yes.")
    front = agent(llm=model)

    @front.tool
    def hours(day: str) -> str:
        """Opening hours."""
        return day

    probes = await asked(front)
    assert all(probe.found is not None for probe in probes), probes
    assert model.offered[0] == ("hours", "hang_up")


async def test_the_models_of_a_dialog_of_ones_own_are_asked_too() -> None:
    """They are no less needed."""
    probes = await asked(agent(dialog=ModelDialog(FakeModel("Yes.", name="own"), "Be kind.")))
    assert [probe.name for probe in probes if probe.role == "model"] == ["own"]


async def test_every_missing_key_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one after the other, each after the one before was mended."""
    for name in ("ASSEMBLYAI_API_KEY", "DEEPGRAM_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "")
    probes = await asked(agent(stt=["assemblyai", "deepgram"], llm="openai:gpt-5-mini"))
    fixes = [probe.fix or "" for probe in probes if probe.found is None]
    assert len(fixes) == 3
    assert all(any(f"set {name}" in fix for fix in fixes) for name in ("ASSEMBLYAI_API_KEY", "OPENAI_API_KEY"))


async def test_an_agent_that_has_nothing_to_say_is_told_so() -> None:
    """As when it is served."""
    probes = await asked(agent())
    (dialog,) = [probe for probe in probes if probe.role == "dialog"]
    assert dialog.error is not None
    assert "got neither" in dialog.error


async def test_realtime_models_are_asked_and_nothing_else_that_the_agent_does_not_need() -> None:
    """With the tools that they will have; one that cannot be asked is only loaded."""

    class Parrot:
        def converse(self, host: Any, models: Any, health: Any) -> Any:
            raise AssertionError("there is no call")

    class Singer(Parrot):
        async def first_sounds(self, tools: Any) -> tuple[float, float, float]:
            assert [tool.name for tool in tools] == ["hang_up"]
            return 300.0, 100.0, 1200.0

    for model, found in ((Parrot(), (None, None, "")), (Singer(), (300.0, 100.0, "1.2 s"))):
        tools, realtime = await asked(Agent("Desk", "", realtime=model))
        assert (tools.role, realtime.role, realtime.name) == ("tools", "realtime", type(model).__name__)
        assert realtime.found is not None
        assert (realtime.found.first_ms, realtime.found.again_ms, realtime.found.what) == found
