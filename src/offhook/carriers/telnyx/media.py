"""Media streaming over a WebSocket, both sides of it, without the socket.

The carrier is the client: it connects, says ``connected`` and ``start``, then sends one ``media`` message per 20 ms
and ``stop`` at the end; the application answers with ``media``, ``mark`` and ``clear``. Messages are JSON text, audio
is base64 of the bare codec bytes (no RTP header).
https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming

* :class:`TelnyxAppMedia` is the application's side.
* :class:`TelnyxCarrierMedia` is the carrier's side: the local exchange and tests speak it.

Neither ever raises on what it receives.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
import pybase64

from offhook.carriers.base import (
    DigitReceived,
    FrameIgnored,
    MarkReturned,
    MediaConnected,
    MediaEvent,
    MediaFault,
    MediaFormat,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)
from offhook.carriers.telnyx.client_state import decode_client_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "AUTH_TOKEN_FIELD",
    "INVALID_MEDIA",
    "MALFORMED_FRAME",
    "MAX_AUDIO_MS",
    "MIN_AUDIO_MS",
    "RATE_LIMIT_REACHED",
    "UNKNOWN_ERROR",
    "AppCommand",
    "ClearAudio",
    "CommandIgnored",
    "CommandMalformed",
    "PlaceMark",
    "PlayAudio",
    "TelnyxAppMedia",
    "TelnyxCarrierMedia",
]

AUTH_TOKEN_FIELD: Final = "x-telnyx-streaming-auth-token"  # noqa: S105 - the name of a header, not a secret
"""Where ``stream_auth_token`` arrives: a header of the handshake and a field of the ``connected`` message."""

UNKNOWN_ERROR: Final = 100002
MALFORMED_FRAME: Final = 100003
INVALID_MEDIA: Final = 100004
RATE_LIMIT_REACHED: Final = 100005

MIN_AUDIO_MS: Final = 20
MAX_AUDIO_MS: Final = 30_000
"""How much audio one ``media`` message to the carrier may hold, in ``rtp`` mode."""

_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.encode
_b64encode = pybase64.b64encode

# Everything a decoder raises on garbage: MsgspecError and UnicodeDecodeError are ValueErrors.
_GARBAGE: Final = (ValueError, RecursionError)


# -- the application's side -------------------------------------------------------------------------------------------

# Counters are strings of integers on the wire; lax decoding takes both. gc=False: no reference cycles can pass here.
_Counter = Annotated[int, msgspec.Meta(ge=0)]


class _Audio(msgspec.Struct, frozen=True, gc=False):
    track: Literal["inbound", "outbound"]
    chunk: _Counter
    timestamp: _Counter
    payload: bytes


class _AudioMessage(msgspec.Struct, frozen=True, gc=False):
    event: Literal["media"]
    media: _Audio


_decode_audio = msgspec.json.Decoder(_AudioMessage, strict=False).decode


class TelnyxAppMedia:
    """The application's side of one media socket (:class:`~offhook.carriers.base.AppMedia`).

    The reasons in :class:`~offhook.carriers.base.FrameIgnored` are a small fixed set, fit for counters.
    """

    __slots__ = ()

    def receive(self, message: bytes) -> MediaEvent:
        """Turn one text message (UTF-8 bytes) into one event. Never raises."""
        try:
            audio = _decode_audio(message).media
        except _GARBAGE:
            return _receive_other(message)
        return MediaReceived(audio.track, audio.chunk, audio.timestamp, audio.payload)

    def receive_binary(self, message: bytes) -> MediaEvent:
        """Binary messages are not part of the protocol: always :class:`FrameIgnored`."""
        return FrameIgnored("binary message")

    def audio(self, payload: bytes) -> bytes:
        """The message that plays ``payload``: codec bytes of 20 ms to 30 s; with OPUS exactly one packet."""
        return b'{"event":"media","media":{"payload":"' + _b64encode(payload) + b'"}}'

    def mark(self, name: str) -> bytes:
        """The message that asks for ``name`` back once all audio sent so far was played."""
        return b'{"event":"mark","mark":{"name":' + _encode(name) + b"}}"

    def clear(self) -> bytes:
        """The message that stops playing at once. The carrier then returns every mark that waits."""
        return b'{"event":"clear"}'


def _receive_other(message: bytes) -> MediaEvent:
    """Everything but well-formed audio: rare, so it is read field by field and leniently."""
    try:
        frame = _decode_any(message)
    except _GARBAGE:
        return FrameIgnored("not JSON")
    if not isinstance(frame, dict):
        return FrameIgnored("not an object")
    event = frame.get("event")
    read = _READERS.get(event) if isinstance(event, str) else None
    return read(frame) if read is not None else FrameIgnored("unknown event")


def _read_connected(frame: dict[str, Any]) -> MediaEvent:
    # The documentation names "connected.x-telnyx-streaming-auth-token"; live messages have it at the top.
    token = _text(frame, AUTH_TOKEN_FIELD) or _text(_object(frame, "connected"), AUTH_TOKEN_FIELD)
    return MediaConnected(_text(frame, "version"), token or None)


def _read_start(frame: dict[str, Any]) -> MediaEvent:
    start = _object(frame, "start")
    audio = _object(start, "media_format")
    encoding, sample_rate = _text(audio, "encoding"), _integer(audio.get("sample_rate"))
    stream_id = _text(frame, "stream_id") or _text(start, "stream_id")
    if not (stream_id and encoding and sample_rate):
        return FrameIgnored("start without stream_id or media_format")
    return MediaStarted(
        stream_id=stream_id,
        call_id=_text(start, "call_control_id"),
        format=MediaFormat(encoding.upper(), sample_rate, _integer(audio.get("channels")) or 1),
        from_=_text(start, "from"),
        to=_text(start, "to"),
        client_state=decode_client_state(start.get("client_state")),
        custom_parameters={
            name: value for name, value in _object(start, "custom_parameters").items() if isinstance(value, str)
        },
    )


def _read_media(frame: dict[str, Any]) -> MediaEvent:
    """Audio that the fast decoder refused: in another spelling, or broken."""
    media = _object(frame, "media")
    track = (_text(media, "track") or "inbound").removesuffix("_track")
    chunk, timestamp_ms = _integer(media.get("chunk")), _integer(media.get("timestamp"))
    payload = _from_base64(media.get("payload"))
    if track not in ("inbound", "outbound"):
        return FrameIgnored("media of an unknown track")
    if chunk is None or timestamp_ms is None:
        return FrameIgnored("media without chunk or timestamp")
    if payload is None:
        return FrameIgnored("media without base64 payload")
    return MediaReceived(track, chunk, timestamp_ms, payload)


def _read_mark(frame: dict[str, Any]) -> MediaEvent:
    name = _object(frame, "mark").get("name")
    return MarkReturned(name) if isinstance(name, str) else FrameIgnored("mark without name")


def _read_dtmf(frame: dict[str, Any]) -> MediaEvent:
    digit = _text(_object(frame, "dtmf"), "digit").upper()
    return DigitReceived(digit) if re.fullmatch(r"[0-9*#A-D]", digit) else FrameIgnored("dtmf without digit")


def _read_error(frame: dict[str, Any]) -> MediaEvent:
    error = _object(frame, "payload")
    code = _integer(error.get("code"))
    return MediaFault(UNKNOWN_ERROR if code is None else code, _text(error, "title"), _text(error, "detail"))


_READERS: Final[dict[str, Callable[[dict[str, Any]], MediaEvent]]] = {
    "connected": _read_connected,
    "start": _read_start,
    "media": _read_media,
    "mark": _read_mark,
    "dtmf": _read_dtmf,
    "error": _read_error,
    "stop": lambda _: MediaStopped(),
}


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _integer(value: object) -> int | None:
    """A whole number ≥ 0 of at most 18 digits, written as a number or as a string; ``None`` for all else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else None


