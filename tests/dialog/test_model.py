"""A dialog that a language model holds: what the model is told, and what becomes of what it answers."""

from __future__ import annotations

import asyncio
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.calls import Call, CallRecord
from offhook.calls.transcript import Scribe, TranscriptEntry
from offhook.dialog.acts import Act, HandOver, HangUp, Say, Understood, UseTool, UseTools
from offhook.dialog.base import Heard
from offhook.dialog.context import LEFT_OUT, Budget
from offhook.dialog.history import CUT
from offhook.dialog.model import GO_ON, PREAMBLE, ModelDialog
from offhook.errors import AnswerInvalid, ConfigError, EngineError, EngineRefused, EngineUnavailable
from offhook.models.base import Finished, TextPiece, ToolCall, ToolSpec
from offhook.models.openai import OpenAIModel
from offhook.models.testing import FakeModel
from offhook.tools.base import ToolOutcome
from offhook.waiting import WaitOver
from offhook.waits import MODEL_FIRST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from offhook.calls.deeds import Deed

BROKE = EngineUnavailable("expected fake to answer, got nothing.")
BOOK = ToolCall("a", "book", '{"day": "Sunday"}')
HEARD = Heard("when are you open")


class FakeTools:
    """What each tool is, and what comes of it."""

    def __init__(self, **outcomes: str) -> None:
        self.outcomes = outcomes

    @property
    def specs(self) -> list[ToolSpec]:
        return [ToolSpec(name, "", {}) for name in self.outcomes]

    async def run(self, call: Call, uses: Sequence[ToolCall]) -> tuple[ToolOutcome, ...]:
        return tuple(ToolOutcome(self.outcomes[use.name]) for use in uses)


def a_call() -> Call:
    return Call(CallRecord(call_id="v3:call"), Any)  # type: ignore[arg-type]


def write(call: Call, speaker: Any, said: str, heard: str | None = None) -> None:
    words = said if heard is None else heard
    kind = "turn" if speaker == "caller" else "reply"
    entry = TranscriptEntry(speaker=speaker, kind=kind, began_at_ms=0, ended_at_ms=0, heard=words, said=said)
    Scribe(call.transcript).write(entry)


async def acts_of(dialog: ModelDialog, call: Call | None = None, heard: Heard = HEARD) -> list[Act]:
    """Its acts; tools are used as the agent would."""
    taken: list[Act] = []
    call = call or a_call()
    async for act in dialog.respond(call, heard):
        taken.append(act)
        if isinstance(act, UseTools):
            await use(dialog, call, act)
    return taken


async def use(dialog: Any, call: Call, act: UseTools) -> None:
    for one in act.uses:
        one.begun = True
    calls = [ToolCall("", one.name, str(one.arguments)) for one in act.uses]
    for one, outcome in zip(act.uses, await dialog._tools.run(call, calls), strict=True):
        one.outcome = outcome


def said(acts: list[Act]) -> str:
    return "".join(act.text for act in acts if isinstance(act, Say))


# -- what the model is told -----------------------------------------------------------------------------------------


async def test_a_model_is_told_of_the_telephone_of_what_it_is_and_of_what_was_heard() -> None:
    """In this order."""
    model = FakeModel("At nine.")
    call = a_call()
    write(call, "agent", "Hill Street Dental, how can I help?", "Hill Street Dental")
    write(call, "caller", HEARD.text)
    assert said(await acts_of(ModelDialog(model, "You are Ann."), call)) == "At nine."
    assert model.told() == [
        ("rules", f"{PREAMBLE}\n\nYou are Ann."),
        ("agent", f"Hill Street Dental{CUT}"),
        ("caller", "(interrupts) when are you open"),
    ]


async def test_what_it_is_told_of_the_telephone_can_be_replaced() -> None:
    """By anything, or by nothing; without any rules there is no message of them."""
    model = FakeModel("Hi.")
    await acts_of(ModelDialog(model, "You are Ann.", preamble="Be brief."))
    await acts_of(ModelDialog(model, preamble=""))
    assert model.told(0)[0] == ("rules", "Be brief.\n\nYou are Ann.")
    assert model.told(1) == [("caller", HEARD.text)]


