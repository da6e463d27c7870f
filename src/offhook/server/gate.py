"""The gate of the media plane: which sockets are let in, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offhook.calls.media.stream import MediaStream
from offhook.calls.registry import TokenRefused
from offhook.carriers.commands import StreamRequest
from offhook.errors import ConfigError
from offhook.server.media import MediaRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.calls.call import Call
    from offhook.calls.registry import CallRegistry
    from offhook.server.counters import HostCounters
    from offhook.server.live import LiveCall
    from offhook.server.media import MediaLimits
    from offhook.server.options import HostOptions

__all__ = ["Gate"]

_STATUS = {"unknown": 403, "used": 410, "expired": 410, "elsewhere": 421}


class Gate:
    """Lets media sockets in by their tokens (:class:`~offhook.server.media.MediaGate`).

    Args:
        options: the codec to ask for, and what a socket may cost.
        registry: where the tokens are kept.
        counters: where sockets are counted.
        live_of: the part of the host that runs a call; ``None`` once it is over.
    """

    def __init__(
        self,
        options: HostOptions,
        registry: CallRegistry,
        counters: HostCounters,
        live_of: Callable[[Call], LiveCall | None],
    ) -> None:
        self.public_url: str | None = None
        """Where the carrier reaches this process, without a path."""
        self._options = options
        self._registry = registry
        self._counters = counters
        self._live_of = live_of

    @property
    def media_limits(self) -> MediaLimits:
        """What one socket may cost."""
        return self._options.media

    def stream_request(self, call: Call, *, ringing_s: float = 0.0) -> StreamRequest:
        """A stream to ask the carrier for, with a fresh one-time token in its address.

        Raises:
            ConfigError: if :attr:`public_url` is not known.
        """
        if self.public_url is None:
            raise ConfigError(
                "expected to know where the carrier reaches this process, got no public address.",
                fix="set OFFHOOK_PUBLIC_URL, or pass public_url to Host.",
            )
        address = "ws" + self.public_url.removeprefix("http").rstrip("/")
        # The token needs the request and the request's address the token.
        request = StreamRequest(url="", codec=self._options.codec, sample_rate=self._options.sample_rate)
        token = self._registry.issue_token(call, request, ringing_s=ringing_s)
        call.line.expect(request)
        return replace(request, url=f"{address}/media/{token}")

    def admit(self, token: str) -> tuple[Call, StreamRequest]:
        """Spend ``token``.

        Raises:
            MediaRefused: 401 for none, 403 for an unknown one, 410 for one that is used, or too old, 421 for one of a
                call that another process has.
        """
        if not token:
            self._counters.media_refused["none"] += 1
            raise MediaRefused(401, "expected a token in the path")
        found = self._registry.redeem_token(token)
        if isinstance(found, TokenRefused):
            self._counters.media_refused[found.reason] += 1
            raise MediaRefused(_STATUS[found.reason], f"this token is {found.reason}")
        return found

    def open_stream(
        self, call: Call, request: StreamRequest, *, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> MediaStream:
        """The stream of a socket that was let in."""
        self._counters.media_sockets += 1
        protocol, order = call.carrier.wire.new_media(), self._options.l16_byte_order
        stream = MediaStream(protocol, request=request, owner=call.line, send=send, close=close, l16_byte_order=order)
        if self._live_of(call) is None:
            close()
        else:
            self._counters.media_open += 1
            call.line.opened(stream)
        return stream
