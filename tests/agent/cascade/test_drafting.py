"""Answers that are begun before the turn is over: sooner where they are wanted, and nothing where they are not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.agent.conftest import WORDS, settle

from offhook.agent import Agent, Limits, Texts, TurnOptions
from offhook.agent.cascade.drafting import Draft, is_speculative
from offhook.agent.cascade.turn import Turn
from offhook.calls import Call, CallRecord
from offhook.dialog.acts import HangUp, Say, Understood, UseTool
from offhook.dialog.base import Heard
from offhook.models.testing import FakeModel
from offhook.tools.base import ToolOutcome
from offhook.waits import HANDLER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from offhook.dialog.acts import Act

LONG = "one two three four five six seven eight nine ten eleven twelve."


class Speculative:
    """A dialog that lets itself be asked early. It answers with what it is made of, one after the other, and notes."""

    speculative: Any = True

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []
        self.closed = 0

    async def respond(self, call: Call, heard: Heard) -> AsyncIterator[Any]:
        self.asked.append((heard.text, len(call.transcript)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            async for piece in answer(call):
                yield piece
        finally:
            self.closed += 1


def says(*acts: Any) -> Callable[[Call], AsyncIterator[Any]]:
    async def answer(call: Call) -> AsyncIterator[Any]:
        for act in acts:
            yield act

    return answer


def agent_of(dialog: Any, **more: Any) -> Agent:
    return Agent("Front desk", more.pop("greeting", ""), dialog=dialog, **more)


async def until_draft(call: Any, *, ms: float = 600) -> None:
    """The caller speaks, and is silent for long enough that the words are known, and not for a whole turn."""
    await call.line(ms, WORDS)
    for _ in range(30):
        if call.of("turn.draft"):
            return
        await call.step()
    raise AssertionError("there is no draft")


# -- in a conversation ----------------------------------------------------------------------------------------------


async def test_an_answer_is_begun_when_the_words_are_known_and_said_when_the_turn_is_over(phone: Any) -> None:
    """The dialog is asked once, before the transcript has the turn."""
    dialog = Speculative(says("At nine."))
    call = await phone(agent_of(dialog), "when are you open")
    await until_draft(call)
    assert dialog.asked == [("when are you open", 0)]
    assert call.of("turn.heard") == []
    await call.line(600)
    await call.until_quiet()
    assert len(dialog.asked) == 1
    assert call.history == [("caller", "when are you open"), ("agent", "At nine.")]
    kinds = [kind for kind in call.kinds() if kind.startswith(("turn.", "agent.speech_began"))]
    assert kinds == ["turn.draft", "turn.heard", "turn.reply", "agent.speech_began", "turn.answered"]


async def test_a_model_that_takes_its_time_is_sooner_by_what_the_turn_still_took(phone: Any) -> None:
    """Its answer is there when the turn is over; where drafts are not wanted it is begun then."""
    taken = {}
    for speculate in (True, False):
        go_on = asyncio.Event()

        async def answer(call: Call, go_on: asyncio.Event = go_on) -> AsyncIterator[str]:
            await go_on.wait()
            yield "At nine."

        options = TurnOptions(speculate=speculate)
        call = await phone(agent_of(Speculative(answer), turn_taking=options), "when are you open")
        await until_draft(call)
        go_on.set()
        while not call.of("turn.answered"):
            await call.step()
        (answered,) = call.of("turn.answered")
        taken[speculate] = answered.reply_ms - answered.endpoint_ms
    assert taken[True] <= taken[False]


@pytest.mark.parametrize("pieces", [("At nine. ", "On Sunday ", "at ten."), ("At nine. On Sunday at ten.",), ()])
async def test_the_voice_has_made_audio_of_it_when_the_turn_is_over(phone: Any, pieces: tuple[str, ...]) -> None:
    """Then the caller hears it at once, whole and once; a whole text as well as one in pieces."""
    dialog = Speculative(says(*(pieces or (Say("At nine. On Sunday at ten.", whole=True),))))
    call = await phone(agent_of(dialog), "when")
    await until_draft(call)
    await settle()
    assert call.tts.spoken[:1] == ["At nine."]
    assert call.of("agent.speech_began") == []
    while not call.of("turn.heard"):
        await call.step()
    assert len(call.of("turn.answered")) == 1
    await call.until_quiet()
    assert call.history[-1] == ("agent", "At nine. On Sunday at ten.")
    assert call.tts.spoken == ["At nine.", "On Sunday at ten."]


async def test_audio_that_was_made_in_vain_is_never_heard(phone: Any) -> None:
    """The voice is told to stop."""
    dialog = Speculative(says("One two three four five. ", "Six seven."), says("Yes."))
    call = await phone(agent_of(dialog), "when are", "when are you open")
    await until_draft(call)
    await call.line(400, WORDS)
    assert call.of("agent.speech_began") == []
    await call.line(600)
    await call.until_quiet()
    assert call.history == [("caller", "when are you open"), ("agent", "Yes.")]
    assert list(call.cascade._mouth._prepared) == []


async def test_audio_that_was_made_for_a_miss_is_dropped(phone: Any) -> None:
    """Where a person takes over, the dialog's words are not said."""
    agent = agent_of(Speculative(says(Understood(None, 0.1), "What?")))
    agent.handover(to="+15550100", after_misses=1, message="To a person.")
    call = await phone(agent, "mumble")
    await call.say()
    await call.until_quiet()
    assert call.history == [("caller", "mumble"), ("agent", "To a person.")]
    assert list(call.cascade._mouth._prepared) == []


