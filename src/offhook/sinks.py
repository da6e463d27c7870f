"""Places that a :class:`~offhook.spool.Spool` writes to: an open descriptor, a file that is appended to."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["AppendedFile", "Descriptor"]


class Descriptor:
    """A file descriptor that is open already, a pipe or a terminal: written to as long as it takes, never closed.

    A thing that could be written in part is finished before the next one: on a disk that was full for a while, lines
    are whole.

    Args:
        number: the descriptor; it may have been set not to block.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            OSError: nothing of it could be written.
        """
        begun, whole = len(self._rest), self._rest + data
        written = 0
        try:
            while written < len(whole):
                written += self._write_some(whole[written:])
        except OSError:
            if written <= begun:
                self._rest = whole[written:begun]
                raise
        self._rest = whole[written:]

    def close(self) -> None:
        """Finish what was written in part.

        Raises:
            OSError: it cannot be finished.
        """
        self.write(b"")

    def _write_some(self, data: bytes) -> int:
        while True:
            try:
                return os.write(self.number, data)
            except BlockingIOError:  # whoever shares it has set it so
                ready = select.poll()
                ready.register(self.number, select.POLLOUT)
                ready.poll()


class AppendedFile:
    """A file that things are added to. It is opened when it is written to, and made if it is not there.

    One that was moved or removed is made again, as a rotation of logs expects; in a folder that is gone, it cannot be.

    Args:
        path: the file.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self._file: Descriptor | None = None

    def write(self, data: bytes) -> None:
        """Add ``data``.

        Raises:
            OSError: it cannot be written.
        """
        if self._file is not None and not self._still_there(self._file.number):
            os.close(self._file.number)
            self._file = None
        if self._file is None:
            self._file = Descriptor(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644))
        self._file.write(data)

    def close(self) -> None:
        """Close it.

        Raises:
            OSError: the last thing cannot be written.
        """
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            finally:
                os.close(file.number)

    def _still_there(self, number: int) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(number))
        except FileNotFoundError:
            return False
