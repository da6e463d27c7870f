"""Moonshine: words, a confidence, and decoding that stops when nobody waits for it."""

from __future__ import annotations

import asyncio
import builtins
import sys
import threading
import time
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from offhook.errors import EngineMissing
from offhook.speech.base import Recognition
from offhook.speech.stt import moonshine
from offhook.speech.stt.moonshine import Moonshine, read_tokens

if TYPE_CHECKING:
    from pathlib import Path

NOISE = np.random.default_rng(2).normal(0, 1000, 16000).astype(np.int16).tobytes()


@cache
def installed() -> Moonshine:
    """One for all tests: the model takes a while to load."""
    return Moonshine()


def test_the_vocabulary_is_read_with_lengths_of_one_and_two_bytes() -> None:
    """The model's own file is read without its package: a length, then the bytes of the token."""
    long = b"x" * 300
    data = bytes([2]) + b"ab" + bytes([0]) + bytes([300 % 128 + 128, 300 // 128]) + long
    assert read_tokens(data) == [b"ab", b"", long]


def test_a_missing_package_is_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes when the engine is made, with the command that helps."""
    monkeypatch.setattr(moonshine, "find_spec", lambda _: None)
    with pytest.raises(EngineMissing, match=r"no such package fix: .*\[local\]"):
        Moonshine()


def test_a_package_without_the_model_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Later versions of the package come without the model, and the error tells them apart."""
    spec = ModuleSpec("moonshine_voice", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(moonshine, "find_spec", lambda _: spec)
    with pytest.raises(EngineMissing, match="without the model"):
        Moonshine()


async def test_without_onnxruntime_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The package alone is not enough, and that is said before the first call."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    stt = Moonshine(tmp_path)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineMissing, match="expected onnxruntime"):
        await stt.warm_up()


class SlowModel:
    """Decodes a token every 5 ms until it is stopped."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.stopped_after: list[int] = []
        self.heard: list[Any] = []

    def transcribe(self, samples: Any, stopped: threading.Event) -> Recognition:
        self.heard.append(samples)
        self.running.set()
        tokens = 0
        while tokens < 200 and not stopped.wait(0.005):
            tokens += 1
        self.stopped_after.append(tokens)
        return Recognition("all of it", 1.0)


@pytest.fixture
def slow(tmp_path: Path) -> tuple[Moonshine, SlowModel]:
    stt, model = Moonshine(tmp_path), SlowModel()
    stt._model = model  # type: ignore[assignment]
    return stt, model


async def test_cancelling_stops_the_decoder_at_its_next_token(slow: tuple[Moonshine, SlowModel]) -> None:
    """A draft that nobody waits for does not keep the next one waiting."""
    stt, model = slow
    draft = asyncio.create_task(stt.transcribe(NOISE))
    await asyncio.to_thread(model.running.wait, 5)
    draft.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draft
    async with asyncio.timeout(5):
        while not model.stopped_after:
            await asyncio.sleep(0)
    assert model.stopped_after[0] < 200


async def test_a_cancelled_draft_in_the_queue_is_not_decoded(slow: tuple[Moonshine, SlowModel]) -> None:
    """What was cancelled before its turn costs nothing."""
    stt, model = slow
    first = asyncio.create_task(stt.transcribe(NOISE))
    await asyncio.to_thread(model.running.wait, 5)
    waiting = asyncio.create_task(stt.transcribe(NOISE))
    await asyncio.sleep(0)
    for task in (waiting, first):
        task.cancel()
    await asyncio.gather(first, waiting, return_exceptions=True)
    await asyncio.get_running_loop().run_in_executor(stt._thread, lambda: None)
    assert len(model.heard) == 1


async def test_less_than_a_tenth_of_a_second_has_no_words(slow: tuple[Moonshine, SlowModel]) -> None:
    """The model makes words of anything: a click is not given to it."""
    stt, model = slow
    assert await stt.transcribe(bytes(3198)) == Recognition("", 0.0)
    assert not model.heard


async def test_a_level_too_low_for_words_has_none(slow: tuple[Moonshine, SlowModel], speech: Any) -> None:
    """The model would make one up: of silence, "You"."""
    stt, model = slow
    assert await stt.transcribe(bytes(32000)) == Recognition("", 0.0)
    assert await stt.transcribe(speech.noise(1000, 5, rate=16000)) == Recognition("", 0.0)
    assert not model.heard


class DoubtfulModel:
    """Hears one thing with one beginning and another with more silence before it."""

    def __init__(self, *heard: Recognition) -> None:
        self.results = list(heard)
        self.lengths: list[int] = []

    def transcribe(self, samples: Any, stopped: threading.Event) -> Recognition:
        self.lengths.append(samples.size)
        return self.results.pop(0)


@pytest.mark.parametrize(
    ("first", "second", "best"), [(0.5, 0.8, "second"), (0.6, 0.4, "first")], ids=["better", "worse"]
)
async def test_doubtful_words_are_heard_again_and_the_surer_ones_count(
    tmp_path: Path, first: float, second: float, best: str
) -> None:
    """A second hearing with 100 ms more silence costs time only where there is doubt."""
    stt, model = Moonshine(tmp_path), DoubtfulModel(Recognition("first", first), Recognition("second", second))
    stt._model = model  # type: ignore[assignment]
    assert (await stt.transcribe(NOISE)).text == best
    assert model.lengths[1] - model.lengths[0] == 1600


async def test_sure_words_are_heard_once(tmp_path: Path) -> None:
    """The usual case pays nothing for the doubtful one."""
    stt, model = Moonshine(tmp_path), DoubtfulModel(Recognition("sure", 0.9))
    stt._model = model  # type: ignore[assignment]
    assert (await stt.transcribe(NOISE)).text == "sure"
    assert len(model.lengths) == 1


async def test_doubtful_words_are_not_heard_again_while_another_call_waits(tmp_path: Path) -> None:
    """A second pass for one is a later answer for the other."""
    stt, model = Moonshine(tmp_path), DoubtfulModel(Recognition("first", 0.5))
    stt._model = model  # type: ignore[assignment]
    stt._asked = 1
    assert (await stt.transcribe(NOISE)).text == "first"
    assert (len(model.lengths), stt._asked) == (1, 1)


# -- words of an utterance that is not over ---------------------------------------------------------------------------


async def test_words_so_far_are_heard_once_and_on_the_side(tmp_path: Path) -> None:
    """However doubtful they are, and the time that takes is known."""
    stt, model = Moonshine(tmp_path), DoubtfulModel(Recognition("when are", 0.3))
    stt._model = model  # type: ignore[assignment]
    assert await stt.partial(NOISE) == Recognition("when are", 0.3)
    assert len(model.lengths) == 1
    assert stt.side_ms > 0


async def test_nobody_who_waits_for_words_waits_for_words_so_far(slow: tuple[Moonshine, SlowModel]) -> None:
    """Those under way are given up, and none are begun meanwhile."""
    stt, model = slow
    looking = asyncio.create_task(stt.partial(NOISE))
    await asyncio.to_thread(model.running.wait, 5)
    assert await stt.partial(NOISE) is None, "one at a time"
    asked = asyncio.create_task(stt.transcribe(NOISE))
    assert await looking is None
    assert model.stopped_after[0] < 200
    assert await stt.partial(NOISE) is None
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked


async def test_words_so_far_that_nobody_wants_any_more_are_given_up(slow: tuple[Moonshine, SlowModel]) -> None:
    """And then there is room for others."""
    stt, model = slow
    looking = asyncio.create_task(stt.partial(NOISE))
    await asyncio.to_thread(model.running.wait, 5)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    async with asyncio.timeout(5):
        while stt._looking is not None:
            await asyncio.sleep(0.001)
    assert model.stopped_after[0] < 200


async def test_nothing_is_looked_at_for_a_while_after_the_processor_had_to_be_shared(
    slow: tuple[Moonshine, SlowModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for words needs it more; a model that uses a processor all along has one for itself."""
    stt, model = slow
    await stt.transcribe(NOISE)  # it waits more than it computes
    assert await stt.partial(NOISE) is None
    assert len(model.heard) == 1
    stt._crowded_until_ns = 0
    monkeypatch.setattr(moonshine, "_SLACK_NS", 60_000_000_000)
    assert await stt.partial(NOISE) == Recognition("all of it", 1.0)
    assert await stt.partial(NOISE) == Recognition("all of it", 1.0)


async def test_there_are_no_words_so_far_in_next_to_nothing(slow: tuple[Moonshine, SlowModel]) -> None:
    """Nor before the model is loaded."""
    stt, model = slow
    assert await stt.partial(bytes(3198)) == Recognition("", 0.0)
    assert await stt.partial(bytes(32000)) == Recognition("", 0.0)
    assert model.heard == []
    stt._model = None
    assert await stt.partial(NOISE) is None


async def test_a_model_that_fails_on_the_side_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """To whoever looks, and to nobody where that was given up."""

    class Broken:
        def __init__(self) -> None:
            self.go = threading.Event()

        def transcribe(self, samples: Any, stopped: threading.Event) -> Recognition:
            self.go.wait(5)
            raise OSError

    stt, model = Moonshine(tmp_path), Broken()
    stt._model = model  # type: ignore[assignment]
    looking = asyncio.create_task(stt.partial(NOISE))
    await asyncio.sleep(0)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    model.go.set()
    async with asyncio.timeout(5):
        while stt._looking is not None:
            await asyncio.sleep(0.001)
    stt._crowded_until_ns = 0
    with pytest.raises(OSError):  # noqa: PT011 - it is the class that counts
        await stt.partial(NOISE)
    assert caplog.records == []


class TestModel:
    """With the model of moonshine-voice 0.1.0."""

    @pytest.fixture
    def stt(self, require: Any) -> Moonshine:
        require(find_spec("onnxruntime") is not None, "onnxruntime")
        require(find_spec("moonshine_voice") is not None, "moonshine-voice")
        return installed()

    @pytest.mark.parametrize(
        ("clip", "words"), [("hours", "when are you open"), ("book", "appointment"), ("location", "where are you")]
    )
    async def test_a_clear_line_is_understood_with_confidence(
        self, stt: Moonshine, speech: Any, clip: str, words: str
    ) -> None:
        """Recordings of telephone quality are understood."""
        heard = await stt.transcribe(speech.clip(clip, 16000))
        assert words in heard.text.lower()
        assert 0.6 < heard.confidence <= 1.0

    @pytest.mark.parametrize("length_s", [9.5, 20, 31])
    async def test_a_long_turn_is_understood_to_its_end(self, stt: Moonshine, speech: Any, length_s: float) -> None:
        """Of more than 30 s the last 30; a caller's story is no less a turn than a question."""
        story, question = speech.clip("long_story", 16000), speech.clip("hours", 16000)
        before = story * 6
        heard = await stt.transcribe((before + question)[-round(length_s * 32000) // 2 * 2 :])
        assert heard.text.lower().rstrip(" .?!").endswith("when are you open")
        assert "something cold" in heard.text
        assert heard.confidence > 0.6

    async def test_the_level_does_not_matter(self, stt: Moonshine, speech: Any) -> None:
        """A caller who is 26 dB softer is understood as well."""
        loud = np.frombuffer(speech.clip("hours", 16000), np.int16)
        quiet = (loud * 0.05).astype(np.int16)
        assert "open" in (await stt.transcribe(quiet.tobytes())).text

    async def test_a_line_is_understood_while_it_is_said(self, stt: Moonshine, speech: Any) -> None:
        """As far as it has been said, and without keeping anybody who wants all of it."""
        await stt.warm_up()
        stt._crowded_until_ns = 0  # this machine may be
        pcm = speech.clip("hours", 16000)
        heard = await stt.partial(pcm[: len(pcm) * 2 // 3 // 2 * 2])
        assert heard is not None
        assert "when" in heard.text.lower()
        looking = asyncio.create_task(stt.partial(pcm))
        await asyncio.sleep(0)
        assert "open" in (await stt.transcribe(pcm)).text
        assert await looking is None

    async def test_noise_gives_few_words_and_little_confidence(self, stt: Moonshine, speech: Any) -> None:
        """What was made up from noise is told from words by its confidence."""
        heard = await stt.transcribe(speech.noise(2000, 1500, rate=16000))
        assert heard.confidence < 0.6
        assert len(heard.text.split()) <= 15

    async def test_the_package_itself_is_never_imported(self, stt: Moonshine) -> None:
        """It would bring its own runtime into the process."""
        await stt.warm_up()
        assert "moonshine_voice" not in sys.modules

    async def test_the_event_loop_goes_on_meanwhile(self, stt: Moonshine, speech: Any) -> None:
        """Calls go on while one of them is being understood."""
        task = asyncio.create_task(stt.transcribe(speech.clip("long_story", 16000)))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 5

    async def test_cancelling_a_real_draft_frees_the_thread(self, stt: Moonshine, speech: Any) -> None:
        """What holds for the model of the tests holds for the real one."""
        await stt.warm_up()
        whole_s = time.perf_counter()
        await stt.transcribe(speech.clip("long_story", 16000))
        whole_s = time.perf_counter() - whole_s
        draft = asyncio.create_task(stt.transcribe(speech.clip("long_story", 16000)))
        await asyncio.sleep(0.01)
        draft.cancel()
        began_s = time.perf_counter()
        await asyncio.get_running_loop().run_in_executor(stt._thread, lambda: None)
        assert time.perf_counter() - began_s < whole_s

    async def test_the_length_of_a_transcript_is_bounded_by_that_of_the_audio(
        self, stt: Moonshine, speech: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The model may repeat itself for ever; no speech has more than 6.5 tokens a second."""
        monkeypatch.setattr(moonshine, "_TOKENS_PER_S", 0.5)
        heard = await stt.transcribe(speech.clip("book", 16000))
        assert 0 < len(heard.text.split()) <= 5
