"""The official ``telnyx`` package judges our signatures, and we judge by the same samples."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import telnyx

from offhook.carriers.telnyx.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Signer, verify
from offhook.carriers.telnyx.webhooks import parse_event
from offhook.errors import WebhookError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(name="judge")
def judge_fixture(require: Any) -> Iterator[Any]:
    """The package's verifier."""
    require(find_spec("nacl") is not None, "the official package verifies with PyNaCl (telnyx[webhooks])")
    with telnyx.Telnyx(api_key="KEY", base_url="http://127.0.0.1:9/v2") as client:
        yield client.webhooks


def test_it_accepts_what_we_sign(judge: Any, signer: Signer, event_body: Callable[..., bytes]) -> None:
    """unwrap() returns the typed event."""
    body = event_body("call.initiated", direction="incoming", state="parked")
    headers = signer.sign(body, int(time.time()))
    event = judge.unwrap(body.decode(), headers=headers, key=signer.public_key)
    assert event.data.event_type == "call.initiated"
    assert event.data.payload.from_ == parse_event(body).from_


def _altered(signer: Signer, body: bytes, now_s: int) -> dict[str, tuple[bytes, dict[str, str]]]:
    good = signer.sign(body, now_s)
    signature = good[SIGNATURE_HEADER]
    return {
        "no signature": (body, {TIMESTAMP_HEADER: good[TIMESTAMP_HEADER]}),
        "no timestamp": (body, {SIGNATURE_HEADER: signature}),
        "short signature": (body, good | {SIGNATURE_HEADER: signature[:40]}),
        "garbled signature": (body, good | {SIGNATURE_HEADER: "!" + signature[1:]}),
        "altered signature": (body, good | {SIGNATURE_HEADER: ("B" if signature[0] == "A" else "A") + signature[1:]}),
        "foreign signature": (body, Signer().sign(body, now_s)),
        "wrong body byte": (body.replace(b"call.answered", b"call.answerex"), good),
        "too old": (body, signer.sign(body, now_s - 302)),
        "too new": (body, signer.sign(body, now_s + 330)),
        "other timestamp": (body, good | {TIMESTAMP_HEADER: str(now_s + 1)}),
        "timestamp in words": (body, good | {TIMESTAMP_HEADER: "now"}),
        "doubled signature": (body, good | {SIGNATURE_HEADER: f"{signature}, {signature}"}),
        "doubled timestamp": (body, good | {TIMESTAMP_HEADER: f"{now_s}, {now_s}"}),
    }


@pytest.mark.parametrize("name", sorted(_altered(Signer(), b"", 0)))
def test_both_refuse_what_was_altered(judge: Any, signer: Signer, body: bytes, name: str) -> None:
    """Neither verifier takes it."""
    now_s = int(time.time())
    altered, headers = _altered(signer, body, now_s)[name]
    with pytest.raises(ValueError):  # noqa: PT011 - the package has no error of its own for it
        judge.unwrap(altered.decode(), headers=headers, key=signer.public_key)
    with pytest.raises(WebhookError):
        verify(altered, headers, signer.public_key, now_s=time.time())
