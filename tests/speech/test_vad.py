"""Voice activity: many streams, one model, on the event loop."""

from __future__ import annotations

import asyncio
import builtins
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from offhook.errors import EngineMissing
from offhook.speech.vad import BATCH, FEW, SileroVad, load_model

Floats = NDArray[np.float32]
WINDOW = bytes(512)


class Model:
    """Answers with the mean of a window, and remembers the sizes of its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, windows: Floats, states: Floats) -> tuple[Floats, Floats]:
        self.batches.append(len(windows))
        return np.abs(windows).mean(axis=1, keepdims=True), states


class Heard(list[tuple[float, float]]):
    """What a stream reported."""

    def __call__(self, probability: float, audio_ms: float) -> None:
        self.append((probability, audio_ms))


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
async def model() -> Model:
    return Model()


@pytest.fixture
async def vad(model: Model) -> SileroVad:
    vad = SileroVad(lambda: model)
    await vad.warm_up()
    return vad


async def test_one_probability_comes_per_32_ms_with_the_end_of_its_window(vad: SileroVad) -> None:
    """A report is placed in the time of the stream, whatever the size of the frames."""
    heard = Heard()
    stream = vad.open(heard)
    for _ in range(8):
        stream.push(bytes(320))  # 160 ms in frames
    await until(lambda: len(heard) == 5)
    assert [audio_ms for _, audio_ms in heard] == [32.0, 64.0, 96.0, 128.0, 160.0]


async def test_push_never_reports_inside_the_call(vad: SileroVad) -> None:
    """The caller of push need not expect that its own state changes under it."""
    heard = Heard()
    vad.open(heard).push(WINDOW)
    assert not heard
    await until(lambda: heard)


async def test_windows_due_in_one_turn_of_the_loop_run_as_one_batch(vad: SileroVad, model: Model) -> None:
    """Many calls cost one run of the model, not one each."""
    heard = [Heard() for _ in range(FEW)]
    for one in heard:
        vad.open(one).push(WINDOW)
    await until(lambda: all(heard))
    assert model.batches == [FEW]


async def test_with_many_streams_windows_wait_for_company(vad: SileroVad, model: Model) -> None:
    """Where there are many, batches grow although frames come one by one."""
    heard = [Heard() for _ in range(FEW + 4)]
    streams = [vad.open(one) for one in heard]
    for stream in streams:
        stream.push(WINDOW)
        await asyncio.sleep(0)
    await until(lambda: all(heard))
    assert len(model.batches) < len(streams) / 2


async def test_a_batch_is_bounded_and_the_rest_runs_in_the_next_turn(vad: SileroVad, model: Model) -> None:
    """The loop is never held for longer than one batch takes."""
    heard = [Heard() for _ in range(2 * BATCH + 3)]
    for one in heard:
        vad.open(one).push(WINDOW)
    await until(lambda: all(heard))
    assert model.batches == [BATCH, BATCH, 3]


async def test_each_stream_gets_its_own_probabilities_in_order(vad: SileroVad) -> None:
    """In a batch nobody is taken for another, and nobody's windows overtake each other."""
    heard = [Heard() for _ in range(20)]
    streams = [vad.open(one) for one in heard]
    for step in range(1, 6):
        for number, stream in enumerate(streams):
            stream.push(np.full(256, 100 * number + step, np.int16).tobytes())
    await until(lambda: all(len(one) == 5 for one in heard))
    for number, one in enumerate(heard):
        levels = [probability * 288 / 256 * 32768 for probability, _ in one[:1]]
        assert levels == pytest.approx([100 * number + 1], abs=0.01)
        assert [audio_ms for _, audio_ms in one] == [32.0 * step for step in range(1, 6)]
        assert [p for p, _ in one] == sorted(p for p, _ in one)


async def test_a_closed_stream_reports_nothing_more(vad: SileroVad) -> None:
    """Closing is final and may be done twice, even while a window waits."""
    closed, other = Heard(), Heard()
    stream = vad.open(closed)
    stream.push(WINDOW)
    stream.close()
    stream.close()
    stream.push(WINDOW)
    vad.open(other).push(WINDOW)
    await until(lambda: other)
    assert not closed


async def test_when_all_are_closed_before_the_run_nothing_runs(vad: SileroVad, model: Model) -> None:
    """A call that ends takes the work that is due for it along."""
    stream = vad.open(Heard())
    stream.push(WINDOW)
    stream.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert model.batches == []


async def test_a_stream_closed_by_the_report_of_another_is_not_reported(vad: SileroVad) -> None:
    """A report may end another call: its window of the same batch is then nobody's."""
    second_heard = Heard()
    first = vad.open(lambda *_: second.close())
    second = vad.open(second_heard)
    after = Heard()
    third = vad.open(after)
    for stream in (first, second, third):
        stream.push(WINDOW)
    await until(lambda: after)
    assert not second_heard


async def test_a_stream_may_close_itself_in_its_report(vad: SileroVad) -> None:
    """An agent that hangs up at the first word does so from within the report."""
    heard = Heard()

    def once(probability: float, audio_ms: float) -> None:
        heard(probability, audio_ms)
        stream.close()

    stream = vad.open(once)
    stream.push(3 * WINDOW)
    other = Heard()
    vad.open(other).push(3 * WINDOW)
    await until(lambda: len(other) == 3)
    assert len(heard) == 1


