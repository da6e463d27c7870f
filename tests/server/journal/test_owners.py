"""Whose a call is: a lock that dies with its process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from offhook.server.journal.owners import Owner, is_alive

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, pathlib
from offhook.server.journal.owners import Owner
owner = Owner(pathlib.Path(sys.argv[1]))
print(owner.id, flush=True)
sys.stdin.read()
"""


def test_a_worker_is_alive_until_it_is_closed(tmp_path: Path) -> None:
    """And leaves no file behind."""
    path = tmp_path / "journal.db"
    owner = Owner(path)
    assert is_alive(path, owner.id)
    owner.close()
    assert not is_alive(path, owner.id)
    assert not is_alive(path, "never heard of")
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_is_killed_is_gone(tmp_path: Path) -> None:
    """However it ended, and its file is cleared away by who asks."""
    path = tmp_path / "journal.db"
    worker = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    owner_id = worker.stdout.readline().strip()
    assert is_alive(path, owner_id)
    worker.kill()
    worker.communicate()
    assert not is_alive(path, owner_id)
    assert list(tmp_path.iterdir()) == []
