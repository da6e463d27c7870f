"""An agent in which all goes wrong that can, with personal data in whatever it says of that.

Who calls decides what goes wrong in their first turn and in their second.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from offhook import Agent, Call, ConfigError, HandOver, Heard, Limits, Say, Texts, TurnOptions
from offhook.errors import CallError
from offhook.speech.base import Recognition
from offhook.speech.testing import FakeVad, tone

CANARY = "Zanzibar Quicksilver of +15557773399"
NOBODY, REFUSED, BAD = "+15557774401", "+15557774402", "Zanzibar 5557774403"
"""Whom callers are handed over to: a number that nobody has, one that the carrier refuses, and none at all."""

TEXTS = Texts(apology="Sorry.", handover_failed="Nobody is there.")


class HandlerTrouble(Exception): ...


class StreamTrouble(Exception): ...


class OwnTrouble(CallError): ...


class GroupTrouble(Exception): ...


class KeyTrouble(Exception): ...


class VoiceTrouble(Exception): ...


class EarTrouble(Exception): ...


class ObserverTrouble(Exception): ...


class TaskTrouble(Exception): ...


class ThreadTrouble(Exception): ...


class FinalizerTrouble(Exception): ...


class Voice:
    """Says everything as a tone, 100 ms a word, but for what is not to be said."""

    sample_rate = 16_000

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """A piece per word."""
        if "unspeakable" in text:
            raise VoiceTrouble(f"cannot say {text} to {CANARY}")
        for _ in text.split():
            yield tone(self.sample_rate, 100)


class Recogniser:
    """Hears a name in whatever is said, but does not get over more than two seconds."""

    sample_rate = 16_000

    async def transcribe(self, pcm: bytes) -> Recognition:
        """Guess."""
        if len(pcm) > 2 * 2 * self.sample_rate:
            raise EarTrouble(f"heard {CANARY}")
        return Recognition(f"my name is {CANARY}", 0.9)


async def handler(call: Call) -> str:
    """Raise."""
    raise HandlerTrouble(f"no price for {CANARY}")


async def stream(call: Call) -> AsyncIterator[str]:
    """Raise when something is said already."""
    yield "One moment. "
    raise StreamTrouble(CANARY)


async def own(call: Call) -> str:
    """Raise what looks as if it were of offhook's own."""
    raise OwnTrouble(CANARY, fix=CANARY, call_id=call.id)


async def setting(call: Call) -> str:
    """Raise an error of offhook's own tree."""
    raise ConfigError(CANARY)


async def group(call: Call) -> str:
    """Raise several, caused by others."""
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        raise ExceptionGroup(CANARY, [GroupTrouble(CANARY), KeyError(CANARY)]) from error


async def leave(call: Call) -> str:
    """Raise what ends a program elsewhere."""
    raise SystemExit(CANARY)


async def cancel(call: Call) -> str:
    """Raise what only a task that is cancelled may."""
    raise asyncio.CancelledError(CANARY)


async def no_answer(call: Call) -> Any:
    """Return what is no answer."""
    return {"name": CANARY}


async def no_piece(call: Call) -> Any:
    """Yield what is no answer."""
    yield Say("One moment. ")
    yield CANARY.encode()


async def observe(call: Call) -> str:
    """Raise at whatever happens from now on."""

    def on_event(event: object) -> None:
        raise ObserverTrouble(f"{event} {CANARY}")

    call.observe(on_event)
    return "Thank you."


async def transfer(call: Call) -> str:
    """Have the carrier refuse."""
    await call.transfer(REFUSED)
    return "Goodbye."


async def background(call: Call) -> str:
    """Raise where nobody waits for it."""

    async def work() -> None:
        raise TaskTrouble(CANARY)

    def thread() -> None:
        raise ThreadTrouble(CANARY)

    class Finalized:
        def __del__(self) -> None:
            raise FinalizerTrouble(CANARY)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    del task
    threading.Thread(target=thread, name=CANARY).start()
    Finalized()
    return "Thank you."


def says(answer: object) -> Callable[[Call], Any]:
    """Answer so."""
    return lambda _: answer


@dataclass(frozen=True)
class Caller:
    """What goes wrong for a caller."""

    first: Callable[[Call], Any]
    second: Callable[[Call], Any]


unspeakable = says(f"unspeakable {CANARY}")
CALLERS = {
    "+15557773301": Caller(handler, stream),
    "+15557773302": Caller(own, setting),
    "+15557773303": Caller(group, leave),
    "+15557773304": Caller(no_answer, no_piece),
    "+15557773305": Caller(observe, cancel),
    "+15557773306": Caller(says(HandOver(CANARY, to=NOBODY)), says(HandOver(CANARY, to=BAD))),
    "+15557773307": Caller(says(HandOver(CANARY, to=REFUSED)), transfer),
    "+15557773308": Caller(unspeakable, unspeakable),
    "+15557773309": Caller(background, says(f"Hello {CANARY}.")),
}


class Decide:
    """Does what goes wrong for whoever calls."""

    def respond(self, call: Call, heard: Heard, /) -> Any:
        """First the first, then the second."""
        turn = call.data["turn"] = call.data.get("turn", 0) + 1
        caller = CALLERS.get(call.from_, Caller(says("Thank you."), says("Goodbye.")))
        return (caller.first if turn == 1 else caller.second)(call)


agent = Agent(
    name="Canary",
    greeting="Hello.",
    tts=Voice(),
    stt=Recogniser(),
    vad=FakeVad(),
    dialog=Decide(),
    texts=TEXTS,
    limits=Limits(silence_s=30),
    turn_taking=TurnOptions(),
)


@agent.digit
async def pressed(call: Call, digit: str) -> str:
    """Raise."""
    raise KeyTrouble(f"{digit} of {CANARY}")
