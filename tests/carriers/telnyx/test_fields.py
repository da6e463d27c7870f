"""What commands look like, and what replies say of legs."""

from __future__ import annotations

from types import SimpleNamespace as Reply

import pytest

from offhook.carriers.commands import DialedCall, LiveLeg
from offhook.carriers.telnyx.fields import (
    dialed_call,
    leg_fields,
    live_legs,
    next_page,
    reject_fields,
    speak_fields,
    transfer_fields,
)
from offhook.errors import CarrierError


def test_what_is_not_given_is_not_said() -> None:
    """An empty field would mean something else than none."""
    assert leg_fields() == {}
    assert leg_fields(client_state="job-1", webhook_url="https://w.test") == {
        "client_state": "am9iLTE=",
        "webhook_url": "https://w.test",
    }
    assert transfer_fields(to="+1", from_=None, timeout_s=30, leg_state=None) == {"to": "+1", "timeout_secs": 30}
    assert transfer_fields(to="+1", from_="+2", timeout_s=9, leg_state="job-1") == {
        "to": "+1",
        "timeout_secs": 9,
        "from_": "+2",
        "target_leg_client_state": "am9iLTE=",
    }


def test_a_call_is_refused_for_one_of_two_causes() -> None:
    """Under Telnyx's names for them."""
    assert (reject_fields("rejected"), reject_fields("busy")) == ({"cause": "CALL_REJECTED"}, {"cause": "USER_BUSY"})


def test_a_basic_voice_is_given_a_language() -> None:
    """Others have one of their own."""
    assert speak_fields("hi", "male") == {"payload": "hi", "voice": "male", "language": "en-US"}
    assert speak_fields("hi", "Telnyx.KokoroTTS.af") == {"payload": "hi", "voice": "Telnyx.KokoroTTS.af"}


def test_a_reply_to_dial_names_the_leg() -> None:
    """What it does not say of it is empty; one without an id is of no call."""
    leg = Reply(call_control_id="c", call_leg_id="l", call_session_id=None)
    assert dialed_call(Reply(data=leg)) == DialedCall(call_id="c", leg_id="l", session_id="")
    for reply in (Reply(), Reply(data=None), Reply(data=Reply(call_control_id=""))):
        with pytest.raises(CarrierError, match="call's id"):
            dialed_call(reply)


def test_a_page_of_active_calls_lists_legs() -> None:
    """Those without an id cannot be addressed, and are left out."""
    page = Reply(data=[Reply(call_control_id="c", client_state="am9iLTE="), Reply(call_control_id=None)])
    assert live_legs(page) == [LiveLeg(call_id="c", client_state="job-1")]
    assert live_legs(Reply(data=None)) == []


@pytest.mark.parametrize(
    ("page", "after"),
    [
        (Reply(meta=Reply(cursors={"after": "x"})), "x"),
        (Reply(meta=Reply(cursors={"after": None})), None),
        (Reply(meta=Reply(cursors=None)), None),
        (Reply(), None),
    ],
)
def test_a_page_says_what_the_next_one_is_asked_for_with(page: Reply, after: str | None) -> None:
    """The last one says nothing."""
    assert next_page(page) == after
