"""``offhook check``: whether everything that an agent needs works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from offhook.cli.check import run_check
from offhook.errors import ConfigError
from offhook.testing.providers import Scripted, StandIns

if TYPE_CHECKING:
    from pathlib import Path

APP = """
from offhook import Agent
from offhook.speech.testing import FakeStreamingTts, FakeVad

voice = FakeStreamingTts(word_ms=95)
agent = Agent("Front [desk]", "", vad=FakeVad(), tts=voice, stt="assemblyai", llm="openai:gpt-5-mini")
"""


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checked_app.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


async def test_an_agent_whose_providers_all_answer_is_shown_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what they took: the round trip at first and, on the connection that there is then, again."""
    async with StandIns(Scripted(["I would like to book a table"])) as providers:
        for name, value in providers.env.items():
            monkeypatch.setenv(name, value)
        assert await run_check("checked_app", debug=False, as_json=False) == 0
        shown = capsys.readouterr().out
        assert shown.startswith("Front [desk]\n")
        assert "all 5 work" in shown
        assert "✓ model openai:gpt-5-mini" in shown
        assert await run_check("checked_app", debug=False, as_json=True) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] is True
        assert all(probe["ok"] for probe in told["probes"])
        providers.fault("assemblyai", "connect", "refuse")
        assert await run_check("checked_app", debug=False, as_json=False) == 1
        assert "1 of 5 do not work" in capsys.readouterr().out


async def test_what_does_not_work_is_shown_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1."""
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert await run_check("checked_app", debug=False, as_json=False) == 1
    shown = capsys.readouterr().out
    assert "✗ recogniser assemblyai" in shown
    assert "  fix:   set ASSEMBLYAI_API_KEY" in shown
    assert "2 of 5 do not work" in shown


async def test_an_agent_that_is_not_there_is_told_as_everywhere() -> None:
    """Nothing is asked."""
    with pytest.raises(ConfigError, match="expected a module"):
        await run_check("no_such_app:agent", debug=False, as_json=False)
