from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.telnyx.errors import from_api_error, from_reply, retry_after_ms
from offhook.errors import (
    AuthenticationFailed,
    CallEnded,
    CallNotAnswered,
    CallNotFound,
    CarrierError,
    CarrierUnavailable,
    CommandInvalid,
)


def refusal(code: object, **fields: Any) -> dict[str, Any]:
    """The body of a refusal."""
    return {"errors": [{"code": code, "title": "Title", "detail": "the number +15125550100 is bad"} | fields]}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "10009", AuthenticationFailed),
        (401, "77777", AuthenticationFailed),
        (403, "20002", AuthenticationFailed),
        (403, "10010", CarrierError),
        (403, "77777", CarrierError),
        (404, "10007", CallNotFound),
        (422, "90015", CallNotFound),
        (422, "90018", CallEnded),
        (422, 90018, CallEnded),
        (422, "90034", CallNotAnswered),
        (422, "10016", CommandInvalid),
        (422, "10011", CommandInvalid),
        (429, "10011", CarrierUnavailable),
        (422, "77777", CommandInvalid),
        (400, "90046", CarrierError),
        (408, "", CarrierUnavailable),
        (500, "10007", CarrierUnavailable),
        (503, "90018", CarrierUnavailable),
        (418, "", CarrierError),
    ],
)
def test_a_code_means_an_error(status: int, code: object, kind: type[CarrierError]) -> None:
    """5xx and 429 are judged by status, the rest by code, and unknown codes by status."""
    error = from_reply(status, refusal(code), call_id="v3:leg-one")
    assert type(error) is kind
    assert error.call_id == "v3:leg-one"
    assert error.carrier_code == (str(code) or None)
    assert f"HTTP {status}" in str(error)


def test_no_such_resource_is_no_such_call_only_where_a_call_was_meant() -> None:
    """A dial has no call yet."""
    assert type(from_reply(404, refusal("10007"))) is CarrierError


def test_the_message_says_where_but_quotes_nothing() -> None:
    """Details of the API may hold phone numbers; codes and pointers do not."""
    error = from_reply(422, refusal("10016", source={"pointer": "/to"}))
    assert str(error) == (
        "expected a phone number in E.164 format at /to, got refused by Telnyx (HTTP 422, code 10016). "
        "fix: write it as +, country code, number."
    )


def test_the_place_may_be_a_query_parameter() -> None:
    """The API names one or the other."""
    assert " at filter[to]," in str(from_reply(422, refusal("10015", source={"parameter": "filter[to]"})))


def test_an_unknown_code_links_to_its_page() -> None:
    """There are more codes than this table has."""
    assert "overview/errors/77777" in str(from_reply(422, refusal("77777")))


@pytest.mark.parametrize("body", [None, "<html>", [], {}, {"errors": []}, {"errors": "x"}, {"errors": [None]}])
def test_a_body_of_another_form_leaves_the_status(body: object) -> None:
    """Proxies answer in their own words."""
    error = from_reply(422, body)
    assert isinstance(error, CommandInvalid)
    assert error.carrier_code is None


@given(status=st.integers(400, 599), code=st.text(), pointer=st.one_of(st.none(), st.text(), st.integers()))
def test_no_text_of_the_reply_gets_into_the_message(status: int, code: str, pointer: object) -> None:
    """Codes and pointers of an unexpected form are left out, and nothing else is taken."""
    error = from_reply(status, refusal(f"{code} +15125550100", source={"pointer": f"/ {pointer} +15125550100"}))
    assert "5125550100" not in str(error)
    assert "Title" not in str(error)


def test_no_reply_is_worth_retrying() -> None:
    """An error without a status never reached the carrier, or never came back."""
    error = from_api_error(TimeoutError("to +15125550100"), call_id="v3:leg-one")
    assert isinstance(error, CarrierUnavailable)
    assert error.retryable
    assert "TimeoutError" in str(error)
    assert "5125550100" not in str(error)


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2000),
        ({"retry-after": "0.5", "x-ratelimit-reset": "9"}, 500),
        ({"x-ratelimit-reset": "9"}, 9000),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e9"}, None),
    ],
)
def test_the_carrier_may_ask_for_time(headers: dict[str, str], wait_ms: float | None) -> None:
    """In seconds; dates count as not said."""
    assert retry_after_ms(headers) == wait_ms
