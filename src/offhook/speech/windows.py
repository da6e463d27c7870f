"""Cut pcm into the windows that the Silero model wants, and run many streams' windows as one batch.

Nothing here knows an event loop or a model file: the model is a function of arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Model = Callable[[Floats, Floats], tuple[Floats, Floats]]
    """``(windows [B, 288], states [2, B, 128]) -> (probabilities [B, 1], next states [2, B, 128])``."""

__all__ = ["CONTEXT_SAMPLES", "WINDOW_MS", "WINDOW_SAMPLES", "Batcher", "Windows"]

WINDOW_SAMPLES = 256
"""New samples per window at 8 kHz."""
WINDOW_MS = 32.0
CONTEXT_SAMPLES = 32
"""Samples of the window before that the model sees again."""

SILENCE_BELOW = 0.08
SILENT_WINDOWS = 8
"""After so many windows in a row below that probability the model gets no memory of the stream, window after window,
until one is above it. A memory of seconds of silence, or of the words before it, makes the model slow to believe that
somebody speaks. Over 208 onsets (13 lines, each at 16 places in a window, 3.5 s after other speech) it noticed speech
after 93 ms in the median, 295 ms at the 99th percentile and 301 ms at worst with its memory kept; after 59, 142 and
177 ms without. Wiping it only once in 8 windows gives 49, 142 and 273 ms: the wipe can fall into the first syllable.
In 19,502 windows of silence, and as many of each of three levels of noise, none of these had a false one."""

_STATE = 128
_WINDOW_BYTES = 2 * WINDOW_SAMPLES
_CONTEXT_BYTES = 2 * CONTEXT_SAMPLES


class Windows:
    """One stream's pcm at 8 kHz, any amounts in, whole windows (each with its context) out."""

    __slots__ = ("_buffer", "silent", "slot", "taken")

    def __init__(self, slot: int) -> None:
        self._buffer = bytearray(_CONTEXT_BYTES)
        self.slot = slot
        """Where the batcher keeps this stream's state."""
        self.taken = 0
        """How many windows were taken."""
        self.silent = 0
        """How many windows in a row were silent."""

    def push(self, pcm: bytes) -> bool:
        """Add pcm; whether a window is due."""
        self._buffer += pcm
        return len(self._buffer) >= _CONTEXT_BYTES + _WINDOW_BYTES

    def take(self) -> bytes:
        """The oldest window that is due: pcm of 288 samples, 32 of context and 256 new ones.

        Only to be called when one is due, as ``push`` has told.
        """
        buffer = self._buffer
        assert len(buffer) >= _CONTEXT_BYTES + _WINDOW_BYTES
        window = bytes(buffer[: _CONTEXT_BYTES + _WINDOW_BYTES])
        del buffer[:_WINDOW_BYTES]
        self.taken += 1
        return window


class Batcher:
    """The model's memory of every stream, gathered for a batch and scattered after it.

    A stream gives the same probabilities whether it runs alone or with others (to float32 rounding).
    """

    def __init__(self, model: Model, *, slots: int = 16) -> None:
        self._model = model
        self._states: Floats = np.zeros((2, slots, _STATE), np.float32)
        self._free = list(range(slots - 1, -1, -1))

    def open(self) -> Windows:
        """A new stream, with a clean memory."""
        if not self._free:
            used = self._states.shape[1]
            self._states = np.concatenate([self._states, np.zeros_like(self._states)], axis=1)
            self._free = list(range(2 * used - 1, used - 1, -1))
        slot = self._free.pop()
        self._states[:, slot] = 0.0
        return Windows(slot)

    def close(self, windows: Windows) -> None:
        """Forget a stream; its slot is used again."""
        self._free.append(windows.slot)

    def run(self, batch: Sequence[tuple[Windows, bytes]]) -> list[float]:
        """The probability of speech in each window; a stream may be in a batch once."""
        slots = [windows.slot for windows, _ in batch]
        pcm = np.frombuffer(b"".join(window for _, window in batch), np.int16)
        samples = pcm.reshape(len(batch), CONTEXT_SAMPLES + WINDOW_SAMPLES).astype(np.float32)
        samples *= np.float32(1 / 32768)
        probabilities, states = self._model(samples, self._states[:, slots])
        self._states[:, slots] = states
        result: list[float] = probabilities[:, 0].tolist()
        for (windows, _), probability in zip(batch, result, strict=True):
            windows.silent = windows.silent + 1 if probability < SILENCE_BELOW else 0
            if windows.silent >= SILENT_WINDOWS:
                self._states[:, windows.slot] = 0.0
        return result
