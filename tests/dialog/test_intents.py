"""Answers by example: the right one, asking again, and giving up to a person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from offhook.clock import ManualClock
from offhook.dialog.acts import Act, HangUp, Say, Understood
from offhook.dialog.base import Heard, Reply
from offhook.dialog.events import IntentMatched
from offhook.dialog.intents import Intent, IntentDialog, IntentMatcher, sure
from offhook.errors import AnswerInvalid, ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DENTIST = {
    "opening hours": ["when are you open", "are you open on sunday", "what time do you close"],
    "book": ["I would like to book an appointment", "can I make an appointment", "I need to see the dentist"],
    "cancel": ["I want to cancel my appointment", "cancel my booking"],
    "prices": ["how much does a cleaning cost", "what are your prices"],
    "location": ["where are you", "what is your address", "how do I get there"],
    "person": ["I want to talk to a person", "can I speak to someone", "put me through to reception"],
    "insurance": ["do you take my insurance", "which insurance do you accept"],
    "goodbye": ["goodbye", "that is all thank you", "bye"],
}

NEAR = [
    ("opening hours", "when do you open"),
    ("opening hours", "What are your opening hours?"),
    ("opening hours", "are you open on saturday"),
    ("opening hours", "when do you close"),
    ("opening hours", "hi um when are you open please"),
    ("book", "I'd like to make an appointment"),
    ("book", "could I book an appointment for tuesday"),
    ("book", "I need an appointment"),
    ("cancel", "can you cancel my appointment"),
    ("cancel", "please cancel my booking for tomorrow"),
    ("prices", "how much is a cleaning"),
    ("prices", "what does a cleaning cost"),
    ("location", "where are you located"),
    ("location", "what's your address"),
    ("location", "how can I get there"),
    ("person", "can I talk to a person"),
    ("person", "I'd like to talk to a real person please"),
    ("person", "could you put me through to the reception"),
    ("insurance", "do you accept my insurance"),
    ("goodbye", "that's all thanks"),
]
"""Other words for the same."""

NOISY = [
    ("opening hours", "win are you open"),
    ("opening hours", "When are you opened?"),
    ("opening hours", "wen are you hopen"),
    ("opening hours", "Are you open on some day."),
    ("book", "I like to book an appointment please"),
    ("book", "I'd like to book in a pointment."),
    ("book", "I would like to buck an appointment."),
    ("cancel", "I want to council my appointment"),
    ("prices", "How much does a cleaning caused?"),
    ("location", "what is your a dress"),
    ("person", "I want to talk to a purse on."),
    ("insurance", "do you take my in surance"),
]
"""The examples, with the mistakes that recognition makes on a telephone."""

UNRELATED = [
    "can you repair my bicycle",
    "I want to talk about my tax return",
    "what is the weather like tomorrow",
    "can I order a pizza",
    "my dog is sick",
    "I lost my keys",
    "what is the capital of france",
    "I would like to buy a car",
    "do you sell shoes",
    "where can I park my boat",
    "tell me a joke",
    "my internet is not working",
    "I want my money back",
    "are you a robot",
    "I need to renew my passport",
    "when is the next train to london",
    "what do you think about football",
    "can you help me",
    "the quick brown fox jumps over the lazy dog",
    "you",
    "",
]
"""Another subject, in sentences that begin like the examples."""


HOURS = Heard("when are you open")


class FakeCall:
    """As much of a call as a dialog needs."""

    id = "v3:call"

    def __init__(self) -> None:
        self.told: list[object] = []

    def notify(self, event: object) -> None:
        self.told.append(event)


def call() -> Any:
    return FakeCall()


def intents(**replies: Any) -> list[Intent]:
    return [Intent(name, examples, replies.get(name.replace(" ", "_"), name)) for name, examples in DENTIST.items()]


@pytest.fixture(scope="module")
def matcher() -> IntentMatcher:
    return IntentMatcher(intents())


@pytest.mark.parametrize(("name", "text"), NEAR + NOISY, ids=lambda value: value)
def test_a_paraphrase_and_a_misheard_example_match_with_confidence(
    matcher: IntentMatcher, name: str, text: str
) -> None:
    """What callers say in their own words, or a recogniser hears not quite right, is still understood."""
    match = matcher.match(text)
    assert match.intent is not None
    assert match.intent.name == name
    assert match.confidence >= 0.6


@pytest.mark.parametrize("text", UNRELATED)
def test_another_subject_has_little_confidence(matcher: IntentMatcher, text: str) -> None:
    """What has nothing to do with any intent is not answered."""
    assert matcher.match(text).confidence < 0.4


@pytest.mark.parametrize("text", [text for examples in DENTIST.values() for text in examples])
def test_an_example_matches_fully(matcher: IntentMatcher, text: str) -> None:
    """A caller who uses the very words of an example is understood without doubt."""
    assert matcher.match(text).confidence > 0.95


def test_what_two_intents_share_is_uncertain() -> None:
    """Better to ask than to guess."""
    matcher = IntentMatcher([Intent("book", ["book a table"], ""), Intent("cancel", ["cancel a table"], "")])
    assert matcher.match("a table").confidence < 0.5
    assert matcher.match("cancel the table").confidence > 0.9


def test_no_intents_match_nothing() -> None:
    """An agent without intents understands nothing, and does not fail."""
    assert IntentMatcher([]).match("hello").intent is None


def test_one_intent_alone_is_enough() -> None:
    """Confidence does not come from the distance to a second intent."""
    match = IntentMatcher([Intent("hours", ["when are you open"], "at nine")]).match("when are you open")
    assert match.confidence == 1.0


@pytest.mark.parametrize(
    ("match", "hearing", "expected"), [(1.0, 0.9, 1.0), (1.0, 0.6, 1.0), (0.8, 0.3, 0.56), (1.0, 0.0, 0.4), (0.0, 1, 0)]
)
def test_doubtful_hearing_takes_from_the_match_and_sure_hearing_does_not(
    match: float, hearing: float, expected: float
) -> None:
    """What was heard badly is never understood better than it was heard."""
    assert sure(match, hearing) == pytest.approx(expected)


async def acts(dialog: IntentDialog, heard: Heard, caller: Any = None) -> list[Act]:
    return [act async for act in dialog.respond(caller or call(), heard)]


class TestReplies:
    """What an intent's reply may be."""

    async def acts(self, handler: Any, heard: Heard = HOURS) -> list[Act]:
        return await acts(IntentDialog(intents(opening_hours=handler)), heard)

    async def text(self, handler: Any) -> str:
        return "".join(act.text for act in await self.acts(handler) if isinstance(act, Say))

    async def test_text_is_said(self) -> None:
        """What was understood comes first, then what is to be said about it."""
        assert await self.acts("at nine") == [Understood("opening hours", 1.0), Say("at nine", whole=True)]

    async def test_a_function_gets_the_call(self) -> None:
        """A function of one parameter."""
        assert await self.text(lambda call: f"at nine, {type(call).__name__}") == "at nine, FakeCall"

    async def test_a_coroutine_function_gets_what_was_heard_if_it_takes_it(self) -> None:
        """A function of two parameters."""

        async def handler(call: Any, heard: Heard) -> str:
            return f"you said: {heard.text}"

        assert await self.text(handler) == "you said: when are you open"

    async def test_a_function_of_any_arguments_gets_both(self) -> None:
        """It takes what there is."""
        assert await self.text(lambda *args: str(len(args))) == "2"

    async def test_keyword_only_arguments_are_the_functions_own(self) -> None:
        """They are not filled in."""

        def handler(call: Any, *, greeting: str = "hello") -> str:
            return greeting

        assert await self.text(handler) == "hello"

    async def test_a_second_argument_with_a_default_is_the_functions_own(self) -> None:
        """It is not filled in either."""

        def handler(call: Any, day: str = "monday") -> str:
            return day

        assert await self.text(handler) == "monday"

    async def test_an_async_generator_is_said_piece_by_piece(self) -> None:
        """Every piece is an act."""

        async def handler(call: Any) -> AsyncIterator[str]:
            yield "at "
            yield "nine"

        assert await self.acts(handler) == [Understood("opening hours"), Say("at "), Say("nine")]

    async def test_a_generator_of_a_handler_is_closed_with_the_answer(self) -> None:
        """A caller who speaks on stops what is being thought of."""
        closed = []

        async def handler(call: Any) -> AsyncIterator[str]:
            try:
                yield "at "
                yield "nine"
            finally:
                closed.append(1)

        answer = IntentDialog(intents(opening_hours=handler)).respond(call(), HOURS)
        assert [await anext(answer), await anext(answer)] == [Understood("opening hours"), Say("at ")]
        await answer.aclose()  # type: ignore[attr-defined]
        assert closed == [1]

    async def test_nothing_is_nothing_to_say(self) -> None:
        """It was understood all the same."""
        assert await self.acts(lambda call: None) == [Understood("opening hours")]

    async def test_a_reply_of_its_own_is_kept_and_gets_the_intent_and_the_confidence(self) -> None:
        """It may name another intent, and be less sure, but not surer than the match."""
        *_, understood, _, last = await self.acts(
            lambda call: Reply("bye", hangup=True), Heard("win are you open", 0.9)
        )
        assert last == HangUp()
        assert isinstance(understood, Understood)
        assert understood.intent == "opening hours"
        assert 0.6 <= understood.confidence < 1.0
        assert Understood("own", 0.1) in await self.acts(lambda call: Reply("bye", intent="own", confidence=0.1))

    async def test_what_a_handler_raises_is_raised(self) -> None:
        """The session apologises."""

        def handler(call: Any) -> str:
            raise LookupError("no diary")

        with pytest.raises(LookupError, match="no diary"):
            await self.acts(handler)

    async def test_anything_else_is_an_error_that_names_the_intent(self) -> None:
        """The log then says where to look."""
        with pytest.raises(AnswerInvalid, match=r"'opening hours' to return str, .* got int"):
            await self.acts(lambda call: 9)


