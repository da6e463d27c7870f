"""Telnyx's formats, as a host takes them."""

from __future__ import annotations

import json
import logging

import pytest

from offhook.carriers.media import MediaFormat
from offhook.carriers.telnyx.signing import SIGNATURE_HEADER, Signer
from offhook.carriers.telnyx.wire import telnyx_wire, unverified_wire
from offhook.carriers.wire import WebhookRequest
from offhook.errors import ConfigError, SignatureInvalid

EVENT = json.dumps(
    {"data": {"id": "e1", "event_type": "call.answered", "payload": {"call_control_id": "c1"}}},
).encode()


def request(headers: dict[str, str]) -> WebhookRequest:
    return WebhookRequest(method="POST", url="https://a.example/webhooks/telnyx", headers=headers, body=EVENT)


def test_a_signed_delivery_is_one_event_and_the_signature_it_came_with() -> None:
    """So that the same delivery is known when it is sent a second time."""
    signer = Signer()
    first, second = (signer.sign(EVENT, now_s) for now_s in (1000, 1001))
    wire = telnyx_wire(signer.public_key)
    assert first[SIGNATURE_HEADER] != second[SIGNATURE_HEADER]
    reading = wire.read_webhook(request(first), 1000.0)
    assert [event.event_id for event in reading.events] == ["e1"]
    assert reading.document is None
    assert reading.signature == wire.read_webhook(request(first), 1000.0).signature
    assert reading.signature != wire.read_webhook(request(second), 1000.0).signature


def test_a_wrong_public_key_is_found_at_the_start() -> None:
    """Not with the first call."""
    with pytest.raises(ConfigError):
        telnyx_wire("not a key")


def test_without_a_key_nothing_is_taken() -> None:
    """Who forgets the key has a server that takes no calls, not one that takes anybody's."""
    with pytest.raises(SignatureInvalid, match="public_key"):
        telnyx_wire(None).read_webhook(request({}), 0.0)


def test_taking_anybodys_word_has_a_name_of_its_own_and_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """For trials on one machine."""
    with caplog.at_level(logging.WARNING):
        wire = unverified_wire()
    assert "not verified" in caplog.text
    reading = wire.read_webhook(request({}), 0.0)
    assert (reading.events[0].call_id, reading.signature) == ("c1", b"")


def test_every_codec_that_may_be_announced_is_named() -> None:
    """They are loaded before the first call."""
    assert {MediaFormat(*codec).encoding for codec in telnyx_wire(None).codecs} == {
        "PCMU",
        "PCMA",
        "G722",
        "OPUS",
        "AMR-WB",
        "L16",
    }
