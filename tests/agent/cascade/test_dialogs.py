"""Dialogs of every kind in a conversation: what they are given, and what becomes of the acts they answer with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.agent import Agent, Limits, Texts, TurnOptions
from offhook.calls.events import TransferFailed
from offhook.dialog.acts import HandOver, HangUp, Say, Understood, UseTool
from offhook.dialog.base import Heard, Reply
from offhook.speech.testing import tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook import Call

DESK = "+15550100050"
MESSAGE = "One moment please."
LONG = "one two three four five six seven eight nine ten eleven twelve."
WORDS = tone(8000, 20, frequency=1000)


class Answers:
    """A dialog that gives one answer after the other, made when it is asked."""

    def __init__(self, *answers: Callable[[Call], Any] | Any) -> None:
        self.answers = list(answers)
        self.seen: list[list[tuple[str, str, str]]] = []

    def respond(self, call: Call, heard: Heard) -> Any:
        self.seen.append([(entry.speaker, entry.heard, entry.said) for entry in call.transcript])
        answer = self.answers.pop(0)
        return answer(call) if callable(answer) else answer


def agent_of(dialog: Answers, *, greeting: str = "", handover: dict[str, Any] | None = None, **more: Any) -> Agent:
    agent = Agent("Front desk", greeting, dialog=dialog, **more)
    if handover is not None:
        agent.handover(**{"to": DESK, "message": MESSAGE, **handover})
    return agent


def acts(*what: Any) -> Callable[[Call], AsyncIterator[Any]]:
    async def answer(call: Call) -> AsyncIterator[Any]:
        for act in what:
            yield act

    return answer


async def ask(call: Any, times: int = 1) -> None:
    for _ in range(times):
        await call.say()
        await call.until_quiet()
        await call.line(100)


# -- what a dialog is given -----------------------------------------------------------------------------------------


async def test_a_dialog_sees_its_own_answer_cut_to_what_was_heard(phone: Any) -> None:
    """After an interruption, with the turn that it answers now as the last entry."""
    dialog = Answers(LONG, "Go on.")
    call = await phone(agent_of(dialog), "tell me", "wait a moment")
    await call.say()
    await call.line(1000)
    await call.say()
    (caller, agent, interrupting) = dialog.seen[1]
    assert caller == ("caller", "tell me", "tell me")
    assert agent[0] == "agent"
    assert agent[2] == LONG
    assert LONG.startswith(agent[1])
    assert 4 <= len(agent[1].split()) <= 8
    assert interrupting == ("caller", "wait a moment", "wait a moment")


async def test_words_cut_before_one_was_heard_are_kept_as_said(phone: Any) -> None:
    """The dialog knows what the caller has not heard."""
    dialog = Answers(LONG, "Go on.")
    call = await phone(agent_of(dialog), "tell me", "wait a moment")
    await call.line(600, WORDS)
    await call.line(400)
    await call.line(700, WORDS)
    await call.line(600)
    entries = dialog.seen[1]
    assert [speaker for speaker, _, _ in entries] == ["caller", "agent", "caller"]
    assert len(entries[1][1].split()) < 5
    assert entries[1][2] == LONG


# -- acts -----------------------------------------------------------------------------------------------------------


async def test_acts_are_done_in_their_order_each_when_what_was_said_before_was_heard(phone: Any) -> None:
    """Words that follow each other are one speech; an act in between begins another."""
    dialog = Answers(acts(Understood("bye", 0.8), "Thank ", "you.", Understood(), Say("Goodbye."), HangUp(), "never"))
    call = await phone(agent_of(dialog), "bye")
    await ask(call)
    assert call.history == [("caller", "bye"), ("agent", "Thank you."), ("agent", "Goodbye.")]
    (reply,) = call.of("turn.reply")
    assert (reply.intent, reply.confidence, reply.text) == ("bye", 0.8, "")
    assert call.of("session.ended")[0].reason == "hangup"


async def test_the_rest_of_an_answer_is_given_up_with_the_turn(phone: Any) -> None:
    """A caller who interrupts the words before is not hung up on, and the dialog's generator is closed."""
    closed = []

    async def goodbye(call: Call) -> AsyncIterator[Any]:
        try:
            yield LONG
            await asyncio.Event().wait()
            yield HangUp()
        finally:
            closed.append(1)

    call = await phone(agent_of(Answers(goodbye, "Yes?")), "bye", "wait")
    await call.say()
    await call.line(1000)
    await ask(call)
    assert closed == [1]
    assert call.history[-1] == ("agent", "Yes?")
    assert not call.session.over


