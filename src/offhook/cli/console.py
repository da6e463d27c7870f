"""Where the verbs print: people read stderr or stdout, programs read JSON on stdout."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager, redirect_stdout
from typing import IO, TYPE_CHECKING, Any, Final, Literal, NoReturn, cast

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.errors import OffhookError

__all__ = [
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_NOBODY_READS",
    "EXIT_TERMINATED",
    "EXIT_USAGE",
    "emit_json",
    "err",
    "fail",
    "out",
    "stderr",
    "stdout",
]

EXIT_FAILED = 1
"""The verb ran and what it was asked to do did not succeed."""

EXIT_USAGE = 2
"""The words or the settings given are wrong; nothing was started."""

EXIT_INTERRUPTED = 130
"""Ctrl-C, whatever the verb; everything that it had started is over."""

EXIT_NOBODY_READS = 141
"""Whoever read stdout has gone, as ``head`` does: what a shell reports of a program that SIGPIPE ends."""

EXIT_TERMINATED = 143
"""SIGTERM, of verbs that are over by themselves; those that go on until they are told to end answer it with 0."""


class Stream:
    """``sys.stdout`` or ``sys.stderr`` as it is when something is written."""

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self._name = name
        self._claimed: IO[str] | None = None

    @property
    def _stream(self) -> IO[str]:
        return self._claimed or cast("IO[str]", getattr(sys, self._name))

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep stdout for what is written here: what other code prints in the meantime goes to stderr."""
        self._claimed = cast("IO[str]", sys.stdout)
        try:
            with redirect_stdout(sys.stderr):
                yield
        finally:
            self._claimed = None

    def write(self, text: str) -> int:
        """Write, and see to it that it is read at once."""
        self._stream.write(text)
        self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Everything is written already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


stdout: Final = Stream("stdout")
stderr: Final = Stream("stderr")
out: Final = Console(file=cast("IO[str]", stdout), highlight=False, soft_wrap=True)
err: Final = Console(file=cast("IO[str]", stderr), highlight=False, soft_wrap=True)


def emit_json(value: Any) -> None:
    """Print one JSON object, on one line, on stdout."""
    narrow = (stdout.encoding or "").lower().replace("-", "") != "utf8"
    stdout.write(json.dumps(value, ensure_ascii=narrow) + "\n")


def fail(error: OffhookError, *, exit_code: int = EXIT_USAGE, as_json: bool = False) -> NoReturn:
    """Tell the error and its fix, and leave.

    Args:
        error: what went wrong.
        exit_code: what to leave with.
        as_json: tell programs too, on stdout; people read stderr in any case.
    """
    err.print(f"[red]error:[/] {_escape(error.message)}")
    if error.fix:
        err.print(f"[green]fix:[/]   {_escape(error.fix)}")
    if as_json:
        told = {"code": error.code, "message": error.message, "fix": error.fix, "exit_code": exit_code}
        emit_json({"at_ms": time.time() * 1000, "source": "offhook", "type": "error", "error": told})
    raise SystemExit(exit_code)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
