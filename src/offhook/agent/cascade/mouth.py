"""How an agent speaks: one speech after the other onto the call, paused, resumed and cut short."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

from offhook.agent.cascade.speech import Speech
from offhook.agent.cascade.synthesis import Synthesis
from offhook.agent.options import Limits
from offhook.agent.playout import Audio, Playout
from offhook.speech.text import Wording
from offhook.waiting import as_failure, is_own_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from offhook.agent.cascade.call_voices import CallVoices
    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.turn import Turn
    from offhook.agent.conversant import SpeechOutlet
    from offhook.agent.playout import PlayoutOptions
    from offhook.clock import Clock

__all__ = ["Mouth", "Prepared", "SpeechWatcher"]

logger = logging.getLogger(__name__)

_AHEAD_MS = 3000
"""A sentence is not begun while this much waits: the voice is shared with other calls."""


class SpeechWatcher(Protocol):
    """Who is told of speeches. Called on the event loop."""

    def speech_begins(self, speech: Speech) -> None:
        """The first audio is about to be sent. The mouth may be paused from here: then it is not."""
        ...

    def speech_sent(self, speech: Speech) -> None:
        """The first audio was sent."""
        ...

    def speech_ended(self, speech: Speech) -> None:
        """It is over: heard, interrupted or failed."""
        ...

    def voice_failed(self, error: Exception) -> None:
        """No voice says it; the speech is over."""
        ...


class Prepared:
    """Words that are being made into audio, to be said at once when it is time: see :meth:`Mouth.prepare`."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    @property
    def made_ms(self) -> float:
        """How much audio there is of it."""
        return self._speech.playout.fed_ms


