"""stdout and stderr as places that nobody waits for: what Python code prints goes through a spool each.

A verb that carries calls must not be held up by whoever reads what it prints; so ``sys.stdout`` and ``sys.stderr`` are
replaced for the whole program, for the user's code too. What is written past them, by a C library, is not.
"""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from offhook.sinks import Descriptor
from offhook.spool import Loss, Spool, log_loss

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from _typeshed import ReadableBuffer

__all__ = ["LAST_WORDS_S", "Output", "finish", "open_streams", "stderr", "stdout", "wait_for_nobody"]

LAST_WORDS_S: Final = 2.0
"""How long the end of a verb that carries calls waits for what it has printed to be read."""


class Output:
    """One of the two: a text file for whoever prints, and what became of what was printed."""

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self.name: Final = name
        self.spool: Spool | None = None
        self.on_loss: Callable[[Loss], None] = log_loss
        """Is told of losses, unless the reader has gone."""
        self.reason: str | None = None
        """Why something was lost, if something was."""
        self._number = {"stdout": 1, "stderr": 2}[name]

    @property
    def reader_gone(self) -> bool:
        """Whether whoever read it has gone, as ``head`` does."""
        return self.reason == "EPIPE"

    @property
    def lost(self) -> int:
        """How many lines, or pieces of text, were lost."""
        return self.spool.lost if self.spool is not None else 0

    def open(self) -> None:
        """Take the place of ``sys.stdout`` or ``sys.stderr``; a second time does nothing."""
        before = cast("TextIO | None", getattr(sys, self.name))
        if self.spool is None and isinstance(before, io.TextIOWrapper):
            self.spool = Spool(Descriptor(self._number), self.name, on_loss=self._on_loss)
            file = _PrintedTo(self.spool, self._number, self.name)
            encoding = before.encoding
            # Signs that a terminal does not know are shown as another one.
            setattr(sys, self.name, io.TextIOWrapper(file, encoding, errors="replace", line_buffering=True))

    def _on_loss(self, loss: Loss) -> None:
        """The first write to stdout whose reader has gone ends the verb as SIGTERM does; a lost stderr ends nothing."""
        self.reason = loss.reason
        if not self.reader_gone:
            self.on_loss(loss)
        elif self.name == "stdout" and not loss.over and signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            os.kill(os.getpid(), signal.SIGTERM)


class _PrintedTo(io.BufferedIOBase):
    """The bytes below a text file; each write is one thing for the spool."""

    def __init__(self, spool: Spool, number: int, name: str) -> None:
        self._spool = spool
        self._number = number
        self.name = f"<{name}>"
        self.mode = "wb"

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor that is written to in the end."""
        return self._number

    def isatty(self) -> bool:
        """Whether that is a terminal."""
        return os.isatty(self._number)

    def write(self, data: ReadableBuffer, /) -> int:
        """Never waits, never fails."""
        whole = bytes(data)
        self._spool.put(whole)
        return len(whole)

    def flush(self) -> None:
        """As long as no calls are up, wait until it is read: what ends the program may come next."""
        if not _calls_are_up:
            self._spool.flush(LAST_WORDS_S)


_calls_are_up = False

stdout: Final = Output("stdout")
stderr: Final = Output("stderr")


def open_streams() -> None:
    """Make stdout and stderr take whatever is written, at once.

    What the shell has closed (``>&-``) is opened: else the first socket would be what is taken for stdout.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
    for output in (stdout, stderr):
        output.open()
    atexit.register(finish, LAST_WORDS_S)


def wait_for_nobody() -> None:
    """From now on calls may be up."""
    global _calls_are_up
    _calls_are_up = True


def finish(timeout_s: float | None) -> bool:
    """Wait until what was printed has been read; returns whether it was.

    Args:
        timeout_s: how long both may take together; ``None``: as long as it takes.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    done = True
    for output in (stdout, stderr):
        if output.spool is not None:
            _flush(getattr(sys, output.name))
            done &= output.spool.flush(None if deadline is None else max(0.0, deadline - time.monotonic()))
    return done


def _flush(file: Any) -> None:
    if isinstance(file, io.TextIOBase) and not file.closed:
        file.flush()
