"""Server processes of a benchmark: started, waited for, kept to a core, and always ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

from offhook.errors import OffhookError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import IO

__all__ = ["BenchFailed", "ServerProcess", "pin", "two_cores"]

_END_LIMIT_S = 5.0


class BenchFailed(OffhookError):
    """A process of the benchmark did not do its part."""

    code = "bench"


class ServerProcess:
    """A server that prints ``ready PORT [NOTE]`` on its first line, from start to end.

    Args:
        words: the command line.
        name: what messages call it.
        ready_within_s: how long it may take to be ready.
        core: the core that it is kept to; ``None`` for no matter which.

    Raises:
        BenchFailed: on entry, if the server ends or is not ready in time.
    """

    def __init__(
        self, words: Sequence[str], *, name: str, ready_within_s: float = 30.0, core: int | None = None
    ) -> None:
        self.name = name
        self.port = 0
        self.note = ""
        self._words = list(words)
        self._ready_within_s = ready_within_s
        self._core = core
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "the server is entered first"
        return self._process.pid

    def __enter__(self) -> ServerProcess:
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._complaints
        )
        try:
            pin(self._process.pid, self._core)
            self._read_ready(self._process)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def complaints(self) -> str:
        """The last line that the server has written to stderr, if there is one."""
        file = self._complaints.fileno()
        # Read without moving: the server writes at the same position.
        tail = os.pread(file, 4096, max(0, os.fstat(file).st_size - 4096))
        lines = tail.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    def _read_ready(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        deadline_s = time.monotonic() + self._ready_within_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline_s - time.monotonic())):
                    raise BenchFailed(f"expected {self.name} to be ready within {self._ready_within_s:g} s.")
                piece = os.read(process.stdout.fileno(), 4096)
                if not piece:
                    process.wait(_END_LIMIT_S)
                    raise BenchFailed(
                        f"expected {self.name} to listen, got exit code {process.returncode}: {self.complaints()}"
                    )
                line += piece
        word, port, *note = line.decode().split(maxsplit=2)
        if word != "ready":
            raise BenchFailed(f"expected 'ready PORT' of {self.name}, got {line.decode().strip()!r}")
        self.port = int(port)
        self.note = note[0].strip() if note else ""

    def _end(self) -> None:
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(_END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._complaints.close()


def two_cores() -> tuple[int | None, int | None]:
    """A core for the servers and another for the load; ``None`` twice where this process may not have two."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def pin(pid: int, core: int | None) -> None:
    """Keep a process to a core, if there is one to keep it to. A process that is gone already is no error here."""
    if core is not None:
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(pid, {core})
