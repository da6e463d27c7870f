"""Moonshine tiny (English) on onnxruntime, with our own greedy decoder.

The model files come from the ``moonshine-voice`` distribution, which is found but never imported: its own library
loads a second onnxruntime and opens sound devices. Inputs, outputs and limits of the model files are written in
:class:`_Model`.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from offhook.errors import EngineMissing
from offhook.installing import install
from offhook.speech.base import Recognition

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = ["Moonshine", "read_tokens"]

_RATE = 16000
_SHORTEST_SAMPLES = 1600
_LONGEST_SAMPLES = 30 * _RATE
_START, _END = 1, 2
_TOKENS_PER_S = 6.5
"""The model's own bound: without it a noise is transcribed as an endless repetition."""
_PEAK = 0.7
_MOST_GAIN = 30.0
_LEAST_PEAK = 0.002
"""-54 dBFS: of less than that the model makes words that nobody said."""


def _find_assets() -> Path:
    spec = find_spec("moonshine_voice")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        assets = Path(root) / "assets" / "tiny-en"
        if (assets / "decoder_model_merged.ort").is_file():
            return assets
    found = "a moonshine-voice without the model" if spec else "no such package"
    raise EngineMissing(f"expected the speech model of moonshine-voice 0.1.0, found {found}", fix=install("local"))


def read_tokens(data: bytes) -> list[bytes]:
    """The vocabulary: for each id a length (one byte under 128, else (first - 128) + 128 * second), then its bytes."""
    tokens: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            length += 128 * data[at] - 128
            at += 1
        tokens.append(data[at : at + length])
        at += length
    return tokens


_DOUBTFUL = 0.75
_SHIFT_SAMPLES = 1600
"""The model hears an utterance differently by how much silence it begins with. A doubtful one is heard twice, the
second time 100 ms later, and the more confident words count. Over the recorded lines at random offsets that made
"day" right in 10 of 10 cases instead of 8, "bicycle" in 10 instead of 9, and no line worse. It costs one more pass,
for the doubtful ones only, and is not made while another call waits for its words."""


_HINDERED = 1.3
_SLACK_NS = 10_000_000
"""A pass that takes so many times the processor time that it uses, and 10 ms more, has to share the processor:"""
_CROWDED_NS = 10_000_000_000
"""for so long nothing is looked at that nobody waits for. With five other programs on two processors, looking all the
same made the words that are waited for come after 236 ms in the median, in place of 172."""


