"""Server processes of a benchmark are waited for, and always ended."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from offhook.bench.process import BenchFailed, ServerProcess, pin, two_cores


def server(program: str, **options: Any) -> ServerProcess:
    return ServerProcess([sys.executable, "-c", program], name="the server", **options)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


READY = "import time; print('ready 4711 with a note', flush=True); time.sleep(60)"


def test_a_server_is_ready_once_it_has_said_its_port() -> None:
    """The port and the note behind it are read from its first line, and it is gone at the end."""
    with server(READY) as running:
        assert (running.port, running.note) == (4711, "with a note")
        assert is_running(running.pid)
    assert not is_running(running.pid)


def test_a_server_that_says_its_port_in_pieces_is_understood() -> None:
    """A line is a line only once it has ended."""
    program = "import os, time; os.write(1, b'ready 47'); time.sleep(0.05); os.write(1, b'11\\n'); time.sleep(60)"
    with server(program) as running:
        assert (running.port, running.note) == (4711, "")


def test_a_server_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server outlives the benchmark, not even one that ignores the polite signal."""
    monkeypatch.setattr("offhook.bench.process._END_LIMIT_S", 0.05)
    with server("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + READY) as running:
        pass
    assert not is_running(running.pid)


def test_a_server_that_is_never_ready_is_ended() -> None:
    """Waiting has a limit, and the process is ended before the error is raised."""
    waiting = server("import time; time.sleep(60)", ready_within_s=0.05)
    with pytest.raises(BenchFailed, match=r"ready within 0\.05 s"):
        waiting.__enter__()
    assert not is_running(waiting.pid)


def test_a_server_that_ends_early_is_quoted() -> None:
    """The error gives its exit code and its last words."""
    with pytest.raises(BenchFailed, match="exit code 3: a reason"):
        server("import sys; print('a reason', file=sys.stderr); sys.exit(3)").__enter__()


def test_a_server_that_says_something_else_first_is_refused() -> None:
    """Only the line that was agreed on makes it ready; the error quotes the other."""
    with pytest.raises(BenchFailed, match="got 'hello world'"):
        server("import time; print('hello world', flush=True); time.sleep(60)").__enter__()


def test_its_last_complaint_can_be_read_while_it_runs() -> None:
    """What it says on its error channel is there before it has ended."""
    with server("import sys; print('first\\nlast', file=sys.stderr, flush=True);" + READY) as running:
        assert running.complaints() == "last"


def test_a_server_keeps_to_its_core(require: Any) -> None:
    """Server and load do not take each other's time."""
    core, other = two_cores()
    require(core is not None, "two cores")
    assert core != other
    with server(READY, core=core) as running:
        assert os.sched_getaffinity(running.pid) == {core}


def test_on_one_core_nothing_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no two cores, or no way to choose one, the benchmark runs without."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5}, raising=False)
    assert two_cores() == (None, None)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert two_cores() == (None, None)
    pin(os.getpid(), None)
