"""How a call's audio becomes words: one recogniser at a time, and the next where one does not work.

What is being said is kept (:mod:`~.kept`). Where a recogniser breaks, the next one is given all of the utterance again,
and what the first had told of it is forgotten: nothing is lost, and nothing is heard twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from offhook.agent.cascade.kept import Kept
from offhook.agent.cascade.words import Told, WordsSoFar
from offhook.agent.failures import InARow
from offhook.audio.formats import AudioFormat, Rewriter, best_for
from offhook.errors import EngineError, EngineRefused, kind_of
from offhook.logs import describe
from offhook.speech.streams import (
    EagerEnd,
    EndOfTurn,
    FinalWords,
    Onset,
    PartialWords,
    StreamBroke,
    TurnResumed,
    Word,
)
from offhook.waiting import WaitOver, within
from offhook.waits import FLUSH, RECOGNITION

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.cascade.kept import Piece
    from offhook.agent.options import Limits
    from offhook.agent.recognisers import Recognisers
    from offhook.clock import Clock
    from offhook.speech.streams import RecognitionEvent, RecognitionStream, StreamingSpeechToText

__all__ = ["Recogniser", "WordsListener"]

logger = logging.getLogger(__name__)

_ONCE_MORE = 2
"""A recogniser that hears along is opened anew once: a connection can be lost. The same utterance would fail one that
hears it whole in the same way."""
_MUTE_MS = 2000.0
"""A recogniser that hears along, and has told nothing after so much of an utterance, is asked whether it is there."""


class WordsListener(Protocol):
    """Who is told of the words."""

    def words_known(self, draft: int, words: Told, *, ended: bool) -> None:
        """The words of a draft that was not dropped. ``ended``: the recogniser takes them for the whole of a turn."""
        ...

    def not_recognised(self, draft: int) -> None:
        """No recogniser knows the words of a draft that was not dropped: once is bad luck."""
        ...

    def recogniser_failed(self, error: Exception) -> None:
        """It happened again: none works."""
        ...

    def words_so_far(self, words: Told, *, live: bool) -> None:
        """What the caller seems to have said until now. ``live``: by a recogniser that hears along."""
        ...

    def turn_may_be_over(self, words: Told) -> None:
        """The recogniser thinks that these are all of the words of a turn, and is not sure."""
        ...

    def turn_goes_on(self) -> None:
        """They were not."""
        ...

    def turn_over(self, words: Told) -> None:
        """The recogniser says, of its own accord, that a turn is over; without words: one that was answered already."""
        ...

    def hears(self, engine: StreamingSpeechToText) -> None:
        """From now on it is this recogniser that hears."""
        ...


class _Open:
    """A stream of a recogniser's."""

    def __init__(
        self,
        engine: StreamingSpeechToText,
        pcm: AudioFormat,
        line: AudioFormat,
        pieces: list[Piece],
        since_ms: float,
    ) -> None:
        self.engine = engine
        self.wanted = best_for(pcm if line.encoding == "pcm" else line, engine.formats)
        self.rewrite = Rewriter(pcm, self.wanted).process
        self.since_ms = since_ms  # the position at which it was opened,
        self.base_ms = pieces[0].begins_ms if pieces else since_ms  # and of the first audio that it is given
        self.stream: RecognitionStream
        self.flushes = 0
        self.answered = 0
        self.told = False  # something, since the utterance began, or since it was asked


