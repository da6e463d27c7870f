"""The carrier's end of one media stream: the WebSocket client that opens it and carries its messages.

The carrier connects, says ``connected`` and ``start``, sends ``media`` every 20 ms and ``stop`` at the end.
https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import picows

from offhook.carriers.telnyx.media import AUTH_TOKEN_FIELD
from offhook.exchange.sound.junction import Party
from offhook.exchange.sound.media import StreamMedia, StreamSettings

if TYPE_CHECKING:
    from offhook.clock import Clock

__all__ = ["Stream", "StreamOwner", "StreamSettings"]

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""30 s of L16 at 48 kHz in base64 are 3.8 MB."""

_CLOSE_TIMEOUT_S: Final = 1.0
_RECONNECTS: Final = 3
_RECONNECT_WAIT_S: Final = 1.0

_logger = logging.getLogger(__name__)
_picows_logger = logging.getLogger("offhook.exchange.sockets")
# picows reports every connection at INFO, and every redirect with its address, which may hold a token.
_picows_logger.setLevel(logging.WARNING)


class StreamOwner(Protocol):
    """What a stream reports. ``failed`` or ``stopped`` is the last, exactly once."""

    def stream_opened(self, stream: Stream) -> None:
        """The socket is open and the start frame sent."""
        ...

    def stream_lost(self, stream: Stream, reason: str) -> None:
        """The stream failed and is over."""
        ...

    def stream_ended(self, stream: Stream) -> None:
        """The stream is over."""
        ...


