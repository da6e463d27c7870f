"""What sessions share: requests, and messages as objects."""

from __future__ import annotations

from offhook.testing.providers.session import Request, as_object, to_json


def test_a_query_is_read_as_clients_write_it() -> None:
    """Truth values in any case; what is not there, or no number, is the default."""
    request = Request("/", {"a": ("True",), "b": ("false",), "n": ("2.5",), "x": ("y", "z")})
    assert [request.flag(name) for name in "abx"] == [True, False, False]
    assert request.flag("c", default=True)
    assert [request.number(name, 7) for name in ("n", "x", "c")] == [2.5, 7, 7]
    assert (request.one("x"), request.one("c"), request.one("c", "d")) == ("y", "", "d")


def test_a_message_is_an_object_or_none() -> None:
    """Audio is none."""
    assert as_object(to_json({"a": 1})) == {"a": 1}
    assert [as_object(message) for message in (b"{}", "[]", "{", "[" * 100_000)] == [None] * 4
