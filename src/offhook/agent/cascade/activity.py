"""Voice activity of one call, by the engine, or, where that does not work, by how loud the line is.

Without voice activity no turn would ever begin or end, so one that raises, tells nonsense or falls silent is given up
for the rest of the call. What it has not judged by then is judged at once, and nothing of it is lost.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from offhook.errors import EngineError
from offhook.logs import describe
from offhook.speech.windows import WINDOW_MS
from offhook.waiting import WaitOver
from offhook.waits import VOICE_ACTIVITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.base import VoiceActivity, VoiceActivityStream

__all__ = ["Activity"]

logger = logging.getLogger(__name__)

_LOUD, _QUIET = 0.9, 0.0
"""Probabilities of speech by loudness alone."""


class Activity:
    """The caller's audio into voice activity.

    Args:
        vad: the worker's detector.
        on_window: told the probability of speech in a window, and where in the audio the window ended, as
            :meth:`offhook.speech.base.VoiceActivity.open` says; in order, until :meth:`close`.
        call_id: whose audio it is, for the log.
    """

    def __init__(
        self,
        vad: VoiceActivity,
        *,
        on_window: Callable[[float, float], None],
        call_id: str,
    ) -> None:
        self._on_window = on_window
        self._call_id = call_id
        self._closed = False
        self._pushing = False
        self._waited_ms = 0.0
        self._pushed_ms = 0.0
        self._told_ms = 0.0  # up to here the detector has judged
        self._loudness: deque[tuple[float, bool]] = deque()  # of what it has not: its end, whether it is loud
        self._windows: deque[tuple[float, float]] = deque()
        self._stream: VoiceActivityStream | None = None
        try:
            self._stream = vad.open(self._tell)
        except Exception as error:
            self._give_up(error)

    def push(self, pcm: bytes, *, loud: bool) -> None:
        """Add audio at 8 kHz, of any length; whether something in it is louder than the line's noise."""
        self._pushed_ms += len(pcm) / 16
        self._loudness.append((self._pushed_ms, loud))
        if self._stream is None:
            self._judge()
        else:
            self._pushing = True
            try:
                self._stream.push(pcm)
            except Exception as error:
                self._give_up(error)
            self._pushing = False
        self._deliver()

    def tick(self, passed_ms: float) -> None:
        """So much time has passed in which the detector could have judged."""
        if self._stream is None or self._pushed_ms - self._told_ms < WINDOW_MS:
            self._waited_ms = 0.0
            return
        self._waited_ms += passed_ms
        if self._waited_ms >= VOICE_ACTIVITY.limit_s * 1000:
            self._give_up(WaitOver(VOICE_ACTIVITY, VOICE_ACTIVITY.limit_s))
            self._deliver()

    def close(self) -> None:
        """Nothing more is told."""
        self._closed = True
        self._close_stream()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(Exception):
                stream.close()

    def _tell(self, probability: float, audio_ms: float) -> None:
        """The detector says so."""
        if self._stream is None:
            return
        try:
            right = 0.0 <= probability <= 1.0 and self._told_ms < audio_ms <= self._pushed_ms
        except TypeError:
            right = False
        if not right:
            self._give_up(
                EngineError(
                    "expected of voice activity a probability of 0 to 1 and the end of the next window in ms of audio, "
                    "got something else.",
                    fix="see offhook.speech.base.VoiceActivity",
                )
            )
        else:
            self._waited_ms = 0.0
            self._told_ms = audio_ms
            while self._loudness and self._loudness[0][0] <= audio_ms:
                self._loudness.popleft()
            self._windows.append((probability, audio_ms))
        if not self._pushing:
            self._deliver()

    def _give_up(self, error: Exception) -> None:
        self._close_stream()
        level = logging.WARNING if isinstance(error, WaitOver) else logging.ERROR
        what = "voice activity has failed, and loudness takes its place"
        logger.log(level, "call %s: %s: %s", self._call_id, what, describe(error))
        self._judge()

    def _judge(self) -> None:
        """By loudness, all that is there."""
        while self._told_ms + WINDOW_MS <= self._pushed_ms:
            self._told_ms += WINDOW_MS
            loud = False
            while self._loudness[0][0] < self._told_ms:
                loud |= self._loudness.popleft()[1]
            loud |= self._loudness[0][1]  # the window ends within it
            self._windows.append((_LOUD if loud else _QUIET, self._told_ms))

    def _deliver(self) -> None:
        while self._windows and not self._closed:
            self._on_window(*self._windows.popleft())
