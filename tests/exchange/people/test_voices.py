"""What callers can say: recordings of the package, files, spoken text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.audio.frames import dbfs
from offhook.audio.wav import write_wav
from offhook.errors import ConfigError
from offhook.exchange.people.script import ClipRef, parse_script
from offhook.exchange.people.voices import Voices, clip_names

if TYPE_CHECKING:
    from pathlib import Path

LOUD = b"\x00\x10" * 8000


@pytest.mark.parametrize("name", clip_names())
@pytest.mark.parametrize("rate", [8000, 16000])
def test_every_recording_of_the_package_holds_speech_that_is_neither_clipped_nor_faint(name: str, rate: int) -> None:
    """What the demonstration's callers say can be heard on any line."""
    clip = Voices().clip(ClipRef(name), rate=rate)
    assert clip.rate == rate
    assert clip.said
    assert clip.speech is not None
    assert 0 <= clip.speech.began_ms < clip.speech.ended_ms <= len(clip.pcm) / 2 / rate * 1000
    assert -30 < dbfs(clip.pcm) < -10
    assert max(abs(sample) for sample in memoryview(clip.pcm).cast("h")) < 32767


def test_a_recording_is_read_once() -> None:
    """A hundred callers share one copy of what they say."""
    voices = Voices()
    assert voices.clip(ClipRef("hours")) is voices.clip(ClipRef("hours"))
    assert voices.clip(ClipRef("hours")) is Voices().clip(ClipRef("hours"))


def test_a_file_is_a_recording_too(tmp_path: Path) -> None:
    """A WAV file at another rate is converted to the line's, and is told by its name."""
    write_wav(tmp_path / "hello.wav", 16000, LOUD)
    clip = Voices().clip(ClipRef(str(tmp_path / "hello.wav")))
    assert clip.said == "hello"
    assert len(clip.pcm) == len(LOUD) / 2


def test_a_name_that_nobody_has_recorded_is_told_with_those_that_are() -> None:
    """The error lists all that was recorded."""
    with pytest.raises(ConfigError, match=r"hours, .*got 'hors'"):
        Voices().clip(ClipRef("hors"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path that leads nowhere is an error before the call."""
    with pytest.raises(ConfigError, match="No such file"):
        Voices().clip(ClipRef(str(tmp_path / "none.wav")))


def test_a_file_that_is_not_a_recording(tmp_path: Path) -> None:
    """A file that holds no audio is named as not usable."""
    (tmp_path / "bad.wav").write_bytes(b"not audio at all")
    with pytest.raises(ConfigError, match="not usable"):
        Voices().clip(ClipRef(str(tmp_path / "bad.wav")))


class TestText:
    SCRIPT = parse_script({"steps": [{"say": {"text": "Hello?", "voice": "x"}}, {"say": "hours"}]})

    async def test_it_is_spoken_once_per_rate_before_the_call(self) -> None:
        """No engine runs while the line is up, and none runs twice for the same words."""
        asked: list[tuple[str, str | None]] = []

        async def speak(text: str, voice: str | None) -> tuple[bytes, int]:
            asked.append((text, voice))
            return LOUD, 16000

        voices = Voices(speak)
        await voices.prepare(self.SCRIPT)
        await voices.prepare(self.SCRIPT)
        clip = voices.clip(self.SCRIPT.clips()[0])
        assert asked == [("Hello?", "x")]
        assert clip.said == "Hello?"
        assert len(clip.pcm) == len(LOUD) / 2

    def test_it_cannot_be_said_unprepared(self) -> None:
        """A caller that was not prepared fails at once, and does not stall the line while an engine loads."""
        with pytest.raises(ConfigError, match="prepared"):
            Voices().clip(self.SCRIPT.clips()[0])

    async def test_the_engines_of_the_machine_speak_it(self, require: object) -> None:
        """Where an engine is installed no recording is needed."""
        from offhook.errors import EngineMissing
        from offhook.speech.engines import default_tts

        try:
            default_tts()
            there = True
        except EngineMissing:
            there = False
        require(there, "a voice: flite or espeak-ng")  # type: ignore[operator]
        script = parse_script({"steps": [{"say": {"text": "Hello there."}}]})
        voices = Voices()
        await voices.prepare(script)
        assert voices.clip(script.clips()[0]).speech is not None
