"""A place that takes nothing costs what was meant for it, and nothing else."""

from __future__ import annotations

import _thread
import errno
import fcntl
import logging
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from offhook import spool as spools
from offhook.sinks import AppendedFile, Descriptor
from offhook.spool import CLOSED, NOT_READ, Loss, Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 10.0
FULL = Path("/dev/full")
IS_ROOT = os.geteuid() == 0


class Desk:
    """A place in the hands of a test: it waits while it is shut, and refuses what it is told to."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.open = threading.Event()
        self.open.set()
        self.refuses: Exception | None = None
        self.finished = False

    def write(self, data: bytes) -> None:
        assert self.open.wait(PATIENCE_S)
        if self.refuses is not None:
            raise self.refuses
        self.taken.append(data)

    def close(self) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.finished = True


@pytest.fixture
def desk() -> Iterator[Desk]:
    place = Desk()
    yield place
    place.open.set()


@pytest.fixture
def told() -> list[Loss]:
    return []


def pipe() -> tuple[int, int]:
    """A pipe with the smallest buffer there is."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


def test_things_are_written_in_order_and_whole(desk: Desk) -> None:
    """Text as UTF-8, bytes as they are."""
    spool = Spool(desk, "desk")
    assert all(spool.put(item) for item in ("a ☎\n", b"\xff\x00", "\udcff"))
    assert spool.flush(PATIENCE_S)
    assert desk.taken == ["a ☎\n".encode(), b"\xff\x00", b"?"]
    assert spool.report() == {"written": 3, "lost": 0, "waiting_bytes": 0, "failing": None}


def test_what_is_too_much_is_lost_and_told_once_at_each_end(desk: Desk, told: list[Loss]) -> None:
    """What waits is written once the place takes things again; what came meanwhile is counted."""
    desk.open.clear()
    spool = Spool(desk, "desk", limit_bytes=10, on_loss=told.append)
    assert [spool.put(b"12345") for _ in range(5)] == [True, True, False, False, False]
    assert told == [Loss("desk", NOT_READ, 1, over=False)]
    assert (spool.lost, spool.failing, spool.report()["waiting_bytes"]) == (3, NOT_READ, 10)
    desk.open.set()
    assert spool.flush(PATIENCE_S)
    assert desk.taken == [b"12345"] * 2
    assert told[1:] == [Loss("desk", NOT_READ, 3, over=True)]
    assert (spool.lost, spool.failing) == (3, None)


def test_a_thing_larger_than_the_limit_is_taken_while_there_is_room(desk: Desk) -> None:
    """Else it could never be written."""
    spool = Spool(desk, "desk", limit_bytes=10)
    assert spool.put(b"x" * 100)
    assert spool.flush(PATIENCE_S)
    assert desk.taken == [b"x" * 100]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OSError(errno.ENOSPC, "a text"), "ENOSPC"), (OSError("a text"), "OSError"), (ValueError("a text"), "ValueError")],
)
def test_what_a_place_refuses_is_lost_and_named_without_its_text(
    desk: Desk, told: list[Loss], error: Exception, reason: str
) -> None:
    """The next thing is tried all the same; each spell is counted for itself."""
    spool = Spool(desk, "desk", on_loss=told.append)
    desk.refuses = error
    for _ in range(3):
        spool.put(b"lost")
    assert spool.flush(PATIENCE_S)
    desk.refuses = None
    spool.put(b"kept")
    assert spool.flush(PATIENCE_S)
    desk.refuses = error
    spool.put(b"lost")
    assert spool.flush(PATIENCE_S)
    assert desk.taken == [b"kept"]
    assert told == [
        Loss("desk", reason, 1, over=False),
        Loss("desk", reason, 3, over=True),
        Loss("desk", reason, 1, over=False),
    ]


def test_a_place_that_is_held_up_holds_up_no_other(desk: Desk) -> None:
    """Each that does not take things has a thread to itself."""
    stalled = [Spool(desk, "stalled") for _ in range(5)]
    desk.open.clear()
    for one in stalled:
        one.put(b"x")
    other = Desk()
    spool = Spool(other, "other")
    for _ in range(100):
        assert spool.put(b"x")
        assert spool.flush(PATIENCE_S)
    assert len(other.taken) == 100
    assert not any(one.flush(0) for one in stalled)


def test_putting_waits_for_nobody(desk: Desk) -> None:
    """Neither for a place that is held up nor for one that has lost things."""
    desk.open.clear()
    spool = Spool(desk, "desk", limit_bytes=1000, on_loss=lambda loss: None)
    began = time.monotonic()
    for _ in range(10_000):
        spool.put(b"x" * 100)
    assert time.monotonic() - began < 2.0
    assert spool.lost == 10_000 - 10


