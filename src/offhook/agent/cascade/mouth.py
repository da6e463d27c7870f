"""How an agent speaks: one speech after the other onto the call, paused, resumed and cut short."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

from offhook.agent.cascade.playout import Audio, Playout
from offhook.agent.cascade.speech import Speech
from offhook.agent.cascade.synthesis import Synthesis
from offhook.agent.options import Limits
from offhook.waiting import as_failure, is_own_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from offhook.agent.cascade.playout import PlayoutOptions
    from offhook.agent.cascade.recording import Recording
    from offhook.agent.cascade.turn import Turn
    from offhook.agent.conversant import SpeechOutlet
    from offhook.agent.voices import Voices
    from offhook.clock import Clock

__all__ = ["Mouth", "SpeechWatcher"]

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


class Mouth:
    """Says one speech after the other on one call.

    Args:
        line: the call's stream.
        voices: the voices.
        limits: how long to wait for them.
        call_id: for the log.
        clock: what time it is.
        watcher: who is told.
        options: how audio is sent.
    """

    def __init__(
        self,
        line: SpeechOutlet,
        voices: Voices,
        *,
        clock: Clock,
        watcher: SpeechWatcher,
        options: PlayoutOptions | None = None,
        limits: Limits | None = None,
        call_id: str | None = None,
    ) -> None:
        self._line = line
        self._clock = clock
        self._watcher = watcher
        self._options = options
        self._queue: deque[Speech] = deque()
        self._room = asyncio.Event()
        self._synthesis = Synthesis(
            line, voices, feed=self._feed, room=self._room, limits=limits or Limits(), call_id=call_id
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

    def speak(
        self,
        words: str | AsyncIterator[str] | Awaitable[Recording],
        kind: str,
        *,
        turn: Turn | None = None,
        protected: bool = False,
        instead: str = "",
    ) -> Speech:
        """Say ``words``, after what is being said already; in place of it, if that is a filler. ``instead`` is said
        where ``words`` is a recording that is not to be had."""
        speech = Speech(words, kind, Playout(self._line.output_rate, self._options), turn)
        speech.protected = protected
        speech.instead = instead
        if isinstance(words, str):
            speech.text = words
        self._queue.append(speech)
        self._idle.clear()
        if kind != "filler":
            self._drop_fillers()
        self._next()
        return speech

    def _drop_fillers(self) -> None:
        """There is something to say now. One that the caller has interrupted waits for what comes of that."""
        for speech in [waiting for waiting in self._queue if waiting.kind == "filler"]:
            self._queue.remove(speech)
            speech.interrupted = True
            speech.end()
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
        """Fall silent at once, and forget what was to be said."""
        queued = list(self._queue)
        self._queue.clear()
        if self.current is not None:
            self._silence(clear=True)
            self._end(self.current, interrupted=True)
        for speech in queued:
            speech.interrupted = True
            speech.end()

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
        """Send what is due."""
        if self.current is not None:
            self._send(self.current)

    def mark_returned(self, name: str) -> None:
        """The carrier returned a mark."""
        if self.current is not None:
            self.current.playout.mark_returned(name, self._clock.now_ms())
            self._check_end(self.current)

    # -- saying it ----------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self.current is None and self._queue:
            self.current = speech = self._queue.popleft()
            self._room.set()
            speech.pump = asyncio.create_task(self._pump(speech))

    async def _pump(self, speech: Speech) -> None:
        """From words to audio."""
        try:
            await self._synthesis.synthesise(speech)
        except BaseException as error:
            if is_own_end(error):
                raise
            if speech.over:
                logger.debug("a speech that was over failed: %s", type(error).__name__)
                return
            speech.complete = True
            speech.playout.finish()
            self._watcher.voice_failed(as_failure(error))
            self._end(speech, interrupted=True)
            return
        speech.complete = True
        speech.playout.finish()
        self._send(speech)

    def _feed(self, speech: Speech, pcm: bytes) -> None:
        if pcm and not speech.over:
            speech.playout.feed(pcm)
            self._send(speech)

    def _send(self, speech: Speech) -> None:
        playout = speech.playout
        now_ms = self._clock.now_ms()
        if self._lost:
            playout.pause(now_ms)
        if playout.ready and not speech.announced:
            speech.announced = True
            self._watcher.speech_begins(speech)
        for message in playout.due(now_ms):
            if isinstance(message, Audio):
                self._line.send_audio(message.pcm)
            else:
                self._line.send_mark(message.name)
        if playout.started and not speech.sent:
            speech.sent = True
            self._watcher.speech_sent(speech)
        if playout.waiting_ms > _AHEAD_MS:
            self._room.clear()
        else:
            self._room.set()
        self._check_end(speech)

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
        if speech.pump is not None and speech.pump is not asyncio.current_task():
            speech.pump.cancel()
        self.last, self.current, self._held = speech, None, False
        speech.end()
        self._next()
        self._watcher.speech_ended(speech)
        if self.current is None:
            self._idle.set()
