"""A recogniser of whole utterances as one that streams, so that a conversation knows one kind of recogniser only.

The utterance is cut as voice activity says (:meth:`~offhook.speech.streams.RecognitionStream.speech_began`), and heard
anew, and whole, each time its words are asked for: two halves are recognised worse than one whole. So what it tells are
:class:`~offhook.speech.streams.PartialWords`, of which those that answer a flush are as good as they get.

Between flushes, while the caller speaks, it tells the words so far, where the engine can do so on the side: with a
method ``partial`` (:class:`Glancing`), or with its ``transcribe`` where it is told to. That is not begun while anybody
waits for words, and given up as soon as somebody does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from offhook.audio._audioop import audioop
from offhook.audio.formats import AudioFormat
from offhook.audio.resample import Resampler
from offhook.errors import ConfigError, EngineError, kind_of
from offhook.logs import describe
from offhook.speech.base import Recognition
from offhook.speech.metering import MeteredStt
from offhook.speech.streams import PartialWords, RecognitionStream, StreamBroke
from offhook.waiting import is_own_end, within
from offhook.waits import RECOGNITION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.speech.base import SpeechToText
    from offhook.speech.metering import Metering
    from offhook.speech.streams import RecognitionEvent, StreamingSpeechToText

__all__ = ["BatchSpeechToText", "Glancing", "metered", "streaming", "unadapted"]

logger = logging.getLogger(__name__)

_RATES = (8000, 16000, 24000)
"""Of telephone lines."""
_KEEP_MS = 600
"""Audio kept while nobody speaks: the beginning of an utterance is noticed late."""
_LONGEST_MS = 30_000
"""What a recogniser takes (:class:`~offhook.speech.base.SpeechToText`)."""
_FIRST_MS = 700.0
"""So much of an utterance is there before it is looked at: in less there is hardly a word."""
_EVERY_MS = 500.0
"""So much more before it is looked at again,"""
_REST = 3.0
"""and at least so many times as much as a look takes."""
_PAUSE = 0.2
"""-14 dB: what is so much softer than the last second is a pause,"""
_PAUSE_MS = 80.0
"""and what lasts so long is one in which a look is given up."""
_LIMIT_S = 3600.0
"""Whoever asks knows how long to wait, and closes the stream."""


class Glancing(Protocol):
    """What an engine may have beside :class:`~offhook.speech.base.SpeechToText`."""

    async def partial(self, pcm: bytes) -> Recognition | None:
        """The words of an utterance that is not over, as ``transcribe`` takes it; ``None`` where that would keep
        anybody waiting who asks for words, or has."""
        ...


class BatchSpeechToText:
    """A recogniser of whole utterances that streams (:class:`~offhook.speech.streams.StreamingSpeechToText`).

    Args:
        stt: the recogniser.
        partials: whether words are told while the caller speaks. ``None``: where the recogniser can do that on the side
            (:class:`Glancing`). True: otherwise, too, by having it transcribe what there is, again and again: of an
            engine that does one thing at a time (``at_once``) only while it has nothing else to do.
    """

    ends_turns = False
    live = False

    def __init__(self, stt: SpeechToText, *, partials: bool | None = None) -> None:
        self.stt = stt
        """What recognises."""
        self._partials = partials
        self._glance = _glance_of(stt, partials)
        self._at_once: int | None = getattr(stt, "at_once", None)
        self._streams: set[_Stream] = set()

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Pcm at the recogniser's own rate, or at that of any telephone line."""
        own = self.stt.sample_rate
        return tuple(AudioFormat("pcm", rate) for rate in (own, *(rate for rate in _RATES if rate != own)))

    async def warm_up(self) -> None:
        """That of the recogniser, if it has one."""
        warm_up = getattr(self.stt, "warm_up", None)
        if warm_up is not None:
            await warm_up()
        for rate in _RATES:
            Resampler(rate, self.stt.sample_rate)
            await asyncio.sleep(0)

    def metered(self, metering: Metering) -> BatchSpeechToText:
        """The same, whose times are told."""
        return BatchSpeechToText(MeteredStt(self.stt, metering), partials=self._partials)

    def open(
        self, audio: AudioFormat, on_event: Callable[[RecognitionEvent], None], *, call_id: str | None = None
    ) -> RecognitionStream:
        """Begin a stream."""
        stream = _Stream(self, audio, on_event, call_id)
        self._streams.add(stream)
        return stream

    def _has_room(self) -> bool:
        """Whether an utterance may be looked at."""
        return self._at_once is None or not any(stream.asking or stream.glancing for stream in self._streams)

    def _make_room(self) -> None:
        """Words are asked for: whoever looks at an utterance stops."""
        if self._at_once is not None:
            for stream in self._streams:
                stream.look_away()


