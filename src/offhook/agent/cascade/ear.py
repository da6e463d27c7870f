"""How an agent hears: the caller's audio to voice activity, to word evidence, and on to whoever recognises words.

The agent's own words, if the line returns them, are taken out first (:mod:`offhook.speech.echo`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from offhook.agent.cascade.activity import Activity
from offhook.audio.formats import PCM_8K, Rewriter
from offhook.audio.resample import Resampler
from offhook.speech.echo import EchoGuard
from offhook.speech.hum import WordEvidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.agent.conversant import SpeechOutlet
    from offhook.audio.formats import AudioFormat
    from offhook.clock import Clock
    from offhook.speech.base import VoiceActivity
    from offhook.speech.echo import Heard

__all__ = ["Ear", "OverheardOutlet"]

_VAD_RATE = 8000
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

    Audio may come in bursts of seconds. It is passed on as voice activity gets to it, so that an utterance is cut where
    it ended, whatever has come since.

    Args:
        vad: the worker's detector.
        rate: of the audio that comes, in Hz.
        on_audio: told every piece of audio, at that rate and without the agent's own words, and when it ended, once
            voice activity is known of it: at most 32 ms later, but in a burst.
        on_words: told, for every piece of audio, when it ended and how many milliseconds of it sound like words; where
            voice activity is far behind, in time with it.
        on_window: told when a window of audio ended, and the probability that it is speech.
        call_id: whose audio it is, for the log.
    """

    def __init__(
        self,
        vad: VoiceActivity,
        *,
        rate: int,
        on_audio: Callable[[bytes, float], None],
        on_words: Callable[[float, float], None],
        on_window: Callable[[float, float], None],
        call_id: str,
    ) -> None:
        self._rate = rate
        self._on_audio = on_audio
        self._on_words = on_words
        self._on_window = on_window
        self._to_vad = Resampler(rate, _VAD_RATE)
        self._from_vad = Resampler(_VAD_RATE, rate)
        self._guard = EchoGuard()
        self._said: Rewriter | None = None
        self._wide = bytearray()  # as it came, while the guard holds it
        self._evidence = WordEvidence()
        self._ahead: deque[_Piece] = deque()  # voice activity has not got there yet
        self._untold = 0
        self._pushed_ms = 0.0
        self._last = _Piece(0.0, 0.0, b"", None)  # the last that voice activity is through with
        self._activity = Activity(vad, on_window=self._window, call_id=call_id)

    def hear(self, pcm: bytes, ended_ms: float) -> None:
        """Take a piece of audio, usually 20 ms, that ended at ``ended_ms``."""
        self._wide += pcm
        for heard in self._guard.hear(self._to_vad.process(pcm), ended_ms):
            self._take(heard)

    def tick(self, passed_ms: float) -> None:
        """So much time has passed, and audio could come."""
        self._activity.tick(passed_ms)

    def said(self, audio: bytes, written: AudioFormat, now_ms: float) -> None:
        """The agent's audio was sent to the line at ``now_ms``: it may come back."""
        if self._said is None or self._said.given != written:
            self._said = Rewriter(written, PCM_8K)
        self._guard.sent(self._said.process(audio), now_ms)

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
        self._activity.push(narrow, loud=self._evidence.loud)

    def _judged(self, piece: _Piece) -> None:
        """Voice activity has got to the end of ``piece``."""
        self._last = piece
        if piece.words_ms is not None:
            self._untold -= 1
            self._on_words(piece.ended_ms, piece.words_ms)
        self._on_audio(piece.pcm, piece.ended_ms)

    def close(self) -> None:
        """Hear nothing more."""
        self._activity.close()

    def _words_in(self, pcm: bytes) -> float:
        before_ms = self._evidence.words_ms
        after_ms = self._evidence.push(pcm)
        return after_ms - before_ms if after_ms >= before_ms else after_ms  # it counts anew after a silence

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
    def output_format(self) -> AudioFormat:
        """The line's."""
        return self._line.output_format

    def send_encoded(self, audio: bytes) -> None:
        """Play it."""
        self._line.send_encoded(audio)
        self._ear.said(audio, self._line.output_format, self._clock.now_ms())

    def send_mark(self, name: str) -> None:
        """Ask for a mark back."""
        self._line.send_mark(name)

    def clear(self) -> None:
        """Stop playing and forget what is queued."""
        self._line.clear()
        self._ear.unsaid(self._clock.now_ms())