async def test_instructions_may_be_made_for_each_turn_of_a_call() -> None:
    """By a plain function or an async one."""

    async def made(call: Call) -> str:
        return f"It is {call.data['name']}."

    model = FakeModel("Hi.")
    for instructions in (made, lambda call: f"It is {call.data['name']}."):
        dialog = ModelDialog(model, instructions, preamble="")
        for name in ("Ann", "Bob"):
            call = a_call()
            call.data["name"] = name
            await acts_of(dialog, call)
            assert model.told()[0] == ("rules", f"It is {name}.")


async def test_instructions_that_are_no_text_are_said_to_be_none() -> None:
    """By their kind, not by what they hold."""
    with pytest.raises(AnswerInvalid, match="a number"):
        await acts_of(ModelDialog(FakeModel("Hi."), lambda call: 15557773311))  # type: ignore[arg-type,return-value]


async def test_a_long_call_is_told_from_its_end() -> None:
    """Within the budget, and the model is told that something is left out."""
    model = FakeModel("Hi.")
    call = a_call()
    for number in range(300):
        write(call, "caller", f"{number} {'x' * 40}")
        write(call, "agent", "Yes.")
    await acts_of(ModelDialog(model, "You are Ann.", budget=Budget(tokens=600, turns=2)), call)
    assert model.told()[0][1].endswith(LEFT_OUT)
    assert len(model.told()) < 60
    assert model.told()[-1] == ("caller", HEARD.text)


# -- what it answers ------------------------------------------------------------------------------------------------


async def test_words_are_said_as_they_come() -> None:
    """After how sure the dialog is, and without blanks before the first."""
    model = FakeModel([" ", "\nAt ", "", "nine."])
    acts = await acts_of(ModelDialog(model, ""))
    assert acts == [Understood(None, 1.0), Say("At "), Say("nine.")]


@pytest.mark.parametrize(("confidence", "sure"), [(1.0, 1.0), (0.6, 1.0), (0.3, 0.7), (0.0, 0.4)])
async def test_a_dialog_is_as_sure_as_the_recogniser_was(confidence: float, sure: float) -> None:
    """Words that were hardly heard are a miss, whatever the model makes of them."""
    (understood, *_) = await acts_of(ModelDialog(FakeModel("Hi.")), heard=Heard("x", confidence))
    assert isinstance(understood, Understood)
    assert understood.confidence == pytest.approx(sure)


async def test_nobody_listens_to_an_answer_without_an_end() -> None:
    """It is given up at the end of a sentence, or in the middle of one that has none."""
    sentences = FakeModel(["This is a sentence. "] * 1000)
    answer = said(await acts_of(ModelDialog(sentences)))
    assert 3000 <= len(answer) < 3030
    assert answer.endswith("sentence. ")
    words = FakeModel(["word "] * 1000)
    assert 3600 < len(said(await acts_of(ModelDialog(words)))) < 3630
    assert (sentences.given_up, words.given_up) == (1, 1)


async def test_closing_the_answer_closes_the_models() -> None:
    """The request ends with it."""
    for models in ([FakeModel("At nine every weekday.")], [FakeModel("At nine every weekday."), FakeModel("x")]):
        acts = ModelDialog(models).respond(a_call(), HEARD)
        assert [await anext(acts) for _ in range(2)][1] == Say("At")
        await acts.aclose()  # type: ignore[attr-defined]
        assert models[0].given_up == 1


async def test_it_may_begin_before_the_turn_is_over_unless_it_is_told_not_to() -> None:
    """Sooner, or cheaper."""
    assert ModelDialog(FakeModel("x")).speculative
    assert not ModelDialog(FakeModel("x"), speculative=False).speculative


# -- tools ----------------------------------------------------------------------------------------------------------


