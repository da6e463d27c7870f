"""The agent's own words, coming back on the line: taken out of what is heard."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from offhook.audio._audioop import audioop
from offhook.speech.echo.heard import Heard, Piece, StreamClock
from offhook.speech.echo.search import LONG, LONGEST, MOVES, EchoSearch
from offhook.speech.echo.sent import Sent
from offhook.speech.echo.signal import EMPHASIS, FRAME, PER_MS, whitened

if TYPE_CHECKING:
    from offhook.speech.echo.path import EchoPath

__all__ = ["EchoGuard"]

_MOST_BEHIND: Final = 15_000 * PER_MS
"""What was sent is forgotten after this, though nothing was heard since."""
_AFTER_CLEAR: Final = 60 * PER_MS
_LEAST_FLOOR: Final = 5.0
"""-76 dBFS: the line's noise is taken for at least this."""
_FIRST_FLOOR: Final = 150.0
_FLOOR_RISE: Final = 1.006
_QUIET: Final = 2.5
"""4 dB, as a power: what is closer to the line's noise is not looked at."""
_NOISE_ONLY: Final = 2.0
_NOISES: Final = 16
"""Pieces of the line's noise that are kept: a single one, repeated, would be a buzz."""
_HELD: Final = 2
"""Pieces that wait for a third, to be compared with what was sent."""
_CALLER_ENDS: Final = 10
"""After so many pieces that the echo explains, or quiet ones, the next sound is looked at anew."""
_EXPLAINED: Final = 0.2
"""A rest of less than this share of the predicted power is echo: no prediction is perfect."""
_NOISE: Final = 3.0
"""So is a rest of less than this many times the power of the line's noise."""


