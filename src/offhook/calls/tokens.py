"""Signed tokens: what lets a call's audio in, in a form that whoever has the key can judge.

A token says which call it is for, how the carrier was asked to stream, and until when it is good; the rest is
HMAC-SHA256 (RFC 2104) over that. It says nothing that is worth hiding, and nobody can make or change one without the
key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Literal

import msgspec

from offhook.carriers.commands import StreamRequest
from offhook.errors import ConfigError

__all__ = ["KEY_BYTES", "Grant", "TokenKey"]

KEY_BYTES: Final = 32
"""The shortest key, in bytes: as long as what it makes."""

_MAC_BYTES: Final = hashlib.sha256().digest_size
_LONGEST: Final = 1024


class Grant(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a token is good for."""

    carrier: str
    """The carrier's name."""
    call: str
    """Our own id for the call: a call that is being dialled has none of the carrier's yet."""
    codec: str
    sample_rate: int
    track: Literal["inbound", "outbound", "both"]
    expires_at_ms: float
    """Wall clock, milliseconds since the epoch."""
    nonce: str
    """Tells two tokens of one call from each other."""

    @property
    def request(self) -> StreamRequest:
        """How the carrier was asked to stream."""
        return StreamRequest(url="", codec=self.codec, sample_rate=self.sample_rate, track=self.track)


class TokenKey:
    """Makes tokens, and tells which were made with the same key.

    Args:
        key: at least :data:`KEY_BYTES` bytes, the same for all workers behind one address; made anew if not given.

    Raises:
        ConfigError: if ``key`` is too short to be one.
    """

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and len(key) < KEY_BYTES:
            raise ConfigError(
                f"expected a token key of {KEY_BYTES} bytes or more, got {len(key)}.",
                fix="set OFFHOOK_TOKEN_KEY to what this prints: openssl rand -hex 32",
            )
        self._key = key or secrets.token_bytes(KEY_BYTES)

    def __repr__(self) -> str:
        return "TokenKey()"  # never the key

    def sign(self, *, carrier: str, call: str, request: StreamRequest, expires_at_ms: float) -> str:
        """A new token, fit to stand in a URL's path."""
        grant = Grant(
            carrier=carrier,
            call=call,
            codec=request.codec,
            sample_rate=request.sample_rate,
            track=request.track,
            expires_at_ms=expires_at_ms,
            nonce=secrets.token_urlsafe(16),
        )
        said = msgspec.msgpack.encode(grant)
        return urlsafe_b64encode(self._mac(said) + said).rstrip(b"=").decode()

    def read(self, token: str) -> Grant | None:
        """What ``token`` is good for; ``None`` if it was not made with this key. Whether it is still good, and was
        used, is for the caller to say."""
        if len(token) > _LONGEST or not token.isascii():
            return None
        try:
            signed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        if urlsafe_b64encode(signed).rstrip(b"=").decode() != token:
            return None  # another spelling of the same bytes: there is one token, not several
        mac, said = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(said)):
            return None
        return msgspec.msgpack.decode(said, type=Grant)

    def _mac(self, said: bytes) -> bytes:
        return hmac.digest(self._key, b"offhook media token\0" + said, "sha256")
