"""Where a provider is: its own address, or another that was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.errors import ConfigError
from offhook.providers.addressing import base_of, with_query, within_limits

if TYPE_CHECKING:
    from pathlib import Path

OWN = "wss://api.example.com"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FIRST_URL", "SECOND_URL"):
        monkeypatch.delenv(name, raising=False)


def test_what_is_given_counts_more_than_the_environment_and_that_more_than_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first variable that is set before the second."""
    assert base_of("X", None, "FIRST_URL", "SECOND_URL", default=OWN) == OWN
    monkeypatch.setenv("SECOND_URL", "wss://second.example.com")
    assert base_of("X", None, "FIRST_URL", "SECOND_URL", default=OWN) == "wss://second.example.com"
    monkeypatch.setenv("FIRST_URL", "wss://first.example.com")
    assert base_of("X", None, "FIRST_URL", "SECOND_URL", default=OWN) == "wss://first.example.com"
    assert base_of("X", "wss://given.example.com", "FIRST_URL", default=OWN) == "wss://given.example.com"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("https://x.test", "wss://x.test"),
        ("http://127.0.0.1:8080/v2/", "ws://127.0.0.1:8080/v2"),
        ("ws://[::1]:80", "ws://[::1]:80"),
    ],
)
def test_an_address_of_the_web_is_one_of_sockets(given: str, wanted: str) -> None:
    """With its port and its path."""
    assert base_of("X", given, "FIRST_URL", default=OWN) == wanted


@pytest.mark.parametrize(
    "given", ["x.test", "ftp://x.test", "https://", "http://x:0", "http://x:port", "http://x/?a=1", "http://x/#a"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    """With the variable to correct, and without quoting it."""
    with pytest.raises(ConfigError) as wrong:
        base_of("X", given, "FIRST_URL", default=OWN)
    assert "FIRST_URL" in str(wrong.value.fix)
    assert "x:" not in wrong.value.message
    assert "x.test" not in wrong.value.message


def test_a_query_is_written_as_vendors_read_it() -> None:
    """Truth values small, lists as names that repeat, and nothing for what is not set."""
    query = [("a", True), ("b", False), ("c", None), ("d", 5), ("e", "x y"), ("e", "z")]
    assert with_query("ws://x", query) == "ws://x?a=true&b=false&d=5&e=x+y&e=z"


def test_what_is_out_of_range_is_refused() -> None:
    """What is not given is in it."""
    assert within_limits("n", None, 0, 1) is None
    assert within_limits("n", 1.0, 0, 1) == 1.0
    with pytest.raises(ConfigError, match="n from 0 to 1, got 2"):
        within_limits("n", 2, 0, 1)
