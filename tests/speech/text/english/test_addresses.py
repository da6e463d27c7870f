"""Addresses on the net, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("info@offhook.dev", "info at offhook dot dev"),
        ("Write to info@offhook.dev.", "Write to info at offhook dot dev."),
        ("john.smith_99@mail.example.co.uk", "john dot smith underscore nine nine at mail dot example dot co dot U K"),
        ("a-b+c@x.io", "A, dash B plus C at X dot io"),
        ("50%off@offhook.dev", "five zero percent off at offhook dot dev"),
        ("offhook.dev", "offhook dot dev"),
        ("See docs.offhook.dev, please", "See docs dot offhook dot dev, please"),
        ("offhook.dev/pay", "offhook dot dev slash pay"),
        ("bbc.co.uk", "B B C dot co dot U K"),
        ("365.com", "three six five dot com"),
        ("Node.js", "Node.js"),
    ],
)
def test_an_address_is_said_part_by_part(said: Callable[[str], str], written: str, spoken: str) -> None:
    """Dots and signs by their names, digits and short parts without a vowel one by one; a file name is no address."""
    assert said(written) == spoken