async def test_a_tool_is_used_and_the_model_is_told_what_came_of_it() -> None:
    """With what it said before, and again in the next turn."""
    model = FakeModel(["Let me see. ", BOOK], "It is booked.", "Bye.")
    dialog = ModelDialog(model, "", tools=FakeTools(book="done"))
    call = a_call()
    write(call, "caller", HEARD.text)
    assert await acts_of(dialog, call) == [
        Understood(None, 1.0),
        Say("Let me see. "),
        UseTools((UseTool("book", BOOK.arguments),)),
        Say("It"),
        Say(" is"),
        Say(" booked."),
    ]
    assert model.offered == [("book",), ("book",)]
    assert model.told()[1:] == [("caller", HEARD.text), ("agent", "Let me see. "), ("tool", "done")]
    write(call, "agent", "Let me see. It is booked.")
    write(call, "caller", "bye")
    await acts_of(dialog, call, Heard("bye"))
    assert [who for who, _ in model.told()] == ["rules", "caller", "agent", "tool", "agent", "caller"]


async def test_tools_are_used_so_many_times_then_an_answer_comes_without() -> None:
    """A model that goes round in circles comes to an end, and one that still wants a tool does not get it."""
    model = FakeModel([BOOK], [BOOK], ["Sorry.", BOOK])
    acts = await acts_of(ModelDialog(model, "", tools=FakeTools(book="not today"), rounds=2))
    assert [type(act) for act in acts] == [Understood, UseTools, UseTools, Say]
    assert model.offered == [("book",), ("book",), ()]


async def test_several_tools_are_used_side_by_side() -> None:
    """Each is told its own outcome."""
    model = FakeModel([BOOK, ToolCall("b", "look", "{}")], "Done.")
    await acts_of(ModelDialog(model, "", tools=FakeTools(book="booked", look="seen")))
    assert model.told()[-2:] == [("tool", "booked"), ("tool", "seen")]


class EndingTools(FakeTools):
    """Tools after which the call is another's, or over."""

    def __init__(self, **deeds: Deed) -> None:
        super().__init__(**dict.fromkeys(deeds, "done"))
        self.deeds = deeds

    async def run(self, call: Call, uses: Sequence[ToolCall]) -> tuple[ToolOutcome, ...]:
        return tuple(ToolOutcome("done", deed=self.deeds.get(use.name)) for use in uses)


async def test_a_tool_that_hands_over_is_the_last_of_the_turn() -> None:
    """Said or not: where the model has said nothing, the agent's message is."""
    for words in (["I connect you. "], []):
        model = FakeModel([*words, ToolCall("a", "connect", "{}")], "never asked for")
        acts = await acts_of(ModelDialog(model, "", tools=EndingTools(connect=HandOver("asked"))))
        assert acts[-1] == HandOver("asked")
        assert len(model.offered) == 1


async def test_a_model_that_hangs_up_says_goodbye_first() -> None:
    """Before, or after it has asked for it; then it gets no other tool."""
    tools = EndingTools(end=HangUp())
    model = FakeModel(["Goodbye. ", ToolCall("a", "end", "{}")])
    acts = await acts_of(ModelDialog(model, "", tools=tools))
    assert (said(acts), acts[-1]) == ("Goodbye. ", HangUp())
    model = FakeModel([ToolCall("a", "end", "{}")], "Goodbye.")
    acts = await acts_of(ModelDialog(model, "", tools=tools))
    assert (said(acts), acts[-1]) == ("Goodbye.", HangUp())
    assert model.offered == [("end",), ()]


async def test_a_tool_that_was_cut_off_is_told_to_have_an_unknown_end() -> None:
    """The next turn must not take it for done, nor for not done."""
    model = FakeModel([BOOK], "Hm.")
    dialog = ModelDialog(model, "", tools=FakeTools(book="done"))
    call = a_call()
    acts = dialog.respond(call, HEARD)
    act = [await anext(acts) for _ in range(2)][1]
    assert isinstance(act, UseTools)
    act.uses[0].begun = True
    await acts.aclose()  # type: ignore[attr-defined]
    await acts_of(dialog, call)
    assert [words for who, words in model.told() if who == "tool"] == [
        "the caller spoke on before this was over: whether it was done is not known."
    ]


