"""What a model says on one call, one utterance after the other onto the line: paused, gone on with and cut short."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from offhook.agent.playout import Audio
from offhook.audio.formats import Rewriter
from offhook.providers.realtime.utterance import Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.agent.conversant import SpeechOutlet
    from offhook.audio.formats import AudioFormat
    from offhook.clock import Clock
    from offhook.providers.realtime.replies import Reply
    from offhook.providers.realtime.utterance import Cut

__all__ = ["Mouth", "UtteranceWatcher"]


class UtteranceWatcher(Protocol):
    """Who is told of utterances."""

    def utterance_sent(self, reply: Reply, utterance: Utterance) -> None:
        """Its first audio was sent."""
        ...

    def utterance_ended(self, reply: Reply, utterance: Utterance) -> None:
        """It was heard, or cut; one of which nothing was sent ends, too."""
        ...


class Mouth:
    """Plays utterances on one call.

    Args:
        line: the call's audio.
        given: how the model writes its audio.
        clock: what time it is.
        watcher: who is told.
    """

    def __init__(self, line: SpeechOutlet, given: AudioFormat, *, clock: Clock, watcher: UtteranceWatcher) -> None:
        self._line = line
        self._given = given
        self._clock = clock
        self._watcher = watcher
        self._queue: deque[tuple[Reply, Utterance]] = deque()
        self._rewriters: dict[Utterance, Rewriter] = {}
        self._lost = False

    @property
    def current(self) -> Utterance | None:
        """What is being said, or next to be."""
        return self._queue[0][1] if self._queue else None

    @property
    def unheard(self) -> Sequence[tuple[Reply, Utterance]]:
        """What is being said, and waits to be."""
        return self._queue

    # -- what to say --------------------------------------------------------------------------------------------------

    def begin(self, reply: Reply, item: str) -> Utterance:
        """An utterance begins: it is said after those before it."""
        utterance = Utterance(item, self._line.output_format)
        self._queue.append((reply, utterance))
        self._rewriters[utterance] = Rewriter(self._given, self._line.output_format)
        return utterance

    def feed(self, utterance: Utterance, audio: bytes) -> None:
        """More audio of it."""
        rewriter = self._rewriters.get(utterance)
        if rewriter is not None:
            utterance.audio(rewriter.process(audio))
            self.send()

    def finish(self, utterance: Utterance) -> None:
        """There is no more audio of it."""
        rewriter = self._rewriters.get(utterance)
        if rewriter is not None:
            utterance.audio(rewriter.flush())
            utterance.finish()
            self.send()

    # -- the line -----------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Send what is due, and see what is over."""
        now_ms = self._clock.now_ms()
        while self._queue:
            reply, utterance = self._queue[0]
            if self._lost:
                utterance.playout.pause(now_ms)
            for message in utterance.due(now_ms):
                if isinstance(message, Audio):
                    self._line.send_encoded(message.data)
                else:
                    self._line.send_mark(message.name)
            if utterance.playout.started and not utterance.sent:
                utterance.sent = True
                self._watcher.utterance_sent(reply, utterance)
            if not utterance.ended(now_ms):
                return
            self._leave(reply, utterance)

    def mark_returned(self, name: str) -> None:
        """The carrier returned a mark."""
        if self.current is not None:
            self.current.playout.mark_returned(name, self._clock.now_ms())
            self.send()

    def cut(self) -> list[Cut]:
        """Fall silent at once: what was not heard never will be. Returns what of it the model has to be told."""
        now_ms = self._clock.now_ms()
        if self.current is not None and self.current.playout.started and not self._lost:
            self._line.clear()
        told: list[Cut] = []
        while self._queue:
            reply, utterance = self._queue[0]
            told.append(utterance.cut(now_ms))
            self._leave(reply, utterance)
        return told

    def line_lost(self) -> None:
        """The line has no audio any more: what was sent and not played is lost."""
        self._lost = True
        if self.current is not None:
            self.current.playout.pause(self._clock.now_ms())

    def line_back(self) -> None:
        """It has: go on from what was heard."""
        self._lost = False
        if self.current is not None:
            self.current.playout.resume()
            self.send()

    def _leave(self, reply: Reply, utterance: Utterance) -> None:
        self._queue.popleft()
        del self._rewriters[utterance]
        self._watcher.utterance_ended(reply, utterance)