async def test_a_dialog_runs_in_one_task_from_its_first_act_to_its_last(phone: Any) -> None:
    """A time limit, or a task group, may span what it yields."""
    tasks = []

    async def answer(call: Call) -> AsyncIterator[Any]:
        try:
            async with asyncio.timeout(60):
                for piece in ("One. ", "Two. ", "Three.", Understood(), "Four."):
                    tasks.append(asyncio.current_task())
                    yield piece
        finally:
            tasks.append(asyncio.current_task())

    call = await phone(agent_of(Answers(answer)), "count")
    await ask(call)
    assert [text for _, text in call.history] == ["count", "One. Two. Three.", "Four."]
    assert len(tasks) == 6
    assert len(set(tasks)) == 1


async def test_a_time_limit_of_the_dialogs_own_is_its_failure(phone: Any) -> None:
    """What was said until then was said, and the caller is told."""

    async def answer(call: Call) -> AsyncIterator[Any]:
        yield "One moment. "
        raise TimeoutError

    call = await phone(agent_of(Answers(answer)), "when")
    await ask(call)
    await call.until_quiet()
    assert [text[:10] for _, text in call.history] == ["when", "One moment", "I am sorry"]
    assert [event.error for event in call.of("handler.failed")] == ["TimeoutError"]


async def test_what_waits_behind_other_words_is_closed_too(phone: Any) -> None:
    """Its first word was never wanted."""
    closed = []

    async def words(call: Call) -> AsyncIterator[Any]:
        try:
            yield "Never."
            yield "Said."
        finally:
            closed.append(1)

    agent = agent_of(Answers(), greeting=LONG, turn_taking=TurnOptions(protect_greeting=True))
    agent.digit(lambda call, digit: words(call))
    call = await phone(agent)
    call.session.media.digit("1")
    await call.line(200)
    assert closed == []
    call.session.media.media_stopped()
    await call.line(40)
    assert closed == [1]


async def test_an_act_that_hands_over_names_its_own_number(phone: Any) -> None:
    """One that cannot be dialled is a failure of the program."""
    dialog = Answers(acts(HandOver("billing", "+15550100060")), acts(HandOver("billing", "12")))
    call = await phone(agent_of(dialog), "a bill", "a bill")
    await ask(call)
    assert call.carrier.transfers == ["+15550100060"]
    assert call.of("handover.started")[0].reason == "billing"
    call.call.notify(TransferFailed(at_ms=0.0, call_id="v3:call", cause="busy"))
    await call.until_quiet()
    await ask(call)
    assert [event.error for event in call.of("handler.failed")] == ["ConfigError"]


async def test_a_tool_is_a_failure_while_agents_have_none(phone: Any) -> None:
    """The caller is not left in silence."""
    call = await phone(agent_of(Answers(acts("One moment. ", UseTool("book", {"day": "Monday"})))), "book")
    await ask(call)
    await call.until_quiet()
    assert [event.error for event in call.of("handler.failed")] == ["AnswerInvalid"]
    assert [text[:10] for _, text in call.history] == ["book", "One moment", "I am sorry"]


async def test_keys_are_answered_in_acts_as_well(phone: Any) -> None:
    """What was understood means nothing there."""
    agent = agent_of(Answers())
    agent.digit(lambda call, digit: acts(Understood("x", 0.1), "Bye ", "bye.", HangUp())(call))
    call = await phone(agent)
    call.session.media.digit("1")
    await call.line(100)
    await call.until_quiet()
    await call.line(40)
    assert call.history == [("agent", "Bye bye.")]
    assert call.of("turn.reply") == []
    assert call.session.over


# -- misses and hand-over -------------------------------------------------------------------------------------------


