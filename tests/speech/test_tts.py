"""Voices: sentence by sentence, without the silence before, stopped at once."""

from __future__ import annotations

import asyncio
import builtins
import ctypes
import ctypes.util
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from offhook.errors import ConfigError, EngineMissing
from offhook.speech.tts import espeak, flite
from offhook.speech.tts._worker import Worker, _Lead, _Pieces, sentences, sound_begins
from offhook.speech.tts.espeak import Espeak
from offhook.speech.tts.flite import Flite

if TYPE_CHECKING:
    from collections.abc import Callable

LOUD = np.full(1600, 5000, np.int16).tobytes()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.", ["One."]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("It costs 3.50 today.", ["It costs 3.50 today."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("", []),
        (" ... — ?! ", []),
        ("a, " * 60 + "b", [*["a,"] * 60, "b"]),
        ("word " * 64, ["word " * 31 + "word", "word " * 31 + "word"]),
        ("x" * 400, ["x" * 160, "x" * 160, "x" * 80]),
        ("one\0two \ud800three \x1b[1m", ["one two  three  [1m"]),
    ],
)
def test_text_is_split_at_the_ends_of_sentences_and_long_ones_at_commas(text: str, expected: list[str]) -> None:
    """The first piece is short, so that the voice begins soon."""
    assert sentences(text) == expected


def test_silence_before_the_sound_is_cut_to_15_ms() -> None:
    """A voice that begins with silence would make every answer later; 15 ms keep a soft onset whole."""
    pcm = bytes(2 * 1600) + LOUD
    assert sound_begins(pcm, 16000) == 2 * (1600 - 240)
    assert sound_begins(LOUD, 16000) == 0
    assert sound_begins(bytes(3200), 16000) is None


def emitting(*pieces: bytes) -> Callable[[str, Callable[[bytes], bool]], None]:
    def synthesise(_: str, emit: Callable[[bytes], bool]) -> None:
        for piece in pieces:
            if not emit(piece):
                return

    return synthesise


async def collect(iterator: Any) -> list[bytes]:
    return [piece async for piece in iterator]


async def test_all_audio_arrives_in_order_the_first_piece_alone_and_the_rest_in_lumps() -> None:
    """The first sound is not held back, and later ones do not wake the loop for every piece."""
    pieces = [np.full(400, 1000 + number, np.int16).tobytes() for number in range(20)]
    got = await collect(Worker("test").speak("Hello.", 16000, emitting(*pieces)))
    assert b"".join(got) == b"".join(pieces)
    assert got[0] == pieces[0]
    assert len(got) < 10


async def test_silence_is_cut_before_the_first_sentence_and_kept_between_sentences() -> None:
    """Pauses between sentences are part of the speech, the one before it is only delay."""
    got = await collect(Worker("test").speak("One. Two.", 16000, emitting(bytes(640), bytes(640), LOUD, bytes(320))))
    assert b"".join(got) == LOUD + bytes(320) + bytes(1280) + LOUD + bytes(320)


async def test_text_without_words_has_no_audio() -> None:
    """There is nothing to say, and the engine is not asked."""
    assert await collect(Worker("test").speak("...", 16000, emitting(LOUD))) == []


async def test_an_engine_that_fails_is_an_error_of_the_iterator() -> None:
    """Whoever listens learns of it, instead of waiting."""

    def broken(_: str, emit: Callable[[bytes], bool]) -> None:
        emit(LOUD)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await collect(Worker("test").speak("One.", 16000, broken))


async def test_closing_the_iterator_stops_the_engine_at_its_next_piece() -> None:
    """An interrupted sentence costs no more than the piece that is being made."""
    emitted = 0
    ended = threading.Event()
    go_on = threading.Event()

    def endless(_: str, emit: Callable[[bytes], bool]) -> None:
        nonlocal emitted
        while emit(LOUD):
            emitted += 1
            if emitted == 2:
                go_on.wait(5)
        ended.set()

    worker = Worker("test")
    iterator = worker.speak("One. Two.", 16000, endless)
    assert await anext(iterator) == LOUD
    await iterator.aclose()
    go_on.set()
    assert await asyncio.to_thread(ended.wait, 5)
    assert emitted <= 2