async def test_a_caller_who_goes_on_is_answered_to_all_they_said(phone: Any) -> None:
    """What was begun is closed: no event, no words, no miss comes of it."""
    dialog = Speculative(says(Understood(None, 0.1), "What?"), says("On Sunday at nine."))
    agent = agent_of(dialog)
    agent.handover(to="+15550100", after_misses=1, message="To a person.")
    call = await phone(agent, "when are you", "when are you open on sunday")
    await until_draft(call)
    await call.line(400, WORDS)
    assert dialog.closed == 1
    await call.line(600)
    await call.until_quiet()
    assert [text for text, _ in dialog.asked] == ["when are you", "when are you open on sunday"]
    assert call.history == [("caller", "when are you open on sunday"), ("agent", "On Sunday at nine.")]
    assert len(call.of("turn.reply")) == 1
    assert call.carrier.transfers == []


async def test_a_listeners_word_over_the_agent_begins_no_answer(phone: Any) -> None:
    """The agent goes on, and the dialog is never asked."""
    dialog = Speculative(says("Never."))
    call = await phone(agent_of(dialog, greeting=LONG), "okay")
    await call.line(1000)
    await call.line(300, WORDS)
    await call.until_quiet()
    assert dialog.asked == []
    assert call.history == [("agent", LONG)]


async def test_an_interruption_is_answered_with_what_was_heard_until_then(phone: Any) -> None:
    """The answer is begun when the agent has fallen silent for good, and sees its words cut."""
    seen = []

    async def answer(call: Call) -> AsyncIterator[str]:
        seen.append([(entry.heard, entry.said) for entry in call.transcript])
        yield "Yes?"

    call = await phone(agent_of(Speculative(answer), greeting=LONG), "wait a moment")
    await call.line(1000)
    await call.say()
    await call.until_quiet()
    (entries,) = seen
    assert entries[0][1] == LONG
    assert 0 < len(entries[0][0]) < len(LONG)
    assert call.history[-1] == ("agent", "Yes?")


async def test_no_tool_is_used_before_the_turn_is_over(phone: Any) -> None:
    """It is used then, once."""
    ran = []

    class Tools:
        specs = ()

        async def run(self, call: Call, uses: Sequence[Any]) -> tuple[ToolOutcome, ...]:
            ran.append((uses[0].name, len(call.of_turns)))  # type: ignore[attr-defined]
            return (ToolOutcome("done"),)

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield "Let me see. "
        use = UseTool("book", {"day": "Sunday"})
        yield use
        assert use.outcome is not None
        yield f"It is {use.outcome.text}."

    agent = agent_of(Speculative(answer))
    agent.tools = Tools()
    call = await phone(agent, "book sunday")
    call.call.of_turns = call.of("turn.heard")
    await until_draft(call)
    await settle()
    assert ran == []
    call.call.observe(lambda event: call.call.of_turns.append(event) if event.type == "turn.heard" else None)
    await call.line(600)
    await call.until_quiet()
    assert ran == [("book", 1)]
    assert [text for who, text in call.history if who == "agent"] == ["Let me see.", "It is done."]