class _Model:
    """The two networks and the vocabulary. Not for the event loop: every method computes."""

    def __init__(self, assets: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise EngineMissing(
                "expected onnxruntime for moonshine, found no such package", fix=install("local")
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        load: Callable[[str], Any] = lambda name: onnxruntime.InferenceSession(  # noqa: E731 - twice, and nowhere else
            str(assets / name), options, providers=["CPUExecutionProvider"]
        )
        self._value = onnxruntime.OrtValue.ortvalue_from_numpy
        self._encoder = load("encoder_model.ort")
        self._decoder = load("decoder_model_merged.ort")
        self._tokens = read_tokens((assets / "tokenizer.bin").read_bytes())
        self._past = [i.name for i in self._decoder.get_inputs() if i.name.startswith("past_key_values.")]
        self._outputs = ["logits"] + [o.name for o in self._decoder.get_outputs() if o.name != "logits"]
        self._empty = self._value(np.zeros((1, 8, 0, 36), np.float32))
        # Nothing is masked. One for each position would say the same, but the network takes no mask of more than 384
        # positions, which are 9.2 s.
        self._all = self._value(np.ones((1, 1), np.int64))
        self._first, self._then = (self._value(np.array([cached])) for cached in (False, True))

    def transcribe(self, samples: npt.NDArray[np.float32], stopped: threading.Event) -> Recognition:
        """Greedy decoding; gives up between two tokens when ``stopped`` is set."""
        mask = np.ones((1, samples.size), np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": samples[None, :], "attention_mask": mask})
        inputs = {
            "encoder_hidden_states": self._value(hidden),
            "encoder_attention_mask": self._all,
            "use_cache_branch": self._first,
            **dict.fromkeys(self._past, self._empty),
        }
        token, ids, log_probability = _START, [], 0.0
        most = int(samples.size / _RATE * _TOKENS_PER_S) + 4
        for step in range(most):
            if stopped.is_set():
                break
            inputs["input_ids"] = self._value(np.array([[token]], np.int64))
            logits, *present = self._decoder.run_with_ort_values(self._outputs, inputs)
            scores = logits.numpy()[0, -1]
            token = int(scores.argmax())
            log_probability -= math.log(float(np.exp(scores - scores[token]).sum()))
            if token == _END:
                break
            ids.append(token)
            # From the second step on, the caches over the encoder's output come back empty: keep the first step's.
            inputs.update(
                (name, value)
                for name, value in zip(self._past, present, strict=True)
                if step == 0 or ".decoder." in name
            )
            inputs["use_cache_branch"] = self._then
        text = b"".join(self._tokens[i] for i in ids if i > _END).decode("utf-8", "replace").replace("▁", " ").strip()
        return Recognition(text, math.exp(log_probability / (len(ids) + 1)) if text else 0.0)


class Moonshine:
    """Moonshine tiny-en: 16 kHz, English, no network. About 50 ms per utterance, 150 MB of memory.

    The confidence is the geometric mean of the probabilities of the words' pieces. Above 0.82 four of five correct
    transcripts are found, and a third of the wrong ones.
    One thread serves all calls of a process, utterance after utterance. Cancelling ``transcribe`` stops the decoder
    at its next token, or takes the utterance out of the queue. Another thread looks at utterances that are not over
    (:meth:`partial`), while the first has nothing to do.

    Args:
        assets: the folder with the model files; None: that of the ``moonshine-voice`` distribution.

    Raises:
        EngineMissing: the model is not installed.
    """

    at_once = 1
    """How many utterances are recognised at a time."""

    def __init__(self, assets: Path | None = None) -> None:
        self._assets = assets if assets is not None else _find_assets()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="offhook-moonshine")
        self._model: _Model | None = None
        self._asked = 0
        self._side = ThreadPoolExecutor(1, thread_name_prefix="offhook-moonshine-side")
        self._looking: threading.Event | None = None  # set to stop it
        self._side_ns = 0
        self._crowded_until_ns = 0

    @property
    def sample_rate(self) -> int:
        """16000."""
        return _RATE

    async def warm_up(self) -> None:
        """Load the model (about half a second) and run it once."""
        click = np.zeros(_RATE, np.int16)
        click[::400] = 8000
        await self.transcribe(click.tobytes())

    async def transcribe(self, pcm: bytes) -> Recognition:
        """The words in ``pcm``; none in less than 0.1 s, and of more than 30 s the last 30.

        Raises:
            EngineMissing: onnxruntime is not installed.
        """
        if len(pcm) < 2 * _SHORTEST_SAMPLES:
            return Recognition("", 0.0)
        stopped = threading.Event()
        self._asked += 1
        if self._looking is not None:
            self._looking.set()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transcribe, pcm, stopped)
        finally:
            self._asked -= 1
            stopped.set()

    async def partial(self, pcm: bytes) -> Recognition | None:
        """The words so far in an utterance that is not over, heard once even where they are doubtful.

        ``None`` where somebody waits for words, or another one is being looked at, or the model is not loaded: it is
        given up, at its next token, as soon as :meth:`transcribe` is called, which never waits for it. ``None``, too,
        for some seconds after the processors had to be shared.
        """
        crowded = time.perf_counter_ns() < self._crowded_until_ns
        if crowded or self._asked or self._looking is not None or self._model is None:
            return None
        if len(pcm) < 2 * _SHORTEST_SAMPLES:
            return Recognition("", 0.0)
        self._looking = stopped = threading.Event()
        loop = asyncio.get_running_loop()
        looking = loop.run_in_executor(self._side, self._look, self._model, pcm, stopped)
        looking.add_done_callback(_seen)
        try:
            words = await asyncio.shield(looking)  # a thread cannot be cancelled, and is told to stop
            return None if stopped.is_set() else words
        finally:
            stopped.set()

    @property
    def side_ms(self) -> float:
        """Processor time that :meth:`partial` has used so far: no call would miss it."""
        return self._side_ns / 1e6

    def _look(self, model: _Model, pcm: bytes, stopped: threading.Event) -> Recognition:
        began_ns = time.thread_time_ns()
        try:
            samples = None if stopped.is_set() else _prepared(pcm)
            return Recognition("", 0.0) if samples is None else self._hear(model, samples, stopped)
        finally:
            self._looking = None
            self._side_ns += time.thread_time_ns() - began_ns

    def _transcribe(self, pcm: bytes, stopped: threading.Event) -> Recognition:
        samples = _prepared(pcm)
        if samples is None:
            return Recognition("", 0.0)
        if self._model is None:
            self._model = _Model(self._assets)
        first = self._hear(self._model, samples, stopped)
        others_wait = self._asked > 1
        if first.confidence >= _DOUBTFUL or others_wait or stopped.is_set():
            return first
        second = self._hear(self._model, np.concatenate([np.zeros(_SHIFT_SAMPLES, np.float32), samples]), stopped)
        return max(first, second, key=lambda transcript: transcript.confidence)

    def _hear(self, model: _Model, samples: npt.NDArray[np.float32], stopped: threading.Event) -> Recognition:
        """Run the model, and see whether it has a processor for itself."""
        began_ns, used_ns = time.perf_counter_ns(), time.thread_time_ns()
        words = model.transcribe(samples, stopped)
        now_ns = time.perf_counter_ns()
        if now_ns - began_ns > _HINDERED * (time.thread_time_ns() - used_ns) + _SLACK_NS:
            self._crowded_until_ns = now_ns + _CROWDED_NS
        return words


def _seen(looking: asyncio.Future[Recognition]) -> None:
    """Look at what a cancelled look has raised, so that nobody is told that it was never looked at."""
    if not looking.cancelled():
        looking.exception()


def _prepared(pcm: bytes) -> npt.NDArray[np.float32] | None:
    """The samples as the model wants them, ``None`` if there is nothing in them to be heard."""
    samples = np.frombuffer(pcm, np.int16)[-_LONGEST_SAMPLES:].astype(np.float32)
    samples *= 1 / 32768
    samples -= samples.mean()
    peak = float(np.abs(samples).max())
    if peak < _LEAST_PEAK:
        return None
    samples *= min(_PEAK / peak, _MOST_GAIN)
    return samples
