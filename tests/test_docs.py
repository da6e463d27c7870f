"""What the documents show is what works."""

from __future__ import annotations

import asyncio
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from offhook import Agent, Call, HandOver, HangUp, Heard, Say, TranscriptEntry
from offhook.calls.state import CallRecord
from offhook.calls.transcript import Scribe
from offhook.cli.main import app
from offhook.dialog.acts import acts_of
from offhook.dialog.model import ModelDialog
from offhook.exchange.exchange import Exchange
from offhook.exchange.people.script import parse_script
from offhook.exchange.words.seed import parse_seed

PUBLIC = {
    "offhook",
    "offhook.events",
    "offhook.models.base",
    "offhook.models.testing",
    "offhook.providers",
    "offhook.speech.streams",
    "offhook.speech.testing",
    "offhook.testing.providers",
    "offhook.tools.built_in",
}
"""Where what is shown may be imported from: for who writes an agent, and for who writes an engine or tries one."""

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_agent_of_the_readme_is_an_agent_of_at_most_25_lines(require: Any) -> None:
    """It can be saved as app.py as it stands."""
    require(find_spec("rapidfuzz") is not None, "the extra local")
    source = blocks(ROOT / "README.md", "python")[0]
    assert len(source.splitlines()) <= 25
    names: dict[str, Any] = {}
    exec(compile(source, "README.md", "exec"), names)
    agent = names["agent"]
    assert isinstance(agent, Agent)
    assert agent.handing_over is not None
    assert agent.dialog is not None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_python_block_is_python(path: Path) -> None:
    """Whether or not it can be run alone."""
    for source in blocks(path, "python"):
        compile(source.replace("…", "..."), path.name, "exec")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_imported_is_at_the_top(path: Path) -> None:
    """Where a name lies inside is nobody's business, and may change."""
    for source in blocks(path, "python"):
        for module, names in re.findall(r"^from (offhook[\w.]*) import (.+)$", source, re.MULTILINE):
            # A recogniser that streams needs a dozen names, which nobody else does: they are public where they lie.
            assert module in PUBLIC, module
            exec(f"from {module} import {names}")


async def test_the_agents_that_are_shown_answer(require: Any) -> None:
    """The blocks of agents.md, one after the other, as they stand."""
    require(find_spec("rapidfuzz") is not None, "the extra local")
    names: dict[str, Any] = {}
    for source in blocks(ROOT / "docs" / "agents.md", "python"):
        exec(compile(source, "agents.md", "exec"), names)
    call = Call(CallRecord(call_id="v3:call"), Any)  # type: ignore[arg-type]
    desk, concierge = names["agent"].dialog, names["concierge"].dialog

    async def acts(dialog: Any, text: str) -> list[Any]:
        return [act async for act in acts_of(dialog.respond(call, Heard(text)))]

    assert (await acts(desk, "are you open on saturday"))[-1] == Say("At ten.", whole=True)
    assert len(await acts(desk, "how do I get there")) == 3
    assert (await acts(desk, "can I talk to somebody"))[-1] == HandOver("the caller asked for a person")
    assert await acts(concierge, "goodbye") == [Say("Thank you "), Say("for calling."), HangUp()]
    said = {"began_at_ms": 0.0, "ended_at_ms": 1.0}
    entry = TranscriptEntry(speaker="agent", kind="reply", heard="At", said="At nine.", **said)
    Scribe(call.transcript).write(entry)
    assert names["messages"](call) == [{"role": "assistant", "content": "At"}]
    names["watch"](call)


