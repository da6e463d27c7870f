"""Commands over real sockets on loopback, through the official package."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from offhook.carriers.commands import Carrier, DialedCall, LiveLeg, StreamRequest
from offhook.carriers.telnyx.client import TelnyxCarrier
from offhook.errors import (
    CallNotAnswered,
    CallNotFound,
    CarrierError,
    CarrierUnavailable,
    ConfigError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LEG = "v3:leg-one"
L16 = StreamRequest(url="wss://app.test/media/token", codec="L16", sample_rate=16000)


def refusal(code: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "title": "No", "detail": "+15125550100 said secret words"}]}


# -- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "alive"),
    [
        (200, {"data": {"call_control_id": LEG, "is_alive": True}}, True),
        (200, {"data": {"call_control_id": LEG, "is_alive": False}}, False),
        (200, {}, False),
        (404, {"errors": [{"code": "10005"}]}, False),
        (422, {"errors": [{"code": "90015"}]}, False),
    ],
)
async def test_the_carrier_is_asked_whether_a_leg_lives(
    api: Any, replies: Any, carrier: Carrier, status: int, body: dict[str, Any], alive: bool
) -> None:
    """One that it does not know, or does not know any more, is over."""
    api.replies.append(replies(status, body))
    assert await carrier.is_alive(LEG) is alive
    assert (api.requests[0].method, api.requests[0].path) == ("GET", f"/v2/calls/{LEG}")


async def test_a_carrier_that_does_not_say_whether_a_leg_lives_is_an_error(
    api: Any, replies: Any, carrier: Carrier
) -> None:
    """Not knowing is not the same as being over."""
    api.replies += [replies(503)] * 4
    with pytest.raises(CarrierUnavailable):
        await carrier.is_alive(LEG)


async def test_the_legs_that_are_up_are_listed_page_by_page(api: Any, replies: Any, carrier: Carrier) -> None:
    """The list is paged by cursors; what hangs on a leg is decoded, and nothing is no text."""
    first = {"call_control_id": LEG, "call_leg_id": "l", "call_session_id": "s", "client_state": "am9iLTE="}
    second = {"call_control_id": "v3:leg-two", "client_state": ""}
    api.replies.append(replies(body={"data": [first], "meta": {"cursors": {"after": "x"}}}))
    api.replies.append(replies(body={"data": [second], "meta": {"cursors": {"after": "x"}}}))
    assert await carrier.live_legs() == (
        LiveLeg(call_id=LEG, leg_id="l", session_id="s", client_state="job-1"),
        LiveLeg(call_id="v3:leg-two"),
    )
    path = "/v2/connections/1000000000000000001/active_calls"
    asked = [urlsplit(request.path) for request in api.requests]
    assert [(each.path, unquote(each.query)) for each in asked] == [
        (path, "page[limit]=250"),
        (path, "page[limit]=250&page[after]=x"),
    ]


async def test_an_application_of_no_calls_has_no_legs(
    api: Any, replies: Any, make: Callable[..., TelnyxCarrier]
) -> None:
    """Nor has one that is not known; another one can be asked for."""
    api.replies.append(replies(body={"data": [], "meta": {}}))
    carrier = make(connection_id=None)
    assert await carrier.live_legs() == ()
    assert await carrier.live_legs("7") == ()
    assert [urlsplit(request.path).path for request in api.requests] == ["/v2/connections/7/active_calls"]


# -- what is sent -----------------------------------------------------------------------------------------------------


async def test_every_command_goes_to_its_path_with_its_fields(api: Any, carrier: Carrier) -> None:
    """Paths and fields are those of the API description, and each has a new command_id."""
    stream = StreamRequest(url="wss://app.test/media/token")
    await carrier.answer(LEG, stream=stream, client_state="job-1")
    await carrier.answer(LEG)
    await carrier.reject(LEG)
    await carrier.reject(LEG, cause="busy")
    await carrier.hangup(LEG)
    await carrier.transfer(LEG, to="+15125550111")
    await carrier.transfer(LEG, to="+15125550111", from_="+15125550199", timeout_s=10, leg_state="job-1")
    await carrier.send_dtmf(LEG, "1w#")
    await carrier.speak(LEG, "One moment.")
    await carrier.speak(LEG, "One moment.", voice="Telnyx.KokoroTTS.af")
    await carrier.start_streaming(LEG, stream)
    await carrier.stop_streaming(LEG)

    ids = [uuid.UUID(request.body.pop("command_id")) for request in api.requests]
    assert len(set(ids)) == 12
    assert {one.version for one in ids} == {4}
    assert {request.method for request in api.requests} == {"POST"}
    assert {request.headers["authorization"] for request in api.requests} == {"Bearer KEYtest"}
    stream_fields = {
        "stream_url": "wss://app.test/media/token",
        "stream_track": "inbound_track",
        "stream_codec": "PCMU",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "PCMU",
        "stream_bidirectional_target_legs": "self",
    }
    assert [(request.path.removeprefix(f"/v2/calls/{LEG}/actions/"), request.body) for request in api.requests] == [
        ("answer", stream_fields | {"client_state": "am9iLTE="}),
        ("answer", {}),
        ("reject", {"cause": "CALL_REJECTED"}),
        ("reject", {"cause": "USER_BUSY"}),
        ("hangup", {}),
        ("transfer", {"to": "+15125550111", "timeout_secs": 30}),
        (
            "transfer",
            {"to": "+15125550111", "from": "+15125550199", "timeout_secs": 10}
            | {"target_leg_client_state": "am9iLTE="},
        ),
        ("send_dtmf", {"digits": "1w#"}),
        ("speak", {"payload": "One moment.", "voice": "female", "language": "en-US"}),
        ("speak", {"payload": "One moment.", "voice": "Telnyx.KokoroTTS.af"}),
        ("streaming_start", stream_fields | {"stream_bidirectional_sampling_rate": 8000}),
        ("streaming_stop", {}),
    ]


async def test_dial_gives_the_leg(api: Any, replies: Any, carrier: Carrier) -> None:
    """The reply holds the ids; the leg does not ring yet."""
    api.replies = [
        replies(body={"data": {"call_control_id": LEG, "call_leg_id": "leg", "call_session_id": "session"}}),
        replies(body={"data": {"call_control_id": LEG}}),
    ]
    call = await carrier.dial(to="+15125550111", from_="+15125550199", stream=L16, client_state="job-1", timeout_s=20)
    assert call == DialedCall(call_id=LEG, leg_id="leg", session_id="session")
    assert await carrier.dial(to="+1", from_="+2", command_id="mine") == DialedCall(
        call_id=LEG, leg_id="", session_id=""
    )
    first, second = api.requests
    assert first.path == second.path == "/v2/calls"
    assert first.body.pop("command_id")
    assert first.body == {
        "connection_id": "1000000000000000001",
        "to": "+15125550111",
        "from": "+15125550199",
        "timeout_secs": 20,
        "client_state": "am9iLTE=",
        "stream_url": "wss://app.test/media/token",
        "stream_track": "inbound_track",
        "stream_codec": "L16",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "L16",
        "stream_bidirectional_target_legs": "self",
        "stream_bidirectional_sampling_rate": 16000,
    }
    assert second.body["command_id"] == "mine"


async def test_legs_that_are_dialled_send_their_webhooks_where_they_are_told_to(
    api: Any, replies: Any, make: Callable[..., TelnyxCarrier]
) -> None:
    """A program that dials beside the server of the same application."""
    carrier = make()
    carrier.webhook_url = "https://other.test/webhooks/telnyx"
    api.replies = [replies(body={"data": {"call_control_id": LEG}}), replies(body={"data": {"result": "ok"}})]
    await carrier.dial(to="+1", from_="+2")
    await carrier.transfer(LEG, to="+15125550111")
    assert [request.body["webhook_url"] for request in api.requests] == [carrier.webhook_url] * 2


async def test_a_dial_without_an_id_in_the_reply_is_an_error(api: Any, replies: Any, carrier: Carrier) -> None:
    """There is no call to speak of."""
    api.replies = [replies(body={"data": {"result": "ok"}}), replies(body={})]
    for _ in range(2):
        with pytest.raises(CarrierError, match="call's id"):
            await carrier.dial(to="+1", from_="+2")


async def test_dial_needs_an_application(api: Any, make: Callable[..., TelnyxCarrier]) -> None:
    """Without one nothing is sent."""
    with pytest.raises(ConfigError, match="connection_id"):
        await make(connection_id=None).dial(to="+1", from_="+2")
    assert not api.requests


async def test_a_given_command_id_is_kept(api: Any, carrier: Carrier) -> None:
    """So that a caller may repeat a command over restarts."""
    await carrier.hangup(LEG, command_id="mine")
    assert api.requests[0].body == {"command_id": "mine"}


async def test_an_empty_call_id_is_not_sent(api: Any, carrier: Carrier) -> None:
    """It would address another resource."""
    with pytest.raises(CallNotFound):
        await carrier.hangup("")
    assert not api.requests


# -- streams that answer cannot ask for --------------------------------------------------------------------------------


async def test_a_stream_at_another_rate_is_opened_once_answered(
    api: Any, replies: Any, carrier: Carrier, pauses: Any
) -> None:
    """answer has no field for the rate: it goes bare, then streaming_start until the leg is up."""
    not_yet = replies(422, refusal("90034"))
    api.replies = [replies(), not_yet, not_yet, replies()]
    await carrier.answer(LEG, stream=L16, client_state="job-1", command_id="mine")
    answer, *starts = api.requests
    assert answer.body == {"command_id": "mine", "client_state": "am9iLTE="}
    assert [start.path.rpartition("/")[2] for start in starts] == ["streaming_start"] * 3
    assert {start.body["stream_bidirectional_sampling_rate"] for start in starts} == {16000}
    assert len({start.body["command_id"] for start in starts}) == 3, "a refused command is not repeated but made anew"
    assert pauses.taken_ms == [100, 100]

    api.requests.clear()
    await carrier.answer(LEG, stream=L16, command_id="mine")
    assert api.requests[1].body["command_id"] == starts[0].body["command_id"], "the same answer has the same ids"


async def test_a_leg_that_does_not_come_up_ends_the_wait(api: Any, replies: Any, carrier: Carrier) -> None:
    """After five seconds it is an error."""
    api.replies = [replies()] + [replies(422, refusal("90034"))] * 60
    with pytest.raises(CallNotAnswered):
        await carrier.answer(LEG, stream=L16)
    assert len(api.requests) == 52


# -- what comes back --------------------------------------------------------------------------------------------------


async def test_ending_a_call_that_is_over_is_not_an_error(api: Any, replies: Any, carrier: Carrier) -> None:
    """The other party was quicker."""
    api.replies = [replies(422, refusal("90018"))] * 2
    await carrier.hangup(LEG)
    await carrier.reject(LEG)


async def test_dial_is_retried_with_one_id(api: Any, replies: Any, carrier: Carrier) -> None:
    """Or two phones would ring."""
    api.replies = [replies(503), replies(body={"data": {"call_control_id": LEG}})]
    await carrier.dial(to="+1", from_="+2")
    assert api.requests[0].body == api.requests[1].body


# -- setting up and closing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api_key", "base_url", "expected"),
    [("", None, "TELNYX_API_KEY"), ("KEYtest", "api.telnyx.com", "TELNYX_BASE_URL")],
)
def test_wrong_settings_are_found_at_once(api_key: str, base_url: str | None, expected: str) -> None:
    """Before the first call is."""
    with pytest.raises(ConfigError, match=expected):
        TelnyxCarrier(api_key, base_url=base_url)
