"""The agent's own words, coming back on the line: found in what is heard, and taken out of it.

A telephone, a loudspeaker or a hybrid somewhere returns a part of what was sent, later and weaker. It is speech, so
voice activity, word evidence and a recogniser take it for the caller. :class:`EchoGuard` knows what was sent:

1. **Where.** The first 60 ms of a sound that comes while an echo is possible are held, and compared with all that was
   sent in the second before (normalised cross-correlation of the pre-emphasised signals). To decide that somebody
   speaks takes longer than that: a caller who interrupts is noticed no later, and gets through whole.
2. **How.** A short filter at that delay predicts the echo. It is fitted by least squares, and refined while only echo
   is heard.
3. **What is left.** A piece that the prediction explains is replaced by the line's own noise. From one that it does
   not explain, because the caller talks as well, the prediction is subtracted.

A delay that changes shows as a sound that is not explained: it is looked for again, within the same 60 ms.

Pure: pcm and times go in, pcm comes out. While nothing was sent that could come back, a piece passes untouched, at the
cost of a comparison.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from offhook.audio._audioop import audioop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["LONGEST_MS", "EchoGuard", "Heard"]

LONGEST_MS: Final = 1100
"""The longest delay that is looked for, from when audio would be played by the times at which it was sent."""

_PER_MS: Final = 8
_FRAME: Final = 160
_LONGEST: Final = LONGEST_MS * _PER_MS
_MOVES: Final = 150 * _PER_MS
"""How far a known delay moves: by jitter buffers, and from speech to speech by when the carrier began to play."""
_MOST_BEHIND: Final = 15_000 * _PER_MS
"""What was sent is forgotten after this, though nothing was heard since."""
_GAP: Final = 60 * _PER_MS
"""Audio of this length that is missing never comes."""
_AFTER_CLEAR: Final = 60 * _PER_MS
_EMPHASIS: Final = 0.95
_MINUS_EMPHASIS: Final = np.float32(-_EMPHASIS)
_SOUND: Final = 30
"""A peak of -61 dBFS: what is sent more softly leaves no echo that matters."""

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
_LOOKS: Final = {3: 1.25, 6: 1.0, 12: 0.8}
"""After how many unexplained pieces of 20 ms to look for the echo in them, and what likeness and fit have to add up to.
Of 1,251 looks at callers who speak over an agent, whose voice was the same person's in a third of them, one at 3 pieces
found an echo where there was none."""
_LOOK_AGAIN: Final = 25
_LONG: Final = 12
_ALIKE: Final = 0.3
"""Less alike counts too where it is found twice, in different audio, at the same delay (within 1.5 ms)."""
_SAME: Final = 12
_CALLER_ENDS: Final = 10
"""After so many pieces that the echo explains, or quiet ones, the next sound is looked at anew."""

_TAPS: Final = 64
_FIRST_TAPS: Final = 32
_BEFORE: Final = 16
"""Taps before the delay that was found."""
_PRIOR_TAPS: Final = 4.0
"""Over about so many taps an echo is spread: what keeps a fit sober where there is noise, or little audio."""
_EXPLAINED: Final = 0.2
"""A rest of less than this share of the predicted power is echo: no prediction is perfect."""
_NOISE: Final = 3.0
"""So is a rest of less than this many times the power of the line's noise."""
_REFIT: Final = 0.75
"""A share of the power that a new filter at the known delay explains: it is the filter that was wrong."""
_RENEW: Final = 0.1
_FORGET: Final = 0.98
"""What counts of what was learnt before, when the path has changed, and with every other piece."""
_TRAINED: Final = 50
_THEN_EVERY: Final = 16
_SOLVE_AT: Final = frozenset((6, 9, 12, 18, 25, 35, 50))
_SOLVE_EVERY: Final = 10

_SIZES: Final = (1024, 1536, 2048, 3072, 4096, 6144, 8192, 9216, 10240, 12288)


class Heard(NamedTuple):
    """A piece of what the caller says, and when it ended."""

    at_ms: float
    pcm: bytes
    changed: bool = False
    """Whether it is other than it came."""


class _Piece(NamedTuple):
    at_ms: float
    pcm: bytes
    end: int

    @property
    def begin(self) -> int:
        return self.end - len(self.pcm) // 2