def _from_base64(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return pybase64.b64decode(value, validate=True)
    except ValueError:
        return None


# -- the carrier's side -----------------------------------------------------------------------------------------------


class PlayAudio(msgspec.Struct, frozen=True, gc=False):
    """Fired when the application wants ``payload`` (codec bytes) played after what is queued."""

    payload: bytes


class PlaceMark(msgspec.Struct, frozen=True):
    """Fired when the application wants ``name`` back once all audio before it was played."""

    name: str


class ClearAudio(msgspec.Struct, frozen=True):
    """Fired when the application wants silence at once, and its marks back."""


class CommandMalformed(msgspec.Struct, frozen=True):
    """Fired for a message that the carrier complains of: send :meth:`TelnyxCarrierMedia.error` with these fields."""

    code: int
    title: str
    detail: str


class CommandIgnored(msgspec.Struct, frozen=True):
    """Fired for a message that the carrier passes over in silence."""

    reason: str


AppCommand = PlayAudio | PlaceMark | ClearAudio | CommandMalformed | CommandIgnored


class _Play(msgspec.Struct, frozen=True, gc=False):
    payload: bytes


class _PlayMessage(msgspec.Struct, frozen=True, gc=False):
    event: Literal["media"]
    media: _Play


_decode_play = msgspec.json.Decoder(_PlayMessage).decode


class TelnyxCarrierMedia:
    """The carrier's side of one media socket.

    Sequence numbers count all messages of the stream from ``start`` on; chunks (from 1) and timestamps (from 0) count
    per track. All are strings on the wire.

    Args:
        stream_id: the stream's UUID.
        bytes_per_ms: payload bytes per millisecond of what the application sends (PCMU, PCMA, G722: 8; L16 at
            16 kHz: 32). If given, audio shorter than 20 ms or longer than 30 s is malformed. Leave it out for codecs
            of varying size.
    """

    def __init__(self, stream_id: str, *, bytes_per_ms: int | None = None) -> None:
        self.stream_id = stream_id
        self._stream = b',"stream_id":' + _encode(stream_id)
        self._sequence = 0
        self._tracks: dict[str, _Track] = {}
        self._shortest = 0 if bytes_per_ms is None else MIN_AUDIO_MS * bytes_per_ms
        self._longest = None if bytes_per_ms is None else MAX_AUDIO_MS * bytes_per_ms

    def connected(self, auth_token: str | None = None) -> bytes:
        """The first message."""
        message: dict[str, Any] = {"event": "connected", "version": "1.0.0"}
        if auth_token is not None:
            message[AUTH_TOKEN_FIELD] = auth_token
        return _encode(message)

    def start(
        self,
        *,
        call_id: str,
        format: MediaFormat,  # noqa: A002 - the word of MediaStarted
        session_id: str = "",
        user_id: str = "",
        from_: str = "",
        to: str = "",
        client_state: str | None = None,
        custom_parameters: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
    ) -> bytes:
        """The message that opens the audio. ``client_state`` is given as on the wire, in base64."""
        start: dict[str, Any] = {
            "user_id": user_id,
            "call_control_id": call_id,
            "call_session_id": session_id,
            "from": from_,
            "to": to,
            "tags": list(tags),
            "client_state": client_state,
            "media_format": {
                "encoding": format.encoding,
                "sample_rate": format.sample_rate,
                "channels": format.channels,
            },
        }
        if custom_parameters is not None:
            start["custom_parameters"] = dict(custom_parameters)
        return self._message("start", {"start": start})

    def media(self, track: str, payload: bytes, *, duration_ms: int = 20) -> bytes:
        """The next ``duration_ms`` of audio on ``track`` (``inbound`` or ``outbound``).

        To lose a frame on the way, make its message and do not send it.
        """
        counters = self._tracks.get(track)
        if counters is None:
            counters = self._tracks[track] = _Track(b',"media":{"track":' + _encode(track) + b',"chunk":"')
        self._sequence += 1
        counters.chunk += 1
        message = (
            b'{"event":"media","sequence_number":"%d"' % self._sequence
            + self._stream
            + counters.prefix
            + b'%d","timestamp":"%d","payload":"' % (counters.chunk, counters.timestamp_ms)
            + _b64encode(payload)
            + b'"}}'
        )
        counters.timestamp_ms += duration_ms
        return message

    def mark(self, name: str) -> bytes:
        """The message that gives a mark back."""
        return self._message("mark", {"mark": {"name": name}})

    def dtmf(self, digit: str, occurred_at: str) -> bytes:
        """The message that reports a key. ``occurred_at`` is RFC 3339."""
        return self._message("dtmf", {"occurred_at": occurred_at, "dtmf": {"digit": digit}})

    def error(self, code: int, title: str, detail: str) -> bytes:
        """The message that complains. It has no sequence number and does not end the stream."""
        payload = {"code": code, "title": title, "detail": detail}
        return _encode({"event": "error", "stream_id": self.stream_id, "payload": payload})

    def stop(self, *, call_id: str, user_id: str = "") -> bytes:
        """The last message; close the socket after it."""
        return self._message("stop", {"stop": {"user_id": user_id, "call_control_id": call_id}})

    def receive(self, message: bytes) -> AppCommand:
        """Turn one message of the application into one command. Never raises.

        Liberal, as the carrier is: no ``stream_id`` is needed, unknown fields and events are passed over.
        """
        try:
            payload = _decode_play(message).media.payload
        except _GARBAGE:
            return _command(message)
        if self._longest is not None and not self._shortest <= len(payload) <= self._longest:
            return CommandMalformed(
                INVALID_MEDIA,
                "invalid_media",
                f"expected {self._shortest} to {self._longest} bytes ({MIN_AUDIO_MS} ms to {MAX_AUDIO_MS // 1000} s "
                f"of audio), got {len(payload)}",
            )
        return PlayAudio(payload)

    def _message(self, event: str, fields: dict[str, Any]) -> bytes:
        self._sequence += 1
        head = {"event": event, "sequence_number": str(self._sequence), "stream_id": self.stream_id}
        return _encode(head | fields)


class _Track:
    __slots__ = ("chunk", "prefix", "timestamp_ms")

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.chunk = 0
        self.timestamp_ms = 0


def _command(message: bytes) -> AppCommand:
    """Everything but well-formed audio."""
    try:
        frame = _decode_any(message)
    except _GARBAGE:
        return _malformed("expected JSON, got something else")
    event = frame.get("event") if isinstance(frame, dict) else None
    if not isinstance(event, str):
        return _malformed("expected an object with an event, got none")
    if event == "clear":
        return ClearAudio()
    if event == "mark":
        name = _object(frame, "mark").get("name")
        return PlaceMark(name) if isinstance(name, str) else _malformed("expected mark.name, got none")
    if event == "media":
        return CommandMalformed(INVALID_MEDIA, "invalid_media", "expected base64 in media.payload, got something else")
    return CommandIgnored("unknown event")


def _malformed(detail: str) -> CommandMalformed:
    return CommandMalformed(MALFORMED_FRAME, "malformed_frame", detail)