async def test_a_dialog_of_ones_own_that_is_unsure_twice_hands_over(phone: Any) -> None:
    """What it would have said is not said, but at the first miss its own words are."""
    dialog = Answers(Reply("Did you mean Monday?", confidence=0.2), Reply("Or Tuesday?", confidence=0.3))
    call = await phone(agent_of(dialog, handover={}), "mumble", "mumble")
    await ask(call, 2)
    assert [text for _, text in call.history] == ["mumble", "Did you mean Monday?", "mumble", MESSAGE]
    assert call.carrier.transfers == [DESK]
    assert call.of("handover.started")[0].reason == "the agent did not understand the caller 2 times in a row"
    assert [event.text for event in call.of("turn.reply")] == ["Did you mean Monday?", ""]


async def test_the_rules_of_the_hand_over_are_the_agents(phone: Any) -> None:
    """Below which confidence, and how often."""
    dialog = Answers(acts(Understood("x", 0.85), "Sure."), acts(Understood("x", 0.79), "Hm."))
    call = await phone(agent_of(dialog, handover={"below_confidence": 0.8, "after_misses": 1}), "one", "two")
    await ask(call)
    assert call.of("handover.started") == []
    await ask(call)
    assert call.of("handover.started")[0].reason == "the agent did not understand the caller once"


async def test_a_sure_answer_starts_the_count_again(phone: Any) -> None:
    """An answer that says nothing of how sure it is counts as sure."""
    unsure = Reply(None, confidence=0.1)
    call = await phone(agent_of(Answers(unsure, "Fine.", unsure), handover={}), "a", "b", "c")
    await ask(call, 3)
    clarify = Texts().clarify
    assert [text for who, text in call.history if who == "agent"] == [clarify, "Fine.", clarify]
    assert call.of("handover.started") == []


async def test_an_unsure_dialog_without_words_asks_again(phone: Any) -> None:
    """In the agent's words, as its reply; an empty text is not spoken."""
    unsure = Reply(None, confidence=0.1)
    call = await phone(agent_of(Answers(unsure), texts=Texts(clarify="Pardon?")), "mumble")
    await ask(call)
    assert [event.text for event in call.of("turn.reply")] == ["Pardon?"]
    assert call.history[-1] == ("agent", "Pardon?")
    call = await phone(agent_of(Answers(unsure), texts=Texts(clarify="")), "mumble")
    await ask(call)
    assert call.tts.spoken == []


async def test_without_anybody_to_hand_over_to_an_unsure_dialog_keeps_its_words(phone: Any) -> None:
    """And where it has none the caller is told that the agent cannot help."""
    dialog = Answers(
        Reply("Monday?", confidence=0.1), Reply("Tuesday?", confidence=0.1), *[Reply(None, confidence=0)] * 2
    )
    call = await phone(agent_of(dialog), "a", "b", "c", "d")
    await ask(call, 4)
    texts = Texts()
    said = [text for who, text in call.history if who == "agent"]
    assert said == ["Monday?", "Tuesday?", texts.clarify, texts.no_handover]


async def test_a_dialog_that_hands_over_when_it_is_unsure_gives_its_own_reason(phone: Any) -> None:
    """It has decided itself."""
    dialog = Answers(*[acts(Understood(None, 0.1), HandOver("angry"))])
    call = await phone(agent_of(dialog, handover={"after_misses": 1}), "mumble")
    await ask(call)
    assert call.of("handover.started")[0].reason == "angry"


async def put_through(call: Call) -> None:
    await call.say("I will put you through.")
    await call.hand_over()


async def fails(call: Call) -> None:
    await call.say("Let me see.")
    raise ValueError


ANNOUNCED = ["I will put you through."]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Reply("I will put you through.", handover="asked")], ANNOUNCED),
        ([acts("I will ", "put you through.", HandOver("asked"))], ANNOUNCED),
        ([put_through], ANNOUNCED),
        ([Reply(None, handover="asked")], [MESSAGE]),
        ([acts(HandOver("asked"))], [MESSAGE]),
        ([lambda call: call.hand_over()], [MESSAGE]),
        ([Reply("", confidence=0.1), Reply("", confidence=0.1)], [Texts().clarify, MESSAGE]),
        ([fails, fails], ["Let me see.", Texts().apology, "Let me see.", MESSAGE]),
    ],
)
async def test_a_hand_over_is_announced_once_whatever_leads_to_it(phone: Any, answers: Any, said: Any) -> None:
    """By the words of whoever hands over, or else by the agent's message: never by both, never by none."""
    call = await phone(agent_of(Answers(*answers), handover={}), *["hello"] * len(answers))
    for _ in answers:
        await call.say()
        for _ in range(4):
            await call.until_quiet()
            await call.line(60)
    assert [text for who, text in call.history if who == "agent"] == said
    assert call.carrier.transfers == [DESK]


