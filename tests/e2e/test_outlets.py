"""Whoever does not read what a program prints holds up no call, nor its end."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENTS = Path(__file__).parent / "agents"
FULL = Path("/dev/full")


class Unread:
    """``offhook serve --json`` whose stdout somebody holds and does not read."""

    def __init__(self, exchange: Any, log: Path, stdout: int) -> None:
        self.exchange, self._log = exchange, log
        self.number, application = exchange.next_line()
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("TELNYX", "OFFHOOK"))}
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "offhook", "serve", "desk:agent", "--json", "--port", "0"],
                cwd=AGENTS,
                env={**surroundings, **exchange.env, "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=errors,
            )
        self._application = application

    @property
    def log(self) -> str:
        return self._log.read_text()

    def takes_calls_at(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.exchange.send_webhooks(self._application, f"{self.url}/webhooks/telnyx")

    def healthy(self) -> bool:
        try:
            return bool(self.health()["status"] == "ok")
        except httpx.TransportError:
            return False

    def health(self) -> dict[str, Any]:
        report: dict[str, Any] = httpx.get(f"{self.url}/healthz", trust_env=False, timeout=5).json()
        return report


def listening_port(pid: int) -> int:
    """The port that a process listens on."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
        except FileNotFoundError:
            continue  # it was closed in between
        if found is not None:
            inodes.add(found[1])
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[3] == "0A" and columns[9] in inodes:
            return int(columns[1].partition(":")[2], 16)
    return 0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The smallest there is: full after a few events."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    for one in (reading, writing):
        os.close(one)


def serve(exchange: Any, log: Path, stdout: int, waiting: Any) -> Unread:
    """Start it, and let it have the calls of a number."""
    program = Unread(exchange, log, stdout)
    port = waiting(lambda: listening_port(program.process.pid), "a port that is listened on", timeout_s=60)
    program.takes_calls_at(port)
    waiting(program.healthy, "a healthy server", timeout_s=60)  # it listens while it gets ready
    return program


@pytest.mark.timeout(180)
def test_a_server_whose_events_nobody_reads_goes_on(exchange: Any, waiting: Any, tmp_path: Path, pipe: Any) -> None:
    """``/healthz`` answers, calls are answered, and SIGTERM ends it."""
    os.write(pipe[1], b"x" * 4096)  # full before the first event
    program = serve(exchange, tmp_path / "log", pipe[1], waiting)
    try:
        call = exchange.place(program.number)
        exchange.happens(call, "leg.state", state="answered")
        assert program.health()["calls_up"] == 1
        exchange.hang_up(call)
        exchange.happens(call, "call.ended")
        assert program.health()["output"]["stdout"]["waiting_bytes"] > 0
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(20) == 0
    finally:
        program.process.kill()
        program.process.wait()
    assert "Traceback" not in program.log


@pytest.mark.timeout(180)
@pytest.mark.skipif(not FULL.exists(), reason="this system has no file that is always full")
def test_a_server_whose_events_fill_a_disk_goes_on(exchange: Any, waiting: Any, tmp_path: Path) -> None:
    """What is lost is said in the log, and counted in ``/healthz``."""
    with FULL.open("wb") as full:
        program = serve(exchange, tmp_path / "log", full.fileno(), waiting)
    try:
        call = exchange.place(program.number)
        exchange.happens(call, "leg.state", state="answered")
        exchange.hang_up(call)
        exchange.happens(call, "call.ended")
        output = program.health()["output"]["stdout"]
        assert output["lost"] > 1
        assert output["failing"] == "ENOSPC"
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(20) == 0
    finally:
        program.process.kill()
        program.process.wait()
    (line,) = [line for line in program.log.splitlines() if "stdout" in line]
    assert line.endswith("stdout: cannot be written (ENOSPC): what is meant for it is dropped")


def test_a_voice_that_cannot_be_made_ready_is_one_sentence(launch: Any, speech_engines: None) -> None:
    """Where it was raised, and not what it says; exit code 2, for people and for programs."""
    env = {"TELNYX_API_KEY": "KEYtest", "TELNYX_BASE_URL": "http://127.0.0.1:9/v2"}
    program = launch("serve", "broken:agent", "--insecure", "--port", "0", "--json", env=env)
    assert program.runs() == 2
    said = r"^error: [^\n]+ got RuntimeError at broken.py:15 [^\n]+\nfix:   [^\n]+\n$"
    assert re.search(said, program.log, re.MULTILINE)
    assert "Traceback" not in program.log
    assert "licence" not in program.log + program.said
    (event,) = program.events("error")
    assert (event["error"]["code"], event["error"]["exit_code"]) == ("config", 2)