async def test_a_cancelled_task_stops_the_engine_too() -> None:
    """However the listener goes away, the engine is free again."""
    ended = threading.Event()

    def endless(_: str, emit: Callable[[bytes], bool]) -> None:
        while emit(bytes(320)):
            pass
        ended.set()

    task = asyncio.create_task(collect(Worker("test").speak("One.", 16000, endless)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)


async def test_text_that_waits_for_the_engine_and_is_closed_is_never_spoken() -> None:
    """A sentence that was given up in the queue costs no time of the engine."""
    spoken: list[str] = []
    hold = threading.Event()

    def slow(text: str, emit: Callable[[bytes], bool]) -> None:
        spoken.append(text)
        emit(LOUD)
        hold.wait(5)

    worker = Worker("test")
    first = worker.speak("First.", 16000, slow)
    await anext(first)
    second = asyncio.create_task(collect(worker.speak("Second.", 16000, slow)))
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    hold.set()
    assert await collect(first) == []
    assert await asyncio.to_thread(worker.call, lambda: list(spoken)) == ["First."]


def test_a_loop_that_is_closed_stops_the_engine() -> None:
    """As when a program ends in the middle of a word."""
    loop = asyncio.new_event_loop()
    loop.close()
    pieces = _Pieces(loop, asyncio.Queue(), _Lead(16000), threading.Event())
    assert not pieces.emit(LOUD)
    assert not pieces.emit(LOUD)


async def length_ms(tts: Any, text: str) -> float:
    return float(len(b"".join(await collect(tts.speak(text)))) * 500 / tts.sample_rate)


async def check_voice(tts: Any) -> None:
    """What every voice does."""
    await tts.warm_up()
    pieces = await collect(tts.speak("We open at nine every weekday."))
    samples = np.frombuffer(b"".join(pieces), np.int16)
    assert 1.0 < len(samples) / tts.sample_rate < 4.0
    assert np.abs(samples).max() > 5000
    assert np.abs(samples[: tts.sample_rate // 50]).max() > 200, "starts within 20 ms"
    assert len(pieces) > 5
    assert await length_ms(tts, "Yes. Yes.") > 1.5 * await length_ms(tts, "Yes.")
    iterator = tts.speak("This is a sentence that nobody wants to hear to its very end, as it goes on and on.")
    await anext(iterator)
    await iterator.aclose()
    assert await length_ms(tts, "Yes.") > 200
    many = await asyncio.gather(*(length_ms(tts, "One moment, please.") for _ in range(4)))
    assert max(many) < 1.2 * min(many)


class TestFlite:
    @pytest.fixture(autouse=True)
    def installed(self, require: Any) -> None:
        require(ctypes.util.find_library("flite") is not None, "libflite1")

    @pytest.mark.parametrize("voice", flite.VOICES)
    async def test_the_voice_speaks(self, voice: str) -> None:
        """Each of flite's voices gives sound at once, at its rate, and can be stopped."""
        await check_voice(Flite(voice))

    async def test_typographic_characters_are_spoken_and_others_left_out(self) -> None:
        """What a language model writes does not silence a voice that knows only Latin letters."""
        tts = Flite()
        assert await length_ms(tts, "It\u2019s \u201cfine\u201d \u2014 caf\u00e9\u2026 \u4f60\u597d") > 500

    def test_a_voice_that_does_not_exist_is_an_error(self) -> None:
        """The error lists flite's voices when one is asked for that it has not."""
        with pytest.raises(ConfigError, match="slt, rms, awb"):
            Flite("kal")


class TestEspeak:
    @pytest.fixture(autouse=True)
    def installed(self, require: Any) -> None:
        require(find_spec("espeakng_loader") is not None, "espeakng-loader")

    @pytest.mark.parametrize("voice", ["en-us", "en-gb", "en-us+f3", "en-gb+m2"])
    async def test_the_voice_speaks(self, voice: str) -> None:
        """Each of espeak's voices gives sound at once, at its rate, and can be stopped."""
        await check_voice(Espeak(voice))

    async def test_two_voices_speak_in_turns(self) -> None:
        """The engine has one voice at a time: each sentence sets its own."""
        american, german = Espeak("en-us"), Espeak("de")
        first = await length_ms(american, "nine")
        await length_ms(german, "nine")
        assert await length_ms(american, "nine") == pytest.approx(first, rel=0.01)

    async def test_the_rate_can_be_chosen(self) -> None:
        """Words a minute are the caller's pace, and fewer of them last longer."""
        text = "We open at nine."
        assert await length_ms(Espeak(words_per_minute=120), text) > 1.2 * await length_ms(Espeak(), text)

    def test_a_voice_that_does_not_exist_is_an_error(self) -> None:
        """The error names the language that espeak does not know."""
        with pytest.raises(ConfigError, match="'klingonish'"):
            Espeak("klingonish")


class TestMissing:
    """The error says what to install."""

    def test_flite(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error without the library is the name of the Debian package."""

        def no_library(name: str, mode: int) -> None:
            raise OSError(name)

        monkeypatch.setattr(flite, "_library", flite._Library)
        monkeypatch.setattr(ctypes, "CDLL", no_library)
        with pytest.raises(EngineMissing, match=r"libflite\.so\.1, found none fix: apt install libflite1"):
            Flite()

    def test_espeak(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error without the loader is the extra to install."""
        real = builtins.__import__

        def without(name: str, *args: Any, **kwargs: Any) -> Any:
            if name == "espeakng_loader":
                raise ImportError(name)
            return real(name, *args, **kwargs)

        monkeypatch.setattr(espeak, "_library", espeak._Library)
        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(EngineMissing, match=r"fix: .*\[local\]"):
            Espeak()

    def test_espeak_that_does_not_load(self, monkeypatch: pytest.MonkeyPatch, require: Any) -> None:
        """A library that is there and broken is told from one that is missing."""
        require(find_spec("espeakng_loader") is not None, "espeakng-loader")

        def no_library(name: str) -> None:
            raise OSError(name)

        monkeypatch.setattr(ctypes, "CDLL", no_library)
        with pytest.raises(EngineMissing, match="to load"):
            espeak._Library()
