from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from offhook.carriers.telnyx.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Signer, load_public_key, verify
from offhook.errors import ConfigError, SignatureInvalid, TimestampStale, WebhookError


def test_a_signature_of_this_body_and_key_is_accepted(signer: Signer, body: bytes, now_s: int) -> None:
    """verify() returns for what Signer signed."""
    verify(body, signer.sign(body, now_s), signer.public_key, now_s=now_s)


def test_header_names_are_matched_in_any_case(signer: Signer, body: bytes, now_s: int) -> None:
    """HTTP servers hand header names over in lower case."""
    headers = {name.lower(): value for name, value in signer.sign(body, now_s).items()}
    verify(body, {"host": "a.test", **headers}, signer.public_key, now_s=now_s)


@pytest.mark.parametrize("age_s", [-300, 0, 300])
def test_300_seconds_either_way_are_fresh(signer: Signer, body: bytes, now_s: int, age_s: int) -> None:
    """The tolerance includes its edges."""
    verify(body, signer.sign(body, now_s - age_s), signer.public_key, now_s=now_s)


@pytest.mark.parametrize(("age_s", "word"), [(301, "old"), (-301, "ahead")])
def test_301_seconds_either_way_are_stale(signer: Signer, body: bytes, now_s: int, age_s: int, word: str) -> None:
    """A valid signature of another time is refused, and the message says which way it is off."""
    with pytest.raises(TimestampStale, match=f"301 s {word}"):
        verify(body, signer.sign(body, now_s - age_s), signer.public_key, now_s=now_s)


@pytest.mark.parametrize("missing", [SIGNATURE_HEADER, TIMESTAMP_HEADER])
def test_a_missing_header_is_refused(signer: Signer, body: bytes, now_s: int, missing: str) -> None:
    """Both headers are needed, and the message names the one that is not there."""
    headers = signer.sign(body, now_s)
    del headers[missing]
    with pytest.raises(SignatureInvalid, match=f"one {missing} header, got 0"):
        verify(body, headers, signer.public_key, now_s=now_s)


@pytest.mark.parametrize("doubled", [SIGNATURE_HEADER, TIMESTAMP_HEADER])
def test_a_doubled_header_is_refused(signer: Signer, body: bytes, now_s: int, doubled: str) -> None:
    """Two values, even equal ones, are not one."""
    headers = signer.sign(body, now_s)
    headers[doubled.lower()] = headers[doubled]
    with pytest.raises(SignatureInvalid, match="got 2"):
        verify(body, headers, signer.public_key, now_s=now_s)


def test_a_header_that_was_sent_twice_is_refused(signer: Signer, body: bytes, now_s: int) -> None:
    """A server's header mapping yields each of them, and a look-up by name would take the first alone."""
    good = [(name.lower().encode(), value.encode()) for name, value in signer.sign(body, now_s).items()]
    bad = [(b"telnyx-signature-ed25519", b"AAAA")]
    verify(body, Headers(raw=good), signer.public_key, now_s=now_s)
    with pytest.raises(SignatureInvalid, match="got 2"):
        verify(body, Headers(raw=good + bad), signer.public_key, now_s=now_s)


@pytest.mark.parametrize("joined", [SIGNATURE_HEADER, TIMESTAMP_HEADER])
def test_a_doubled_header_that_a_proxy_joined_is_refused(signer: Signer, body: bytes, now_s: int, joined: str) -> None:
    """Proxies may fold two headers into one with a comma."""
    headers = signer.sign(body, now_s)
    headers[joined] = f"{headers[joined]}, {headers[joined]}"
    with pytest.raises(SignatureInvalid):
        verify(body, headers, signer.public_key, now_s=now_s)


@pytest.mark.parametrize(
    "signature",
    ["", "AAAA", "not base64!", "ä", base64.b64encode(bytes(63)).decode(), base64.b64encode(bytes(65)).decode()],
    ids=["empty", "short", "garbled", "not ASCII", "63 bytes", "65 bytes"],
)
def test_a_malformed_signature_is_refused(signer: Signer, body: bytes, now_s: int, signature: str) -> None:
    """It must be base64 of 64 bytes."""
    headers = signer.sign(body, now_s) | {SIGNATURE_HEADER: signature}
    with pytest.raises(SignatureInvalid):
        verify(body, headers, signer.public_key, now_s=now_s)


@pytest.mark.parametrize("size", [0, 63, 65, 128])
def test_a_signature_has_64_bytes(signer: Signer, body: bytes, now_s: int, size: int) -> None:
    """A longer one is refused for its length, even if it begins with the right one; so is a shorter one."""
    right = base64.b64decode(signer.sign(body, now_s)[SIGNATURE_HEADER])
    signature = base64.b64encode((right + bytes(64))[:size]).decode()
    with pytest.raises(SignatureInvalid, match=f"expected a signature of 64 bytes, got {size}"):
        verify(body, signer.sign(body, now_s) | {SIGNATURE_HEADER: signature}, signer.public_key, now_s=now_s)


@pytest.mark.parametrize("junk", ["!", "\n", " ", "-", "=", "\0"])
@pytest.mark.parametrize("place", [0, 10, 88])
def test_a_signature_with_junk_in_it_is_refused(signer: Signer, body: bytes, now_s: int, junk: str, place: int) -> None:
    """What a lenient decoder skips would let one signature be written in many ways."""
    headers = signer.sign(body, now_s)
    signature = headers[SIGNATURE_HEADER]
    headers[SIGNATURE_HEADER] = signature[:place] + junk + signature[place:]
    with pytest.raises(SignatureInvalid, match="expected base64"):
        verify(body, headers, signer.public_key, now_s=now_s)


