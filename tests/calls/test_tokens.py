"""Signed tokens: made with the key or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.tokens import KEY_BYTES, TokenKey
from offhook.carriers.commands import StreamRequest
from offhook.errors import ConfigError

KEY = TokenKey(bytes(range(KEY_BYTES)))
REQUEST = StreamRequest(url="wss://a.example/secret", codec="L16", sample_rate=16000, track="outbound")
TOKEN = KEY.sign(carrier="paper", call="own", request=REQUEST, expires_at_ms=1000.5)


def test_a_token_says_what_it_is_good_for() -> None:
    """To whoever has the key."""
    grant = TokenKey(bytes(range(KEY_BYTES))).read(TOKEN)
    assert grant is not None
    assert (grant.carrier, grant.call, grant.expires_at_ms) == ("paper", "own", 1000.5)
    assert grant.request == StreamRequest(url="", codec="L16", sample_rate=16000, track="outbound")


def test_no_two_tokens_are_the_same() -> None:
    """Even of one call at one time."""
    tokens = {KEY.sign(carrier="paper", call="own", request=REQUEST, expires_at_ms=1) for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) < 200 for token in tokens)


def test_another_key_reads_nothing() -> None:
    """Least of all one that was made up."""
    assert TokenKey().read(TOKEN) is None
    assert TokenKey().read(TokenKey().sign(carrier="", call="", request=REQUEST, expires_at_ms=1)) is None


@given(st.integers(min_value=0, max_value=len(TOKEN) - 1), st.characters(codec="utf-8"))
def test_a_token_with_one_character_changed_is_none(at: int, character: str) -> None:
    """Wherever, and whatever to: nor is another spelling of the same bytes."""
    changed = TOKEN[:at] + character + TOKEN[at + 1 :]
    assert (KEY.read(changed) is not None) == (changed == TOKEN)


@given(st.text(max_size=300))
def test_text_is_no_token(text: str) -> None:
    """Nothing is raised for it."""
    assert KEY.read(text) is None


@pytest.mark.parametrize("wrong", ["", TOKEN[:-1], TOKEN + "A", TOKEN + "=", TOKEN + "AAAA" * 300, "\udcff", "A"])
def test_a_token_is_whole(wrong: str) -> None:
    """No less, no more."""
    assert KEY.read(wrong) is None


def test_a_key_is_long_enough_and_not_shown() -> None:
    """Or it could be guessed, or read in a log."""
    with pytest.raises(ConfigError, match="32 bytes or more, got 31"):
        TokenKey(bytes(31))
    assert repr(TokenKey(b"canary" * 6)) == "TokenKey()"


def test_a_token_is_short_or_it_is_not_looked_at() -> None:
    """1,024 characters at most, even of one that was made with the key: nobody makes us decode a megabyte."""
    lengths = {}
    for letters in range(500, 700):
        token = KEY.sign(carrier="paper", call="x" * letters, request=REQUEST, expires_at_ms=1)
        lengths[len(token)] = KEY.read(token) is not None
    assert {1024, 1026} <= set(lengths)
    assert all(taken == (length <= 1024) for length, taken in lengths.items())


def test_a_token_cannot_be_guessed_from_another() -> None:
    """16 bytes of chance are in each."""
    grant = KEY.read(TOKEN)
    assert grant is not None
    assert len(grant.nonce) == 22
