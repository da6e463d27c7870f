"""The caller's words: one recognition at a time, on a guess, dropped when the caller speaks on."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from offhook.agent.failures import InARow
from offhook.errors import EngineError
from offhook.logs import describe
from offhook.speech.base import Recognition
from offhook.waiting import WaitOver, within
from offhook.waits import RECOGNITION

if TYPE_CHECKING:
    from offhook.speech.base import SpeechToText

__all__ = ["Recogniser", "WordsListener"]

logger = logging.getLogger(__name__)


class WordsListener(Protocol):
    """Who is told of the words."""

    def words_known(self, draft: int, words: Recognition) -> None:
        """The words of a draft that was not dropped."""
        ...

    def not_recognised(self, draft: int) -> None:
        """The recogniser failed at a draft that was not dropped: once is bad luck."""
        ...

    def recogniser_failed(self, error: Exception) -> None:
        """The recogniser failed again: it does not work."""
        ...


class Recogniser:
    """What a call asks of the worker's recogniser.

    Args:
        stt: the recogniser.
        listener: who is told of the words.
        call_id: for the log.
        limit_s: how long to wait for words; ``None``: as :data:`~offhook.waits.RECOGNITION` says.
    """

    def __init__(
        self, stt: SpeechToText, listener: WordsListener, *, call_id: str, limit_s: float | None = None
    ) -> None:
        self._stt = stt
        self._listener = listener
        self._call_id = call_id
        self._limit_s = limit_s
        self._drafting: asyncio.Task[None] | None = None
        self._failures = InARow()

    @property
    def busy(self) -> bool:
        """Whether words are being recognised."""
        return self._drafting is not None

    def start(self, draft: int, pcm: bytes) -> None:
        """Recognise the words in ``pcm``."""
        self._drafting = asyncio.create_task(self._recognise(draft, pcm))

    def drop(self) -> None:
        """Forget what is being recognised."""
        task, self._drafting = self._drafting, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _recognise(self, draft: int, pcm: bytes) -> None:
        try:
            words = await within(RECOGNITION, self._stt.transcribe(pcm), limit_s=self._limit_s, call_id=self._call_id)
            if not isinstance(words, Recognition):
                raise EngineError(
                    f"expected a Recognition of speech to text, got {type(words).__name__}.",
                    fix="return offhook.speech.base.Recognition from transcribe.",
                )
        except Exception as error:
            if not isinstance(error, WaitOver):  # which has told of itself
                logger.error("call %s: recognition raised %s", self._call_id, describe(error))
            self._drafting = None
            if self._failures.failed():
                self._listener.recogniser_failed(error)
            else:
                self._listener.not_recognised(draft)
            return
        self._failures.worked()
        self._drafting = None
        self._listener.words_known(draft, words)