class Recogniser:
    """What a call asks of the worker's recognisers.

    Args:
        recognisers: those of the worker.
        listener: who is told of the words.
        clock: what time it is.
        limits: how long to wait for words.
        call_id: for the log.
    """

    def __init__(
        self, recognisers: Recognisers, listener: WordsListener, *, clock: Clock, limits: Limits, call_id: str
    ) -> None:
        self._recognisers = recognisers
        self._listener = listener
        self._clock = clock
        self._limits = limits
        self._call_id = call_id
        self._pcm = self._line = AudioFormat("pcm", 8000)
        self._kept = Kept()
        self._words = WordsSoFar()
        self._best = Told()  # what a recogniser that broke has told of the utterance
        self._open: _Open | None = None
        self._tried: Counter[int] = Counter()  # since one has worked
        self._began_ms: float | None = None  # the position of the utterance under way
        self._draft: int | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._failures = InARow()
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether somebody waits for words."""
        return self._draft is not None

    def begin(self, rate: int, line: AudioFormat) -> None:
        """Audio flows.

        Args:
            rate: of the pcm that :meth:`hear` gets, in Hz.
            line: how it is written on the line.
        """
        self._pcm, self._line = AudioFormat("pcm", rate), line
        self._next(self._nobody())

    def close(self) -> None:
        """Nothing is heard any more."""
        self._over = True
        self.drop()
        self._let_go()

    # -- what is heard ------------------------------------------------------------------------------------------------

    def hear(self, pcm: bytes, ended_ms: float) -> None:
        """The caller's audio up to where voice activity has got to; it ended at ``ended_ms`` on the clock."""
        self._kept.push(pcm, len(pcm) / self._pcm.bytes_per_ms, ended_ms)
        opened = self._open
        if opened is None:
            return
        self._push(opened, pcm)
        if self._began_ms is not None and not opened.told and opened.engine.live:
            heard_ms = self._kept.pushed_ms - max(self._began_ms, opened.since_ms)
            if heard_ms > _MUTE_MS and self._waiting is None:
                self._flush()

    def speech_began(self, at_ms: float, *, goes_on: bool = False) -> None:
        """The caller says something since ``at_ms``, or ``goes_on`` after an utterance that was cut off."""
        self._words.began(self._clock.now_ms(), goes_on=goes_on)
        self._best = Told()
        self._began_ms = position_ms = self._kept.began(at_ms, goes_on=goes_on)
        opened = self._open
        if opened is None:
            self._tried.clear()
            self._next(self._nobody())
        else:
            opened.told = False
            if not opened.engine.live and not goes_on:
                self._words.restart()  # it hears each utterance anew
            at_ms = max(0.0, position_ms - opened.base_ms)
            self._ask_of(opened, lambda: opened.stream.speech_began(at_ms, goes_on=goes_on))

    def speech_over(self, *, keep: bool = False) -> None:
        """What was said is decided upon; it may still go on (``keep``)."""
        self._forget_draft()
        self._began_ms = None
        self._kept.over()
        self._words.over(keep=keep)
        if (opened := self._open) is not None:
            self._ask_of(opened, lambda: opened.stream.speech_over())
            if not keep and (better := self._recognisers.better_than(opened.engine)) is not None:
                self._let_go()
                self._tried.clear()
                self._next(self._nobody(), better)

    def start(self, draft: int) -> None:
        """Tell the words of what is said until now."""
        self._draft = draft
        if self._open is None:
            self._tried.clear()
            self._next(self._nobody())
        else:
            self._flush()

    def drop(self) -> None:
        """The caller goes on: nobody waits for the words."""
        if self._draft is not None:
            self._forget_draft()
            if (opened := self._open) is not None:
                self._ask_of(opened, lambda: opened.stream.speech_resumed())

    def spoken(self) -> list[Word]:
        """The words of the utterance, if it is known when each was said: in milliseconds of the clock."""
        opened = self._open
        if opened is None:
            return []
        placed = []
        for word in self._words.told.words:
            began_ms = self._kept.time_of(opened.base_ms + word.began_ms)
            ended_ms = self._kept.time_of(opened.base_ms + word.ended_ms)
            if began_ms is None or ended_ms is None:
                return []
            placed.append(replace(word, began_ms=began_ms, ended_ms=ended_ms))
        return placed

    # -- what is told -------------------------------------------------------------------------------------------------

    def _told(self, opened: _Open, event: RecognitionEvent) -> None:
        """A recogniser tells something; of one that was let go it is late."""
        if opened is not self._open:
            return
        try:
            self._take(opened, event)
        except Exception as error:
            # It comes from the midst of the recogniser's own code, which has no part in it.
            context = {"message": "what follows from words failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _take(self, opened: _Open, event: RecognitionEvent) -> None:
        if (wrong := _wrong_with(event)) is not None:
            self._broke(opened, wrong)
            return
        opened.told = True
        match event:
            case StreamBroke(error):
                self._broke(opened, error)
            case TurnResumed():
                self._listener.turn_goes_on()
            case PartialWords() | FinalWords() | EagerEnd() | EndOfTurn():
                self._take_words(opened, event)

    def _take_words(self, opened: _Open, event: PartialWords | FinalWords | EagerEnd | EndOfTurn) -> None:
        self._words.take(event, self._clock.now_ms())
        flushed = 0 if isinstance(event, EagerEnd) else event.flushed
        opened.answered = max(opened.answered, flushed)
        if flushed or event.text:
            self._works(opened)
        told, ended = self._words.told, isinstance(event, EndOfTurn)
        if self._waiting is not None and opened.answered >= opened.flushes:
            self._stop_waiting()
            if (draft := self._draft) is not None:
                self._draft = None
                self._failures.worked()
                self._listener.words_known(draft, told, ended=ended)
                return
        if isinstance(event, EagerEnd):
            self._listener.turn_may_be_over(told)
        elif ended and not flushed:
            self._listener.turn_over(told)
        elif told.text:
            self._listener.words_so_far(told, live=opened.engine.live)

    def _works(self, opened: _Open) -> None:
        self._tried.clear()
        self._recognisers.worked(opened.engine)

    # -- what is waited for -------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Ask the recogniser for the words of all that it was given."""
        opened = self._open
        assert opened is not None
        self._stop_waiting()
        opened.flushes += 1
        self._waiting = asyncio.create_task(self._wait(opened))
        self._ask_of(opened, lambda: opened.stream.flush())

    async def _wait(self, opened: _Open) -> None:
        live = opened.engine.live
        wait, limit_s = (FLUSH, self._limits.flush_s) if live else (RECOGNITION, self._limits.recognition_s)
        try:
            await within(wait, asyncio.Event().wait(), limit_s=limit_s, call_id=self._call_id)
        except WaitOver as error:
            self._waiting = None
            self._broke(opened, error)

    def _stop_waiting(self) -> None:
        task, self._waiting = self._waiting, None
        if task is not None:
            task.cancel()

    def _forget_draft(self) -> None:
        self._draft = None
        self._stop_waiting()

    # -- which one hears ----------------------------------------------------------------------------------------------

    def _ask_of(self, opened: _Open, deed: Callable[[], None]) -> None:
        """Have a stream do something. What it raises is its end."""
        try:
            deed()
        except Exception as error:
            self._fails(opened, error)

    def _fails(self, opened: _Open, error: Exception) -> None:
        """As if it had told so: not from within what it was asked for."""
        asyncio.get_running_loop().call_soon(self._broke, opened, error)

    def _broke(self, opened: _Open, error: Exception) -> None:
        """A recogniser does not work: the next one hears what was said."""
        if opened is not self._open:
            return
        if not isinstance(error, WaitOver):  # which has told of itself
            logger.error("call %s: recognition raised %s", self._call_id, describe(error))
        self._stop_waiting()
        self._let_go()
        self._tried[id(opened.engine)] += _ONCE_MORE if isinstance(error, EngineRefused) else 1
        self._recognisers.failed(opened.engine, error)
        if len(self._words.told.text) > len(self._best.text):
            self._best = self._words.told
        self._words.restart()
        self._next(error)

    def _next(self, error: Exception, engine: StreamingSpeechToText | None = None) -> None:
        """Have the next recogniser hear, or this one; where there is none, what is known of the words counts."""
        while engine is not None or (engine := self._choose()) is not None:
            failure = self._begin(engine)
            if failure is None:
                return
            self._tried[id(engine)] += _ONCE_MORE
            self._recognisers.failed(engine, failure)
            engine, error = None, failure
        if self._draft is not None:
            asyncio.get_running_loop().call_soon(self._give_up, self._draft, error)

    def _nobody(self) -> EngineError:
        return EngineError("expected a recogniser, got none that works.", call_id=self._call_id)

    def _choose(self) -> StreamingSpeechToText | None:
        order = self._recognisers.order()
        for times in range(_ONCE_MORE):
            for engine in order:
                if self._tried[id(engine)] == times and (times == 0 or engine.live):
                    return engine
        return None

    def _begin(self, engine: StreamingSpeechToText) -> Exception | None:
        """Open a stream, and give it what is not decided upon; or say why that is not to be had."""
        began_ms = self._began_ms
        pieces = self._kept.since(self._kept.unheard_ms if began_ms is None else began_ms)
        try:
            opened = _Open(engine, self._pcm, self._line, pieces, self._kept.pushed_ms)
            opened.stream = engine.open(opened.wanted, partial(self._told, opened), call_id=self._call_id)
        except Exception as error:
            logger.error("call %s: recognition raised %s", self._call_id, describe(error))
            return error
        self._open = opened
        self._words.restart()  # what another stream has told says nothing of what this one tells
        self._listener.hears(engine)
        if began_ms is not None:
            self._ask_of(opened, lambda: opened.stream.speech_began(0.0))
        for piece in pieces:
            self._push(opened, piece.pcm)
        if self._draft is not None:
            self._flush()
        return None

    def _push(self, opened: _Open, pcm: bytes) -> None:
        try:
            opened.stream.push(opened.rewrite(pcm))
        except Exception as error:
            self._fails(opened, error)

    def _let_go(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            try:
                opened.stream.close()
            except Exception as error:
                logger.warning("call %s: closing a recogniser raised %s", self._call_id, describe(error))

    def _give_up(self, draft: int, error: Exception) -> None:
        """No recogniser answers: the words that one told before it broke are better than none."""
        if draft != self._draft or self._over:
            return
        self._draft = None
        best, self._best = self._best, Told()
        if best.text:
            self._listener.words_known(draft, best, ended=False)
        elif self._failures.failed():
            self._listener.recogniser_failed(error)
        else:
            self._listener.not_recognised(draft)


def _wrong_with(event: object) -> Exception | None:
    """What is wrong with what a recogniser has told."""
    match event:
        case PartialWords() | FinalWords() | EndOfTurn() | EagerEnd():
            if (
                isinstance(event.text, str)
                and isinstance(event.confidence, (int, float))
                and 0 <= event.confidence <= 1
                and (isinstance(event, EagerEnd) or _well_formed(event))
            ):
                return None
            got = f"one with text {kind_of(event.text)} and confidence {kind_of(event.confidence)}"
        case Onset() | TurnResumed():
            return None
        case StreamBroke() if isinstance(event.error, Exception):
            return None
        case _:
            got = kind_of(event)
    return EngineError(f"expected an event of speech to text, with words and a confidence in 0..1, got {got}.")


def _well_formed(event: PartialWords | FinalWords | EndOfTurn) -> bool:
    return isinstance(event.flushed, int) and all(isinstance(word, Word) for word in event.words)