class Stream:
    """One media socket. All calls are synchronous; sending on a socket that is not open drops the message.

    Args:
        media: its audio and messages.
        owner: who is told.
        clock: for the time of messages that come and of keys.
    """

    def __init__(self, media: StreamMedia, *, owner: StreamOwner, clock: Clock) -> None:
        self.media = media
        self.party = Party(media.playout.rate)
        """The application at the junction."""
        self.dropped_frames = 0
        """Frames not sent since the application did not read; their chunk numbers are missing at its end."""
        self._owner = owner
        self._clock = clock
        self._socket: picows.WSTransport | None = None
        self._congested = False
        self._over = False
        self._reconnects_left = _RECONNECTS
        self._held = False
        self._start: bytes | None = None
        """The start message, while it waits."""
        self._task: asyncio.Task[None] | None = None
        self._retrieving: asyncio.Task[None] | None = None

    @property
    def stream_id(self) -> str:
        """Its UUID."""
        return self.media.settings.stream_id

    @property
    def is_open(self) -> bool:
        """Whether the start frame was sent and the socket is open."""
        return self._socket is not None and self._start is None

    def open(self, *, hold: bool = False) -> None:
        """Connect in the background; with ``hold``, send no start frame before :meth:`begin`."""
        self._held = hold
        self._task = asyncio.get_running_loop().create_task(self._connect(), name="offhook-exchange-stream")

    def begin(self) -> None:
        """Send the start frame that was held back, now or once the socket is open."""
        self._held = False
        start, self._start = self._start, None
        if start is not None:
            self._send(start)
            self._owner.stream_opened(self)

    def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """Send 20 ms that the party said."""
        if self._socket is not None:
            self._send_audio(self.media.frame("inbound", pcm, payload))

    def missed(self, duration_ms: int) -> None:
        """Let what the party says next be at its time."""
        self.media.skip("inbound", duration_ms)

    def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
        """Send 20 ms that the party hears."""
        if self._socket is not None:
            self._send_audio(self.media.frame("outbound", pcm, payload))

    def send_dtmf(self, digit: str) -> None:
        """Report a key that the party pressed."""
        occurred_at = datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC)
        if self._socket is not None:
            self._send(self.media.dtmf(digit, occurred_at.isoformat(timespec="microseconds").replace("+00:00", "Z")))

    def pull(self, now_ms: float) -> None:
        """Let the application say the 20 ms that it wants played now; sends the marks that are due."""
        pcm, messages = self.media.pull(now_ms)
        for message in messages:
            self._send(message)
        self.party.say(pcm, now_ms)

    def close(self) -> None:
        """Send stop, close the socket in the background, and report the end."""
        if self._over:
            return
        self._over = True
        if self._task is not None:
            self._task.cancel()
            self._task = None
        socket, self._socket = self._socket, None
        if socket is not None:
            if self._start is None:
                socket.send(picows.WSMsgType.TEXT, self.media.stop())
            # A close frame with no code: the application sees 1005, as it does with the carrier.
            socket.send(picows.WSMsgType.CLOSE, b"")
            self._task = asyncio.get_running_loop().create_task(_disconnect(socket), name="offhook-exchange-hangup")
        self._owner.stream_ended(self)

    async def wait_closed(self) -> None:
        """Wait until the socket is gone, at most a second, after :meth:`close`."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    # -- the socket ---------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        settings = self.media.settings
        headers = {} if settings.auth_token is None else {AUTH_TOKEN_FIELD: settings.auth_token}
        try:
            async with asyncio.timeout(settings.connect_timeout_s):
                socket, _ = await picows.ws_connect(
                    lambda: _Listener(self),
                    settings.url,
                    extra_headers=headers,
                    websocket_handshake_timeout=settings.connect_timeout_s,
                    max_frame_size=MAX_MESSAGE_BYTES,
                    logger_name=_picows_logger,
                    use_aiofastnet=False,
                )
        except (OSError, ValueError, TimeoutError, picows.WSError) as error:
            self._fail("connection_failed", error)
            return
        self._task = None
        if socket.is_disconnected:  # it said yes and went away at once; the loss was not ours to hear yet
            await _retrieve(socket)
            self._fail("connection_failed", None)
            return
        self._socket = socket
        connected, self._start = self.media.opening()
        self._send(connected)
        if not self._held:
            self.begin()

    def _fail(self, reason: str, error: Exception | None) -> None:
        self._task = None
        self._over = True
        # The address may hold a token: only the kind of error is logged.
        _logger.info("a media stream failed: %s (%s)", reason, type(error).__name__)
        self._owner.stream_lost(self, reason)

    def _send_audio(self, message: bytes) -> None:
        if self._congested:
            self.dropped_frames += 1
        else:
            self._send(message)

    def _send(self, message: bytes) -> None:
        if self._socket is not None:
            self._socket.send(picows.WSMsgType.TEXT, message)

    def received(self, message: bytes) -> None:
        """A text message came."""
        for answer in self.media.receive(message, self._clock.now_ms()):
            self._send(answer)

    def congested(self, congested: bool) -> None:
        """The application has stopped reading, or reads again."""
        self._congested = congested

    def lost(self) -> None:
        """The socket is gone."""
        if self._over or self._socket is None:
            return
        self._retrieving = asyncio.get_running_loop().create_task(_retrieve(self._socket))
        self._socket = self._start = None
        self._congested = False
        action = self.media.settings.on_app_close
        if action == "reconnect" and self._reconnects_left:
            self._reconnects_left -= 1
            self._task = asyncio.get_running_loop().create_task(self._reconnect(), name="offhook-exchange-stream")
            return
        self._over = True
        if action == "stopped":
            self._owner.stream_ended(self)
        else:
            self._owner.stream_lost(self, "connection_lost")

    async def _reconnect(self) -> None:
        self.media.playout.clear()
        await asyncio.sleep(_RECONNECT_WAIT_S)
        await self._connect()


class _Listener(picows.WSListener):
    """From picows' callbacks to a stream; puts fragments together."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._fragments: list[bytes] = []
        self._fragments_bytes = 0
        self._binary = False

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            if not transport.is_close_frame_sent:
                transport.send(picows.WSMsgType.CLOSE, frame.get_payload_as_bytes()[:2])
            transport.disconnect()
        elif frame.msg_type == picows.WSMsgType.TEXT and frame.fin:
            self._stream.received(frame.get_payload_as_bytes())
        elif frame.msg_type in (picows.WSMsgType.TEXT, picows.WSMsgType.BINARY, picows.WSMsgType.CONTINUATION):
            self._fragment(transport, frame)

    def _fragment(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """A piece of a message, or a binary one (RFC 6455, 5.4)."""
        if frame.msg_type != picows.WSMsgType.CONTINUATION:
            self._fragments.clear()
            self._fragments_bytes = 0
            self._binary = frame.msg_type == picows.WSMsgType.BINARY
        payload = frame.get_payload_as_bytes()
        self._fragments.append(payload)
        self._fragments_bytes += len(payload)
        if self._fragments_bytes > MAX_MESSAGE_BYTES:
            self._fragments.clear()
            transport.send_close(picows.WSCloseCode.MESSAGE_TOO_BIG)
            transport.disconnect()
        elif frame.fin:
            message = b"".join(self._fragments)
            self._fragments.clear()
            if self._binary:
                self._stream.media.receive_binary()
            else:
                self._stream.received(message)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._stream.lost()

    def pause_writing(self) -> None:
        self._stream.congested(True)

    def resume_writing(self) -> None:
        self._stream.congested(False)


async def _retrieve(socket: picows.WSTransport) -> None:
    """Take note of why a socket was lost, which asyncio would report as an error that nobody looked at."""
    with contextlib.suppress(OSError, picows.WSError):
        await socket.wait_disconnected()


async def _disconnect(socket: picows.WSTransport) -> None:
    """Give the application a moment to answer the close, then go."""
    try:
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await socket.wait_disconnected()
    except TimeoutError:
        socket.disconnect(graceful=False)
