"""The stereo recording of a leg."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.audio.wav import read_wav
from offhook.exchange.sound.recorder import Recorder

if TYPE_CHECKING:
    from pathlib import Path

LEFT = b"\x01\x00" * 160
RIGHT = b"\x02\x00" * 160
SILENCE = bytes(320)


def test_the_caller_is_on_the_left_and_what_it_heard_on_the_right(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", 8000)
    for tick in range(120):  # more than is kept in memory
        recorder.write(tick * 20, LEFT, RIGHT)
    recorder.close()
    assert read_wav(tmp_path / "call.wav") == (8000, [LEFT * 120, RIGHT * 120])


def test_ticks_that_never_came_are_silence_so_the_file_is_as_long_as_the_call(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", 8000)
    recorder.write(1000, LEFT, RIGHT)
    recorder.write(1060, LEFT, RIGHT)
    recorder.close()
    _, (left, right) = read_wav(tmp_path / "call.wav")
    assert left == LEFT + SILENCE * 2 + LEFT
    assert right == RIGHT + SILENCE * 2 + RIGHT


def test_the_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", 8000)
    recorder.write(0, LEFT, RIGHT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["call.wav.part"]
    recorder.close()
    recorder.close()
    recorder.write(20, LEFT, RIGHT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["call.wav"]
    assert len(read_wav(tmp_path / "call.wav")[1][0]) == 320


def test_a_call_without_audio_gives_an_empty_file(tmp_path: Path) -> None:
    Recorder(tmp_path / "call.wav", 16000).close()
    assert read_wav(tmp_path / "call.wav") == (16000, [b"", b""])
