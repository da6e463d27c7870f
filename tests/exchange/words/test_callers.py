"""Who may call a number of the exchange."""

from __future__ import annotations

import pytest

from offhook.errors import ConfigError
from offhook.exchange.words.callers import check_caller


@pytest.mark.parametrize(
    ("from_", "caller"),
    [
        ("+15550150", "+15550150"),
        ("15550150", "15550150"),
        ("110", "110"),
        (" +15550150 ", "+15550150"),
        ("sip:anna@example.test", "sip:anna@example.test"),
        ("ANONYMOUS", "anonymous"),
    ],
)
def test_a_caller_is_a_number_an_address_or_nobody(from_: str, caller: str) -> None:
    """As the network shows one; spaces around it do no harm."""
    assert check_caller(from_) == caller


@pytest.mark.parametrize(
    ("from_", "got"),
    [("", "an empty text"), ("  ", "an empty text"), ("anna", "a text of 4"), ("+0155", "a text of 5")],
)
def test_anything_else_is_an_error_that_says_what_came(from_: str, got: str) -> None:
    """An empty caller is not taken for another one."""
    with pytest.raises(ConfigError, match=got):
        check_caller(from_)
