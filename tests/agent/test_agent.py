"""The definition of an agent, and what is wrong with a wrong one."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import offhook
import offhook.events as public_events
from offhook.agent import Agent, Engines, Handover
from offhook.agent.cascade.drafting import is_speculative
from offhook.agent.cascade.turn import Turn
from offhook.agent.work import current_work
from offhook.calls.call import Call
from offhook.calls.events import CallFact
from offhook.calls.state import CallRecord
from offhook.dialog.acts import HangUp, Say, Understood, acts_of
from offhook.dialog.base import Heard, Reply
from offhook.dialog.model import ModelDialog
from offhook.errors import ConfigError
from offhook.models.base import ToolCall
from offhook.models.testing import FakeModel
from offhook.speech.testing import FakeStt, FakeTts, FakeVad
from offhook.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.dialog.acts import Act

CALL = cast("Call", type("FakeCall", (), {"id": "v3:call", "notify": lambda self, event: None})())


async def acts(agent: Agent, text: str) -> list[Act]:
    """What the agent's dialog does about ``text``."""
    return [act async for act in acts_of(agent.dialog.respond(CALL, Heard(text)))]


@pytest.fixture
def agent() -> Agent:
    return Agent("Hill Street Dental", "How can I help?")


async def test_an_agent_answers_with_its_intents(agent: Agent, require: Any) -> None:
    """A decorated function, or a fixed reply."""
    require(find_spec("rapidfuzz") is not None, "the extra local")

    @agent.intent("opening hours", examples=["when are you open", "are you open on sunday"])
    async def hours(call: Call) -> str:
        return "At nine."

    agent.intent("address", ["where are you", "what is your address"], reply="In Hill Street.")
    assert await acts(agent, "when are you open") == [Understood("opening hours"), Say("At nine.", whole=True)]
    assert await acts(agent, "what is your address") == [Understood("address"), Say("In Hill Street.", whole=True)]
    assert agent.dialog is agent.dialog
    assert repr(agent) == "<Agent 'Hill Street Dental': 2 intents>"


async def test_an_intent_can_end_the_call_by_its_reply(agent: Agent, require: Any) -> None:
    """A function may return all that a dialog may, and a type checker agrees."""
    require(find_spec("rapidfuzz") is not None, "the extra local")

    @agent.intent("goodbye", examples=["goodbye"])
    async def bye(call: Call) -> Reply:
        return Reply("Goodbye.", hangup=True)

    @agent.digit
    def pressed(call: Call, digit: str) -> Reply | str:
        return Reply("One moment.", handover="asked") if digit == "0" else digit

    assert (await acts(agent, "goodbye"))[-1] == HangUp()
    assert agent.on_digit is pressed


async def test_the_hand_over_sets_below_what_a_match_is_none(agent: Agent, require: Any) -> None:
    """Also when it is said after the intents."""
    require(find_spec("rapidfuzz") is not None, "the extra local")
    agent.intent("address", ["where are you"], reply="In Hill Street.")
    assert len(await acts(agent, "where are they")) == 2
    agent.handover(to="sip:desk@example.com", below_confidence=1.0)
    assert agent.handing_over == Handover(to="sip:desk@example.com", below_confidence=1.0)
    (understood,) = await acts(agent, "where are they")
    assert isinstance(understood, Understood)
    assert understood.intent is None


def test_an_agent_can_have_a_language_model_of_its_own_or_by_name(
    monkeypatch: pytest.MonkeyPatch, require: Any
) -> None:
    """It is made when it is first wanted: until then it needs no key."""
    require(find_spec("openai") is not None, "the extra openai")
    model = FakeModel("x")
    dialog = Agent("Desk", "", instructions="You are Ann.", llm=[model, "ollama:llama3.2"]).dialog
    assert isinstance(dialog, ModelDialog)
    assert dialog._models[0] is model
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    agent = Agent("Desk", "", llm="openai:gpt-5-mini")
    assert repr(agent) == "<Agent 'Desk': 0 intents and a language model>"
    with pytest.raises(ConfigError, match="a key for the model"):
        _ = agent.dialog


async def test_beside_a_model_only_a_sure_intent_answers(require: Any) -> None:
    """The caller's words are nearly one of its examples; all else is the model's."""
    require(find_spec("rapidfuzz") is not None, "the extra local")
    agent = Agent("Desk", "", llm=FakeModel("At ten."))
    agent.intent("hours", ["when are you open"], reply="At nine.")
    agent.handover(to="+15550100", below_confidence=0.3)
    call = Call(CallRecord(call_id="v3:call"), Any)  # type: ignore[arg-type]
    for text, said in (("when are you open", "At nine."), ("are you open to a trade", "At ten.")):
        acts = [act async for act in acts_of(agent.dialog.respond(call, Heard(text)))]
        assert "".join(act.text for act in acts if isinstance(act, Say)) == said
    assert is_speculative(agent.dialog, Heard("are you open to a trade"))
    assert not is_speculative(agent.dialog, Heard("when are you open"))


