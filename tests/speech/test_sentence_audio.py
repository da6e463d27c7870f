"""What a voice gives for one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.audio.formats import PCM_8K, PCM_16K, PCMU, AudioFormat, Rewriter
from offhook.errors import CodecError, EngineError
from offhook.speech.sentence_audio import SentenceAudio
from offhook.speech.streams import Sound, Word
from offhook.speech.testing import tone

PCM_22K = AudioFormat("pcm", 22050)


def encoded(pcm: bytes) -> bytes:
    return Rewriter(PCM_8K, PCMU).process(pcm)


def test_what_the_line_writes_itself_passes_byte_for_byte() -> None:
    """In whatever pieces it comes."""
    audio = SentenceAudio("Hello there.", PCMU, PCMU)
    codes = encoded(tone(8000, 500))
    taken = [audio.take(Sound(codes[at : at + 333])) for at in range(0, len(codes), 333)]
    assert b"".join(taken) + audio.flush() == codes
    assert audio.sounds


def test_another_rate_is_resampled() -> None:
    """To its last sample."""
    audio = SentenceAudio("Hello there.", PCM_22K, PCMU)
    made = audio.take(Sound(tone(22050, 500))) + audio.flush()
    assert len(made) / 8 == pytest.approx(502, abs=1)
    with pytest.raises(CodecError):
        SentenceAudio("Hello.", AudioFormat("pcm", -1), PCMU)


def test_an_odd_number_of_bytes_is_no_failure() -> None:
    """Half a sample waits for its other half, and is dropped if that never comes."""
    pcm = tone(8000, 300)
    audio = SentenceAudio("Hello.", PCM_8K, PCM_8K)
    taken = [audio.take(Sound(pcm[at : at + 33])) for at in range(0, len(pcm), 33)]
    taken.append(audio.take(Sound(b"\1")))
    assert b"".join(taken) + audio.flush() == pcm


@pytest.mark.parametrize("written", [PCMU, PCM_16K])
def test_silence_is_no_sound(written: AudioFormat) -> None:
    """Until there is something to be heard; silence that goes before it is kept."""
    audio = SentenceAudio("Hello.", written, written)
    assert audio.take(Sound(written.silence)) == written.silence
    assert audio.take(Sound(b"")) == b""
    assert not audio.sounds
    assert audio.flush() == b""
    audio.take(Sound(Rewriter(AudioFormat("pcm", written.sample_rate), written).process(tone(written.sample_rate, 20))))
    audio.take(Sound(written.silence))
    assert audio.sounds


def test_a_voice_that_goes_on_is_broken() -> None:
    """After 10 s, and half a second for each letter."""
    audio = SentenceAudio("Hello.", PCMU, PCMU)
    for _ in range(13):
        audio.take(Sound(encoded(tone(8000, 1000))))
    with pytest.raises(EngineError, match=r"expected at most 13 s of audio .* fix: check that the voice gives pcmu at"):
        audio.take(Sound(b"\0"))


def test_a_voice_that_gives_next_to_nothing_of_a_sentence_is_broken() -> None:
    """Nobody says a hundred letters in a second."""
    text = "This sentence has rather more words than can be said in a moment."
    audio = SentenceAudio(text, PCMU, PCMU)
    audio.take(Sound(encoded(tone(8000, 500))))
    with pytest.raises(EngineError, match=rf"a sentence of {len(text)} characters, got 500 ms of it"):
        audio.flush()
    audio = SentenceAudio(text, PCMU, PCMU)
    audio.take(Sound(encoded(tone(8000, 600))))
    audio.flush()
    short = SentenceAudio("Yes.", PCMU, PCMU)
    short.take(Sound(encoded(tone(8000, 5))))
    short.flush()


@pytest.mark.parametrize("sound", [b"pcm", None, Sound("pcm"), Sound(None), Sound(bytearray(2))])  # type: ignore[arg-type]
def test_what_is_no_audio_is_named_by_its_kind(sound: Any) -> None:
    """Its content may be what was said."""
    with pytest.raises(EngineError, match="expected a Sound of a voice, with audio as bytes, got "):
        SentenceAudio("Hello.", PCMU, PCMU).take(sound)


@pytest.mark.parametrize(
    ("audio", "what"),
    [
        (b"RIFF\x24\0\0\0WAVEfmt ", "a WAV file"),
        (b"OggS\0\2", "an Ogg file"),
        (b"ID3\4\0", "an MP3 file"),
        (b"fLaC\0", "a FLAC file"),
        (b'{"error": "no such voice"}', "text"),
        (b"<html><body>Bad gateway</body>", "text"),
    ],
)
def test_audio_in_a_container_and_an_error_in_place_of_audio_are_refused(audio: bytes, what: str) -> None:
    """They would be a click, or noise in the caller's ear."""
    with pytest.raises(EngineError, match=f"expected pcmu at 8000 Hz of a voice, got {what}"):
        SentenceAudio("Hello.", PCMU, PCMU).take(Sound(audio))


def test_a_sentence_may_have_such_bytes_in_its_middle() -> None:
    """There they are audio."""
    audio = SentenceAudio("Hello.", PCMU, PCMU)
    audio.take(Sound(b""))
    audio.take(Sound(encoded(tone(8000, 20))))
    assert audio.take(Sound(b"RIFF")) == b"RIFF"
    assert SentenceAudio("Hello.", PCMU, PCMU).take(Sound(b"<" * 23)) == b"<" * 23
    assert SentenceAudio("Hello.", PCMU, PCMU).take(Sound(b" " * 99)) == b" " * 99
    assert SentenceAudio("Hello.", PCMU, PCMU).take(Sound(b"<\1" * 99)) == b"<\1" * 99


def test_what_is_no_word_is_left_out() -> None:
    """The sentence is heard all the same, and its words by their share of the time."""
    audio = SentenceAudio("Hello.", PCMU, PCMU)
    word = Word("Hello", 0, 100.5)
    mixed: Any = (word, "Hello", Word(None, 0, 1), Word("a", None, 1), Word("b", 0, "1"))  # type: ignore[arg-type]
    assert audio.words(Sound(b"", mixed)) == [word]
    none: Any = None
    assert audio.words(Sound(b"", none)) == []