async def test_the_code_of_a_draft_waits_with_what_it_would_do(phone: Any) -> None:
    """A dialog that speaks for itself is heard when the turn is over, and not before; nor where it is thrown away."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        await call.say("I see.")
        yield HangUp()

    dialog = Speculative(answer)
    call = await phone(agent_of(dialog), "bye", "bye now", "bye now")
    await until_draft(call)
    await settle()
    assert call.tts.spoken == []
    await call.line(300, WORDS)
    await call.line(600)
    await call.until_quiet()
    await call.line(100)
    assert call.tts.spoken == ["I see."]
    assert call.session.over


async def test_a_draft_that_fails_is_no_answer(phone: Any) -> None:
    """The dialog is asked again once the turn is over, and nobody apologises for the first time."""

    async def fails(call: Call) -> AsyncIterator[str]:
        for word in call.data["nothing"]:
            yield word

    dialog = Speculative(fails, says("At nine."))
    call = await phone(agent_of(dialog), "when")
    await call.say()
    await call.until_quiet()
    assert len(dialog.asked) == 2
    assert call.history[-1] == ("agent", "At nine.")
    assert call.of("handler.failed") == []


async def test_a_draft_that_fails_once_it_is_heard_is_apologised_for(phone: Any) -> None:
    """As any answer."""

    async def breaks(call: Call) -> AsyncIterator[str]:
        yield "At "
        yield "nine. "
        await asyncio.Event().wait()

    call = await phone(
        agent_of(Speculative(breaks), texts=Texts(apology="Sorry.", fillers=()), limits=Limits(next_piece_s=0.2)),
        "when",
    )
    await call.say()
    for _ in range(100):
        await call.step()
        await asyncio.sleep(0.01)
        if call.of("handler.failed"):
            break
    await call.until_quiet()
    assert [text for who, text in call.history if who == "agent"] == ["At nine.", "Sorry."]


async def test_what_was_said_meanwhile_makes_the_draft_another_answer(phone: Any) -> None:
    """It did not know of it, so the dialog is asked again."""
    dialog = Speculative(says("At nine."))
    call = await phone(agent_of(dialog, turn_taking=TurnOptions(barge_in=False)), "when")
    await until_draft(call)
    saying = asyncio.create_task(call.session.say("By the way."))
    await call.line(60)
    await call.line(600)
    await call.until_quiet()
    await saying
    assert [count for _, count in dialog.asked] == [0, 2]


async def test_a_caller_who_is_asked_something_answers_that(phone: Any) -> None:
    """No dialog begins to answer what a function waits for."""
    dialog = Speculative(says("Never."))

    async def pressed(call: Call, digit: str) -> str:
        return f"You said {await call.ask('Which day?')}."

    agent = agent_of(dialog)
    agent.digit(pressed)
    call = await phone(agent, "sunday")
    call.session.media.digit("1")
    await call.until_quiet()
    await call.say()
    await call.until_quiet()
    assert dialog.asked == []
    assert call.history[-1] == ("agent", "You said sunday.")


async def test_a_question_that_is_asked_meanwhile_takes_the_words(phone: Any) -> None:
    """And what was begun is thrown away."""
    dialog = Speculative(says("Never."))
    agent = agent_of(dialog)

    async def pressed(call: Call, digit: str) -> str:
        return f"You said {await call.ask('')}."

    agent.digit(pressed)
    call = await phone(agent, "sunday")
    await until_draft(call)
    call.session.media.digit("1")
    await call.line(600)
    await call.until_quiet()
    assert (len(dialog.asked), dialog.closed) == (1, 1)
    assert call.history[-1] == ("agent", "You said sunday.")
    assert ("agent", "Never.") not in call.history


async def test_words_that_join_an_unanswered_turn_are_answered_with_it(phone: Any) -> None:
    """The part alone is not begun."""
    stuck = asyncio.Event()

    async def slow(call: Call) -> AsyncIterator[str]:
        await stuck.wait()
        yield "At nine."

    dialog = Speculative(slow)
    call = await phone(agent_of(dialog, texts=Texts(fillers=())), "when are you open", "on sunday")
    await call.say()
    await call.line(300, WORDS)
    await call.line(600)
    assert [text for text, _ in dialog.asked] == ["when are you open", "when are you open on sunday"]
    stuck.set()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "At nine.")


async def test_a_call_that_ends_takes_its_draft_with_it(phone: Any) -> None:
    """What it has asked for is cancelled."""
    stuck = asyncio.Event()

    async def slow(call: Call) -> AsyncIterator[str]:
        await stuck.wait()
        yield ""

    dialog = Speculative(slow)
    call = await phone(agent_of(dialog), "when")
    await until_draft(call)
    call.session.media.media_stopped()
    await settle()
    assert dialog.closed == 1


async def test_nobody_answers_while_a_person_is_called_or_the_call_is_about_to_end(phone: Any) -> None:
    """What was begun is thrown away, and nothing is begun."""
    dialog = Speculative(says("Never."))
    call = await phone(agent_of(dialog), "when", "when")
    await until_draft(call)
    call.session.leave("test")
    await settle()
    assert (len(dialog.asked), dialog.closed) == (1, 1)
    await call.line(300, WORDS)
    await call.line(300)
    assert len(dialog.asked) == 1


async def test_where_drafts_are_not_wanted_none_is_begun(phone: Any) -> None:
    """The turn's options say so."""
    dialog = Speculative(says("At nine."))
    call = await phone(agent_of(dialog, turn_taking=TurnOptions(speculate=False)), "when")
    await until_draft(call)
    assert dialog.asked == []


