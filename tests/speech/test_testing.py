"""The fakes that tests of agents are built on."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from offhook.audio.formats import PCM_16K, PCMU, AudioFormat, Rewriter
from offhook.errors import EngineError
from offhook.speech.base import Recognition
from offhook.speech.streams import EndOfTurn, FinalWords, Onset, PartialWords, RecognitionEvent, StreamBroke, Word
from offhook.speech.testing import FakeStreamingStt, FakeStreamingTts, FakeStt, FakeTts, FakeVad, tone


def test_a_tone_has_the_length_it_is_told() -> None:
    """Tests can count on the length and the level of what a fake caller says."""
    assert len(tone(16000, 250)) == 2 * 4000
    assert np.abs(np.frombuffer(tone(8000, 100, peak=3000), np.int16)).max() == pytest.approx(3000, abs=5)


async def test_recognition_gives_its_texts_in_order_and_then_nothing() -> None:
    """What was pushed is kept, and an utterance too many is heard as nothing."""
    stt = FakeStt(["hello", Recognition("again", 0.3)])
    await stt.warm_up()
    assert stt.sample_rate == 16000
    assert [await stt.transcribe(b"a"), await stt.transcribe(b"b"), await stt.transcribe(b"c")] == [
        Recognition("hello", 0.95),
        Recognition("again", 0.3),
        Recognition("", 0.0),
    ]
    assert stt.heard == [b"a", b"b", b"c"]


async def test_drafts_of_one_utterance_give_the_same_text_until_told_to_go_on() -> None:
    """A recogniser that is asked again about the same utterance does not use up the next one."""
    stt = FakeStt(["hello", "again"], once_per_call=False)
    assert (await stt.transcribe(b"")).text == (await stt.transcribe(b"")).text == "hello"
    stt.next()
    assert (await stt.transcribe(b"")).text == "again"


async def test_a_cancelled_transcription_uses_up_no_text() -> None:
    """A draft that was given up leaves its text for the one that is not."""
    stt = FakeStt(["hello"], delay_ms=60_000)
    task = asyncio.create_task(stt.transcribe(b""))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert stt.cancelled == 1
    stt._delay_ms = 0
    assert (await stt.transcribe(b"")).text == "hello"


async def test_a_text_is_a_tone_of_known_length_per_word() -> None:
    """A test knows how long any sentence lasts, and in what pieces it comes."""
    tts = FakeTts(word_ms=150, piece_ms=100, sample_rate=8000)
    await tts.warm_up()
    pieces = [piece async for piece in tts.speak("three words here")]
    assert sum(map(len, pieces)) == 2 * 8 * 450
    assert [len(piece) for piece in pieces] == [1600] * 4 + [800]
    assert tts.spoken == ["three words here"]
    assert tts.stopped == 0
    assert tts.sample_rate == 8000


async def test_closing_early_counts_as_stopped() -> None:
    """A test can tell a voice that was stopped from one that ended."""
    tts = FakeTts()
    iterator = tts.speak("three words here")
    await anext(iterator)
    await iterator.aclose()  # type: ignore[attr-defined]
    assert tts.stopped == 1


@pytest.mark.parametrize("audio", [PCMU, PCM_16K])
async def test_a_streaming_voice_says_tones_of_known_length_with_their_times(audio: AudioFormat) -> None:
    """One sentence after the other, whoever iterates first."""
    tts = FakeStreamingTts(word_ms=150)
    assert tts.formats == (PCMU, PCM_16K)
    stream = tts.open(audio, call_id="c1")
    first, second = stream.speak("one two three", goes_on=True), stream.speak("four")
    assert tts.asked == [("one two three", True), ("four", False)]
    later = [sound async for sound in second]
    sounds = [sound async for sound in first]
    assert tts.spoken == ["one two three", "four"]
    assert sum(len(sound.audio) for sound in later) == 150 * audio.bytes_per_ms
    assert [len(sound.audio) / audio.bytes_per_ms for sound in sounds] == [100, 100, 100, 100, 50]
    assert b"".join(sound.audio for sound in sounds) == Rewriter(AudioFormat("pcm", audio.sample_rate), audio).process(
        tone(audio.sample_rate, 450)
    )
    assert [sound.words for sound in sounds] == [
        (Word("one", 0, 150),),
        (Word("two", 150, 300),),
        (),
        (Word("three", 300, 450),),
        (),
    ]
    assert [sound.words async for sound in FakeStreamingTts(timed=False).open(PCMU).speak("one")] == [()] * 2
    stream.close()
    assert (tts.open_streams, tts.stopped) == (0, 0)


async def test_a_streaming_voice_drops_what_it_is_told_to() -> None:
    """A sentence that is closed, and all of them at a cancel; the next one is said."""
    tts = FakeStreamingTts(first_ms=60_000)
    stream = tts.open(PCMU)
    closed, cancelled = stream.speak("one"), stream.speak("two")
    await closed.aclose()
    stream.cancel()
    assert [sound async for sound in closed] == [sound async for sound in cancelled] == []
    assert (tts.stopped, stream.cancelled) == (2, 1)
    tts.first_ms = 0
    following = stream.speak("three")
    await anext(following)
    assert tts.spoken[-1] == "three"
    stream.close()
    assert [sound async for sound in following] == []


async def test_a_streaming_voice_can_be_told_to_fail() -> None:
    """In every way in which one does."""
    tts = FakeStreamingTts(deeds=["refuse", "break", "silence", "hang", "mute"])
    stream = tts.open(PCMU)
    with pytest.raises(EngineError):
        await anext(stream.speak("refuse"))
    broken = stream.speak("break")
    assert PCMU.sounds((await anext(broken)).audio)
    for _ in range(2):
        with pytest.raises(EngineError):
            await anext(broken)
    silent = b"".join([sound.audio async for sound in stream.speak("silence")])
    assert (len(silent), PCMU.sounds(silent)) == (1600, False)
    hanging, mute = stream.speak("hang"), stream.speak("mute")
    await anext(hanging)
    for sentence in (hanging, mute):
        waiting = asyncio.ensure_future(anext(sentence, None))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await sentence.aclose()
        assert await waiting is None
    assert [sound async for sound in stream.speak("say")] != []
    stream.close()


async def test_loud_windows_are_speech() -> None:
    """The fake has the interface of the real one: every 32 ms a probability, none after it is closed."""
    vad = FakeVad()
    await vad.warm_up()
    heard: list[tuple[float, float]] = []
    stream = vad.open(lambda probability, audio_ms: heard.append((probability, audio_ms)))
    stream.push(tone(8000, 32) + bytes(512) + bytes(100))
    assert heard == [(0.95, 32.0), (0.02, 64.0)]
    assert vad.open_streams == 1
    stream.close()
    stream.close()
    stream.push(bytes(2048))
    assert len(heard) == 2
    assert vad.open_streams == 0


async def test_a_streaming_recogniser_answers_flushes_one_after_the_other() -> None:
    """With words, an event, a failure, or not at all; and when these are used up, with no words."""
    stt = FakeStreamingStt(["hello", EndOfTurn("bye"), Onset(5.0), None, OSError("a")])
    told: list[RecognitionEvent] = []
    stream = stt.open(PCMU, told.append, call_id="c")
    for _ in range(4):
        stream.flush()
        assert told == [] or stream.flushes > 1
        await asyncio.sleep(0.01)
    assert told == [FinalWords("hello", 0.95, flushed=1), EndOfTurn("bye", flushed=2), Onset(5.0)]
    assert stt.open_streams == 1
    stream.flush()
    await asyncio.sleep(0.01)
    assert [type(event) for event in told[3:]] == [StreamBroke]
    assert (stt.open_streams, stream.closed) == (0, True)
    again = stt.open(PCM_16K, told.append)
    again.flush()
    await asyncio.sleep(0.01)
    assert told[-1] == FinalWords("", 0.95, flushed=1)
    assert stt.streams == [stream, again]


async def test_a_streaming_recogniser_tells_its_script_by_the_audio_it_has() -> None:
    """Each stream its own, and nothing after it is closed."""
    stt = FakeStreamingStt(
        script=[[(60.0, PartialWords("a b")), (20.0, PartialWords("a"))], [(20.0, Onset())]],
        formats=(PCM_16K,),
        ends_turns=True,
        live=False,
    )
    assert (stt.formats, stt.ends_turns, stt.live) == ((PCM_16K,), True, False)
    told: list[RecognitionEvent] = []
    stream = stt.open(PCM_16K, told.append)
    stream.push(bytes(640))
    assert told == []
    await asyncio.sleep(0)
    assert told == [PartialWords("a")]
    stream.push(bytes(640))
    await asyncio.sleep(0)
    assert len(told) == 1
    stream.push(bytes(640))
    stream.close()
    await asyncio.sleep(0)
    assert len(told) == 1
    stream.speech_began(0.0)
    stream.speech_resumed()
    stream.speech_over()
    stream.speech_began(0.0, goes_on=True)
    assert stream.hints == ["began", "resumed", "over", "goes on"]
    assert stream.pushed_ms == 60