class EchoGuard:
    """Takes the agent's own voice out of what is heard on one call.

    All audio is pcm at 8 kHz, and all times are milliseconds on one clock. What is sent may be sent ahead of being
    played: each piece is taken to begin when it was sent, or when the one before it ends, as a carrier plays it. The
    constant rest of the way (network, buffers, the telephone) is found, up to :data:`LONGEST_MS`.
    """

    def __init__(self) -> None:
        self._sent = _Sent()
        self._clock = _StreamClock()
        self._path: _Path | None = None
        self._candidate: tuple[int, int] | None = None  # a delay that was likely, and the end of the audio that said so
        self._recent: deque[bytes] = deque(maxlen=_LONG)
        self._held: list[_Piece] = []
        self._waiting: _Piece | None = None
        self._unexplained = 0
        self._calm = 0
        self._caller = False
        self._floor = _FIRST_FLOOR
        self._noises: deque[bytes] = deque(maxlen=_NOISES)

    @property
    def delay_ms(self) -> float | None:
        """The echo's delay, ``None`` while none was found."""
        return None if self._path is None else self._path.lag / _PER_MS

    @property
    def loss_db(self) -> float | None:
        """How much weaker than what was sent the echo is, ``None`` while none was found."""
        return None if self._path is None else -20 * float(np.log10(np.linalg.norm(self._path.taps) + 1e-9))

    def sent(self, pcm: bytes, at_ms: float) -> None:
        """The agent's audio was sent to the line at ``at_ms``: any amount, in order."""
        at = round(at_ms * _PER_MS)
        heard = max(self._clock.end, at - _MOST_BEHIND)
        self._sent.add(pcm, at, keep_from=heard - _LONGEST - (_LONG + 2) * _FRAME)

    def cleared(self, at_ms: float) -> None:
        """The carrier was told at ``at_ms`` to forget what it has not played."""
        self._sent.cut(round(at_ms * _PER_MS) + _AFTER_CLEAR)

    def hear(self, pcm: bytes, at_ms: float) -> list[Heard]:
        """A piece of what is heard, usually 20 ms, ended at ``at_ms``: the caller's share of it.

        ``at_ms`` is as even as the sender's clock, whenever the piece came.

        All pieces come back, in order, each as long as it was; at most two are held until the next call.
        """
        end = self._clock.next(len(pcm) // 2, round(at_ms * _PER_MS))
        lasts = _LONGEST if self._path is None else self._path.lag + _MOVES
        if end - self._sent.sound_end > lasts + _LONG * _FRAME:
            self._recent.clear()
            return [*self._release(), Heard(at_ms, pcm)]
        self._recent.append(pcm)
        if self._path is None and not self._caller and not self._held and self._is_quiet(pcm):
            return [Heard(at_ms, pcm)]  # most of what is heard on most lines
        piece = _Piece(at_ms, pcm, end)
        if self._waiting is not None:
            piece = _Piece(at_ms, self._waiting.pcm + pcm, end)
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
        return self._hear_sound(piece, noise * (1 + _EMPHASIS**2))

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

    def _hear_quiet(self, piece: _Piece, *, only_noise: bool) -> list[Heard]:
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

    def _hear_sound(self, piece: _Piece, noise: float) -> list[Heard]:
        path = self._path
        if path is not None:
            sent = self._sent.white(*path.span(piece.begin, piece.end))
            heard = _whitened(np.frombuffer(piece.pcm, np.int16))
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
            if not self._sent.sounds(piece.begin - path.lag - _MOVES, piece.end - path.lag + _MOVES):
                return [*self._release(), Heard(piece.at_ms, piece.pcm)]
        self._calm = 0
        before = self._unexplained
        self._unexplained += max(1, len(piece.pcm) // (2 * _FRAME))
        if not self._caller and self._unexplained <= _HELD:
            self._held.append(piece)
            return []
        if self._look(before, piece.end, noise) and not self._caller:
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

    def _without_echo(self, piece: _Piece) -> bytes:
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

    # -- looking for the echo -----------------------------------------------------------------------------------------

    def _look(self, before: int, end: int, noise: float) -> bool:
        """Look for what is heard in what was sent, if it is time to; whether it was found there."""
        pieces = _pieces_to_compare(before, self._unexplained)
        if not pieces:
            return False
        heard = _whitened(np.frombuffer(b"".join(list(self._recent)[-pieces:]), np.int16))
        size = len(heard)
        least, most = 0, _LONGEST
        if self._path is not None and pieces < _LONG:
            least, most = max(0, self._path.lag - _MOVES), self._path.lag + _MOVES
        sent = self._sent.white(end - size - most, end - least)
        energy = float(heard @ heard)
        signal = max(energy - noise * size, energy / 2)
        lag, alike, gain = _most_alike(heard, sent, most)
        shifted = _shifted(self._sent.white(*_span(end - size, end, lag, _FIRST_TAPS)), _FIRST_TAPS)
        ridge = energy * max(1 - alike**2, 1e-3) / size * _PRIOR_TAPS / gain**2
        taps = _solve(shifted @ shifted.T, shifted @ heard, ridge)
        rest = heard - taps @ shifted
        left = float(rest @ rest)
        likeness = alike * (energy / signal) ** 0.5
        fit = (energy - left) / signal
        path = self._path
        if path is not None and abs(path.lag - lag) <= _SAME:
            found = fit >= _REFIT  # that the echo is in it as well is no news
        else:
            found = likeness + fit >= _LOOKS[pieces] or (likeness >= _ALIKE and self._seen_before(lag, end - size))
            self._candidate = lag, end
            path = _Path(lag, taps, gain)
        if not found:
            return False
        self._path = path
        path.fit(self._sent.white(*path.span(end - size, end)), heard, left)
        return True

    def _seen_before(self, lag: int, begin: int) -> bool:
        if self._candidate is None:
            return False
        before, until = self._candidate
        return until <= begin and abs(before - lag) <= _SAME


class _Path:
    """The way of the echo: a delay in samples, and a filter around it."""

    def __init__(self, lag: int, taps: Floats, gain: float) -> None:
        self.lag = lag
        self.taps = np.zeros(_TAPS, np.float32)
        self.taps[:_FIRST_TAPS] = taps[::-1]
        self._ridge = _PRIOR_TAPS / gain**2
        self._products = np.zeros((_TAPS, _TAPS), np.float32)
        self._targets = np.zeros(_TAPS, np.float32)
        self._left = 0.0
        self._learnt = 0
        self._seen = 0

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """From where to where that was sent which is heard between ``begin`` and ``end``."""
        return _span(begin, end, self.lag, _TAPS)

    def fit(self, sent: Floats, heard: Floats, left: float) -> None:
        """Take the first audio at this delay, or audio that was not explained and is echo all the same."""
        self._products *= _RENEW
        self._targets *= _RENEW
        self._add(sent, heard, left)
        self._learnt += len(heard) // _FRAME
        if self._learnt > 2 * _HELD:
            self._solve()

    def learn(self, sent: Floats, heard: Floats, left: float) -> None:
        """Refine the filter by a piece that is nothing but echo: all at first, then one in so many."""
        self._seen += 1
        if self._learnt >= _TRAINED and self._seen % _THEN_EVERY:
            return
        self._add(sent, heard, left)
        self._learnt += 1
        if self._learnt in _SOLVE_AT or self._learnt % _SOLVE_EVERY == 0:
            self._solve()

    def _add(self, sent: Floats, heard: Floats, left: float) -> None:
        shifted = _shifted(sent, _TAPS)
        self._products *= _FORGET
        self._products += shifted @ shifted.T
        self._targets *= _FORGET
        self._targets += shifted @ heard
        self._left += 0.1 * (left / len(heard) - self._left) if self._left else left / len(heard)

    def _solve(self) -> None:
        self.taps = _solve(self._products, self._targets, self._left * self._ridge)[::-1].copy()


class _StreamClock:
    """Where in the stream a piece lies: by counting samples, since their times are rounded, from gap to gap."""

    def __init__(self) -> None:
        self.end = 0
        self._count = 0
        self._least_late = 0

    def next(self, samples: int, at: int) -> int:
        """A piece came at ``at``: where it ends."""
        end = self.end + samples
        late = at - end
        if late < 0 or late > _GAP or not self.end:
            end, late = at, 0
        if self._count == 0 or late < self._least_late:
            self._least_late = late
        self._count += 1
        if self._count == 50:  # what all pieces of a second were late by is no rounding: the clocks drift
            end += self._least_late
            self._count = 0
        self.end = end
        return end


class _Sent:
    """What was sent in the last seconds, as it is and pre-emphasised, by the sample at which it is played."""

    def __init__(self) -> None:
        self._raw: Floats = np.zeros(1 << 15, np.float32)
        self._white: Floats = np.zeros(1 << 15, np.float32)
        self._base = -1  # the time of the first sample that is kept
        self._end = 0
        self.sound_end = -(1 << 40)
        """Where the last sound ends."""

    def add(self, pcm: bytes, at: int, *, keep_from: int) -> None:
        """Put pcm at ``at``, or behind what is there; all before ``keep_from`` may be forgotten."""
        samples = np.frombuffer(pcm, np.int16)
        begin = max(at, self._end, self._base + 1)
        self._end = end = begin + len(samples)
        if end - self._base > len(self._raw):
            self._make_room(min(keep_from, begin), end)
        first, last = begin - self._base, end - self._base
        self._raw[first:last] = samples
        self._white[first:last] = _whitened(self._raw[first - 1 : last])[1:]
        if audioop.max(pcm, 2) > _SOUND:
            self.sound_end = end

    def cut(self, at: int) -> None:
        """Forget what lies behind ``at``."""
        at = max(at, self._base)
        if at < self._end:
            self._raw[at - self._base : self._end - self._base] = 0
            self._white[at - self._base : self._end - self._base] = 0
            self._end = at
            self.sound_end = min(self.sound_end, at)

    def raw(self, begin: int, end: int) -> Floats:
        """The samples of this time; silence where nothing was sent."""
        return self._slice(self._raw, begin, end)

    def white(self, begin: int, end: int) -> Floats:
        """The same, pre-emphasised."""
        return self._slice(self._white, begin, end)

    def sounds(self, begin: int, end: int) -> bool:
        """Whether there is anything in it that could be heard."""
        raw = self.raw(begin, end)
        return float(raw @ raw) > _SOUND**2 * 10

    def _slice(self, samples: Floats, begin: int, end: int) -> Floats:
        first, last = begin - self._base, end - self._base
        if first >= 0 and last <= len(samples):
            return samples[first:last]
        padded = np.zeros(end - begin, np.float32)
        low, high = max(first, 0), min(last, len(samples))
        if low < high:
            padded[low - first : high - first] = samples[low:high]
        return padded

    def _make_room(self, keep_from: int, end: int) -> None:
        base = max(self._base, keep_from - 1)
        size = len(self._raw)
        while end - base > size:
            size *= 2
        for name in ("_raw", "_white"):
            kept: Floats = getattr(self, name)[base - self._base :]
            moved = np.zeros(size, np.float32)
            moved[: len(kept)] = kept
            setattr(self, name, moved)
        self._base = base


def _given(piece: _Piece, pcm: bytes) -> Heard:
    return Heard(piece.at_ms, pcm, pcm is not piece.pcm)


def _pieces_to_compare(before: int, count: int) -> int:
    """How many of the last pieces to compare with what was sent, now that ``count`` are not explained; 0: none yet."""
    for pieces in _LOOKS:
        if before < pieces <= count:
            return pieces
    return _LONG if count // _LOOK_AGAIN > before // _LOOK_AGAIN else 0


def _span(begin: int, end: int, lag: int, taps: int) -> tuple[int, int]:
    return begin - lag + _BEFORE - taps + 1, end - lag + _BEFORE


def _whitened(samples: Floats | NDArray[np.int16]) -> Floats:
    """Pre-emphasised: speech has its power below, its likeness to itself all over."""
    white = np.zeros(len(samples), np.float32)
    np.multiply(samples[:-1], _MINUS_EMPHASIS, out=white[1:])
    white[1:] += samples[1:]
    return white


def _shifted(samples: Floats, count: int) -> Floats:
    """``count`` rows, each one sample later in ``samples`` than the one before."""
    step = samples.strides[0]
    return as_strided(samples, (count, len(samples) - count + 1), (step, step), writeable=False).copy()


def _most_alike(heard: Floats, sent: Floats, most: int) -> tuple[int, float, float]:
    """The delay, up to ``most``, at which ``heard`` is most like ``sent``; how much, in 0..1; and how strong it is."""
    size = next((size for size in _SIZES if size >= len(sent)), len(sent))
    count = len(sent) - len(heard) + 1
    products = np.fft.irfft(np.fft.rfft(sent, size) * np.fft.rfft(heard, size).conj(), size)[:count]
    sums = np.zeros(len(sent) + 1)
    np.cumsum(np.square(sent, dtype=np.float64), out=sums[1:])
    energies = sums[len(heard) :] - sums[:count]
    energies += 1e-3 * energies.max() + 1
    alike = np.abs(products) / np.sqrt(energies * (float(heard @ heard) + 1))
    best = int(alike.argmax())
    return most - best, min(1.0, float(alike[best])), abs(float(products[best] / energies[best])) + 1e-6


def _solve(products: Floats, targets: Floats, ridge: float) -> Floats:
    count = len(targets)
    regular = products.copy()
    regular.flat[:: count + 1] += ridge + 1e-4 * float(products.trace()) / count + 1
    solution: Floats = np.linalg.solve(regular, targets)
    return solution
