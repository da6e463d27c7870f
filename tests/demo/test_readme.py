"""The agent of the README with other people's ears, voice and model, as it stands there, on a call."""

from __future__ import annotations

import asyncio
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offhook.cli.local import LocalNetwork
from offhook.demo.lines import Line, Lines
from offhook.exchange.people.caller import ScriptedCaller
from offhook.exchange.people.script import parse_script
from offhook.exchange.people.voices import Voices
from offhook.testing.providers import Answer, StandIns

if TYPE_CHECKING:
    from collections.abc import Callable

README = Path(__file__).parents[2] / "README.md"
ANSWER = "We open at nine every weekday."
STEPS = [{"wait_agent": True}, {"say": "hours"}, {"wait_agent": True}, {"hang_up": True}]


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_agent_of_the_readme_talks_through_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require: Callable[[bool, str], None]
) -> None:
    """Its words come from AssemblyAI, its answer from OpenAI, its sound from Deepgram: stand-ins for them, over their
    protocols; nothing of the README is changed."""
    for package in ("onnxruntime", "moonshine_voice", "openai"):
        require(find_spec(package) is not None, f"{package} (pip install 'offhook[local,openai]')")
    (source,) = re.findall(r"```python\n(from offhook import Agent\n\n.*?)```", README.read_text(), re.DOTALL)
    assert all(name in source for name in ('"openai:', 'stt="assemblyai"', 'tts="deepgram"'))
    (tmp_path / "readme_app.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", "k")
    events: list[dict[str, Any]] = []
    over = asyncio.Event()

    def on_event(event: dict[str, Any]) -> None:
        events.append(event)
        if event["type"] == "leg.state" and event.get("state") == "ended":
            over.set()

    services = StandIns(answers=Lines(Line("open", (Answer(text=ANSWER),)), otherwise=Answer(text="Pardon?")))
    async with services:
        environment = {name: value for name, value in services.env.items() if name != "TELNYX_API_KEY"}
        network = LocalNetwork("readme_app:agent", on_event=on_event, environment=environment)
        try:
            await network.start()
            await network.start_agent()
            caller = ScriptedCaller(parse_script({"name": "readme", "steps": STEPS}), voices=Voices())
            network.exchange.place_call(from_="+15550150", to=network.exchange.numbers()[0], phone=caller)
            async with asyncio.timeout(60):
                await over.wait()
            await network.stop_agent()
        finally:
            await network.stop()
        assert ANSWER in [event["heard"] for event in events if event["type"] == "agent.speech_ended"]
        assert services.journal.find("assemblyai", way="in", stage="audio")
        assert services.journal.find("aura", way="out", stage="audio")
        assert services.journal.find("chat", stage="request")
