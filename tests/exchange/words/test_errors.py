"""The carrier's refusals, as a client reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.exchange.words import errors

if TYPE_CHECKING:
    from offhook.exchange.words.errors import ApiError


@pytest.mark.parametrize(
    ("error", "status", "code", "pointer"),
    [
        (errors.unauthenticated(), 401, "10009", None),
        (errors.not_authorized(), 403, "10010", None),
        (errors.not_found(), 404, "10005", None),
        (errors.method_not_allowed(), 405, "10030", None),
        (errors.not_played("queues"), 501, "10038", None),
        (errors.invalid_json(), 400, "10023", None),
        (errors.body_too_large(5), 413, "10015", None),
        (errors.missing_parameter("to"), 422, "10004", "/to"),
        (errors.wrong_type("to", "string"), 422, "10026", "/to"),
        (errors.invalid_enum("a", ["b"]), 422, "10032", "/a"),
        (errors.out_of_range("a", 1, 2), 422, "10033", "/a"),
        (errors.invalid_value("a", "90001", "title", "detail"), 422, "90001", "/a"),
        (errors.not_e164("to"), 422, "10016", "/to"),
        (errors.client_state_not_base64(), 422, "90017", "/client_state"),
        (errors.invalid_connection_id(), 422, "10015", "/connection_id"),
        (errors.invalid_call_control_id(), 422, "90015", "/call_control_id"),
        (errors.call_ended(), 422, "90018", None),
        (errors.call_not_answered(), 422, "90034", None),
        (errors.outbound_call("answer"), 422, "90102", None),
        (errors.already_answered("reject"), 422, "10015", None),
        (errors.streaming_used(), 422, "90045", None),
        (errors.streaming_not_used(), 422, "90048", None),
    ],
)
def test_every_refusal_has_the_status_the_code_and_the_place_that_the_carrier_gives_it(
    error: ApiError, status: int, code: str, pointer: str | None
) -> None:
    """Programs branch on the code, and the error guide is read by it."""
    assert (error.status, error.code, error.pointer) == (status, code, pointer)
    assert str(error) == f"{status} {code} {error.title}"
    told = {
        "code": code,
        "title": error.title,
        "detail": error.detail,
        **({"source": {"pointer": pointer}} if pointer else {}),
        "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"},
    }
    assert error.body() == {"errors": [told]}


def test_what_was_expected_is_in_the_detail() -> None:
    """Values in order, bounds on both sides, the name of the field: enough to correct a request without the manual."""
    assert errors.invalid_enum("a", [2, 10, "b"]).detail == "The value must be one of: 10, 2, b."
    assert errors.out_of_range("a", 5, 600).detail == "The value is outside of allowed range 5 to 600"
    assert "'to'" in errors.missing_parameter("to").detail
    assert "type 'string'" in errors.wrong_type("to", "string").detail
    assert "5 bytes" in errors.body_too_large(5).detail
    assert "queues" in errors.not_played("queues").detail
    assert "'answer'" in errors.outbound_call("answer").detail
    assert "'reject'" in errors.already_answered("reject").detail


def test_a_parameter_may_have_a_code_of_its_own() -> None:
    """The carrier gives some limits one."""
    error = errors.out_of_range("timeout_secs", 5, 600, "90028", "Invalid value for timeout_secs")
    assert (error.code, error.title) == ("90028", "Invalid value for timeout_secs")
    assert errors.client_state_not_base64("target_leg_client_state").pointer == "/target_leg_client_state"
    assert errors.invalid_call_control_id("/link_to").pointer == "/link_to"