class _Stream(RecognitionStream):
    """One caller's audio: of it, the utterance under way."""

    def __init__(
        self,
        engine: BatchSpeechToText,
        audio: AudioFormat,
        on_event: Callable[[RecognitionEvent], None],
        call_id: str | None,
    ) -> None:
        self._engine = engine
        self._rate = audio.sample_rate
        self._on_event = on_event
        self._call_id = call_id
        self._recent: deque[bytes] = deque()
        self._recent_bytes = 0
        self._pushed_bytes = 0
        self._to_stt: Resampler | None = None  # an utterance is under way
        self._utterance = bytearray()
        self._look_at_ms = _FIRST_MS
        self._quiet_ms = 0.0
        self._flushes = 0
        self._trailing = False  # nothing was said since the last flush
        self._asking: asyncio.Task[None] | None = None
        self._glancing: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def asking(self) -> bool:
        """Whether somebody waits for words."""
        return self._asking is not None

    @property
    def glancing(self) -> bool:
        """Whether words are being recognised that nobody waits for."""
        return self._glancing is not None

    def push(self, audio: bytes) -> None:
        """Add audio."""
        self._pushed_bytes += len(audio)
        self._recent.append(audio)
        self._recent_bytes += len(audio)
        while self._recent_bytes > _KEEP_MS * self._rate * 2 // 1000:
            self._recent_bytes -= len(self._recent.popleft())
        if self._to_stt is not None and not self._closed:
            self._keep(self._to_stt.process(audio))
            if not self._trailing and (self.glancing or self._length_ms >= self._look_at_ms):
                self._consider(audio)

    def speech_began(self, at_ms: float, *, goes_on: bool = False) -> None:
        """Keep everything from there on."""
        self._drop()
        self._to_stt = Resampler(self._rate, self._engine.stt.sample_rate)
        if not goes_on:
            self._utterance.clear()
        self._trailing = False
        self._look_at_ms = self._length_ms + _FIRST_MS
        at = round(at_ms * self._rate / 1000) * 2 - (self._pushed_bytes - self._recent_bytes)
        self._keep(self._to_stt.process(b"".join(self._recent)[max(0, at) :]))

    def speech_resumed(self) -> None:
        """The words are not the whole; nobody waits for them."""
        self._trailing = False
        self._drop()

    def speech_over(self) -> None:
        """The utterance may still go on, but it is looked at no more."""
        self._drop()
        self._to_stt = None

    def flush(self) -> None:
        """Recognise the whole of it."""
        self._drop()
        if self._closed:
            return
        self._trailing = True
        self._flushes += 1
        self._engine._make_room()
        self._asking = asyncio.create_task(self._ask(self._flushes, bytes(self._utterance)))

    def close(self) -> None:
        """Forget it."""
        self._closed = True
        self._to_stt = None
        self._drop()
        self._utterance.clear()
        self._engine._streams.discard(self)

    def look_away(self) -> None:
        """Stop recognising what nobody waits for."""
        task, self._glancing = self._glancing, None
        if task is not None:
            task.cancel()

    # -- recognition --------------------------------------------------------------------------------------------------

    @property
    def _length_ms(self) -> float:
        return len(self._utterance) * 500 / self._engine.stt.sample_rate

    def _consider(self, audio: bytes) -> None:
        """Look at the utterance while the caller speaks, and not in a pause: there the words are likely to be asked for
        within a moment."""
        lately = bytes(self._utterance[-2 * self._engine.stt.sample_rate :])
        if audioop.rms(audio, 2) > _PAUSE * audioop.rms(lately, 2):
            self._quiet_ms = 0.0
            self._look()
            return
        self._quiet_ms += len(audio) * 500 / self._rate
        if self.glancing and self._quiet_ms >= _PAUSE_MS:
            self.look_away()
            self._look_at_ms = self._length_ms + _EVERY_MS

    def _keep(self, pcm: bytes) -> None:
        room = self._engine.stt.sample_rate * 2 * _LONGEST_MS // 1000 - len(self._utterance)
        self._utterance += pcm[:room]

    def _drop(self) -> None:
        self.look_away()
        task, self._asking = self._asking, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _ask(self, flush: int, pcm: bytes) -> None:
        try:
            words = await within(RECOGNITION, self._engine.stt.transcribe(pcm), limit_s=_LIMIT_S, call_id=self._call_id)
            event: RecognitionEvent = _told(words, flush)
        except Exception as error:
            event = StreamBroke(error)
        if self._asking is asyncio.current_task():
            self._asking = None
            self._closed = isinstance(event, StreamBroke)
            self._on_event(event)

    def _look(self) -> None:
        glance = self._engine._glance
        if glance is None or self.asking or self.glancing or not self._engine._has_room():
            return
        self._glancing = asyncio.create_task(self._see(glance(bytes(self._utterance))))

    async def _see(self, glance: Awaitable[Recognition | None]) -> None:
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            words = await glance
            event = None if words is None else _told(words, 0)
        except BaseException as error:
            if is_own_end(error):
                raise
            # Whoever asks for the words will be told that it does not work.
            logger.debug("call %s: a look at an utterance raised %s", self._call_id, describe(error))
            event = None
        if self._glancing is asyncio.current_task():
            self._glancing = None
            self._look_at_ms = self._length_ms + max(_EVERY_MS, _REST * 1000 * (clock() - began_s))
            if event is not None and event.text:
                self._on_event(event)