def test_an_agent_can_have_a_dialog_of_its_own() -> None:
    """Then it has no intents."""

    class Echo:
        async def respond(self, call: Call, heard: Heard) -> Reply:
            return Reply(heard.text)

    dialog = Echo()
    agent = Agent("Echo", "", dialog=dialog)
    assert agent.dialog is dialog
    with pytest.raises(ConfigError, match="intents or a dialog, got both"):
        agent.intent("a", ["b"], reply="c")


async def test_a_handler_that_must_finish_holds_its_turn(agent: Agent) -> None:
    """While it runs the turn cannot be cancelled; it keeps its name and its parameters."""
    turn = Turn(Heard("x"), 0, 0, 0, 0)
    assert not turn.running

    @agent.intent("book", ["book it"], must_finish=True)
    async def book(call: Call, heard: Heard) -> str:
        await asyncio.sleep(0)
        return f"{heard.text} {turn.holds}"

    wrapped = cast("Callable[..., Any]", agent._intents["book"].reply)
    assert len(inspect.signature(wrapped).parameters) == 2
    current_work.set(turn)
    assert await wrapped(CALL, Heard("x")) == "x 1"
    assert turn.holds == 0


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (lambda agent: Agent(" ", "hello"), "expected a name"),
        (lambda agent: agent.dialog, "to have an intent or a dialog, got neither"),
        (lambda agent: agent.intent("taken", ["z"], reply="x"), "one intent named 'taken', got a second"),
        (lambda agent: agent.intent("a", [], reply="x"), "a list of example phrases for intent 'a'"),
        (lambda agent: agent.intent("a", "when", reply="x"), "a list of example phrases"),
        (lambda agent: agent.intent("a", ["when", " "], reply="x"), "a list of example phrases"),
        (lambda agent: agent.intent("a", ["Say  THIS"], reply="x"), "got 'say this' in both"),
        (lambda agent: agent.intent("a", ["b"])(lambda: "x"), r"a function of \(call\) or \(call, heard\)"),
        (lambda agent: agent.intent("a", ["b"])(lambda a, b, c: "x"), "got <lambda>"),
        (lambda agent: agent.intent("a", ["b"])("text"), "a function for intent 'a', got an object of type"),
        (lambda agent: agent.intent("a", ["b"], must_finish=True)(lambda call: "x"), "expected an async def"),
        (lambda agent: agent.digit(lambda call: None), r"a function of \(call, digit\) for digits"),
        (lambda agent: agent.handover(to="555 0100"), "E.164 number"),
        (lambda agent: agent.handover(to="+15550100", below_confidence=2), "in 0..1, got 2"),
        (lambda agent: agent.handover(to="+15550100", after_misses=0), "1 or more, got 0"),
        (lambda agent: agent.handover(to="+15550100", ring_s=4), "5..600, got 4"),
        (lambda agent: Agent("Desk", "", instructions="You are Ann."), "a language model for the instructions"),
        (lambda agent: Agent("Desk", "", llm="gpt-5-mini"), "a model as"),
        (lambda agent: Agent("Desk", "", llm=[]), "an empty list"),
        (lambda agent: Agent("Desk", "", llm=[7]), "got 7"),  # type: ignore[list-item]
        (lambda agent: Agent("Desk", "", llm=FakeModel("x"), dialog=agent.dialog), "a dialog or a language model"),
    ],
)
def test_a_wrong_definition_is_told_with_a_fix(define: Callable[[Agent], object], message: str) -> None:
    """Where it is written, not in the first call."""
    agent = Agent("Desk", "hello")
    if "neither" not in message:
        agent.intent("taken", ["say this"], reply="x")
    with pytest.raises(ConfigError, match=message) as raised:
        define(agent)
    assert raised.value.fix


def test_one_function_for_all_digits(agent: Agent) -> None:
    """A second is an error."""

    @agent.digit
    def press(call: Call, digit: str) -> None:
        return None

    assert agent.on_digit is press
    with pytest.raises(ConfigError, match="got a second"):
        agent.digit(press)


async def test_engines_warm_up_what_can_be_warmed_up() -> None:
    """An engine without a ``warm_up`` needs none."""
    warm = []

    class Vad(FakeVad):
        async def warm_up(self) -> None:
            warm.append(1)

    class Tts:
        sample_rate = 22050

        def speak(self, text: str) -> Any: ...

    await Engines(Vad(), FakeStt(), Tts()).warm_up()
    assert warm == [1]


def test_engines_load_by_the_name_of_the_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is the best that is installed."""
    from offhook.speech import engines

    monkeypatch.setattr(engines, "load_vad", lambda: "vad")
    monkeypatch.setattr(engines, "default_stt", lambda: "stt")
    voice = FakeTts()
    monkeypatch.setattr(engines, "load_tts", {"flite:rms": voice}.__getitem__)
    assert Engines.load(tts="flite:rms") == Engines("vad", "stt", voice)  # type: ignore[arg-type]


def test_engines_of_ones_own_take_the_place_of_those_that_come_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded that is not needed."""
    from offhook.speech import engines

    for name in ("load_vad", "default_stt", "load_tts"):
        monkeypatch.delattr(engines, name)
        monkeypatch.setattr(engines, name, None, raising=False)
    given = Engines(FakeVad(), FakeStt(), FakeTts())
    assert Engines.load(tts=given.tts, stt=given.stt, vad=given.vad) == given
    agent = Agent("Front desk", "Hello.", tts=given.tts, stt=given.stt, vad=given.vad)
    assert (agent.tts, agent.stt, agent.vad) == (given.tts, given.stt, given.vad)