def test_who_listens_to_losses_may_put_something_and_may_fail(desk: Desk) -> None:
    """What they raise reaches nobody."""

    def listen(loss: Loss) -> None:
        spool.put(b"about a loss")
        raise ValueError

    desk.open.clear()
    spool = Spool(desk, "desk", limit_bytes=5, on_loss=listen)
    spool.put(b"12345")
    assert spool.put(b"6") is False
    assert spool.lost == 2


def test_many_threads_put_at_once(desk: Desk) -> None:
    """Nothing is lost, and nothing is counted twice."""
    spool = Spool(desk, "desk")
    threads = [threading.Thread(target=lambda: [spool.put(b"x") for _ in range(1000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.flush(PATIENCE_S)
    assert len(desk.taken) == 8000
    assert spool.report() == {"written": 8000, "lost": 0, "waiting_bytes": 0, "failing": None}


# -- the end ----------------------------------------------------------------------------------------------------------


async def test_a_flush_is_bounded(desk: Desk) -> None:
    """It says whether everything has gone, and goes on to be written all the same."""
    desk.open.clear()
    spool = Spool(desk, "desk")
    spool.put(b"x")
    assert not spool.flush(0.01)
    assert not await spool.flushed(0.01)
    assert not spools.flush(0.01)
    desk.open.set()
    assert await spool.flushed(PATIENCE_S)
    assert spools.flush(PATIENCE_S)
    assert desk.taken == [b"x"]


async def test_a_place_is_finished_after_everything_that_was_put(desk: Desk, told: list[Loss]) -> None:
    """What comes later is lost; finishing twice is not an error."""
    spool = Spool(desk, "desk", on_loss=told.append)
    spool.put(b"x")
    spool.close()
    assert await spool.closed(PATIENCE_S)
    assert (desk.taken, desk.finished) == ([b"x"], True)
    assert spool.put(b"y") is False
    assert told == [Loss("desk", CLOSED, 1, over=False)]


async def test_a_place_that_cannot_be_finished_has_lost_something(desk: Desk, told: list[Loss]) -> None:
    """The end is told as well: nothing comes after it."""
    spool = Spool(desk, "desk", on_loss=told.append)
    desk.refuses = OSError(errno.ENOENT, "")
    assert await spool.closed(PATIENCE_S)
    assert told == [Loss("desk", "ENOENT", 1, over=False), Loss("desk", "ENOENT", 1, over=True)]


async def test_the_report_sums_up_the_places_of_a_name(desk: Desk) -> None:
    """Those that are closed are still counted."""
    other = Desk()
    one, two = Spool(desk, "shelf"), Spool(other, "shelf", on_loss=lambda loss: None)
    one.put(b"x")
    assert await one.closed(PATIENCE_S)
    other.refuses = OSError(errno.EIO, "")
    two.put(b"y")
    assert two.flush(PATIENCE_S)
    assert spools.report()["shelf"] == {"written": 1, "lost": 1, "waiting_bytes": 0, "failing": "EIO"}
    assert await two.closed(PATIENCE_S)


def test_a_loss_is_logged_by_default(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins, one with the number when it is over."""
    spool = Spool(desk, "desk")
    desk.refuses = OSError(errno.ENOSPC, "")
    for _ in range(3):
        spool.put(b"x")
    spool.flush(PATIENCE_S)
    desk.refuses = None
    spool.put(b"x")
    spool.flush(PATIENCE_S)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert lines == [
        "desk: cannot be written (ENOSPC): what is meant for it is dropped",
        "desk: written again; 3 things were lost (ENOSPC)",
    ]


def test_without_a_thread_everything_is_lost_and_nobody_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives no more threads is like a full one."""

    def start(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(spools, "_writers", spools._Writers())
    monkeypatch.setattr(_thread, "start_new_thread", start)
    spool = Spool(desk, "desk", on_loss=lambda loss: None)
    assert spool.put(b"x") is False
    assert spool.flush(None) is False
    assert spool.report() == {"written": 0, "lost": 1, "waiting_bytes": 0, "failing": NOT_READ}


# -- real places ------------------------------------------------------------------------------------------------------


def test_a_pipe_that_nobody_reads_takes_what_it_holds_and_the_rest_when_it_is_read(told: list[Loss]) -> None:
    """Lines stay whole and in order."""
    reading, writing = pipe()
    spool = Spool(Descriptor(writing), "pipe", limit_bytes=8192, on_loss=told.append)
    lines = [f"line {number:04}\n" for number in range(2000)]
    taken = [line for line in lines if spool.put(line)]
    assert not spool.flush(0.05)
    assert len(told) == 1
    parts: list[bytes] = []
    reader = threading.Thread(target=lambda: parts.extend(iter(lambda: os.read(reading, 65536), b"")))
    reader.start()
    spool.close()
    assert spool.flush(PATIENCE_S)
    os.close(writing)
    reader.join()
    os.close(reading)
    assert b"".join(parts).decode().splitlines(keepends=True) == taken
    assert told[-1] == Loss("pipe", NOT_READ, len(lines) - len(taken), over=True)


def test_a_pipe_that_does_not_block_is_waited_for(told: list[Loss]) -> None:
    """Whoever gave it to the process may have set it so."""
    reading, writing = pipe()
    os.set_blocking(writing, False)
    spool = Spool(Descriptor(writing), "pipe", on_loss=told.append)
    spool.put(b"x" * 50_000)
    read = 0
    while read < 50_000:
        read += len(os.read(reading, 1000))
    assert spool.flush(PATIENCE_S)
    os.close(reading)
    os.close(writing)
    assert told == []


def test_a_pipe_whose_reader_has_gone_is_a_loss(told: list[Loss]) -> None:
    """Named as the system names it."""
    reading, writing = pipe()
    os.close(reading)
    spool = Spool(Descriptor(writing), "pipe", on_loss=told.append)
    spool.put(b"x")
    assert spool.flush(PATIENCE_S)
    os.close(writing)
    assert told == [Loss("pipe", "EPIPE", 1, over=False)]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no file that is always full")
async def test_a_full_disk_is_a_loss(told: list[Loss]) -> None:
    """Every thing is tried."""
    spool = Spool(AppendedFile(FULL), "file", on_loss=told.append)
    for _ in range(10):
        spool.put(b"x")
    assert await spool.closed(PATIENCE_S)
    assert told == [Loss("file", "ENOSPC", 1, over=False), Loss("file", "ENOSPC", 10, over=True)]


async def test_a_folder_that_vanishes_is_a_loss_until_it_is_back(tmp_path: Path, told: list[Loss]) -> None:
    """A file that was removed is no place to write to, though the system would let us."""
    folder = tmp_path / "calls"
    folder.mkdir()
    path = folder / "events.jsonl"
    spool = Spool(AppendedFile(path), "file", on_loss=told.append)
    spool.put("one\n")
    assert spool.flush(PATIENCE_S)
    path.unlink()
    folder.rmdir()
    spool.put("two\n")
    assert spool.flush(PATIENCE_S)
    assert told == [Loss("file", "ENOENT", 1, over=False)]
    folder.mkdir()
    spool.put("three\n")
    assert await spool.closed(PATIENCE_S)
    assert told[1:] == [Loss("file", "ENOENT", 1, over=True)]
    assert path.read_text() == "three\n"


async def test_a_file_that_is_moved_away_is_made_again(tmp_path: Path) -> None:
    """As a rotation of logs does it."""
    path = tmp_path / "log"
    spool = Spool(AppendedFile(path), "file")
    spool.put("one\n")
    assert spool.flush(PATIENCE_S)
    path.rename(tmp_path / "log.1")
    spool.put("two\n")
    assert await spool.closed(PATIENCE_S)
    assert ((tmp_path / "log.1").read_text(), path.read_text()) == ("one\n", "two\n")


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
async def test_a_file_that_may_not_be_written_is_a_loss(tmp_path: Path, told: list[Loss]) -> None:
    """The same as any other."""
    path = tmp_path / "log"
    path.touch(0o400)
    spool = Spool(AppendedFile(path), "file", on_loss=told.append)
    spool.put("one\n")
    assert await spool.closed(PATIENCE_S)
    assert told[0] == Loss("file", "EACCES", 1, over=False)


async def test_a_file_in_no_folder_is_a_loss(told: list[Loss]) -> None:
    """A place on a read-only file system, or in a device, is refused in the same way."""
    spool = Spool(AppendedFile("/dev/null/log"), "file", on_loss=told.append)
    spool.put("one\n")
    assert await spool.closed(PATIENCE_S)
    assert told[0] == Loss("file", "ENOTDIR", 1, over=False)


def test_a_thing_that_was_written_in_part_is_finished_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that was full for a while lines are whole."""
    room, written = [4], bytearray()

    def write(number: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "")
        part = data[: room[0]]
        room[0] -= len(part)
        written.extend(part)
        return len(part)

    monkeypatch.setattr(os, "write", write)
    place = Descriptor(-1)
    place.write(b"first\n")
    assert bytes(written) == b"firs"
    for room[0] in (0, 1):
        with pytest.raises(OSError, match="28"):
            place.write(b"second\n")
    assert bytes(written) == b"first"
    room[0] = 100
    place.write(b"third\n")
    assert bytes(written) == b"first\nthird\n"
    room[0] = 2
    place.write(b"fourth\n")
    room[0] = 100
    place.close()
    assert bytes(written) == b"first\nthird\nfourth\n"
