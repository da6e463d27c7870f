"""Keys of providers: where they are looked for, and what is said where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.errors import ConfigError
from offhook.keys import key_for, surroundings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without a file, and an environment without the names of these tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("SOME_KEY", "OTHER_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_the_first_name_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value is none, and blanks around one do not belong to it."""
    monkeypatch.setenv("SOME_KEY", " ")
    assert surroundings("SOME_KEY", "OTHER_KEY") is None
    monkeypatch.setenv("OTHER_KEY", " second ")
    assert surroundings("SOME_KEY", "OTHER_KEY") == "second"
    monkeypatch.setenv("SOME_KEY", "first")
    assert surroundings("SOME_KEY", "OTHER_KEY") == "first"
    assert surroundings() is None


def test_a_file_beside_the_program_counts_less_than_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As it does for the settings."""
    (tmp_path / ".env").write_text("SOME_KEY=filed\nOTHER_KEY=\n")
    assert surroundings("OTHER_KEY", "SOME_KEY") == "filed"
    monkeypatch.setenv("OTHER_KEY", "set")
    assert surroundings("SOME_KEY", "OTHER_KEY") == "set"


def test_a_key_that_is_given_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is set."""
    monkeypatch.setenv("SOME_KEY", "set")
    assert key_for("a voice", "SOME_KEY", given="given") == "given"
    assert key_for("a voice", "SOME_KEY") == "set"


def test_a_key_that_is_missing_is_named() -> None:
    """And what it is for."""
    with pytest.raises(ConfigError) as missing:
        key_for("the model openai:x", "SOME_KEY", "OTHER_KEY")
    assert str(missing.value) == (
        "expected a key for the model openai:x, got none. "
        "fix: set SOME_KEY in the environment or in .env, or give api_key=…"
    )