# -- the draft itself -----------------------------------------------------------------------------------------------


def a_call() -> Call:
    return Call(CallRecord(call_id="v3:call"), Any)  # type: ignore[arg-type]


class FakeMouth:
    """Notes what it is made ready for, and what of it is not wanted."""

    def __init__(self) -> None:
        self.prepared: list[Any] = []
        self.dropped: list[Any] = []

    def prepare(self, words: Any) -> Any:
        self.prepared.append(words)
        return words

    def drop(self, prepared: Any) -> None:
        self.dropped.append(prepared)


def draft_of(dialog: Any, mouth: FakeMouth | None = None) -> Draft:
    turn = Turn(Heard("x"), 0.0, 0.0, 0.0, 0.0, begins=asyncio.Event())
    return Draft(a_call(), dialog, mouth or FakeMouth(), turn, limits=Limits(), said=0)  # type: ignore[arg-type]


async def acts_in(draft: Draft) -> list[Act]:
    taken = []
    try:
        while True:
            taken.append(await draft.next(HANDLER))
    except StopAsyncIteration:
        return taken


async def test_words_are_taken_up_to_the_first_deed() -> None:
    """The rest is asked for when that was done."""
    dialog = Speculative(says(Understood(None, 0.9), Say("a"), HangUp(), Say("b")))
    draft = draft_of(dialog)
    await settle()
    assert list(draft._taken) == [Understood(None, 0.9), Say("a"), HangUp()]
    draft.adopt()
    assert draft.turn.begins is not None
    assert draft.turn.begins.is_set()
    assert await acts_in(draft) == [Understood(None, 0.9), Say("a"), HangUp(), Say("b")]
    await draft.aclose()
    assert dialog.closed == 1


@pytest.mark.parametrize(
    ("acts", "prepared", "left"),
    [
        ([Say("a"), Say("b"), HangUp()], ["a", "b"], [HangUp()]),
        ([Say("a"), Understood(None, 0.5), Say("b")], ["a"], [Understood(None, 0.5), Say("b")]),
        ([Say("a", whole=True), Say("b")], "a", [Say("b")]),
        ([HangUp()], None, []),
    ],
)
async def test_the_voice_is_asked_for_the_first_words_alone(acts: list[Act], prepared: Any, left: list[Act]) -> None:
    """Up to another act; whoever says them takes them from the draft, and the acts after them."""
    mouth = FakeMouth()
    draft = draft_of(Speculative(says(*acts)), mouth)
    await settle()
    draft.adopt()
    assert await draft.next(HANDLER) == acts[0]
    begun = draft.spoken()
    if prepared is None:
        assert begun is None
        assert mouth.prepared == []
    else:
        assert begun is not None
        words, ready = begun
        assert ready is mouth.prepared[0]
        assert ready == prepared if words is None else [piece async for piece in words] == prepared
    assert await acts_in(draft) == left
    await draft.aclose()
    assert mouth.dropped == []


