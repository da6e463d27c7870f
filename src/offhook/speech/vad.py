"""Voice activity for all calls of a worker: Silero VAD at its native 8 kHz, one model, one batch.

The model runs on the event loop, on purpose. A batch of 16 takes about 0.4 ms, while a hop to a thread and back costs
more processor time than the model does for one stream, and under load its answer waits for the interpreter lock
(2 ms and more, measured). So at most :data:`BATCH` windows run in one turn of the loop, and the rest in the next.
A window costs 60 µs alone and 24 µs in a batch of 16: with more than :data:`FEW` calls, windows wait up to
:data:`GATHER_MS` for company.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from offhook.errors import EngineMissing
from offhook.installing import install
from offhook.logs import describe
from offhook.speech.windows import WINDOW_MS, Batcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.base import VoiceActivityStream
    from offhook.speech.windows import Floats, Model, Windows

__all__ = ["BATCH", "FEW", "GATHER_MS", "SileroVad", "load_model"]

_log = logging.getLogger(__name__)

BATCH = 16
"""Most windows in one run: a larger batch saves nothing more per window, and keeps the loop longer."""
FEW = 4
"""Up to this many open streams a window runs at once: there is no company worth waiting for."""
GATHER_MS = 4.0
"""How long a window may wait for others when there are more."""


def load_model() -> Model:
    """Load the model that comes with the package. Takes about 50 ms: do it in a thread, once per process.

    Raises:
        EngineMissing: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise EngineMissing(
            "expected onnxruntime for voice activity, found no such package", fix=install("local")
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = files("offhook.speech").joinpath("models/silero_vad.onnx").read_bytes()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rate = np.array(8000, np.int64)

    def run(windows: Floats, states: Floats) -> tuple[Floats, Floats]:
        probabilities, next_states = session.run(None, {"input": windows, "state": states, "sr": rate})
        return probabilities, next_states

    run(np.zeros((1, 288), np.float32), np.zeros((2, 1, 128), np.float32))
    return run


class _Stream:
    """One caller's audio into the shared detector."""

    __slots__ = ("_vad", "due", "on_probability", "windows")

    def __init__(self, vad: SileroVad, windows: Windows, on_probability: Callable[[float, float], None]) -> None:
        self._vad: SileroVad | None = vad
        self.windows = windows
        self.on_probability = on_probability
        self.due = False

    def push(self, pcm: bytes) -> None:
        """Add audio at 8 kHz, any amount. After ``close`` it is ignored."""
        if self._vad is not None and self.windows.push(pcm) and not self.due:
            self._vad._add(self)

    def close(self) -> None:
        """Forget this stream; closing twice is allowed."""
        if self._vad is not None:
            self._vad._close(self)
            self._vad = None

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called, or the model could not be loaded."""
        return self._vad is None


class SileroVad:
    """Tells speech from everything else, for all calls of an event loop.

    ``open`` takes microseconds. The model is loaded by ``warm_up``, or in a thread at the first window: probabilities
    then come late, and none is lost.

    Args:
        loader: what loads the model, called once, in a thread.
    """

    def __init__(self, loader: Callable[[], Model] = load_model) -> None:
        self._loader = loader
        self._model: Model | None = None
        self._batcher = Batcher(self._run_model)
        self._due: deque[_Stream] = deque()
        self._open = 0
        self._scheduled = False
        self._loading: asyncio.Task[None] | None = None
        self.failed: Exception | None = None
        """Why the model could not be loaded, if it could not."""

    async def warm_up(self) -> None:
        """Load the model and run it once.

        Raises:
            EngineMissing: onnxruntime is not installed.
        """
        if self._model is None:
            await asyncio.shield(self._load())
        if self.failed is not None:
            raise self.failed

    def open(self, on_probability: Callable[[float, float], None]) -> VoiceActivityStream:
        """Start a stream: see :class:`offhook.speech.base.VoiceActivity`.

        Raises:
            EngineMissing: an earlier attempt to load the model has failed.
        """
        if self.failed is not None:
            raise self.failed
        self._open += 1
        return _Stream(self, self._batcher.open(), on_probability)

    def _run_model(self, windows: Floats, states: Floats) -> tuple[Floats, Floats]:
        assert self._model is not None
        return self._model(windows, states)

    def _load(self) -> asyncio.Task[None]:
        if self._loading is None or self._loading.cancelled():
            self._loading = asyncio.create_task(self._load_model())
        return self._loading

    async def _load_model(self) -> None:
        try:
            self._model = await asyncio.get_running_loop().run_in_executor(None, self._loader)
        except Exception as error:
            self.failed = error
            _log.error("voice activity is off: %s", describe(error))
            for stream in list(self._due):
                stream.close()
        else:
            self._schedule()

    def _add(self, stream: _Stream) -> None:
        if self.failed is not None:
            stream.close()
            return
        stream.due = True
        self._due.append(stream)
        self._schedule()

    def _close(self, stream: _Stream) -> None:
        self._open -= 1
        if stream.due:
            self._due.remove(stream)
        self._batcher.close(stream.windows)

    def _schedule(self, *, behind: bool = False) -> None:
        if self._scheduled or not self._due:
            return
        if self._model is None:
            self._load()
            return
        self._scheduled = True
        loop = asyncio.get_running_loop()
        if behind or self._open <= FEW or len(self._due) >= BATCH:
            loop.call_soon(self._run)
        else:
            loop.call_later(GATHER_MS / 1000, self._run)

    def _run(self) -> None:
        self._scheduled = False
        batch: list[tuple[Windows, bytes]] = []
        streams: list[_Stream] = []
        while self._due and len(batch) < BATCH:
            stream = self._due.popleft()
            stream.due = False
            batch.append((stream.windows, stream.windows.take()))
            streams.append(stream)
        if not batch:  # all were closed in the meantime
            return
        try:
            probabilities = self._batcher.run(batch)
        except Exception as error:
            # Whoever waits for these windows notices that none is judged.
            _log.error("the model of voice activity has failed on %d calls: %s", len(streams), describe(error))
            for stream in streams:
                stream.close()
            self._schedule(behind=True)
            return
        for stream, probability in zip(streams, probabilities, strict=True):
            if stream.closed:  # by the callback of a stream before it
                continue
            audio_ms = stream.windows.taken * WINDOW_MS
            stream.push(b"")  # in line again if it is more than a window behind
            try:
                stream.on_probability(probability, audio_ms)
            except Exception as error:
                # One call's fault is not the others'.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a voice activity callback failed", "exception": error}
                )
        self._schedule(behind=True)
