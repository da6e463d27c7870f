"""Where what is kept between runs lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from offhook.state import state_folder

if TYPE_CHECKING:
    import pytest


def test_it_is_where_the_user_says_or_under_their_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG base directory specification has it."""
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert state_folder() == Path("/var/state/offhook")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    assert state_folder() == Path.home() / ".local" / "state" / "offhook"