class Mouth:
    """Says one speech after the other on one call.

    Args:
        line: the call's stream.
        voices: the voices of the call.
        wording: how texts are said; ``None``: as English.
        limits: how long to wait for the voices.
        call_id: for the log.
        clock: what time it is.
        watcher: who is told.
        options: how audio is sent.
    """

    def __init__(
        self,
        line: SpeechOutlet,
        voices: CallVoices,
        *,
        clock: Clock,
        watcher: SpeechWatcher,
        options: PlayoutOptions | None = None,
        wording: Wording | None = None,
        limits: Limits | None = None,
        call_id: str | None = None,
    ) -> None:
        self._line = line
        self._clock = clock
        self._watcher = watcher
        self._options = options
        self._queue: deque[Speech] = deque()
        self._prepared: set[Speech] = set()
        self._wording = wording or Wording()
        self._synthesis = Synthesis(
            voices, wording=self._wording, clock=clock, feed=self._feed, limits=limits or Limits(), call_id=call_id
        )
        self._idle = asyncio.Event()
        self._idle.set()
        self._held = False  # the caller seems to interrupt
        self._lost = False  # the line has no audio
        self.current: Speech | None = None
        """What is being said, or prepared to be said."""
        self.last: Speech | None = None
        """What was said before."""

    # -- what to say --------------------------------------------------------------------------------------------------

    def prepare(self, words: str | AsyncIterator[str]) -> Prepared:
        """Begin to make audio of ``words``, which may never be said: at most as much ahead as of what is.

        Either :meth:`speak` it or :meth:`drop` it. Where no voice says it, that is told once it is to be said.
        """
        speech = self._speech_of(words)
        speech.pump = asyncio.create_task(self._pump(speech))
        self._prepared.add(speech)
        return Prepared(speech)

    def drop(self, prepared: Prepared) -> None:
        """It will not be said: the voice is told at once. Does nothing if it was dropped already, or is being said."""
        speech = prepared._speech
        if speech in self._prepared:
            self._prepared.remove(speech)
            self._forget(speech)

    def speak(
        self,
        words: str | AsyncIterator[str] | Awaitable[Recording] | Prepared,
        kind: str,
        *,
        turn: Turn | None = None,
        protected: bool = False,
        instead: str = "",
    ) -> Speech:
        """Say ``words``, after what is being said already; in place of it, if that is a filler. ``instead`` is said
        where ``words`` is a recording that is not to be had.

        What was prepared can be said once; if it was dropped, it is over at once.
        """
        if isinstance(words, Prepared):
            speech = words._speech
            if speech not in self._prepared:
                return speech
            self._prepared.remove(speech)
        else:
            speech = self._speech_of(words)
        speech.kind, speech.turn, speech.protected, speech.instead = kind, turn, protected, instead
        self._queue.append(speech)
        self._idle.clear()
        if kind != "filler":
            self._drop_fillers()
        self._next()
        return speech

    def _speech_of(self, words: str | AsyncIterator[str] | Awaitable[Recording]) -> Speech:
        speech = Speech(words, "", Playout(self._line.output_format, self._options), None)
        if isinstance(words, str):
            speech.text = self._wording.shown(words)
        return speech

    def _drop_fillers(self) -> None:
        """There is something to say now. One that the caller has interrupted waits for what comes of that."""
        for speech in [waiting for waiting in self._queue if waiting.kind == "filler"]:
            self._queue.remove(speech)
            self._forget(speech)
        if self.current is not None and self.current.kind == "filler" and not self._held:
            self._silence(clear=True)
            self._end(self.current, interrupted=True)

    async def idle(self) -> None:
        """Wait until nothing is being said."""
        await self._idle.wait()

    def pause(self) -> None:
        """Fall silent at once; :meth:`resume` goes on from what was heard."""
        self._held = self.current is not None
        self._silence(clear=True)

    def resume(self) -> None:
        """Go on."""
        self._held = False
        self._go_on()

    def line_lost(self) -> None:
        """The line has no audio any more: what was sent and not played is lost, as after a clear."""
        self._silence(clear=False)
        self._lost = True

    def line_back(self) -> None:
        """The line has audio again: go on from what was heard."""
        self._lost = False
        self._go_on()

    def stop(self) -> None:
        """Fall silent at once, and forget what was to be said; not what was prepared."""
        queued = list(self._queue)
        self._queue.clear()
        if self.current is not None:
            self._silence(clear=True)
            self._end(self.current, interrupted=True)
        for speech in queued:
            self._forget(speech)

    def close(self) -> None:
        """The call is over: as :meth:`stop`, and what was prepared is dropped."""
        self.stop()
        for speech in tuple(self._prepared):
            self.drop(Prepared(speech))

    def _silence(self, *, clear: bool) -> None:
        speech = self.current
        if speech is None or speech.playout.paused:
            return
        if clear and speech.playout.started and not self._lost:
            self._line.clear()
        speech.playout.pause(self._clock.now_ms())

    def _go_on(self) -> None:
        if self.current is not None and not self._held and not self._lost:
            self.current.playout.resume()
            self._send(self.current)

    def tick(self) -> None:
        """Send what is due, and say what there is of words that do not come."""
        now_ms = self._clock.now_ms()
        for prepared in self._prepared:
            prepared.alarm.tick(now_ms)
        if self.current is not None:
            self.current.alarm.tick(now_ms)
            self._send(self.current)

    def mark_returned(self, name: str) -> None:
        """The carrier returned a mark."""
        if self.current is not None:
            self.current.playout.mark_returned(name, self._clock.now_ms())
            self._check_end(self.current)

    # -- saying it ----------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self.current is not None or not self._queue:
            return
        self.current = speech = self._queue.popleft()
        if speech.pump is None:
            speech.pump = asyncio.create_task(self._pump(speech))
        elif speech.mute is not None:
            asyncio.get_running_loop().call_soon(self._failed, speech, speech.mute)
        else:
            self._send(speech)

    async def _pump(self, speech: Speech) -> None:
        """From words to audio."""
        try:
            await self._synthesis.synthesise(speech)
        except BaseException as error:
            if is_own_end(error):
                raise
            if speech.over:
                logger.debug("a speech that was over failed: %s", type(error).__name__)
            elif speech is self.current:
                self._failed(speech, as_failure(error))
            else:
                speech.mute = as_failure(error)
            return
        speech.complete = True
        speech.playout.finish()
        self._send(speech)

    def _failed(self, speech: Speech, error: Exception) -> None:
        """No voice says it."""
        if speech.over:
            return
        speech.complete = True
        speech.playout.finish()
        self._watcher.voice_failed(error)
        self._end(speech, interrupted=True)

    def _feed(self, speech: Speech, audio: bytes) -> None:
        if not audio or speech.over:
            return
        waits = (
            speech.sent and speech.playout.waiting_ms > 0
        )  # for its time: so does what follows it, till the next tick
        speech.playout.feed(audio)
        if waits:
            _see_room(speech)
        else:
            self._send(speech)

    def _send(self, speech: Speech) -> None:
        """Send what is due of it, if it is its turn, and see whether more audio is wanted."""
        if speech is self.current:
            self._send_due(speech, self._clock.now_ms())
        _see_room(speech)
        if speech is self.current:
            self._check_end(speech)

    def _send_due(self, speech: Speech, now_ms: float) -> None:
        playout = speech.playout
        if self._lost:
            playout.pause(now_ms)
        if playout.ready and not speech.announced:
            speech.announced = True
            self._watcher.speech_begins(speech)
        for message in playout.due(now_ms):
            if isinstance(message, Audio):
                self._line.send_encoded(message.data)
            else:
                self._line.send_mark(message.name)
        if playout.started and not speech.sent:
            speech.sent = True
            self._watcher.speech_sent(speech)

    def _check_end(self, speech: Speech) -> None:
        if not speech.over and speech.playout.done(self._clock.now_ms()):
            self._end(speech, interrupted=False)

    def _end(self, speech: Speech, *, interrupted: bool) -> None:
        if speech.over:
            return
        speech.interrupted = interrupted
        now_ms = self._clock.now_ms()
        speech.playout.stop(now_ms)
        speech.heard = speech.playout.heard_text(now_ms) if interrupted else speech.playout.text
        self._give_up(speech)
        self.last, self.current, self._held = speech, None, False
        speech.end()
        self._next()
        self._watcher.speech_ended(speech)
        if self.current is None:
            self._idle.set()

    def _forget(self, speech: Speech) -> None:
        """It will not be said, though it was to be."""
        speech.interrupted = True
        self._give_up(speech)
        speech.end()

    def _give_up(self, speech: Speech) -> None:
        """No more audio of it is wanted: the voice is told now, and not when the task comes to it."""
        self._synthesis.drop(speech)
        if speech.pump is not None and speech.pump is not asyncio.current_task():
            speech.pump.cancel()


def _see_room(speech: Speech) -> None:
    """Whether another sentence of it is wanted."""
    if speech.playout.waiting_ms > _AHEAD_MS:
        speech.room.clear()
    else:
        speech.room.set()