def streaming(engine: Any) -> StreamingSpeechToText:
    """``engine`` as one that streams, whichever kind it is.

    Raises:
        ConfigError: it is no recogniser.
    """
    if _streams(engine):
        return engine
    if not callable(getattr(engine, "transcribe", None)):
        raise ConfigError(
            f"expected a recogniser, with transcribe or open, got {kind_of(engine)}.",
            fix="see offhook.speech.base.SpeechToText, and offhook.speech.streams.StreamingSpeechToText",
        )
    return BatchSpeechToText(engine)


def metered(engine: Any, metering: Metering) -> SpeechToText | StreamingSpeechToText:
    """``engine``, whose times are told if it takes whole utterances: one that streams is busy all along, and elsewhere.

    Raises:
        ConfigError: it is no recogniser.
    """
    adapted = streaming(engine)
    return adapted.metered(metering) if isinstance(adapted, BatchSpeechToText) else adapted


def unadapted(engine: Any) -> SpeechToText | None:
    """The recogniser of whole utterances that ``engine`` is, or is made of; ``None`` if it streams."""
    if isinstance(engine, BatchSpeechToText):
        return engine.stt
    return None if _streams(engine) else engine


def _streams(engine: Any) -> TypeGuard[StreamingSpeechToText]:
    return callable(getattr(engine, "open", None))


def _told(words: object, flush: int) -> PartialWords:
    """What a recogniser gave.

    Raises:
        EngineError: it is not what it must be.
    """
    if not isinstance(words, Recognition):
        raise EngineError(
            f"expected a Recognition of speech to text, got {type(words).__name__}.",
            fix="return offhook.speech.base.Recognition from transcribe.",
        )
    return PartialWords(words.text, words.confidence, flushed=flush)


def _glance_of(stt: Any, partials: bool | None) -> Callable[[bytes], Awaitable[Recognition | None]] | None:
    """How an utterance is looked at on the side, if it is."""
    if partials is False:
        return None
    glance: Callable[[bytes], Awaitable[Recognition | None]] | None = getattr(stt, "partial", None)
    return stt.transcribe if glance is None and partials else glance