class TestMisses:
    """What is understood when nothing matches."""

    async def test_a_miss_says_nothing_and_how_unsure_it_is(self) -> None:
        """What is done about it is decided above."""
        (understood,) = await acts(IntentDialog(intents()), Heard("can you repair my bicycle"))
        assert isinstance(understood, Understood)
        assert understood.intent is None
        assert understood.confidence < 0.5

    async def test_the_bar_can_be_chosen(self) -> None:
        """Then a good match may be none."""
        dialog = IntentDialog(intents(), below_confidence=0.999)
        assert len(await acts(dialog, Heard("when do you open"))) == 1

    async def test_a_match_of_a_text_that_was_hardly_heard_is_a_miss(self) -> None:
        """Unless it is word for word."""
        dialog = IntentDialog(intents())
        assert len(await acts(dialog, Heard("when do you close", 0.2))) == 1
        understood, _ = await acts(dialog, Heard("when are you open", 0.2))
        assert isinstance(understood, Understood)
        assert understood.confidence == pytest.approx(0.6)


class Other:
    """A dialog that answers in place of intents."""

    speculative: Any = True

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.ready = 0

    def respond(self, call: Any, heard: Heard) -> Any:
        self.asked.append(heard.text)
        return self.answer

    async def warm_up(self) -> None:
        self.ready += 1