async def test_a_report_that_raises_does_not_disturb_the_other_streams(vad: SileroVad) -> None:
    """One broken agent does not make the others deaf, and its error is told to the loop."""
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))

    def broken(probability: float, audio_ms: float) -> None:
        raise RuntimeError("broken")

    heard = Heard()
    vad.open(broken).push(WINDOW)
    vad.open(heard).push(2 * WINDOW)
    await until(lambda: len(heard) == 2)
    assert [str(problem["exception"]) for problem in problems] == ["broken"]


async def test_a_model_that_fails_ends_the_streams_it_failed_and_no_others(
    model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, without the text of what it raised, and the next stream is judged again."""
    failing = True

    def sometimes(windows: Floats, states: Floats) -> tuple[Floats, Floats]:
        if failing:
            raise RuntimeError("canary")
        return model(windows, states)

    vad = SileroVad(lambda: sometimes)
    await vad.warm_up()
    heard, later = Heard(), Heard()
    stream = vad.open(heard)
    stream.push(WINDOW)
    await until(lambda: caplog.records)
    failing = False
    stream.push(WINDOW)
    other = vad.open(later)
    other.push(WINDOW)
    await until(lambda: later)
    assert (heard, [each.levelname for each in caplog.records]) == ([], ["ERROR"])
    assert "canary" not in caplog.text


async def test_without_warm_up_no_window_is_lost(model: Model) -> None:
    """What is heard while the model loads is kept and reported."""
    vad = SileroVad(lambda: model)
    heard = Heard()
    vad.open(heard).push(4 * WINDOW)
    await until(lambda: len(heard) == 4)
    await vad.warm_up()


async def test_a_model_that_does_not_load_is_an_error_at_warm_up_and_at_open(caplog: pytest.LogCaptureFixture) -> None:
    """A line that cannot be watched is said once in the log, and its audio is not collected for ever."""

    def loader() -> Model:
        raise EngineMissing("expected a model, found none", fix="install it")

    vad = SileroVad(loader)
    early = vad.open(Heard())
    waiting = vad.open(Heard())
    waiting.push(WINDOW)
    with pytest.raises(EngineMissing):
        await vad.warm_up()
    early.push(WINDOW)  # is dropped, and keeps no audio
    early.push(WINDOW)
    with pytest.raises(EngineMissing):
        vad.open(Heard())
    assert "voice activity is off" in caplog.text


async def test_loading_that_is_cancelled_is_tried_again(model: Model) -> None:
    """The first one to wait may go away without taking the model from the others."""
    vad = SileroVad(lambda: model)
    vad._load().cancel()
    await asyncio.sleep(0)
    await vad.warm_up()
    heard = Heard()
    vad.open(heard).push(WINDOW)
    await until(lambda: heard)


def test_without_onnxruntime_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the extra to install."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineMissing, match=r".*\[local\]"):
        load_model()


class TestSilero:
    """With the model that comes with the package."""

    @pytest.fixture
    async def silero(self, require: Any) -> SileroVad:
        from importlib.util import find_spec

        require(find_spec("onnxruntime") is not None, "onnxruntime")
        vad = SileroVad()
        await vad.warm_up()
        return vad

    async def listen(self, vad: SileroVad, pcm: bytes) -> Heard:
        heard = Heard()
        vad.open(heard).push(pcm)
        await until(lambda: len(heard) == len(pcm) // 512)
        return heard

    async def test_speech_is_told_from_silence_and_noise(self, silero: SileroVad, speech: Any) -> None:
        """The real model knows a caller from a line on which nobody speaks."""
        pcm = speech.noise(960, 40) + speech.clip("hours", 8000) + bytes(8000)
        heard = await self.listen(silero, pcm)
        before = [p for p, audio_ms in heard if audio_ms <= 960]
        during = [p for p, audio_ms in heard if 1200 <= audio_ms <= 2000]
        assert max(before) < 0.5
        assert sorted(during)[len(during) // 2] > 0.9
        assert heard[-1][0] < 0.2

    async def test_a_stream_hears_the_same_alone_and_among_others(self, silero: SileroVad, speech: Any) -> None:
        """Company in the batch changes no decision."""
        clip = speech.clip("yes", 8000)
        alone = await self.listen(silero, clip)
        together = [Heard() for _ in range(9)]
        for number, one in enumerate(together):
            silero.open(one).push(clip if number == 4 else speech.noise(800, 2000, seed=number))
        await until(lambda: len(together[4]) == len(alone))
        assert [p for p, _ in together[4]] == pytest.approx([p for p, _ in alone], abs=1e-3)

    async def test_opening_a_stream_takes_no_time(self, silero: SileroVad) -> None:
        """A call that starts must not stall the others: no model is loaded, nothing is run."""
        best_us = float("inf")
        for _ in range(50):
            began = time.perf_counter()
            silero.open(Heard()).close()
            best_us = min(best_us, (time.perf_counter() - began) * 1e6)
        assert best_us < 100
