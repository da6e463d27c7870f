"""How a call ends: in one way, whatever happens in whatever order, and nobody is left in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls import ending as ends
from offhook.calls.ending import Ending, Outcome, SessionState, step

if TYPE_CHECKING:
    from offhook.calls.ending import Action, Happening

BEGAN, BROKEN, CLOSED = ends.SessionBegan(), ends.SessionBroken(), ends.SessionClosed()
ENDED, LEFT, GONE = ends.CallEnded(), ends.Abandoned(), ends.MediaGone()
APOLOGISED, HUNG_UP, LOST = ends.Apologised(), ends.HungUp(), ends.TransferLost()

TOLD = "Apologise CloseSession HangUp Settle"
GIVEN = "StopStreaming CloseSession Settle"


def over(failed: str | None = None, handed_over: bool = False) -> ends.SessionOver:
    return ends.SessionOver(failed=failed, handed_over=handed_over)


def media_failed(handed_over: bool = False) -> ends.MediaFailed:
    return ends.MediaFailed(reason="no_media", handed_over=handed_over)


def awaited(handed_over: bool = False) -> ends.EndAwaited:
    return ends.EndAwaited(handed_over=handed_over)


def goodbye(handed_over: bool = False) -> ends.GoodbyeOver:
    return ends.GoodbyeOver(handed_over=handed_over)


def run(*happenings: Happening) -> tuple[Ending, list[str]]:
    """The end after all of it, and the names of what was to be done."""
    ending, names = Ending(), []
    for happening in happenings:
        ending, actions = step(ending, happening)
        names += [type(action).__name__ for action in actions]
    return ending, names


@pytest.mark.parametrize(
    ("happenings", "outcome", "actions"),
    [
        # the conversation has ended well
        ((BEGAN, over(), HUNG_UP, CLOSED, ENDED), Outcome.ENDED, "HangUp CloseSession Settle Settle"),
        ((BEGAN, over(), CLOSED, HUNG_UP), Outcome.HUNG_UP, "HangUp CloseSession Settle"),
        # the caller has hung up
        ((BEGAN, ENDED, over(), CLOSED), Outcome.ENDED, "EndSession CloseSession Settle"),
        ((BEGAN, GONE, over("media_lost"), ENDED, CLOSED), Outcome.ENDED, "EndSession AwaitEnd CloseSession Settle"),
        ((BEGAN, GONE, ENDED, over("media_lost"), CLOSED), Outcome.ENDED, "EndSession CloseSession Settle"),
        ((ENDED, CLOSED), Outcome.ENDED, "CloseSession Settle"),
        # the audio has failed
        (
            (BEGAN, GONE, over("media_lost"), awaited(), APOLOGISED, HUNG_UP, CLOSED),
            Outcome.HUNG_UP,
            "EndSession AwaitEnd Apologise CloseSession HangUp Settle",
        ),
        ((media_failed(), CLOSED, APOLOGISED, HUNG_UP), Outcome.HUNG_UP, TOLD),
        ((media_failed(), media_failed(), ENDED, APOLOGISED), Outcome.ENDED, "Apologise CloseSession"),
        ((BEGAN, media_failed()), Outcome.OPEN, ""),
        ((media_failed(handed_over=True),), Outcome.OPEN, ""),
        # the session has failed
        (
            (BROKEN, BROKEN, media_failed(), APOLOGISED, HUNG_UP, CLOSED),
            Outcome.HUNG_UP,
            "Apologise CloseSession HangUp Settle",
        ),
        (
            (BEGAN, over("session_failed"), APOLOGISED, HUNG_UP, CLOSED),
            Outcome.HUNG_UP,
            "Apologise CloseSession HangUp Settle",
        ),
        # it was handed over
        ((BEGAN, over(handed_over=True), CLOSED), Outcome.HANDED_OVER, GIVEN),
        (
            (BEGAN, over("session_failed", handed_over=True), CLOSED),
            Outcome.HANDED_OVER,
            "StopStreaming CloseSession Settle",
        ),
        (
            (BEGAN, GONE, over("media_lost", handed_over=True), awaited(handed_over=True), CLOSED, ENDED),
            Outcome.ENDED,
            "EndSession AwaitEnd StopStreaming CloseSession Settle Settle",
        ),
        (
            (BEGAN, over(handed_over=True), CLOSED, LOST, awaited(), APOLOGISED, HUNG_UP),
            Outcome.HUNG_UP,
            "StopStreaming CloseSession Settle AwaitEnd Apologise HangUp Settle",
        ),
        (
            (BEGAN, over(handed_over=True), CLOSED, LOST, ENDED, awaited()),
            Outcome.ENDED,
            "StopStreaming CloseSession Settle AwaitEnd Settle",
        ),
        ((BEGAN, LOST), Outcome.OPEN, ""),
        # the process stops
        ((BEGAN, goodbye(), over(), HUNG_UP, CLOSED), Outcome.HUNG_UP, "HangUp EndSession CloseSession Settle"),
        ((BEGAN, goodbye(handed_over=True)), Outcome.OPEN, ""),
        ((goodbye(), goodbye(), HUNG_UP, HUNG_UP, CLOSED), Outcome.HUNG_UP, "HangUp CloseSession Settle"),
        (
            (media_failed(), goodbye(), APOLOGISED, HUNG_UP, CLOSED),
            Outcome.HUNG_UP,
            "Apologise CloseSession HangUp Settle",
        ),
        ((BEGAN, LEFT, over("session_cancelled"), CLOSED), Outcome.LEFT, "CancelSession CloseSession Settle"),
        ((LEFT, BEGAN, CLOSED, over()), Outcome.LEFT, "CloseSession Settle"),
        ((BEGAN, over(handed_over=True), LEFT, CLOSED), Outcome.HANDED_OVER, GIVEN),
    ],
)
def test_every_story_has_its_end(happenings: tuple[Happening, ...], outcome: Outcome, actions: str) -> None:
    """What is done, in order."""
    ending, names = run(*happenings)
    assert ending.outcome is outcome
    assert names == actions.split()


def test_the_reason_of_an_apology_is_what_failed_first() -> None:
    """It is told, and logged."""
    ending, actions = step(Ending(), media_failed())
    assert actions[0] == ends.Apologise("no_media")
    assert (ending.takes_audio, Ending().takes_audio) == (False, True)


def test_audio_is_worth_asking_for_again_while_a_session_runs() -> None:
    """Not before it began, nor once the call ends."""
    running, _ = step(Ending(), BEGAN)
    over, _ = step(running, ENDED)
    assert [each.in_conversation for each in (Ending(), running, over)] == [False, True, False]


WORLD: list[Happening] = [
    BEGAN,
    BROKEN,
    ENDED,
    LEFT,
    GONE,
    LOST,
    APOLOGISED,
    HUNG_UP,
    CLOSED,
    *(over(failed, handed_over) for failed in (None, "media_lost", "session_failed") for handed_over in (False, True)),
    *(make(handed_over) for make in (media_failed, awaited, goodbye) for handed_over in (False, True)),
]

ANSWERS: dict[type[Action], Happening] = {
    ends.Apologise: APOLOGISED,
    ends.HangUp: HUNG_UP,
    ends.AwaitEnd: awaited(),
    ends.EndSession: over(),
    ends.CancelSession: over("session_cancelled"),
    ends.CloseSession: CLOSED,
}


@given(st.lists(st.sampled_from(WORLD), max_size=40), st.randoms(use_true_random=False))
def test_whatever_happens_in_whatever_order_a_call_ends_once(happenings: list[Happening], random: object) -> None:
    """It settles in one way; nothing is done twice; and where the caller was told that something is wrong, the call was
    hung up, or was over."""
    ending, done = Ending(), list[str]()
    owed: list[Happening] = []

    def tell(happening: Happening) -> None:
        nonlocal ending
        before = ending
        ending, actions = step(ending, happening)
        assert list(SessionState).index(ending.session) >= list(SessionState).index(before.session)
        assert not (before.outcome is Outcome.ENDED and ending.outcome is not Outcome.ENDED)
        for action in actions:
            done.append(type(action).__name__)
            if type(action) in ANSWERS:
                owed.append(ANSWERS[type(action)])

    for happening in happenings:
        tell(happening)
    while owed:
        tell(owed.pop(random.randrange(len(owed))))  # type: ignore[attr-defined]
    if ending.outcome is Outcome.OPEN:
        assert not ending.settled
        tell(ENDED)
        while owed:
            tell(owed.pop())
    assert ending.settled
    assert ending.outcome in (Outcome.HUNG_UP, Outcome.HANDED_OVER, Outcome.ENDED, Outcome.LEFT)
    for once in ("Apologise", "HangUp", "EndSession", "CloseSession"):
        assert done.count(once) <= 1
    assert done[-1] == "Settle" or "Settle" in done
    if "Apologise" in done:
        assert "HangUp" in done or ending.outcome in (Outcome.ENDED, Outcome.LEFT)