async def test_the_models_that_are_shown_are_asked_as_it_is_said(require: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of models.md, one after the other, as they stand, and the agent of the README that has a model."""
    require(find_spec("openai") is not None and find_spec("rapidfuzz") is not None, "the extras openai and local")
    for key in ("OPENAI_API_KEY", "GROQ_API_KEY"):
        monkeypatch.setenv(key, "k")
    names: dict[str, Any] = {}
    for source in blocks(ROOT / "docs" / "models.md", "python"):
        exec(compile(source, "models.md", "exec"), names)
    call = Call(CallRecord(call_id="v3:call", from_="+15550150"), Any)  # type: ignore[arg-type]

    async def said(dialog: Any, text: str) -> str:
        acts = [act async for act in acts_of(dialog.respond(call, Heard(text)))]
        return "".join(act.text for act in acts if isinstance(act, Say))

    assert isinstance(names["agent"].dialog, ModelDialog)
    assert (names["here"].name, names["ours"].name) == ("ollama:qwen3:4b", "other:llama-3.3-70b")
    assert await said(ModelDialog(names["parrot"]), "hello") == "You said: hello"
    assert names["ann"].dialog is names["dialog"]
    assert names["instructions"](call).endswith("The caller's number is +15550150.")
    assert await said(names["desk"].dialog, "this is an emergency") == "Please hang up, and call one one two."
    assert [await said(names["tried"].dialog, text) for text in ("a", "b")] == ["At nine.", "You are welcome."]
    _, source = blocks(ROOT / "README.md", "python")
    exec(compile(source, "README.md", "exec"), names)
    assert isinstance(names["agent"].dialog, ModelDialog)


async def test_the_recognisers_and_the_stand_ins_that_are_shown_are_made(
    monkeypatch: pytest.MonkeyPatch, require: Any
) -> None:
    """The blocks of providers.md, as they stand."""
    require(find_spec("openai") is not None, "the extra openai")
    for name in ("ASSEMBLYAI", "CARTESIA", "DEEPGRAM", "ELEVENLABS", "OPENAI", "RIME", "TELNYX"):
        monkeypatch.setenv(f"{name}_API_KEY", "k")
    names: dict[str, Any] = {}
    for source in blocks(ROOT / "docs" / "providers.md", "python"):
        exec(compile(source, "providers.md", "exec"), names)
    assert names["agent"].stt == ["deepgram:flux", "moonshine"]
    await names["test_my_agent"]()


def test_the_agent_whose_services_may_break_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block of failover.md, as it stands."""
    names: dict[str, Any] = {}
    (source,) = blocks(ROOT / "docs" / "failover.md", "python")
    exec(compile(source, "failover.md", "exec"), names)
    assert len(names["agent"].stt) == len(names["agent"].tts) == 3


def test_the_plugins_of_livekit_that_are_shown_are_made(monkeypatch: pytest.MonkeyPatch, require: Any) -> None:
    """The blocks of livekit-plugins.md, as they stand."""
    require(find_spec("livekit") is not None, "the dependency group livekit")
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    names: dict[str, Any] = {}
    for source in blocks(ROOT / "docs" / "livekit-plugins.md", "python"):
        exec(compile(source, "livekit-plugins.md", "exec"), names)
    assert names["agent"].llm == ("livekit:google.LLM(model=gemini-2.5-flash)",)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_verb_that_is_shown_exists(path: Path) -> None:
    """``offhook something`` in a document is something that offhook can do."""
    for words in set(
        re.findall(r"`?offhook ((?:exchange |bench |providers )?[a-z]+)\b", path.read_text(encoding="utf-8"))
    ):
        verbs = words.split()
        if verbs[0] in {"demo", "dev", "serve", "call", "exchange", "bench", "providers"}:
            result = CliRunner().invoke(app, [*verbs, "--help"])
            assert result.exit_code == 0, words


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Links within the repository."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


async def test_a_program_on_the_official_sdk_runs_as_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first block of your-own-program.md, with nothing but the environment that the exchange gives."""
    source, embedded = blocks(ROOT / "docs" / "your-own-program.md", "python")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with Exchange(port=0) as exchange:
        for name, value in exchange.env().items():
            monkeypatch.setenv(name, value)
        names: dict[str, Any] = {}
        await asyncio.to_thread(exec, compile(source, "your-own-program.md", "exec"), names)
        assert exchange.board.circuit(names["leg"].call_control_id).leg.state == "ended"
    assert "Exchange(port=0)" in embedded


def test_the_seed_and_the_script_that_are_shown_are_read() -> None:
    """The TOML blocks of your-own-program.md."""
    seed, script = blocks(ROOT / "docs" / "your-own-program.md", "toml")
    assert parse_seed(tomllib.loads(seed)).numbers[0].phone_number == "+15550199"
    assert len(parse_script(tomllib.loads(script)).steps) == 8
