"""Which worker a call belongs to, where several share a journal: a lock that dies with its process.

Every worker holds a lock on a file of its own beside the journal. The operating system lets go of it when the process
ends, however it ends; so a worker whose lock can be had is dead, and its calls may be taken over. That holds for the
processes of one machine. Workers on several machines must not share a journal: they need a common registry.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from offhook.ids import new_id

if TYPE_CHECKING:
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: one worker a journal
    fcntl = None  # type: ignore[assignment]

__all__ = ["Owner", "is_alive"]


class Owner:
    """This worker, for as long as the object is not closed.

    Args:
        journal: the journal's path.

    Raises:
        OSError: its file cannot be made.
    """

    def __init__(self, journal: Path) -> None:
        self.id = new_id()
        self._path = _lock_path(journal, self.id)
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """This worker is gone: its calls are anybody's."""
        file, self._file = self._file, -1
        if file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(file)


def is_alive(journal: Path, owner_id: str) -> bool:
    """Whether the worker with this id still runs. The file of one that does not is removed."""
    path = _lock_path(journal, owner_id)
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(file)


def _lock_path(journal: Path, owner_id: str) -> Path:
    return journal.with_name(f"{journal.name}.{owner_id}.lock")
