"""The caller's words, one recognition at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.agent.conftest import settle

from offhook.agent.cascade.recognising import Recogniser
from offhook.speech.base import Recognition
from offhook.speech.testing import FakeStt
from offhook.waiting import WaitOver
from offhook.waits import RECOGNITION

if TYPE_CHECKING:
    import pytest


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.known: list[tuple[int, Recognition]] = []
        self.failed: list[Exception] = []

    def words_known(self, draft: int, words: Recognition) -> None:
        self.known.append((draft, words))

    def not_recognised(self, draft: int) -> None:
        self.known.append((draft, Recognition("", 0.0)))

    def recogniser_failed(self, error: Exception) -> None:
        self.failed.append(error)


class Stubborn:
    """Fails or hangs as it is told, one thing after the other."""

    sample_rate = 16000

    def __init__(self, *what: Any) -> None:
        self.what = list(what)

    async def transcribe(self, pcm: bytes) -> Recognition:
        what = self.what.pop(0)
        if what is None:
            await asyncio.Event().wait()
        if isinstance(what, BaseException):
            raise what
        return Recognition(what, 0.9)


def recogniser(stt: Any) -> tuple[Recogniser, Listener]:
    listener = Listener()
    return Recogniser(stt, listener, call_id="v3:call"), listener


async def test_the_words_of_a_draft_are_told_with_its_number() -> None:
    """It is busy until then."""
    words, listener = recogniser(FakeStt(["hello"]))
    words.start(7, b"")
    assert words.busy
    await settle()
    assert listener.known == [(7, Recognition("hello", 0.95))]
    assert not words.busy


async def test_a_draft_that_is_dropped_is_never_told() -> None:
    """The recogniser is stopped, and dropping nothing does nothing."""
    stt = FakeStt(["hello"], delay_ms=60_000)
    words, listener = recogniser(stt)
    words.drop()
    words.start(1, b"")
    await settle()
    words.drop()
    await settle()
    assert stt.cancelled == 1
    assert listener.known == []
    assert not words.busy


async def test_a_failure_is_no_words_and_the_second_in_a_row_is_told() -> None:
    """A draft is answered whatever happens, or turn-taking would wait for ever."""
    words, listener = recogniser(Stubborn(OSError("a"), "hello", OSError("b"), asyncio.CancelledError()))
    for draft in range(4):
        words.start(draft, b"")
        await settle()
    nothing = Recognition("", 0.0)
    assert listener.known == [(0, nothing), (1, Recognition("hello", 0.9)), (2, nothing)]
    (error,) = listener.failed
    assert isinstance(error, RuntimeError)
    assert not words.busy


async def test_a_recogniser_that_hangs_has_heard_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as a failure."""
    short = replace(RECOGNITION, limit_s=0.001)
    monkeypatch.setattr("offhook.agent.cascade.recognising.RECOGNITION", short)
    words, listener = recogniser(Stubborn(None, None))
    words.start(1, b"")
    await asyncio.sleep(0.05)
    await settle()
    assert listener.known == [(1, Recognition("", 0.0))]
    words.start(2, b"")
    await asyncio.sleep(0.05)
    await settle()
    assert [type(error) for error in listener.failed] == [WaitOver]
