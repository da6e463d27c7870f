"""Webhook signatures: Ed25519 over ``timestamp + "|" + raw body``.

The carrier sends ``Telnyx-Signature-Ed25519`` (base64 of 64 bytes) and ``Telnyx-Timestamp`` (Unix seconds); keys are
base64 of 32 raw bytes. https://developers.telnyx.com/docs/voice/programmable-voice/voice-api-webhooks

The body must be the bytes as they came over the wire: parsing and writing them again breaks the signature.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from offhook.errors import ConfigError, SignatureInvalid, TimestampStale

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SIGNATURE_HEADER", "TIMESTAMP_HEADER", "TOLERANCE_S", "Signer", "load_public_key", "signature_of", "verify"]

SIGNATURE_HEADER = "Telnyx-Signature-Ed25519"
TIMESTAMP_HEADER = "Telnyx-Timestamp"
TOLERANCE_S = 300
"""How far a timestamp may be from now, either way, in seconds; the official SDK's value."""

_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_MAX_TIMESTAMP_DIGITS = 12  # bounds int(); Unix seconds have ten digits until the year 2286


class Signer:
    """The carrier's side: signs webhook bodies.

    Args:
        private_key: base64 of the 32-byte seed; a new key is made when it is not given.

    Raises:
        ConfigError: if ``private_key`` is not base64 of 32 bytes.
    """

    def __init__(self, private_key: str | None = None) -> None:
        if private_key is None:
            self._key = Ed25519PrivateKey.generate()
        else:
            self._key = Ed25519PrivateKey.from_private_bytes(_key_bytes(private_key, "private"))
        self.private_key = base64.b64encode(self._key.private_bytes_raw()).decode()
        self.public_key = base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def __repr__(self) -> str:
        return f"Signer(public_key={self.public_key!r})"  # never the private half

    def sign(self, body: bytes, timestamp_s: int) -> dict[str, str]:
        """The two headers that vouch for ``body`` as sent at ``timestamp_s`` (Unix seconds)."""
        signature = self._key.sign(b"%d|%b" % (timestamp_s, body))
        return {SIGNATURE_HEADER: base64.b64encode(signature).decode(), TIMESTAMP_HEADER: str(timestamp_s)}


def verify(
    body: bytes,
    headers: Mapping[str, str],
    public_key: str,
    *,
    now_s: float,
    tolerance_s: float = TOLERANCE_S,
) -> None:
    """Return if ``body`` was signed by ``public_key`` at most ``tolerance_s`` from ``now_s`` (Unix seconds).

    Header names are matched in any case. A mapping that yields a name twice, as HTTP allows, is refused: which of the
    two was checked would be a matter of luck.

    Raises:
        SignatureInvalid: a header is missing, doubled or malformed, or the signature is not of this body and key.
        TimestampStale: signed too long ago or too far in the future.
        ConfigError: ``public_key`` itself is not a key.
    """
    key = load_public_key(public_key)
    signature_text = _only(headers, SIGNATURE_HEADER)
    timestamp_text = _only(headers, TIMESTAMP_HEADER)

    if not (timestamp_text.isascii() and timestamp_text.isdigit() and len(timestamp_text) <= _MAX_TIMESTAMP_DIGITS):
        raise SignatureInvalid(
            f"expected Unix seconds in {TIMESTAMP_HEADER}, got {len(timestamp_text)} characters that are none."
        )
    try:
        signature = base64.b64decode(signature_text, validate=True)
    except ValueError:
        raise SignatureInvalid(
            f"expected base64 in {SIGNATURE_HEADER}, got {len(signature_text)} characters that are none."
        ) from None
    if len(signature) != _SIGNATURE_BYTES:
        raise SignatureInvalid(f"expected a signature of {_SIGNATURE_BYTES} bytes, got {len(signature)}.")

    # The cheap test first: a replayed old webhook costs no curve arithmetic. Both must pass.
    age_s = now_s - int(timestamp_text)
    if abs(age_s) > tolerance_s:
        raise TimestampStale(
            f"expected a timestamp within {tolerance_s:g} s of now, got one {abs(age_s):.0f} s "
            f"{'old' if age_s > 0 else 'ahead'}.",
            fix="check this machine's clock (timedatectl).",
        )
    try:
        key.verify(signature, b"%b|%b" % (timestamp_text.encode(), body))
    except InvalidSignature:
        raise SignatureInvalid(
            "expected a signature by the configured public key over the raw body, got one that does not match.",
            fix="compare TELNYX_PUBLIC_KEY with the key in the portal, and hand over the body as it came, unparsed.",
        ) from None


def signature_of(headers: Mapping[str, str]) -> bytes:
    """The signature of a delivery that :func:`verify` has let pass.

    It covers the time and the body: two deliveries with the same one are the same bytes, sent twice. The carrier signs
    what it repeats anew.
    """
    return base64.b64decode(_only(headers, SIGNATURE_HEADER))


@lru_cache(maxsize=16)
def load_public_key(public_key: str) -> Ed25519PublicKey:
    """The key behind base64 ``public_key``; call it at start so that a wrong key is found before the first call.

    Raises:
        ConfigError: if it is not base64 of 32 bytes.
    """
    return Ed25519PublicKey.from_public_bytes(_key_bytes(public_key, "public"))


def _key_bytes(text: str, kind: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != _KEY_BYTES:
        fix = "copy the public key from the portal (Keys & Credentials) into TELNYX_PUBLIC_KEY."
        raise ConfigError(
            f"expected the webhook {kind} key, base64 of {_KEY_BYTES} bytes, got {len(text)} characters that are not.",
            fix=fix if kind == "public" else None,
        )
    return raw


def _only(headers: Mapping[str, str], name: str) -> str:
    wanted = name.lower()
    values = [value for key, value in headers.items() if key.lower() == wanted]
    if len(values) != 1:
        raise SignatureInvalid(f"expected one {name} header, got {len(values)}.")
    return values[0]