# -- a line that is lost --------------------------------------------------------------------------------------------


async def test_a_line_that_is_lost_and_comes_back_loses_no_word_and_says_none_twice(phone: Any) -> None:
    """What was sent and not played is sent again; nothing is sent meanwhile."""
    call = await phone(agent_of(Answers(), greeting=LONG))
    await call.line(1000)
    call.session.media.media_lost()
    call.stream.queue.clear()
    await call.line(400)
    assert list(call.stream.queue) == []
    call.session.media.media_resumed()
    await call.until_quiet()
    (ended,) = call.of("agent.speech_ended")
    assert (ended.heard, ended.interrupted) == (LONG, False)
    assert call.audible_ms == pytest.approx(12 * 200, abs=60)


async def test_what_is_begun_while_the_line_is_lost_waits_for_it(phone: Any) -> None:
    """An answer is not spoken into the void."""
    call = await phone(agent_of(Answers("At nine.")), "when")
    await call.line(600, WORDS)
    call.session.media.media_lost()
    await call.line(1000)
    assert call.of("agent.speech_began") == []
    assert list(call.stream.queue) == []
    call.session.media.media_resumed()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "At nine.")


async def test_a_line_that_comes_back_does_not_end_the_pause_of_an_interruption(phone: Any) -> None:
    """The caller still has the floor; nothing is cleared on a line that is not there."""
    call = await phone(agent_of(Answers("Yes?"), greeting=LONG), "okay")
    await call.line(1000)
    await call.line(300, WORDS)
    assert call.stream.cleared == 1
    call.session.media.media_lost()
    call.session.media.media_resumed()
    await call.line(60)
    assert list(call.stream.queue) == []
    await call.until_quiet()
    assert call.of("agent.speech_ended")[0].heard == LONG


async def test_an_interruption_on_a_lost_line_clears_nothing(phone: Any) -> None:
    """There is nothing to clear, and nobody to tell."""
    call = await phone(agent_of(Answers(), greeting=LONG))
    await call.line(400)
    call.session.media.media_lost()
    await call.session.aclose()
    assert call.stream.cleared == 0
    assert call.of("agent.speech_ended")[0].interrupted


async def silent_line(call: Any, ms: float) -> None:
    """Time without any audio of the caller's."""
    for _ in range(round(ms / 10)):
        call.clock.advance(10)
        call.session.tick(call.clock.now_ms())
        await asyncio.sleep(0)


async def test_what_a_caller_was_saying_when_the_line_was_lost_is_answered_when_it_is_back(phone: Any) -> None:
    """As far as it was heard."""
    call = await phone(agent_of(Answers("At nine.")), "when are you")
    await call.line(600, WORDS)
    call.session.media.media_lost()
    await silent_line(call, 600)
    assert [event.text for event in call.of("turn.heard")] == ["when are you"]
    assert call.of("agent.speech_began") == []
    call.session.media.media_resumed()
    await call.until_quiet()
    assert call.history[-1] == ("agent", "At nine.")


async def test_nobody_is_asked_on_a_lost_line_whether_they_are_still_there(phone: Any) -> None:
    """The silence counts from when it is back."""
    call = await phone(agent_of(Answers(), limits=Limits(silence_s=3)))
    await call.line(2000)
    call.session.media.media_lost()
    await silent_line(call, 20_000)
    assert call.of("silence.reminder") == []
    call.session.media.media_resumed()
    await call.line(2900)
    assert call.of("silence.reminder") == []
    await call.line(200)
    assert len(call.of("silence.reminder")) == 1


async def test_a_caller_whose_audio_stops_in_mid_word_is_answered_and_then_reminded(phone: Any) -> None:
    """The socket is open: a second without audio ends the turn, and the silence after it is a silence."""
    call = await phone(agent_of(Answers(None), limits=Limits(silence_s=3)), "when are you")
    await call.line(600, WORDS)
    await silent_line(call, 900)
    assert call.of("turn.heard") == []
    await silent_line(call, 300)
    assert [event.text for event in call.of("turn.heard")] == ["when are you"]
    await silent_line(call, 3100)
    assert len(call.of("silence.reminder")) == 1