async def test_what_comes_after_the_turn_is_over_is_given_by_whoever_says_it() -> None:
    """The draft gives no more pieces, and does not end the words."""
    pieces: asyncio.Queue[str] = asyncio.Queue()

    async def answer(call: Call) -> AsyncIterator[str]:
        for _ in range(2):
            yield await pieces.get()

    draft = draft_of(Speculative(answer))
    pieces.put_nowait("a")
    await settle()
    draft.adopt()
    assert await draft.next(HANDLER) == Say("a")
    begun = draft.spoken()
    assert begun is not None
    words, _ = begun
    assert words is not None
    pieces.put_nowait("b")
    assert await acts_in(draft) == [Say("b")]
    assert not words.ended
    assert list(words._pieces) == ["a"]
    await draft.aclose()


async def test_a_draft_that_is_closed_unsaid_drops_what_the_voice_was_asked_for() -> None:
    """Once."""
    mouth = FakeMouth()
    draft = draft_of(Speculative(says("a")), mouth)
    await settle()
    draft.drop()
    await draft.aclose()
    assert mouth.dropped == mouth.prepared
    assert len(mouth.dropped) == 1


async def test_a_draft_that_is_adopted_early_goes_on_piece_by_piece() -> None:
    """What has not come yet is waited for."""
    pieces: asyncio.Queue[str] = asyncio.Queue()

    async def answer(call: Call) -> AsyncIterator[str]:
        for _ in range(3):
            yield await pieces.get()

    draft = draft_of(Speculative(answer))
    await settle()
    draft.adopt()
    taking = asyncio.create_task(acts_in(draft))
    await settle()
    for piece in "abc":
        pieces.put_nowait(piece)
    assert await taking == [Say("a"), Say("b"), Say("c")]
    await draft.aclose()


async def test_no_more_words_are_taken_than_anybody_waits_for() -> None:
    """A dialog without an end is not asked for ever."""

    async def answer(call: Call) -> AsyncIterator[str]:
        while True:
            yield "x" * 100

    draft = draft_of(Speculative(answer))
    for _ in range(10):
        await settle()
    assert len(draft._taken) == 40
    await draft.aclose()


async def test_a_failure_is_raised_where_the_acts_before_it_were_taken() -> None:
    """And it is known before."""

    async def answer(call: Call) -> AsyncIterator[str]:
        yield "a"
        raise ValueError

    draft = draft_of(Speculative(answer))
    await settle()
    assert draft.failed
    assert await draft.next(HANDLER) == Say("a")
    with pytest.raises(ValueError):  # noqa: PT011  # it has no text
        await draft.next(HANDLER)
    await draft.aclose()


async def test_a_draft_that_is_dropped_before_it_began_asks_nobody() -> None:
    """Its task never ran."""
    dialog = Speculative(says("x"))
    draft = draft_of(dialog)
    draft.drop()
    await settle()
    assert dialog.asked == []
    assert await acts_in(draft) == []


@pytest.mark.parametrize(
    ("declared", "speculative"),
    [(True, True), (False, False), (lambda heard: heard.text == "x", True), (lambda heard: False, False)],
)
def test_a_dialog_declares_whether_it_may_be_asked(declared: Any, speculative: bool) -> None:
    """For all words, or for some; one that declares nothing may not."""
    dialog = Speculative(says("x"))
    dialog.speculative = declared
    assert is_speculative(dialog, Heard("x")) is speculative
    assert not is_speculative(object(), Heard("x"))  # type: ignore[arg-type]


async def test_a_models_request_is_given_up_with_the_draft(phone: Any) -> None:
    """Nobody pays for more of it."""
    model = FakeModel(["At ", 60.0, "nine."], "Yes.")
    call = await phone(Agent("Front desk", "", llm=model), "when are", "when are you open")
    await until_draft(call)
    assert len(model.asked) == 1
    await call.line(200, WORDS)
    assert model.given_up == 1
    await call.line(600)
    await call.until_quiet()
    assert call.history == [("caller", "when are you open"), ("agent", "Yes.")]
