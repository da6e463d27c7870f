"""Webhooks that must not be acted on, and webhooks that must be acted on once."""

from __future__ import annotations

import base64
import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from offhook.carriers.telnyx.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Signer

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER, WORDS = "+15557770123", "my card number is on the fridge"
"""Personal data that must not be found in a log."""

Delivery = tuple[bytes, dict[str, str]]


def called(carrier: Any) -> bytes:
    """A call that would be answered, full of personal data."""
    state = base64.b64encode(WORDS.encode()).decode()
    body: bytes = carrier.initiated("v3:refused", **{"from": NUMBER, "client_state": state, "caller_id_name": WORDS})
    return body


def signed(carrier: Any, body: bytes, *, ago_s: int = 0) -> Delivery:
    return body, carrier.signer.sign(body, int(time.time()) - ago_s)


def unsigned(carrier: Any) -> Delivery:
    return called(carrier), {}


def without_timestamp(carrier: Any) -> Delivery:
    body, headers = signed(carrier, called(carrier))
    return body, {SIGNATURE_HEADER: headers[SIGNATURE_HEADER]}


def with_a_short_signature(carrier: Any) -> Delivery:
    body, headers = signed(carrier, called(carrier))
    return body, {**headers, SIGNATURE_HEADER: base64.b64encode(b"short").decode()}


def with_a_garbled_signature(carrier: Any) -> Delivery:
    body, headers = signed(carrier, called(carrier))
    return body, {**headers, SIGNATURE_HEADER: "!not base64!"}


def signed_by_somebody_else(carrier: Any) -> Delivery:
    body = called(carrier)
    return body, Signer().sign(body, int(time.time()))


def changed_on_the_way(carrier: Any) -> Delivery:
    body, headers = signed(carrier, called(carrier))
    return body.replace(b"+15550199", b"+15550198"), headers


def signed_301_s_ago(carrier: Any) -> Delivery:
    return signed(carrier, called(carrier), ago_s=301)


def signed_in_302_s(carrier: Any) -> Delivery:
    return signed(carrier, called(carrier), ago_s=-302)


def with_a_timestamp_that_is_no_number(carrier: Any) -> Delivery:
    body, headers = signed(carrier, called(carrier))
    return body, {**headers, TIMESTAMP_HEADER: "yesterday"}


def signed_but_cut_off(carrier: Any) -> Delivery:
    return signed(carrier, called(carrier)[:-20])


def signed_but_not_utf8(carrier: Any) -> Delivery:
    return signed(carrier, b'{"data": "\xff\xfe' + WORDS.encode() + b'"}')


def signed_but_not_an_event(carrier: Any) -> Delivery:
    return signed(carrier, json.dumps({"from": NUMBER, "said": [WORDS]}).encode())


def signed_but_nested_without_end(carrier: Any) -> Delivery:
    return signed(carrier, b"[" * 200_000)


