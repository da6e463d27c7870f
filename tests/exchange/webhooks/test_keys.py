"""The signing key on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from offhook.carriers.telnyx.signing import Signer
from offhook.errors import ConfigError
from offhook.exchange.webhooks.keys import default_key_path, load_private_key


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """So the public key is the same after a restart."""
    path = tmp_path / "state" / "exchange.key"
    first = load_private_key(path)
    assert Signer(first).public_key == Signer(load_private_key(path)).public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_key_that_somebody_else_made_meanwhile_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two exchanges that start at once end up with one key."""
    path = tmp_path / "exchange.key"
    first = load_private_key(path)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: False if self == path else exists(self))
    assert load_private_key(path) == first


def test_the_key_lies_in_the_state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_STATE_HOME, or under the home directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_key_path() == tmp_path / "offhook" / "exchange.key"
    load_private_key()
    assert default_key_path().exists()
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_key_path().parts[-4:] == (".local", "state", "offhook", "exchange.key")


@pytest.mark.parametrize("content", ["nonsense!", "YQ==", "é"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    """It is not overwritten: it may be somebody's."""
    path = tmp_path / "exchange.key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="base64"):
        load_private_key(path)
    assert path.read_text(encoding="utf-8") == content


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    """The fix names XDG_STATE_HOME."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as error:
        load_private_key(tmp_path / "file" / "exchange.key")
    assert "XDG_STATE_HOME" in str(error.value.fix)