async def test_a_tool_that_was_never_begun_was_never_wanted() -> None:
    """A draft that is thrown away leaves nothing."""
    model = FakeModel([BOOK], "Hm.")
    dialog = ModelDialog(model, "", tools=FakeTools(book="done"))
    call = a_call()
    acts = dialog.respond(call, HEARD)
    assert isinstance([await anext(acts) for _ in range(2)][1], UseTools)
    await acts.aclose()  # type: ignore[attr-defined]
    await acts_of(dialog, call)
    assert [who for who, _ in model.told()] == ["rules", "caller"]


async def test_a_model_that_says_nothing_after_a_tool_that_spoke_has_answered() -> None:
    """The caller has heard something in this turn; where they have not, that is no answer."""

    def spoken(call: Call) -> None:
        write(call, "agent", "It is booked.")

    for speaks in (True, False):
        call = a_call()
        write(call, "caller", HEARD.text)
        dialog = ModelDialog(FakeModel([BOOK], []), "", tools=FakeTools(book="done"))
        acts = dialog.respond(call, HEARD)
        act = [await anext(acts) for _ in range(2)][1]
        assert isinstance(act, UseTools)
        await use(dialog, call, act)
        if speaks:
            spoken(call)
            assert [act async for act in acts] == []
        else:
            with pytest.raises(EngineError, match="empty"):
                await anext(acts)


async def test_a_model_without_tools_that_wants_one_has_no_answer() -> None:
    """Unless it has said something, too."""
    assert said(await acts_of(ModelDialog(FakeModel(["Yes.", BOOK])))) == "Yes."
    with pytest.raises(EngineError):
        await acts_of(ModelDialog(FakeModel([BOOK])))


# -- a model that does not answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        [BROKE],
        [ValueError("canary")],
        [],
        [" "],
        [Finished(reason="refused")],
        [5.0, "late"],
    ],
    ids=["broken", "raises", "empty", "blank", "refused", "late"],
)
async def test_where_one_model_does_not_answer_the_next_one_does(
    caplog: pytest.LogCaptureFixture, first: list[Any]
) -> None:
    """Whatever the reason; and it is not told that anything was said."""
    other = FakeModel("At nine.")
    dialog = ModelDialog([FakeModel(first), other], "You are Ann.", first_s=0.05)
    assert said(await acts_of(dialog)) == "At nine."
    assert "already begun" not in other.told()[0][1]
    assert "canary" not in caplog.text


async def test_an_answer_that_breaks_off_is_gone_on_with_and_nothing_is_said_twice() -> None:
    """What was said stays said; the other model is told of it."""
    other = FakeModel("We open at nine every weekday.")
    dialog = ModelDialog([FakeModel(["We open ", "at nine", BROKE]), other], "You are Ann.")
    assert said(await acts_of(dialog)) == "We open at nine every weekday."
    assert other.told()[0][1].endswith(GO_ON.format(said="We open at nine"))
    assert other.told()[-1] == ("caller", HEARD.text)


async def test_whoever_goes_on_may_end_before_it_is_clear_that_it_repeats_nothing() -> None:
    """Its words are said all the same."""
    dialog = ModelDialog([FakeModel(["We open at nine.", BROKE]), FakeModel("We open")])
    assert said(await acts_of(dialog)) == "We open at nine. We open"


