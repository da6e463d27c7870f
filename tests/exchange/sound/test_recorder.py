"""The stereo recording of a leg."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from offhook.audio import wav
from offhook.audio.wav import read_wav
from offhook.exchange.sound.recorder import Recorder
from offhook.spool import DEFAULT_LIMIT_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from offhook.spool import Loss

LEFT = b"\x01\x00" * 160
RIGHT = b"\x02\x00" * 160
SILENCE = bytes(320)


def tick(recorder: Recorder, now_ms: int) -> None:
    recorder.said(now_ms, LEFT, b"")
    recorder.heard(now_ms, RIGHT, b"")


async def test_the_caller_is_on_the_left_and_what_it_heard_on_the_right(tmp_path: Path) -> None:
    """However long the call, each side keeps its channel."""
    recorder = Recorder(tmp_path / "call.wav", 8000)
    for number in range(120):  # more than is written at once
        tick(recorder, number * 20)
    assert await recorder.closed(5)
    assert read_wav(tmp_path / "call.wav") == (8000, [LEFT * 120, RIGHT * 120])


async def test_ticks_that_never_came_are_silence_so_the_file_is_as_long_as_the_call(tmp_path: Path) -> None:
    """What is recorded is at its time."""
    recorder = Recorder(tmp_path / "call.wav", 8000)
    tick(recorder, 1000)
    tick(recorder, 1060)
    assert await recorder.closed(5)
    _, (left, right) = read_wav(tmp_path / "call.wav")
    assert left == LEFT + SILENCE * 2 + LEFT
    assert right == RIGHT + SILENCE * 2 + RIGHT


async def test_a_party_whose_audio_stops_is_silent_and_of_a_burst_the_last_frame_counts(tmp_path: Path) -> None:
    """The file has one frame per tick, whatever came in it."""
    recorder = Recorder(tmp_path / "call.wav", 8000)
    tick(recorder, 0)
    recorder.heard(20, RIGHT, b"")
    recorder.said(40, b"\x03\x00" * 160, b"")
    tick(recorder, 40)
    assert await recorder.closed(5)
    assert read_wav(tmp_path / "call.wav")[1] == [LEFT + SILENCE + LEFT, RIGHT * 3]


async def test_the_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Nobody takes half a recording for a whole one; what comes after the end is not recorded."""
    recorder = Recorder(tmp_path / "call.wav", 8000)
    tick(recorder, 0)
    assert not (tmp_path / "call.wav").exists()
    recorder.close()
    recorder.close()
    assert await recorder.closed(5)
    tick(recorder, 20)
    assert [entry.name for entry in tmp_path.iterdir()] == ["call.wav"]
    assert len(read_wav(tmp_path / "call.wav")[1][0]) == 320


async def test_a_call_without_audio_gives_an_empty_file(tmp_path: Path) -> None:
    """The file is there, and holds nothing."""
    assert await Recorder(tmp_path / "call.wav", 16000).closed(5)
    assert read_wav(tmp_path / "call.wav") == (16000, [b"", b""])


async def test_a_folder_that_is_not_there_is_said_and_nobody_is_kept(tmp_path: Path) -> None:
    """The loss has a reason; the recorder goes on taking frames."""
    losses: list[Loss] = []
    recorder = Recorder(tmp_path / "nowhere" / "call.wav", 8000, on_loss=losses.append)
    for number in range(60):
        tick(recorder, number * 20)
    assert await recorder.closed(5)
    assert (losses[0].reason, losses[0].over) == ("ENOENT", False)
    assert losses[-1].over


async def test_a_disk_that_hangs_costs_its_seconds_and_leaves_the_others_at_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than may wait is dropped, told, and silent in the file, which is as long as the call."""
    frees, write = threading.Event(), wav.WavFile.write

    def hangs(self: wav.WavFile, data: bytes) -> None:
        frees.wait(30)
        write(self, data)

    monkeypatch.setattr(wav.WavFile, "write", hangs)
    losses: list[Loss] = []
    recorder = Recorder(tmp_path / "call.wav", 8000, on_loss=losses.append)
    seconds = DEFAULT_LIMIT_BYTES // 32_000 + 20
    for number in range(50 * seconds):
        tick(recorder, number * 20)
    assert not await recorder._spool.flushed(0.01)
    assert [loss.reason for loss in losses] == ["not_read"]
    frees.set()
    assert await recorder._spool.flushed(10)
    for number in range(50 * seconds, 50 * seconds + 50):
        tick(recorder, number * 20)
    assert await recorder.closed(10)
    _, (left, _) = read_wav(tmp_path / "call.wav")
    assert len(left) == 16000 * (seconds + 1)
    assert left[-16000:] == LEFT * 50
    assert left.startswith(LEFT * 50 * 100)
    assert not any(left[-32000:-16000])
