"""Applications and numbers, by the carrier's own library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import telnyx

from offhook.exchange.api.resources import page_of

if TYPE_CHECKING:
    import httpx
    from telnyx import AsyncTelnyx

APP, NUMBER_ID = "1000000000000000001", "1000000000000000002"


def code_of(error: telnyx.APIStatusError) -> str:
    return str(error.body["errors"][0]["code"])  # type: ignore[index]


async def test_an_application_is_made_changed_and_deleted(client: AsyncTelnyx) -> None:
    """With the carrier's defaults, except for the webhook format: programs that do not say one expect version 2."""
    apps = client.call_control_applications
    made = (await apps.create(application_name="Second", webhook_event_url="http://127.0.0.1:9/hooks")).data
    assert made is not None
    assert made.id is not None
    assert (made.webhook_api_version, made.active, made.dtmf_type) == ("2", True, "RFC 2833")
    changed = (
        await apps.update(
            made.id,
            application_name="Second",
            webhook_event_url="http://127.0.0.1:9/hooks",
            webhook_event_failover_url="http://127.0.0.1:9/second",
            webhook_api_version="2",
            webhook_timeout_secs=5,
            tags=["x"],
        )
    ).data
    assert changed is not None
    assert (changed.webhook_api_version, changed.webhook_timeout_secs, changed.tags) == ("2", 5, ["x"])
    assert changed.webhook_event_failover_url == "http://127.0.0.1:9/second"
    assert (await apps.retrieve(made.id)).data == changed
    assert [one.application_name async for one in await apps.list()] == ["Local agent", "Second"]
    await apps.delete(made.id)
    with pytest.raises(telnyx.NotFoundError) as refusal:
        await apps.retrieve(made.id)
    assert code_of(refusal.value) == "10005"


async def test_numbers_move_between_applications(exchange: Any, client: AsyncTelnyx, telephone: Any) -> None:
    """A number without an application cannot be called."""
    number = (await client.phone_numbers.retrieve(NUMBER_ID)).data
    assert number is not None
    assert (number.phone_number, number.connection_id, number.status) == ("+15550199", APP, "active")
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await client.phone_numbers.update(NUMBER_ID, connection_id="42")
    assert code_of(refusal.value) == "10015"
    await client.phone_numbers.update(NUMBER_ID, connection_id="", tags=["main"], customer_reference="r")
    assert exchange.numbers() == []
    updated = (await client.phone_numbers.update("+15550199", connection_id=APP)).data
    assert updated is not None
    assert (updated.tags, updated.customer_reference, updated.connection_name) == (["main"], "r", "Local agent")
    await client.call_control_applications.delete(APP)
    assert exchange.numbers() == []


async def test_lists_are_filtered_and_paged(http: httpx.AsyncClient) -> None:
    """page[number], page[size], filter[…]."""
    for name in ("Alpha", "Beta"):
        body = {"application_name": name, "webhook_event_url": "http://127.0.0.1:9/"}
        assert (await http.post("/v2/call_control_applications", json=body)).status_code == 201
    page = (await http.get("/v2/call_control_applications", params={"page[size]": 2, "page[number]": 2})).json()
    assert [one["application_name"] for one in page["data"]] == ["Beta"]
    assert page["meta"] == {"page_number": 2, "page_size": 2, "total_pages": 2, "total_results": 3}
    found = (
        await http.get("/v2/call_control_applications", params={"filter[application_name][contains]": "alp"})
    ).json()
    assert [one["application_name"] for one in found["data"]] == ["Alpha"]
    for query, count in (
        ({"filter[phone_number]": "+15550199"}, 1),
        ({"filter[phone_number]": "999"}, 0),
        ({"filter[connection_id]": APP}, 1),
        ({"filter[connection_id]": "x"}, 0),
        ({"filter[tag]": "x"}, 0),
    ):
        assert len((await http.get("/v2/phone_numbers", params=query)).json()["data"]) == count
    assert page_of([], {"page[size]": "none"})["meta"]["total_pages"] == 1
    for text, size in (("0", 20), ("²", 20), ("-3", 20), ("9" * 5000, 250)):
        assert page_of([], {"page[size]": text})["meta"]["page_size"] == size


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/v2/call_control_applications", {"application_name": "x"}, "10004"),
        ("POST", "/v2/call_control_applications", {"webhook_event_url": "http://a"}, "10004"),
        ("POST", "/v2/call_control_applications", {"application_name": "x", "webhook_event_url": "a"}, "10003"),
        ("PATCH", f"/v2/call_control_applications/{APP}", {"webhook_api_version": "3"}, "10032"),
        ("PATCH", f"/v2/call_control_applications/{APP}", {"webhook_timeout_secs": 31}, "10033"),
        ("PATCH", f"/v2/phone_numbers/{NUMBER_ID}", {"tags": "x"}, "10026"),
        ("PATCH", "/v2/phone_numbers/42", {}, "10005"),
        ("DELETE", "/v2/call_control_applications/42", {}, "10005"),
        ("PUT", "/v2/phone_numbers", {}, "10030"),
        ("GET", "/v2/phone_numbers/1/voice", {}, "10005"),
    ],
)
async def test_wrong_requests_are_refused(
    http: httpx.AsyncClient, method: str, path: str, body: dict[str, Any], code: str
) -> None:
    """With the carrier's code."""
    reply = await http.request(method, path, json=body)
    assert reply.json()["errors"][0]["code"] == code


async def test_the_journal_holds_no_number_of_a_path(exchange: Any, http: httpx.AsyncClient) -> None:
    """A number can be named in a path; the journal says of which kind the path was."""
    for path in ("/v2/phone_numbers/+15550199", "/v2/conferences/+15550199", "/v2/+15550199[/]"):
        await http.patch(path, json={"tags": []})
    events = [event for event in exchange.journal.history() if event["type"] == "command.received"]
    assert [event["action"] for event in events] == [
        "PATCH /v2/phone_numbers/{id}",
        "PATCH /v2/conferences/…",
        "PATCH /v2/…",
    ]


async def test_an_inactive_application_takes_no_calls(exchange: Any, http: httpx.AsyncClient) -> None:
    """Neither way."""
    await http.patch(f"/v2/call_control_applications/{APP}", json={"active": False})
    reply = await http.post("/v2/calls", json={"connection_id": APP, "to": "+15550100", "from": "+15550199"})
    assert reply.json()["errors"][0]["code"] == "10015"
    assert (await http.get("/v2/connections/42/active_calls")).status_code == 422


async def test_active_calls_are_paged_by_cursor(exchange: Any, http: httpx.AsyncClient, telephone: Any) -> None:
    """page[limit] and page[after]."""
    ids = [exchange.place_call(from_="+15550150", to="+15550199", phone=telephone()) for _ in range(3)]
    path = f"/v2/connections/{APP}/active_calls"
    first = (await http.get(path, params={"page[limit]": 2})).json()
    assert [one["call_control_id"] for one in first["data"]] == ids[:2]
    second = (await http.get(path, params={"page[limit]": 2, "page[after]": first["meta"]["cursors"]["after"]})).json()
    assert [one["call_control_id"] for one in second["data"]] == ids[2:]
    assert second["meta"]["cursors"] == {"before": ids[2]}
    assert len((await http.get(path, params={"page[limit]": "²"})).json()["data"]) == 3