ANSWER = "We open at nine. On Sunday we open at ten, and close at two. Would you like to come?"
FAILURES: list[list[Any]] = [[BROKE], [ValueError()], [Finished(reason="refused")], [0.2, "late"]]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 17), st.sampled_from(FAILURES)), max_size=3), st.booleans())
def test_wherever_models_break_off_one_answer_is_heard(breaks: list[tuple[int, list[Any]]], repeats: bool) -> None:
    """Each goes on with what was said before it, or says all of it again; the last one to its end."""
    first, *others = ANSWER.split()
    pieces = [first, *(f" {word}" for word in others)]

    def goes_on(upto: int | None, failure: list[Any]) -> Any:
        def answer(messages: Any) -> list[Any]:
            rules = messages[0].text
            said = rules.partition("they hear this: “")[2].rpartition("” Go on")[0]
            begun = 0 if repeats or not said else len(said.split(" "))
            return [*pieces[begun:upto], *failure] if upto is None or upto > begun else [*failure]

        return answer

    models = [FakeModel(goes_on(upto, failure)) for upto, failure in breaks]
    dialog = ModelDialog([*models, FakeModel(goes_on(None, []))], "You are Ann.", next_s=0.02, first_s=0.02)
    assert said(asyncio.run(acts_of(dialog))) == ANSWER


async def test_an_answer_that_stalls_is_gone_on_with() -> None:
    """By the other model, after its time."""
    stalls = FakeModel(["At nine ", 5.0, "never"])
    dialog = ModelDialog([stalls, FakeModel("every weekday.")], next_s=0.05)
    assert said(await acts_of(dialog)) == "At nine every weekday."
    assert stalls.given_up == 1


async def test_an_answer_that_is_cut_at_its_most_tokens_is_gone_on_with_once() -> None:
    """By the same model, without tools; whatever it comes to then is all."""
    length = Finished(reason="length")
    model = FakeModel(["We open at ", length], ["nine every", length], "never")
    dialog = ModelDialog(model, tools=FakeTools(book="done"))
    assert said(await acts_of(dialog)) == "We open at nine every"
    assert model.offered == [("book",), ()]
    assert "We open at" in model.told()[0][1]


async def test_tools_that_are_whole_are_used_though_the_answer_was_cut() -> None:
    """There is no need to go on."""
    model = FakeModel(["See: ", BOOK, Finished(reason="length")], "Done.")
    assert said(await acts_of(ModelDialog(model, tools=FakeTools(book="done")))) == "See: Done."


async def test_where_no_model_answers_it_is_the_dialogs_failure() -> None:
    """The last one's; what was said until then was said."""
    acts: list[Act] = []

    async def take(dialog: ModelDialog) -> None:
        async for act in dialog.respond(a_call(), HEARD):
            acts.append(act)  # noqa: PERF401  # what came before the failure counts

    with pytest.raises(EngineUnavailable):
        await take(ModelDialog([FakeModel([ValueError()]), FakeModel(["At ", BROKE])]))
    assert said(acts) == "At "


async def test_a_model_that_refuses_has_not_understood() -> None:
    """That is a miss, so that a person takes over in the end; in the middle of an answer it is a failure."""
    refused = Finished(reason="refused")
    acts = await acts_of(ModelDialog([FakeModel([refused]), FakeModel([refused])]))
    assert acts == [Understood(None, 1.0), Understood(None, 0.0)]
    with pytest.raises(EngineError, match="refusal in the middle"):
        await acts_of(ModelDialog(FakeModel(["Well, ", refused])))


async def test_the_last_model_has_as_long_as_a_dialog_has() -> None:
    """There is nobody to take its place."""
    assert (
        said(await acts_of(ModelDialog(FakeModel([0.1, "At ", 0.1, "nine."]), first_s=0.01, next_s=0.01))) == "At nine."
    )


async def test_a_sign_of_life_is_worth_waiting_for() -> None:
    """A model that works on its answer is not late."""

    class Slow:
        async def stream(self, messages: Any, *, tools: Any = (), call_id: Any = None) -> AsyncIterator[Any]:
            for _ in range(6):
                yield TextPiece("")
                await asyncio.sleep(0.05)
            yield TextPiece("At nine.")

    assert said(await acts_of(ModelDialog([Slow(), FakeModel("other")], first_s=0.2, next_s=0.2))) == "At nine."


# -- what one call has learned --------------------------------------------------------------------------------------


