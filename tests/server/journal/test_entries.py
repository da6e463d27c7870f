"""What a journal holds: it comes back as it was, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.state import CallRecord
from offhook.carriers import events
from offhook.carriers.events import CallEvent, CallHangup, CallInitiated
from offhook.server.journal.entries import CallEntry, decode_call, decode_event, encode_call, encode_event

CLASSES = [
    one
    for one in (getattr(events, name) for name in events.__all__)
    if isinstance(one, type) and issubclass(one, CallEvent)
]
COMMON: dict[str, Any] = {
    "event_id": "e1",
    "event_type": "call.something",
    "occurred_at": "2026-01-01T00:00:00Z",
    "call_id": "v3:1",
    "client_state": "état",
    "from_": "+15550100",
}
OWN: dict[str, dict[str, Any]] = {
    "CallInitiated": {"direction": "inbound", "raw": {"custom_headers": [{"name": "X", "value": "1"}]}},
    "CallHangup": {"cause": "normal_clearing", "source": "caller", "sip_cause": "200"},
    "DigitPressed": {"digit": "5"},
    "StreamingFailed": {"reason": "connection_failed"},
}


def entry(**facts: Any) -> CallEntry:
    return CallEntry(record=CallRecord(call_id="v3:1", **facts), since_ms=1.0)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_kind_of_event_comes_back_as_it_was(kind: type[CallEvent]) -> None:
    """A kind that is new to the vocabulary is journalled without a line more."""
    own = OWN.get(kind.__name__, {})
    try:
        event = kind(**COMMON, **own)
    except TypeError:
        pytest.skip("its own fields are not known here")
    assert decode_event(encode_event(event)) == event


def test_the_whole_payload_is_kept_of_the_first_event_only() -> None:
    """Everything else has its facts in fields, and payloads are most of the bytes."""
    raw = {"custom_headers": [{"name": "X", "value": "1"}]}
    first = CallInitiated(**COMMON, direction="inbound", raw=raw)
    last = CallHangup(**COMMON, **OWN["CallHangup"], raw=raw)
    assert decode_event(encode_event(first)) == first
    assert decode_event(encode_event(last)) == replace(last, raw={})


@given(
    st.builds(
        CallRecord,
        call_id=st.text(min_size=1),
        direction=st.sampled_from([None, "inbound", "outbound"]),
        client_state=st.none() | st.text(),
        client_state_at=st.tuples(st.text(), st.text()),
        answered_at=st.none() | st.text(),
        streams=st.frozensets(st.text(), max_size=3),
        stream_failures=st.frozensets(st.text(), max_size=3),
    ),
    st.booleans(),
)
def test_every_call_comes_back_as_it_was(record: CallRecord, served: bool) -> None:
    """Facts are compared with those that come later: each must be what it was."""
    call = CallEntry(record=record, since_ms=2.5, served=served)
    assert decode_call(encode_call(call)) == call


@pytest.mark.parametrize(
    "stored",
    [b"", b"{}", b"[]", b'["CallHungUp",{}]', b'["CallHangup",{"mood":"good"}]', b'{"record":[]}', b'{"record":{}}'],
)
def test_what_another_version_wrote_is_left_out(stored: bytes) -> None:
    """A call that cannot be read is found by asking the carrier; a program that does not start finds none."""
    assert decode_event(stored) is None
    assert decode_call(stored) is None
