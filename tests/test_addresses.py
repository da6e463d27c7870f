"""Telephone addresses and network names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.addresses import check_address, host_name, is_e164, is_loopback, is_sip_uri
from offhook.errors import ConfigError


@pytest.mark.parametrize("number", ["+6834000", "+15550100", "+123456789012345"])
def test_seven_to_fifteen_digits_after_a_plus_are_a_number(number: str) -> None:
    """The shortest and the longest number that can be dialled from abroad are numbers."""
    assert is_e164(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "+123456",
        "+1234567890123456",
        "15550100",
        "+05550100",
        "+1555 0100",
        "+1555010O",
        "+15550100\n",
        "+1555010\u0660",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    """Too short, too long, without a plus, with a leading zero, with blanks, letters or other scripts' digits."""
    assert not is_e164(text)


def test_a_sip_uri_has_a_user_and_a_host() -> None:
    """Both schemes count, in any case; a bare host does not."""
    assert is_sip_uri("sip:desk@example.com")
    assert is_sip_uri("SIPS:desk@example.com;transport=tls")
    assert not is_sip_uri("sip:example.com")
    assert not is_sip_uri("sip:desk @example.com")


def test_an_address_that_can_be_dialled_is_given_back() -> None:
    """Numbers and SIP addresses pass as they are."""
    assert check_address("+15550100") == "+15550100"
    assert check_address("sip:desk@example.com") == "sip:desk@example.com"


def test_a_refused_address_is_not_repeated_in_the_message() -> None:
    """What was given may be personal data; the message says what it should look like, and for what."""
    with pytest.raises(ConfigError) as caught:
        check_address("555 0100", purpose="to call")
    assert "to call" in str(caught.value)
    assert "555 0100" not in str(caught.value)


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("localhost:8080", "localhost"),
        ("LOCALHOST", "localhost"),
        ("[::1]:80", "::1"),
        ("http://127.0.0.1:9/path", "127.0.0.1"),
        ("user@host.example:1", "host.example"),
        ("", ""),
        ("[::1", ""),
    ],
)
def test_the_name_of_an_authority_has_no_port_and_no_brackets(authority: str, name: str) -> None:
    """A Host header, an Origin and a URL name their host in the same way."""
    assert host_name(authority) == name


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_many_names(name: str) -> None:
    """The name and every loopback address mean this machine."""
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["", "localhost.example.com", "10.0.0.1", "0.0.0.0", "::", "127.0.0.1.example", "1"])
def test_other_names_do_not_mean_this_machine(name: str) -> None:
    """A name that only looks like it, a private address and the address of all interfaces are elsewhere."""
    assert not is_loopback(name)


@given(st.text())
def test_nothing_that_is_typed_raises(text: str) -> None:
    """Whatever stands in a header or on a command line is judged, never a crash."""
    assert isinstance(is_loopback(host_name(text)), bool)
    assert isinstance(is_e164(text) or is_sip_uri(text), bool)


@pytest.mark.parametrize(
    ("to", "shape"),
    [
        ("", "0 characters, without a +"),
        ("555 0100x", "9 characters (letters and digits and spaces), without a +"),
        ("+1-555", "6 characters (digits and other signs)"),
        ("+", "1 characters"),
    ],
)
def test_what_cannot_be_dialled_is_described_and_not_quoted(to: str, shape: str) -> None:
    """It may be somebody's number all the same."""
    with pytest.raises(ConfigError) as refused:
        check_address(to)
    assert f"got {shape}." in str(refused.value)
