"""Settings: from the environment, with mistakes named and their values not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.config import Settings
from offhook.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty directory and no variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names that the carrier's own tools use."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEY0123")
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", "pub")
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:12111/v2")
    monkeypatch.setenv("OFFHOOK_PUBLIC_URL", "https://calls.example.com/")
    monkeypatch.setenv("OFFHOOK_PORT", "9000")
    settings = Settings.load()
    assert settings.require("telnyx_api_key", "telnyx_public_key") == ["KEY0123", "pub"]
    assert settings.telnyx_base_url == "http://127.0.0.1:12111/v2"
    assert settings.offhook_public_url == "https://calls.example.com"
    assert settings.offhook_port == 9000
    assert "KEY0123" not in repr(settings)


def test_settings_come_from_a_file_and_from_arguments(tmp_path: Path) -> None:
    """Arguments count most."""
    (tmp_path / ".env").write_text("OFFHOOK_PORT=9001\nOFFHOOK_HOST=0.0.0.0\nSOMETHING_ELSE=1\n")
    settings = Settings.load(offhook_host="::1")
    assert (settings.offhook_port, settings.offhook_host) == (9001, "::1")


def test_without_anything_there_are_defaults() -> None:
    """Enough to try."""
    settings = Settings.load()
    assert (settings.offhook_host, settings.offhook_port, settings.offhook_codec) == ("127.0.0.1", 8080, "PCMU")
    assert settings.telnyx_api_key is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OFFHOOK_PORT", "canary"),
        ("OFFHOOK_PORT", "70000"),
        ("OFFHOOK_PUBLIC_URL", "canary.example"),
        ("TELNYX_BASE_URL", "https://?"),
        ("OFFHOOK_PUBLIC_URL", "https://canary.example?x=1"),
        ("TELNYX_BASE_URL", "http://[canary"),
        ("TELNYX_BASE_URL", "http://127.0.0.1:canary/v2"),
        ("OFFHOOK_MAX_CALLS", "0"),
    ],
)
def test_a_value_that_is_not_usable_is_named_but_not_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """It may be a secret in the wrong place."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as error:
        Settings.load()
    assert str(error.value).startswith(f"{name} is not usable: ")
    assert error.value.fix
    assert value not in str(error.value).replace(name, "")
    assert error.value.__cause__ is None


def test_a_setting_that_is_needed_says_where_it_comes_from() -> None:
    """With the command for those who only try."""
    with pytest.raises(ConfigError, match="TELNYX_API_KEY") as error:
        Settings.load().require("telnyx_api_key")
    assert "exchange env" in str(error.value)
    with pytest.raises(ConfigError, match="set TELNYX_BASE_URL"):
        Settings.load().require("telnyx_base_url")


def test_a_token_key_is_long_enough_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the settings nor in the error."""
    monkeypatch.setenv("OFFHOOK_TOKEN_KEY", "canary")
    with pytest.raises(ConfigError, match="OFFHOOK_TOKEN_KEY") as refused:
        Settings.load()
    assert "canary" not in str(refused.value)
    assert "openssl rand" in str(refused.value.fix)
    monkeypatch.setenv("OFFHOOK_TOKEN_KEY", "canary" * 6)
    settings = Settings.load()
    assert settings.offhook_token_key is not None
    assert "canary" not in repr(settings)


def test_all_that_is_missing_is_named_at_once() -> None:
    """Settings, and what else is known to be missing, each with what to do about it, and that once."""
    with pytest.raises(ConfigError) as caught:
        Settings.load(telnyx_api_key="KEY0123").require(
            "telnyx_api_key", "telnyx_public_key", "telnyx_connection_id", missing={"a number": "--from +1…"}
        )
    said = "expected TELNYX_PUBLIC_KEY, TELNYX_CONNECTION_ID and a number to be set, got nothing."
    assert caught.value.message == said
    fixes = (caught.value.fix or "").split("; ")
    assert fixes[-1] == "--from +1…"
    assert len(fixes) == len(set(fixes))
    assert "KEY0123" not in str(caught.value)


def test_what_else_is_missing_is_enough() -> None:
    """Though every setting is there."""
    with pytest.raises(ConfigError, match="expected a number to be set, got nothing"):
        Settings.load(telnyx_api_key="KEY0123").require("telnyx_api_key", missing={"a number": "--from"})