async def test_a_model_that_has_failed_twice_is_left_alone_by_all_calls(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody else waits for it."""
    first, second = FakeModel([BROKE], name="one"), FakeModel("At nine.", name="two")
    dialog = ModelDialog([first, second])
    for _ in range(4):
        await acts_of(dialog)
    assert (len(first.asked), len(second.asked)) == (2, 4)
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == ["the model one is left alone for 60 s: others answer"]


async def test_a_model_that_is_alone_and_refuses_the_key_is_not_asked_again() -> None:
    """Nothing suggests that it would say anything else."""
    model = FakeModel([EngineRefused("expected a key, got status 401.")])
    with pytest.raises(EngineRefused):
        await acts_of(ModelDialog(model))
    assert len(model.asked) == 1


async def test_a_model_that_refuses_the_key_is_left_alone_at_once() -> None:
    """The same again is refused again."""
    first = FakeModel([EngineRefused("expected a key, got status 401.")])
    dialog = ModelDialog([first, FakeModel("At nine.")])
    for _ in range(3):
        await acts_of(dialog)
    assert len(first.asked) == 1


async def test_a_model_that_is_alone_is_asked_once_more(caplog: pytest.LogCaptureFixture) -> None:
    """It goes on itself; and it is said when it works again."""
    model = FakeModel(["We open ", BROKE], "We open at nine.", [BROKE], [BROKE], "Yes.", name="one")
    dialog = ModelDialog(model)
    assert said(await acts_of(dialog)) == "We open at nine."
    with pytest.raises(EngineUnavailable):
        await acts_of(dialog)
    assert said(await acts_of(dialog)) == "Yes."
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == ["the model one works again"]


async def test_a_refusal_of_what_was_said_is_not_held_against_a_model() -> None:
    """The next caller says something else."""
    first = FakeModel([Finished(reason="refused")])
    dialog = ModelDialog([first, FakeModel("At nine.")])
    for _ in range(3):
        await acts_of(dialog)
    assert len(first.asked) == 3


async def test_a_model_that_is_late_says_so_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """By what it took longer than."""
    await acts_of(ModelDialog([FakeModel([5.0, "x"]), FakeModel("At nine.")], first_s=0.05))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "0.05 s" in caplog.text


# -- how it is made -------------------------------------------------------------------------------------------------


def test_models_are_made_of_their_names(monkeypatch: pytest.MonkeyPatch, require: Any) -> None:
    """One, or several."""
    require(find_spec("openai") is not None, "the extra openai")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    models = ModelDialog(["openai:gpt-5-mini", FakeModel("x"), "ollama:llama3.2"])._models
    assert [getattr(model, "name", "") for model in models] == ["openai:gpt-5-mini", "fake", "ollama:llama3.2"]
    assert isinstance(ModelDialog("ollama:llama3.2")._models[0], OpenAIModel)


@pytest.mark.parametrize("wrong", [{"models": []}, {"models": FakeModel("x"), "rounds": -1}, {"models": "gpt"}])
def test_a_dialog_that_cannot_answer_is_refused(wrong: dict[str, Any]) -> None:
    """When it is made."""
    with pytest.raises(ConfigError):
        ModelDialog(**wrong)


async def test_every_model_is_had_ready() -> None:
    """Those that can be."""
    ready = []

    class Warm(FakeModel):
        async def warm_up(self) -> None:
            ready.append(self.name)

    await ModelDialog([Warm("x", name="one"), FakeModel("x"), Warm("x", name="two")]).warm_up()
    assert ready == ["one", "two"]


async def test_a_wait_that_is_over_is_the_last_models_failure_too() -> None:
    """Where it waits for itself."""

    class Late:
        name = "late"

        def stream(self, messages: Any, *, tools: Any = (), call_id: Any = None) -> AsyncIterator[Any]:
            raise WaitOver(MODEL_FIRST, 1.5)

    with pytest.raises(WaitOver):
        await acts_of(ModelDialog(Late()))