@pytest.mark.parametrize(
    ("delivery", "status"),
    [
        (unsigned, 401),
        (without_timestamp, 401),
        (with_a_short_signature, 401),
        (with_a_garbled_signature, 401),
        (signed_by_somebody_else, 401),
        (changed_on_the_way, 401),
        (with_a_timestamp_that_is_no_number, 401),
        (signed_301_s_ago, 403),
        (signed_in_302_s, 403),
        (signed_but_cut_off, 400),
        (signed_but_not_utf8, 400),
        (signed_but_not_an_event, 400),
        (signed_but_nested_without_end, 400),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_a_hostile_webhook_is_refused(carrier: Any, delivery: Callable[[Any], Delivery], status: int) -> None:
    """4xx, no effect, and one line in the log without personal data."""
    lines, calls = len(log_lines(carrier)), health(carrier)["calls"]
    body, headers = delivery(carrier)
    assert carrier.post(body, headers).status_code == status
    assert_refused(carrier, lines, calls, status)


def test_a_webhook_with_the_signature_twice_is_refused(carrier: Any) -> None:
    """Which of the two was checked would be a matter of luck."""
    lines, calls = len(log_lines(carrier)), health(carrier)["calls"]
    body, headers = signed(carrier, called(carrier))
    doubled = [*headers.items(), (SIGNATURE_HEADER, headers[SIGNATURE_HEADER])]
    assert raw_post(carrier, body, doubled) == 401
    assert_refused(carrier, lines, calls, 401)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_webhook_above_one_mebibyte_is_refused(carrier: Any, announced: bool) -> None:
    """413, whether its length is known beforehand or not, though it is well signed."""
    lines, calls = len(log_lines(carrier)), health(carrier)["calls"]
    body = called(carrier)[:-1] + b" " * (1024 * 1024) + b"}"
    _, headers = signed(carrier, body)
    assert raw_post(carrier, body, list(headers.items()), announced=announced) == 413
    assert_refused(carrier, lines, calls, 413)


def test_a_replayed_webhook_has_no_second_effect(carrier: Any) -> None:
    """The same bytes with the same signature: 409, and one answer to the call."""
    before = health(carrier)["webhooks"]["refused"].get("replayed", 0)
    body = carrier.initiated("v3:replayed")
    headers = carrier.signer.sign(body, int(time.time()))
    assert [carrier.post(body, headers).status_code for _ in range(20)] == [200] + [409] * 19
    carrier.command("v3:replayed", "answer")
    carrier.hang_up("v3:replayed")
    assert carrier.commanded("v3:replayed") == ["answer"]
    assert health(carrier)["webhooks"]["refused"]["replayed"] == before + 19


def test_an_event_signed_anew_is_still_the_same_event(carrier: Any) -> None:
    """A carrier that tries again signs again: the event's id says that it is the same."""
    body = carrier.initiated("v3:again")
    for ago_s in (9, 6, 3):
        assert carrier.post(body, carrier.signer.sign(body, int(time.time()) - ago_s)).status_code == 200
    carrier.command("v3:again", "answer")
    carrier.hang_up("v3:again")
    assert carrier.commanded("v3:again") == ["answer"]


def test_events_in_the_wrong_order_do_not_bring_a_call_back(carrier: Any) -> None:
    """A call whose end is known before its beginning is not answered."""
    carrier.hang_up("v3:backwards")
    assert carrier.post(carrier.event("call.answered", "v3:backwards")).status_code == 200
    assert carrier.post(carrier.initiated("v3:backwards")).status_code == 200
    marker = carrier.ring()  # whatever was to be done before is done
    carrier.hang_up(marker)
    assert carrier.commanded("v3:backwards") == []


def test_an_event_of_an_unknown_type_is_taken(carrier: Any) -> None:
    """The carrier adds types: 200, no effect, nothing in the log."""
    lines = len(log_lines(carrier))
    assert carrier.post(carrier.event("call.weather.changed", "v3:weather")).status_code == 200
    assert carrier.commanded("v3:weather") == []
    assert len(log_lines(carrier)) == lines


def test_other_paths_and_methods_do_nothing(carrier: Any) -> None:
    """404 and 405, no effect."""
    body, headers = signed(carrier, called(carrier))
    port = urlsplit(carrier.webhooks).port
    for method, path, status in (("POST", "/webhooks/twilio", 404), ("GET", "/webhooks/telnyx", 405)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, path, body, headers)
        assert connection.getresponse().status == status
        connection.close()
    assert carrier.commanded("v3:refused") == []


# -- helpers ----------------------------------------------------------------------------------------------------------


def health(carrier: Any) -> dict[str, Any]:
    health: dict[str, Any] = carrier.health()
    return health


def log_lines(carrier: Any) -> list[str]:
    """The log, once every refusal that is counted is in it: it is written beside the loop, a moment later."""

    def written() -> list[str] | None:
        refused = sum(health(carrier)["webhooks"]["refused"].values())
        log: str = carrier.agent.log
        lines = log.splitlines()
        whole = log.endswith("\n") or not log
        return ["", *lines] if whole and sum("webhook refused:" in line for line in lines) == refused else None

    found: list[str] = carrier.agent.until(written, "the refusals in the log")
    return found[1:]


def assert_refused(carrier: Any, lines: int, calls: int, status: int) -> None:
    assert carrier.commanded("v3:refused") == []
    assert health(carrier)["calls"] == calls
    new = log_lines(carrier)[lines:]
    assert len(new) == 1, new
    assert f"answered {status}" in new[0]
    for secret in (NUMBER, NUMBER[1:], WORDS, base64.b64encode(WORDS.encode()).decode(), "v3:refused"):
        assert secret not in new[0]


def raw_post(carrier: Any, body: bytes, headers: list[tuple[str, str]], *, announced: bool = True) -> int:
    """Post as a plain program does; the answer counts even if it comes before everything is sent."""
    url = urlsplit(carrier.webhooks)
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=10)
    connection.putrequest("POST", url.path)
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader(*(("content-length", str(len(body))) if announced else ("transfer-encoding", "chunked")))
    connection.endheaders()
    parts = [body[at : at + 65536] for at in range(0, len(body), 65536)]
    for part in parts:
        connection.send(part if announced else b"%x\r\n%b\r\n" % (len(part), part))
    if not announced:
        connection.send(b"0\r\n\r\n")
    status = connection.getresponse().status
    connection.close()
    return status
