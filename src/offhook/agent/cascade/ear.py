"""How an agent hears: the caller's audio to voice activity, to word evidence, and into the utterance under way.

The agent's own words, if the line returns them, are taken out first (:mod:`offhook.speech.echo`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from offhook.audio.resample import Resampler
from offhook.speech.echo import EchoGuard
from offhook.speech.hum import WordEvidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.conversant import SpeechOutlet
    from offhook.clock import Clock
    from offhook.speech.base import VoiceActivity
    from offhook.speech.echo import Heard

__all__ = ["Ear", "OverheardOutlet"]

_VAD_RATE = 8000
_KEEP_MS = 600
"""Audio kept while nobody speaks, of what voice activity is known of."""
_BEFORE_MS = 240
"""Audio of before the detected beginning that belongs to an utterance: the beginning is detected late."""
_LONGEST_MS = 30_000
"""What a recogniser takes (:class:`offhook.speech.base.SpeechToText`)."""
_AHEAD_MS = 200
"""Word evidence of audio that is further ahead of voice activity, in a burst, waits for it: the two are weighed
together. Otherwise it is told at once, since it silences an agent."""


class _Piece(NamedTuple):
    ended_ms: float
    pushed_ms: float  # the length of all audio up to its end
    pcm: bytes
    words_ms: float | None  # None: told


class Ear:
    """The caller's audio of one call.

    Audio may come in bursts of seconds. It is cut into utterances by where voice activity has got to, whatever has
    come since.

    Args:
        vad: the worker's detector.
        rate: of the audio that comes, in Hz.
        stt_rate: of :meth:`utterance`, in Hz.
        on_words: told, for every piece of audio, when it ended and how many milliseconds of it sound like words; where
            voice activity is far behind, in time with it.
        on_window: told when a window of audio ended, and the probability that it is speech.
    """

    def __init__(
        self,
        vad: VoiceActivity,
        *,
        rate: int,
        stt_rate: int,
        on_words: Callable[[float, float], None],
        on_window: Callable[[float, float], None],
    ) -> None:
        self._rate = rate
        self._stt_rate = stt_rate
        self._on_words = on_words
        self._on_window = on_window
        self._to_vad = Resampler(rate, _VAD_RATE)
        self._from_vad = Resampler(_VAD_RATE, rate)
        self._guard = EchoGuard()
        self._said: Resampler | None = None
        self._wide = bytearray()  # as it came, while the guard holds it
        self._evidence = WordEvidence()
        self._ahead: deque[_Piece] = deque()  # voice activity has not got there yet
        self._untold = 0
        self._recent: deque[_Piece] = deque()
        self._recent_ms = 0.0
        self._to_stt: Resampler | None = None
        self._utterance = bytearray()
        self._kept_to_ms = 0.0
        self._pushed_ms = 0.0
        self._last = _Piece(0.0, 0.0, b"", None)  # the last that voice activity is through with
        self._stream = vad.open(self._window)

    def hear(self, pcm: bytes, ended_ms: float) -> None:
        """Take a piece of audio, usually 20 ms, that ended at ``ended_ms``."""
        self._wide += pcm
        for heard in self._guard.hear(self._to_vad.process(pcm), ended_ms):
            self._take(heard)

    def said(self, pcm: bytes, rate: int, now_ms: float) -> None:
        """The agent's audio was sent to the line at ``now_ms``: it may come back."""
        if self._said is None or self._said.rate_in != rate:
            self._said = Resampler(rate, _VAD_RATE)
        self._guard.sent(self._said.process(pcm), now_ms)

    def unsaid(self, now_ms: float) -> None:
        """What was sent, and is not played by ``now_ms``, will not be."""
        self._guard.cleared(now_ms)

    def _take(self, heard: Heard) -> None:
        narrow = heard.pcm
        size = len(narrow) * self._rate // _VAD_RATE
        pcm = bytes(self._wide[:size])
        del self._wide[:size]
        if heard.changed:
            pcm = self._from_vad.process(narrow)
        self._pushed_ms += len(narrow) * 500 / _VAD_RATE
        words_ms = self._words_in(narrow)
        wait = bool(self._untold or (self._ahead and self._pushed_ms - self._ahead[0].pushed_ms > _AHEAD_MS))
        if wait:
            self._untold += 1
        else:
            self._on_words(heard.at_ms, words_ms)
        self._ahead.append(_Piece(heard.at_ms, self._pushed_ms, pcm, words_ms if wait else None))
        if self._pushed_ms - self._ahead[0].pushed_ms > _LONGEST_MS:
            self._judged(self._ahead.popleft())  # there is no voice activity
        self._stream.push(narrow)

    def _judged(self, piece: _Piece) -> None:
        """Voice activity has got to the end of ``piece``."""
        self._last = piece
        if piece.words_ms is not None:
            self._untold -= 1
            self._on_words(piece.ended_ms, piece.words_ms)
        self._recent.append(piece)
        self._recent_ms += len(piece.pcm) * 500 / self._rate
        while self._recent_ms > _KEEP_MS:
            self._recent_ms -= len(self._recent.popleft().pcm) * 500 / self._rate
        if self._to_stt is not None:
            self._keep(self._to_stt.process(piece.pcm))

    def begin(self, at_ms: float, *, goes_on: bool = False) -> None:
        """An utterance began at ``at_ms``: keep everything from a little before; or the one before ``goes_on``."""
        self._to_stt = Resampler(self._rate, self._stt_rate)
        if goes_on:
            pieces = [piece.pcm for piece in self._recent if piece.pushed_ms > self._kept_to_ms]
        else:
            self._utterance.clear()
            pieces = [piece.pcm for piece in self._recent if piece.ended_ms > at_ms - _BEFORE_MS]
        self._keep(self._to_stt.process(b"".join(pieces)))

    def utterance(self) -> bytes:
        """The utterance as far as voice activity has got, at the recogniser's rate."""
        return bytes(self._utterance)

    def end(self, *, keep: bool = False) -> None:
        """The utterance is over; it may still go on (``keep``)."""
        self._to_stt = None
        self._kept_to_ms = self._last.pushed_ms
        if not keep:
            self._utterance.clear()

    def close(self) -> None:
        """Hear nothing more."""
        self.end()
        self._stream.close()

    def _words_in(self, pcm: bytes) -> float:
        before_ms = self._evidence.words_ms
        after_ms = self._evidence.push(pcm)
        return after_ms - before_ms if after_ms >= before_ms else after_ms  # it counts anew after a silence

    def _keep(self, pcm: bytes) -> None:
        room = self._stt_rate * 2 * _LONGEST_MS // 1000 - len(self._utterance)
        self._utterance += pcm[:room]

    def _window(self, probability: float, audio_ms: float) -> None:
        last = self._last
        while self._ahead and self._ahead[0].pushed_ms <= audio_ms:
            last = self._ahead.popleft()
            self._judged(last)
        if last.pushed_ms < audio_ms and self._ahead:
            last = self._ahead[0]  # the window ends within it
        self._on_window(last.ended_ms - last.pushed_ms + audio_ms, probability)


class OverheardOutlet:
    """A line to speak to, whose ear is told what is sent, so that it knows an echo of it.

    Args:
        line: where it goes.
        ear: who is told.
        clock: what time it is.
    """

    def __init__(self, line: SpeechOutlet, ear: Ear, clock: Clock) -> None:
        self._line = line
        self._ear = ear
        self._clock = clock

    @property
    def output_rate(self) -> int:
        """The line's."""
        return self._line.output_rate

    def send_audio(self, pcm: bytes) -> None:
        """Play it."""
        self._line.send_audio(pcm)
        self._ear.said(pcm, self._line.output_rate, self._clock.now_ms())

    def send_mark(self, name: str) -> None:
        """Ask for a mark back."""
        self._line.send_mark(name)

    def clear(self) -> None:
        """Stop playing and forget what is queued."""
        self._line.clear()
        self._ear.unsaid(self._clock.now_ms())