def test_the_timestamp_is_verified_as_it_was_written(signer: Signer, body: bytes, now_s: int) -> None:
    """The same time in other digits is not what was signed."""
    headers = signer.sign(body, now_s)
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(body, headers | {TIMESTAMP_HEADER: f"0{now_s}"}, signer.public_key, now_s=now_s)
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(signer.private_key))
    padded = base64.b64encode(key.sign(f"0{now_s}|".encode() + body)).decode()
    verify(body, {SIGNATURE_HEADER: padded, TIMESTAMP_HEADER: f"0{now_s}"}, signer.public_key, now_s=now_s)


@pytest.mark.parametrize("timestamp", ["", "soon", "1_790_000_000", "+1790000000", "1790000000.0", "١٢٣", "9" * 5000])
def test_a_timestamp_that_is_not_unix_seconds_is_refused(
    signer: Signer, body: bytes, now_s: int, timestamp: str
) -> None:
    """Only plain ASCII digits count as a time."""
    headers = signer.sign(body, now_s) | {TIMESTAMP_HEADER: timestamp}
    with pytest.raises(SignatureInvalid, match="Unix seconds"):
        verify(body, headers, signer.public_key, now_s=now_s)


def test_the_timestamp_is_signed_too(signer: Signer, body: bytes, now_s: int) -> None:
    """A fresh timestamp on an old signature does not make it fresh."""
    headers = signer.sign(body, now_s - 1000) | {TIMESTAMP_HEADER: str(now_s)}
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify(body, headers, signer.public_key, now_s=now_s)


def test_a_foreign_signature_is_refused(signer: Signer, body: bytes, now_s: int) -> None:
    """Another key's signature is refused, with a fix that names the setting."""
    with pytest.raises(SignatureInvalid, match="TELNYX_PUBLIC_KEY"):
        verify(body, Signer().sign(body, now_s), signer.public_key, now_s=now_s)


@given(place=st.integers(0), flip=st.integers(1, 255))
def test_any_wrong_byte_of_the_body_is_refused(place: int, flip: int) -> None:
    """The signature is of every byte."""
    signer, body = Signer(), b'{"data":{"event_type":"call.answered"}}'
    wrong = bytearray(body)
    wrong[place % len(body)] ^= flip
    with pytest.raises(SignatureInvalid):
        verify(bytes(wrong), signer.sign(body, 1000), signer.public_key, now_s=1000)


@given(
    body=st.binary(max_size=50),
    headers=st.dictionaries(
        st.one_of(st.sampled_from([SIGNATURE_HEADER, TIMESTAMP_HEADER, TIMESTAMP_HEADER.lower()]), st.text()), st.text()
    ),
)
def test_garbage_is_refused_with_a_webhook_error_only(body: bytes, headers: dict[str, str]) -> None:
    """No headers and no body make verify() raise anything but its declared errors."""
    with pytest.raises(WebhookError):
        verify(body, headers, Signer().public_key, now_s=0)


def test_messages_quote_nothing_of_the_request(signer: Signer, now_s: int) -> None:
    """Header values and bodies may hold personal data or an attack; they stay out of the logs."""
    canary = "canary-5125550100"
    for headers in (
        {SIGNATURE_HEADER: canary, TIMESTAMP_HEADER: str(now_s)},
        {SIGNATURE_HEADER: "", TIMESTAMP_HEADER: canary},
    ):
        with pytest.raises(SignatureInvalid) as caught:
            verify(canary.encode(), headers, signer.public_key, now_s=now_s)
        assert canary not in str(caught.value)


@pytest.mark.parametrize("key", ["", "AAAA", "not base64!", base64.b64encode(bytes(33)).decode()])
def test_a_public_key_that_is_none_is_a_configuration_error(key: str) -> None:
    """A wrong setting is told apart from a wrong webhook."""
    with pytest.raises(ConfigError, match="TELNYX_PUBLIC_KEY"):
        load_public_key(key)


@pytest.mark.parametrize("junk", ["!", "\n", " ", "-", "ä", "\0"])
@pytest.mark.parametrize("place", [0, 10, 44])
def test_a_key_with_junk_in_it_is_a_configuration_error(signer: Signer, junk: str, place: int) -> None:
    """A key that was copied with something else is no key, even if a lenient decoder finds 32 bytes in it."""
    key = signer.public_key[:place] + junk + signer.public_key[place:]
    with pytest.raises(ConfigError, match="public key"):
        load_public_key(key)
    with pytest.raises(ConfigError, match="private key"):
        Signer(signer.private_key[:place] + junk + signer.private_key[place:])


def test_a_private_key_that_is_none_is_a_configuration_error() -> None:
    """The signer says so too."""
    with pytest.raises(ConfigError, match="private key"):
        Signer("AAAA")


def test_a_signer_can_be_restored(signer: Signer) -> None:
    """The same private key gives the same public key (RFC 8032, section 7.1, test 1)."""
    assert Signer(signer.private_key).public_key == signer.public_key
    assert (
        base64.b64decode(signer.public_key).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )


def test_a_signer_does_not_show_its_private_key(signer: Signer) -> None:
    """repr() ends up in logs."""
    assert signer.public_key in repr(signer)
    assert signer.private_key not in repr(signer)
