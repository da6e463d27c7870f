"""What RFC 6455 asks of who takes frames in, above the parser: messages in parts, text, closing; and how many may come.

Pure: bytes and ``now`` in, bytes or a breach out. The sockets are in :mod:`offhook.server.media`.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.calls.media.stream import StreamFailure

__all__ = ["Allowance", "Breach", "Parts", "check_text", "close_answer", "may_be_sent"]

NORMAL, PROTOCOL_ERROR, INVALID_TEXT, POLICY_VIOLATION, TOO_BIG = 1000, 1002, 1007, 1008, 1009
"""The close codes we give (RFC 6455, 7.4.1)."""

_RESERVED = frozenset({1004, 1005, 1006, 1015})
"""Never sent in a close frame (RFC 6455, 7.4.1)."""

_LAST_DEFINED = 1014
"""The last code below 3000 that means something (https://www.iana.org/assignments/websocket)."""

_Decoder = codecs.getincrementaldecoder("utf-8")


class Breach(Exception):
    """What the peer sent is not taken, and the connection ends.

    Args:
        code: the close code for the peer.
        failure: what the stream is told.
        detail: the same for the log; holds nothing of what was sent.
    """

    def __init__(self, code: int, failure: StreamFailure, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.failure: StreamFailure = failure
        self.detail = detail


class Allowance:
    """How much one peer may send: ``burst`` at once, after a pause twice that, and ``per_s`` in the long run.

    Who takes one thing in lowers :attr:`left` by what it costs; only where it goes below zero is :meth:`refill` asked.
    So a thing costs a subtraction, and no look at the clock.
    """

    __slots__ = ("_burst", "_per_s", "_since_s", "left")

    def __init__(self, burst: int, per_s: float, now_s: float) -> None:
        self.left = burst
        """What may be spent before the clock is looked at."""
        self._burst = burst
        self._per_s = per_s
        self._since_s = now_s

    def refill(self, now_s: float) -> bool:
        """Add what was earned since the last time, up to ``burst``; whether what was spent is covered."""
        # Spent is spent: who overdrew has to wait for it.
        earned = int((now_s - self._since_s) * self._per_s)
        self.left = min(self._burst, self.left + earned)
        self._since_s = now_s
        return self.left >= 0


class Parts:
    """A message that comes in parts (RFC 6455, 5.4): put together, bounded, and its text checked part by part.

    Args:
        max_bytes: the largest message.
        max_parts: the most parts of one. Parts may be empty, so that bytes alone bound nothing.
    """

    __slots__ = ("_bytes", "_decoder", "_max_bytes", "_max_parts", "held", "text")

    def __init__(self, *, max_bytes: int, max_parts: int) -> None:
        self.text = False
        """Whether the message is text."""
        self._max_bytes = max_bytes
        self._max_parts = max_parts
        self.held: list[bytes] = []
        """The parts that wait for more; none outside a message."""
        self._bytes = 0
        self._decoder = _Decoder()

    def begin(self, payload: bytes, *, text: bool, fin: bool) -> bytes | None:
        """The first part of a message; the message, if there is no more of it.

        Raises:
            Breach: if it may not come here, or is not text.
        """
        if self.held:
            raise Breach(PROTOCOL_ERROR, "message_incomplete", "a message within a message")
        self.text = text
        self._bytes = 0
        self._decoder.reset()
        return self._add(payload, fin)

    def go_on(self, payload: bytes, *, fin: bool) -> bytes | None:
        """A further part; the message, if it was the last.

        Raises:
            Breach: if it may not come here, is one too many, or is not text.
        """
        if not self.held:
            raise Breach(PROTOCOL_ERROR, "message_incomplete", "a continuation out of place")
        return self._add(payload, fin)

    def drop(self) -> None:
        """Forget what has come of a message."""
        self.held.clear()

    def _add(self, payload: bytes, fin: bool) -> bytes | None:
        self._bytes += len(payload)
        if self._bytes > self._max_bytes:
            raise Breach(TOO_BIG, "frame_too_large", f"a message above the limit of {self._max_bytes} bytes")
        if len(self.held) >= self._max_parts:
            raise Breach(TOO_BIG, "frame_too_large", f"a message in more than {self._max_parts} parts")
        if self.text:
            # Part by part: what can no longer become text is refused before the rest of it has come.
            try:
                self._decoder.decode(payload, fin)
            except UnicodeDecodeError:
                raise _not_text() from None
        if not fin:
            self.held.append(payload)
            return None
        message = b"".join((*self.held, payload))
        self.held.clear()
        return message


def check_text(payload: bytes) -> None:
    """Refuse a whole text message that is not UTF-8 (RFC 6455, 8.1). Ask only where ``isascii`` has said no.

    Raises:
        Breach: if it is not.
    """
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise _not_text() from None


def close_answer(payload: bytes) -> int:
    """The code that answers a close frame: the same, or "normal" where it has none (RFC 6455, 5.5.1).

    Raises:
        Breach: if the frame is not one that may be sent (7.4), or its reason is not text.
    """
    if not payload:
        return NORMAL
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not may_be_sent(code):
        raise Breach(PROTOCOL_ERROR, "message_incomplete", "a close frame that may not be sent")
    check_text(payload[2:])
    return code


def may_be_sent(code: int) -> bool:
    """Whether a close frame may hold ``code`` (RFC 6455, 7.4)."""
    return (1000 <= code <= _LAST_DEFINED and code not in _RESERVED) or 3000 <= code <= 4999


def _not_text() -> Breach:
    return Breach(INVALID_TEXT, "text_invalid", "a text message that is not UTF-8")
