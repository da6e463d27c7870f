"""Where the verbs print: people read stderr or stdout, programs read one JSON object on stdout."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from typing import IO, TYPE_CHECKING, Any, Final, Literal, NoReturn, cast

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.errors import OffhookError

__all__ = [
    "EXIT_FAILED",
    "EXIT_NOBODY_READS",
    "EXIT_USAGE",
    "emit_json",
    "err",
    "fail",
    "open_streams",
    "out",
    "stderr",
    "stdout",
]

EXIT_FAILED = 1
"""The verb ran and what it was asked to do did not succeed."""

EXIT_USAGE = 2
"""The words or the settings given are wrong; nothing was started."""

EXIT_NOBODY_READS = 141
"""Whoever read stdout has gone, as ``head`` does: what a shell reports of a program that SIGPIPE ends."""


class Stream:
    """``sys.stdout`` or ``sys.stderr``, which may be full, or read by somebody who goes away: writing never raises.

    The first write to stdout that fails ends the verb as SIGTERM does; a lost stderr ends nothing.
    """

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self._name = name
        self._claimed: IO[str] | None = None
        self.lost: OSError | None = None
        """Why nothing can be written any more."""

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
        if self.lost is None:
            try:
                self._stream.write(text)
                self._stream.flush()
            except OSError as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Everything is written already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lose(self, error: OSError) -> None:
        self.lost = error
        with suppress(OSError, ValueError):  # what is still in the buffer must not fail again when Python ends
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        if self._name == "stdout" and signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            os.kill(os.getpid(), signal.SIGTERM)


stdout: Final = Stream("stdout")
stderr: Final = Stream("stderr")
out: Final = Console(file=cast("IO[str]", stdout), highlight=False, soft_wrap=True)
err: Final = Console(file=cast("IO[str]", stderr), highlight=False, soft_wrap=True)


def open_streams() -> None:
    """Make stdout and stderr take whatever is written.

    What the shell has closed (``>&-``) is opened: else the first socket would be what is taken for stdout.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ☎ shows another sign


def emit_json(value: Any) -> None:
    """Print one JSON object, on one line, as the last thing on stdout."""
    narrow = (stdout.encoding or "").lower().replace("-", "") != "utf8"
    stdout.write(json.dumps(value, ensure_ascii=narrow) + "\n")


def fail(error: OffhookError, *, exit_code: int = EXIT_USAGE) -> NoReturn:
    """Print the error and its fix, and leave."""
    err.print(f"[red]error:[/] {_escape(error.message)}")
    if error.fix:
        err.print(f"[green]fix:[/]   {_escape(error.fix)}")
    raise SystemExit(exit_code)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