class TestOtherwise:
    """Another dialog behind the intents."""

    async def test_what_no_intent_is_sure_of_is_the_others(self) -> None:
        """Whole, with what it has understood; what an intent knows is not asked of it."""
        other = Other(Reply("We do not.", intent="bicycles", confidence=0.9))
        dialog = IntentDialog(intents(), otherwise=other)
        assert await acts(dialog, Heard("can you repair my bicycle")) == [
            Understood("bicycles", 0.9),
            Say("We do not.", whole=True),
        ]
        assert (await acts(dialog, HOURS))[0] == Understood("opening hours", 1.0)
        assert other.asked == ["can you repair my bicycle"]

    async def test_its_answer_is_closed_with_ours(self) -> None:
        """A caller who speaks on stops it, too."""
        closed = []

        async def answer() -> AsyncIterator[str]:
            try:
                yield "a"
                yield "b"
            finally:
                closed.append(1)

        answering = IntentDialog(intents(), otherwise=Other(answer())).respond(call(), Heard("can you repair bicycles"))
        assert await anext(answering) == Say("a")
        await answering.aclose()  # type: ignore[attr-defined]
        assert closed == [1]

    async def test_it_may_be_asked_early_only_about_what_is_its_own(self) -> None:
        """The function of an intent does things."""
        for declared, early in ((True, True), (False, False), (lambda heard: True, True), (lambda heard: False, False)):
            other = Other("x")
            other.speculative = declared
            dialog = IntentDialog(intents(), otherwise=other)
            assert dialog.speculative(Heard("can you repair my bicycle")) is early
            assert not dialog.speculative(HOURS)
        assert not IntentDialog(intents()).speculative(Heard("can you repair my bicycle"))

    async def test_it_is_had_ready_with_ours(self) -> None:
        """If it can be."""
        other = Other("x")
        await IntentDialog(intents(), otherwise=other).warm_up()
        await IntentDialog(intents()).warm_up()
        assert other.ready == 1


@pytest.mark.parametrize("examples", [[], "when are you open"])
def test_an_intent_without_a_list_of_examples_is_an_error(examples: Any) -> None:
    """Examples given as one text, or none, are refused with the name of the intent."""
    with pytest.raises(ConfigError, match="'hours'"):
        Intent("hours", examples, "at nine")


def test_an_intent_without_a_name_is_an_error() -> None:
    """The name is what tools, logs and pages call it."""
    with pytest.raises(ConfigError, match="a name"):
        Intent("", ["when are you open"], "at nine")


def test_two_intents_of_one_name_are_an_error() -> None:
    """The second would be hidden by the first."""
    with pytest.raises(ConfigError, match="hours twice"):
        IntentMatcher([Intent("hours", ["a"], ""), Intent("hours", ["b"], "")])


def test_an_example_is_complete_and_a_beginning_of_one_is_not() -> None:
    """A turn may end early when what was said is already a whole question."""
    dialog = IntentDialog(intents())
    assert dialog.is_complete("When are you open?")
    assert not dialog.is_complete("I would like to")
    assert not dialog.is_complete("")


async def test_observers_learn_what_the_caller_wants_before_the_handler_has_finished() -> None:
    """A page shows what was understood while the handler is still at work."""
    asked = asyncio.Event()

    async def book(_: Any) -> str:
        await asked.wait()
        return "Done."

    dialog = IntentDialog([Intent("book", ["book an appointment"], book)], clock=ManualClock(wall_ms=5))
    one = call()
    answering = asyncio.create_task(acts(dialog, Heard("book an appointment"), one))
    await asyncio.sleep(0)
    assert one.told == [IntentMatched(at_ms=5, call_id="v3:call", intent="book", confidence=1.0)]
    asked.set()
    assert (await answering)[-1] == Say("Done.", whole=True)