def test_the_package_offers_what_it_says_and_nothing_else() -> None:
    """Everything in ``__all__`` is there."""
    for name in offhook.__all__:
        assert getattr(offhook, name)
    assert dir(offhook) == sorted(offhook.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = offhook.Nothing  # type: ignore[attr-defined]


def test_every_event_that_a_call_tells_can_be_imported_from_one_place() -> None:
    """``offhook.events``."""
    kinds = [CallFact]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = {kind.__name__ for kind in kinds if kind.__module__.startswith("offhook.")}
    assert ours == set(public_events.__all__)


@pytest.mark.timeout(240)  # without its cache the type checker reads everything anew
def test_an_event_with_a_misspelt_field_is_refused_before_the_program_runs(tmp_path: Path) -> None:
    """And so is one with a value of another type: they are constructed, with their types."""
    path = tmp_path / "told.py"
    lines = [
        "from offhook import Call, events",
        "def tell(call: Call) -> None:",
        '    call.notify(events.TurnDraft(at_ms=1.0, call_id="c", text="x", confidence=1.0))',
        '    call.notify(events.TurnDraft(at_ms=1.0, call_id="c", txt="x", confidence=1.0))',
        '    call.notify(events.TurnDraft(at_ms=1.0, call_id="c", text="x", confidence="1.0"))',
    ]
    path.write_text("\n".join(lines))
    root = Path(offhook.__file__).parents[2]
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(root / "pyproject.toml"), str(path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=root)
    found = [line.split(": ", 1)[0].rsplit(":", 1)[1] for line in result.stdout.splitlines() if ": error:" in line]
    assert set(found) == {"4", "5"}, result.stdout + result.stderr


def test_an_agent_is_defined_without_loading_engines_or_clients() -> None:
    """``from offhook import Agent, Call`` leaves the heavy packages alone."""
    heavy = "{'onnxruntime', 'telnyx', 'av', 'numpy', 'starlette', 'picows', 'rapidfuzz', 'pydantic', 'openai'}"
    code = f"import sys; from offhook import Agent, Call; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


# -- tools ----------------------------------------------------------------------------------------------------------


def test_a_function_is_a_tool_with_and_without_options() -> None:
    """It stays what it is for the program."""
    agent = Agent("Desk", "")

    @agent.tool
    def hours(day: str) -> str:
        """When we are open."""
        return "nine"

    @agent.tool(name="book_table", confirm="On {day}?")
    async def book(day: str) -> str:
        """Book a table."""
        return "booked"

    assert hours("Monday") == "nine"
    assert agent.tools is not None
    assert [spec.name for spec in agent.tools.specs] == ["hours", "book_table"]


def test_a_tool_that_must_finish_is_async() -> None:
    """A thread cannot be waited for beyond its time."""
    with pytest.raises(ConfigError, match="async def"):

        @Agent("Desk", "").tool(must_finish=True)
        def book(day: str) -> None:
            """Book a table."""


async def test_a_tool_that_must_finish_holds_the_turn_while_it_runs() -> None:
    """The caller speaks on, and it is not cancelled."""
    agent = Agent("Desk", "")
    held = []

    @agent.tool(must_finish=True)
    async def book(day: str) -> None:
        """Book a table."""
        work = current_work.get()
        held.append(work is not None and work.holds)

    current_work.set(Turn(Heard("x"), 0, 0, 0, 0))
    assert agent.tools is not None
    await agent.tools.run(CALL, [ToolCall("1", "book", '{"day": "Monday"}')])
    assert held == [1]


def test_a_model_can_end_a_call_and_hand_it_over_where_it_is_said_to_whom() -> None:
    """Unless the program has a tool of that name."""
    agent = Agent("Desk", "", llm=FakeModel("x"), instructions="x")
    _ = agent.dialog
    assert agent.tools is not None
    assert [spec.name for spec in agent.tools.specs] == ["hang_up"]
    agent = Agent("Desk", "", llm=FakeModel("x"), instructions="x")
    agent.handover("+15550100")

    @agent.tool
    def hang_up(why: str) -> None:
        """End it, with a reason."""

    _ = agent.dialog
    assert agent.tools is not None
    assert [spec.name for spec in agent.tools.specs] == ["hang_up", "hand_over"]
    assert "why" in str(agent.tools.specs[0].parameters)


def test_tools_of_ones_own_are_left_as_they_are() -> None:
    """Who sets them says all there is."""
    agent = Agent("Desk", "", llm=FakeModel("x"), instructions="x")
    agent.tools = own = Toolbox()
    _ = agent.dialog
    assert agent.tools is own
    assert len(own) == 0
