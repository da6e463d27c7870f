"""One question to a voice, to a recogniser, to a model."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, cast

from offhook.audio.formats import Rewriter, best_for
from offhook.errors import EngineError
from offhook.models.base import CallerMessage, Finished, Rules, TextPiece, ToolCall
from offhook.probing.probe import Found
from offhook.speech.streams import PCM_16K, PCMU, EndOfTurn, FinalWords, PartialWords, StreamBroke

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from offhook.audio.formats import AudioFormat
    from offhook.models.base import LanguageModel, ModelEvent, ToolSpec
    from offhook.speech.streams import (
        RecognitionEvent,
        RecognitionStream,
        Sounds,
        StreamingSpeechToText,
        StreamingTextToSpeech,
    )

__all__ = ["SENTENCE", "Spoken", "ask_model", "ask_recogniser", "ask_voice", "warm_up"]

SENTENCE: Final = "Good morning, I would like to book a table for two."
"""What voices say and recognisers hear."""
_QUESTION: Final = (Rules("Answer with one short word."), CallerMessage("Are you there?"))
_SHORTEST_S: Final = 1.0
_LONGEST_S: Final = 12.0
"""Whatever takes less or more for :data:`SENTENCE` is no speech at the rate that was asked for."""
_LEAD_MS, _TAIL_MS, _PIECE_MS = 400, 3000, 20


class Spoken:
    """:data:`SENTENCE` as the first voice that works has said it, for recognisers to hear."""

    def __init__(self) -> None:
        self.audio = b""
        """In ``PCM_16K``; empty: no voice has said it."""


async def ask_voice(voice: StreamingTextToSpeech, spoken: Spoken) -> Found:
    """Let it say a sentence twice on one connection.

    Raises:
        EngineError: it does not, or what it gives cannot be speech.
    """
    await warm_up(voice)
    given = best_for(PCMU, voice.formats)
    stream = voice.open(given)
    try:
        first_ms, audio = await _say(stream.speak(SENTENCE))
        again_ms, _ = await _say(stream.speak(SENTENCE))
    finally:
        stream.close()
    seconds = len(audio) / given.bytes_per_ms / 1000
    if not _SHORTEST_S <= seconds <= _LONGEST_S or not given.sounds(audio):
        what = f"{seconds:.1f} s" if given.sounds(audio) else f"{seconds:.1f} s of silence"
        raise EngineError(
            f"expected {_SHORTEST_S:g} to {_LONGEST_S:g} s of speech in {given}, got {what}.",
            fix="see which encoding and rate it is asked for",
        )
    if not spoken.audio:
        rewriter = Rewriter(given, PCM_16K)
        spoken.audio = rewriter.process(audio) + rewriter.flush()
    return Found(first_ms, again_ms, f"{seconds:.1f} s of {given}")


async def _say(sounds: Sounds) -> tuple[float, bytes]:
    began_s, first_s, audio = time.perf_counter(), None, bytearray()
    async with aclosing(sounds):
        async for sound in sounds:
            if sound.audio and first_s is None:
                first_s = time.perf_counter()
            audio += sound.audio
    if first_s is None:
        raise EngineError("expected audio of a sentence, got none.")
    return (first_s - began_s) * 1000, bytes(audio)


async def ask_recogniser(recogniser: StreamingSpeechToText, spoken: Spoken) -> Found:
    """Let it hear the sentence, in real time, as on a call.

    Raises:
        EngineError: it breaks off, does not answer, or hears no word of it.
    """
    await warm_up(recogniser)
    given = best_for(PCMU, recogniser.formats)
    hearing = _Hearing()
    stream = recogniser.open(given, hearing.event)
    try:
        first_ms = await hearing.hear(stream, given, spoken.audio)
    finally:
        stream.close()
    if not spoken.audio:
        return Found(first_ms, what=f"answers in {given}; no voice works that it could hear")
    wanted, got = _words(SENTENCE), _words(hearing.text)
    right = sum(word in got for word in wanted)
    if not right:
        raise EngineError(f"expected words of a sentence of {len(wanted)}, got {len(got)} that are not in it.")
    return Found(first_ms, what=f"{right} of {len(wanted)} words, heard in {given}")


class _Hearing:
    """What a recogniser tells of the sentence."""

    def __init__(self) -> None:
        self.text = ""
        self._partial = ""
        self._answered = asyncio.Event()
        self._broke: Exception | None = None

    def event(self, event: RecognitionEvent) -> None:
        match event:
            case PartialWords(text, flushed=flushed):
                self._partial = text
            case FinalWords(text, flushed=flushed):
                self.text, self._partial = f"{self.text} {text}", ""
            case EndOfTurn(text, flushed=flushed):
                self.text, self._partial = text, ""
            case StreamBroke(error):
                self._broke, flushed = error, 1
            case _:
                return
        if flushed:
            self.text = f"{self.text} {self._partial}" if self._partial else self.text
            self._answered.set()

    async def hear(self, stream: RecognitionStream, given: AudioFormat, pcm: bytes) -> float:
        """Push silence, the sentence, and silence until it has answered; returns how long that took after the
        sentence, in milliseconds."""
        step = given.frame_bytes
        silence = given.silence
        rewriter = Rewriter(PCM_16K, given)
        speech = rewriter.process(pcm) + rewriter.flush()
        pieces = [silence] * (_LEAD_MS // _PIECE_MS)
        pieces += [speech[at : at + step] for at in range(0, len(speech) - step + 1, step)]
        over_at, flush_s = len(pieces), 0.0
        pieces += [silence] * (_TAIL_MS // _PIECE_MS)
        began_s = time.perf_counter()
        for number, piece in enumerate(pieces):
            if number == _LEAD_MS // _PIECE_MS and pcm:
                stream.speech_began(float(_LEAD_MS))
            if number == over_at:
                flush_s = time.perf_counter()
                stream.flush()
            stream.push(piece)
            await self._until(began_s + (number + 1) * _PIECE_MS / 1000, flushed=bool(flush_s))
            if self._answered.is_set() and flush_s:
                break
        await self._answered.wait()
        self._check()
        return (time.perf_counter() - flush_s) * 1000

    async def _until(self, due_s: float, *, flushed: bool) -> None:
        """Wait for the next piece; after the end of the sentence no longer than for its words."""
        left_s = due_s - time.perf_counter()
        if flushed and left_s > 0:
            try:
                async with asyncio.timeout(left_s):
                    await self._answered.wait()
            except TimeoutError:
                return
        else:
            await asyncio.sleep(max(0, left_s))
        self._check()

    def _check(self) -> None:
        if self._broke is not None:
            raise self._broke


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


async def ask_model(model: LanguageModel, tools: Sequence[ToolSpec]) -> Found:
    """Ask it something twice, with the tools that it will have.

    Raises:
        EngineError: it refuses, or says nothing.
    """
    await warm_up(model)
    first_ms, pieces = await _answer(model, tools)
    again_ms, _ = await _answer(model, tools)
    count = f", {len(tools)} tool{'s' * (len(tools) != 1)} taken" if tools else ""
    return Found(first_ms, again_ms, f"an answer of {pieces} piece{'s' * (pieces != 1)}{count}")


async def _answer(model: LanguageModel, tools: Sequence[ToolSpec]) -> tuple[float, int]:
    began_s, first_s, pieces = time.perf_counter(), None, 0
    events = model.stream(_QUESTION, tools=tools)
    async with aclosing(cast("AsyncGenerator[ModelEvent]", events)):
        async for event in events:
            match event:
                case TextPiece(text) if text.strip():
                    pieces += 1
                case ToolCall():
                    pieces += 1
                case Finished(reason="refused"):
                    raise EngineError("expected an answer, got a refusal to give one.")
                case _:
                    continue
            first_s = first_s or time.perf_counter()
    if first_s is None:
        raise EngineError("expected an answer, got an empty one.", fix="see whether the model is one that thinks first")
    return (first_s - began_s) * 1000, pieces


async def warm_up(engine: object) -> None:
    """Have it ready, if there is anything to be done for that."""
    prepare = getattr(engine, "warm_up", None)
    if prepare is not None:
        await prepare()