class EchoGuard:
    """Takes the agent's own voice out of what is heard on one call.

    All audio is pcm at 8 kHz, and all times are milliseconds on one clock. What is sent may be sent ahead of being
    played: each piece is taken to begin when it was sent, or when the one before it ends, as a carrier plays it. The
    constant rest of the way (network, buffers, the telephone) is found, up to :data:`LONGEST_MS`.
    """

    def __init__(self) -> None:
        self._sent = Sent()
        self._clock = StreamClock()
        self._path: EchoPath | None = None
        self._search = EchoSearch(self._sent)
        self._recent = self._search.recent
        self._held: list[Piece] = []
        self._waiting: Piece | None = None
        self._unexplained = 0
        self._calm = 0
        self._caller = False
        self._floor = _FIRST_FLOOR
        self._noises: deque[bytes] = deque(maxlen=_NOISES)

    @property
    def delay_ms(self) -> float | None:
        """The echo's delay, ``None`` while none was found."""
        return None if self._path is None else self._path.lag / PER_MS

    @property
    def loss_db(self) -> float | None:
        """How much weaker than what was sent the echo is, ``None`` while none was found."""
        return None if self._path is None else -20 * float(np.log10(np.linalg.norm(self._path.taps) + 1e-9))

    def sent(self, pcm: bytes, at_ms: float) -> None:
        """The agent's audio was sent to the line at ``at_ms``: any amount, in order."""
        at = round(at_ms * PER_MS)
        heard = max(self._clock.end, at - _MOST_BEHIND)
        self._sent.add(pcm, at, keep_from=heard - LONGEST - (LONG + 2) * FRAME)

    def cleared(self, at_ms: float) -> None:
        """The carrier was told at ``at_ms`` to forget what it has not played."""
        self._sent.cut(round(at_ms * PER_MS) + _AFTER_CLEAR)

    def hear(self, pcm: bytes, at_ms: float) -> list[Heard]:
        """A piece of what is heard, usually 20 ms, ended at ``at_ms``: the caller's share of it.

        ``at_ms`` is as even as the sender's clock, whenever the piece came.

        All pieces come back, in order, each as long as it was; at most two are held until the next call.
        """
        end = self._clock.next(len(pcm) // 2, round(at_ms * PER_MS))
        lasts = LONGEST if self._path is None else self._path.lag + MOVES
        if end - self._sent.sound_end > lasts + LONG * FRAME:
            self._recent.clear()
            return [*self._release(), Heard(at_ms, pcm)]
        self._recent.append(pcm)
        if self._path is None and not self._caller and not self._held and self._is_quiet(pcm):
            return [Heard(at_ms, pcm)]  # most of what is heard on most lines
        piece = Piece(at_ms, pcm, end)
        if self._waiting is not None:
            piece = Piece(at_ms, self._waiting.pcm + pcm, end)
            self._waiting = None
        elif self._path is not None and self._calm and not self._caller:
            # Two at a time cost half, and a first one that is not explained would be held anyway.
            self._waiting = piece
            return []
        level = float(audioop.rms(piece.pcm, 2))
        power = level * level
        self._floor = max(_LEAST_FLOOR, min(level, self._floor * _FLOOR_RISE))
        noise = self._floor**2
        if power <= _QUIET * noise:
            return self._hear_quiet(piece, only_noise=power <= _NOISE_ONLY * noise)
        return self._hear_sound(piece, noise * (1 + EMPHASIS**2))

    def _is_quiet(self, pcm: bytes) -> bool:
        """Whether a piece is no more than noise, where there is no echo and nothing is held; if so, it is taken."""
        level = audioop.rms(pcm, 2)
        floor = max(_LEAST_FLOOR, min(level, self._floor * _FLOOR_RISE))
        if level * level > _NOISE_ONLY * floor * floor:
            return False
        self._floor = floor
        if pcm:
            self._noises.append(pcm)
        self._calm += 1
        self._unexplained = max(0, self._unexplained - 1)
        return True

    # -- a piece ------------------------------------------------------------------------------------------------------

    def _hear_quiet(self, piece: Piece, *, only_noise: bool) -> list[Heard]:
        path = self._path
        echo = path is not None and self._sent.sounds(*path.span(piece.begin, piece.end))
        if only_noise and not echo and piece.pcm:
            self._noises.append(piece.pcm)
        self._calm += 1
        if not self._caller:
            self._unexplained = max(0, self._unexplained - 1)  # where an echo is as weak as the noise, sounds are torn
        elif self._calm >= _CALLER_ENDS:
            self._caller_ended()
        pcm = self._noise(piece.pcm) if echo and not self._caller else piece.pcm
        return [*self._drop(), _given(piece, pcm)]

    def _hear_sound(self, piece: Piece, noise: float) -> list[Heard]:
        path = self._path
        if path is not None:
            sent = self._sent.white(*path.span(piece.begin, piece.end))
            heard = whitened(np.frombuffer(piece.pcm, np.int16))
            echo = np.convolve(sent, path.taps, "valid")
            rest = heard - echo
            left = float(rest @ rest)
            if left <= max(_EXPLAINED * float(echo @ echo), _NOISE * noise * len(heard)):
                self._calm += 1
                if not self._caller or self._calm >= _CALLER_ENDS:
                    self._caller_ended()
                path.learn(sent, heard, left)
                pcm = self._without_echo(piece) if self._caller else self._noise(piece.pcm)
                return [*self._drop(), _given(piece, pcm)]
            if not self._sent.sounds(piece.begin - path.lag - MOVES, piece.end - path.lag + MOVES):
                return [*self._release(), Heard(piece.at_ms, piece.pcm)]
        self._calm = 0
        before = self._unexplained
        self._unexplained += max(1, len(piece.pcm) // (2 * FRAME))
        if not self._caller and self._unexplained <= _HELD:
            self._held.append(piece)
            return []
        found = self._search.look(before, self._unexplained, end=piece.end, noise=noise, path=path)
        if found is not None:
            self._path = found
            if not self._caller:
                self._unexplained = 0
                return [*self._drop(), _given(piece, self._noise(piece.pcm))]
        self._caller = True
        return [*self._release(), _given(piece, self._without_echo(piece))]

    def _caller_ended(self) -> None:
        self._caller = False
        self._unexplained = 0

    def _release(self) -> list[Heard]:
        """Held pieces, which were the caller's."""
        if self._waiting is not None:
            self._held.append(self._waiting)
            self._waiting = None
        if not self._held:
            return []
        held, self._held = self._held, []
        return [_given(piece, self._without_echo(piece)) for piece in held]

    def _drop(self) -> list[Heard]:
        """Held pieces, which were not."""
        if not self._held:
            return []
        held, self._held = self._held, []
        return [_given(piece, self._noise(piece.pcm)) for piece in held]

    def _without_echo(self, piece: Piece) -> bytes:
        path = self._path
        if path is None:
            return piece.pcm
        heard = np.frombuffer(piece.pcm, np.int16).astype(np.float32)
        echo = np.convolve(self._sent.raw(*path.span(piece.begin, piece.end)), path.taps, "valid")
        rest = heard - echo
        left = rest @ rest
        if left <= _EXPLAINED * float(echo @ echo):
            return self._noise(piece.pcm)
        if left >= heard @ heard:
            return piece.pcm  # the prediction is of no use here
        without: bytes = np.clip(rest, -32768, 32767).astype(np.int16).tobytes()
        return without

    def _noise(self, pcm: bytes) -> bytes:
        """The line's noise, as long as ``pcm``."""
        if not self._noises:
            return bytes(len(pcm))
        noise = b""
        while len(noise) < len(pcm):
            self._noises.rotate()
            noise += self._noises[0]
        return noise[: len(pcm)]


def _given(piece: Piece, pcm: bytes) -> Heard:
    return Heard(piece.at_ms, pcm, pcm is not piece.pcm)
