"""Which requests are answered at all."""

from __future__ import annotations

import pytest

from offhook.exchange.api.admission import Asking, from_this_machine, is_own_page, may_change

OWN = "127.0.0.1:12111"


@pytest.mark.parametrize(
    ("asking", "here"),
    [
        (Asking(host=OWN), True),
        (Asking(host="localhost"), True),
        (Asking(host="[::1]:1"), True),
        (Asking(host="evil.example:12111"), False),
        (Asking(host="localhost.evil.example"), False),
        (Asking(host=""), False),
        (Asking(host="["), False),
        (Asking(host=OWN, origin="http://localhost:3000"), True),
        (Asking(host=OWN, origin="http://evil.example"), False),
        (Asking(host=OWN, origin="null"), False),
        (Asking(host=OWN, client="10.0.0.9"), False),
        (Asking(host=OWN, client="::1"), True),
    ],
)
def test_what_is_from_this_machine(asking: Asking, here: bool) -> None:
    """Sent to a loopback name, by a page of one or by none, from a loopback address."""
    assert from_this_machine(asking) is here


def test_an_exchange_in_a_container_may_answer_others() -> None:
    """Whatever address they come from; names are checked all the same."""
    assert from_this_machine(Asking(host=OWN, client="10.0.0.9"), any_client=True)
    assert not from_this_machine(Asking(host="evil.example", client="10.0.0.9"), any_client=True)


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        (f"http://{OWN}", True),
        ("http://127.0.0.1:3000", False),
        ("http://localhost:12111", False),
        ("null", False),
        ("", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_a_page_of_the_exchange_has_its_host_and_port(origin: str | None, own: bool) -> None:
    """Another port of the same machine is another site."""
    assert is_own_page(OWN, origin) is own
    assert not is_own_page("", origin)


@pytest.mark.parametrize(
    ("asking", "may"),
    [
        (Asking(host=OWN), True),
        (Asking(host=OWN, content_type="application/json"), True),
        (Asking(host=OWN, content_type="Application/JSON; charset=utf-8"), True),
        (Asking(host=OWN, content_type="text/plain"), False),
        (Asking(host=OWN, origin=f"http://{OWN}"), True),
        (Asking(host=OWN, origin="http://127.0.0.1:3000"), False),
    ],
)
def test_who_may_change_something(asking: Asking, may: bool) -> None:
    """A program, or the exchange's own page; with JSON, or with nothing."""
    assert may_change(asking) is may
