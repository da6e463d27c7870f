"""The application's side of a media socket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from offhook.carriers.audio_messages import audio_messages
from offhook.carriers.media import (
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
from offhook.carriers.telnyx.media.wire import (
    AUTH_TOKEN_FIELD,
    GARBAGE,
    MAX_AUDIO_MS,
    UNKNOWN_ERROR,
    b64encode,
    decode_any,
    encode,
    from_base64,
    integer,
    object_,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.carriers.events import Direction

__all__ = ["TelnyxAppMedia"]


class _AudioMessage(msgspec.Struct, frozen=True, gc=False):
    event: Literal["media"]
    media: MediaReceived


_HEAD: Final = b'{"event":"media","media":{"payload":"'
_TAIL: Final = b'"}}'
_QUICK: Final = audio_messages(_HEAD, _TAIL)

# Counters are strings of integers on the wire; lax decoding takes both.
_decode_audio = msgspec.json.Decoder(_AudioMessage, strict=False).decode


class TelnyxAppMedia:
    """The application's side of one media socket (:class:`~offhook.carriers.media.AppMedia`).

    The reasons in :class:`~offhook.carriers.media.FrameIgnored` are a small fixed set, fit for counters.
    """

    __slots__ = ()

    max_audio_ms = MAX_AUDIO_MS
    """The longest audio of one message."""

    audio_messages = _QUICK
    """How audio is read and written in one step, if it can be."""

    def receive(self, message: bytes) -> MediaEvent:
        """Turn one text message (UTF-8 bytes) into one event. Never raises."""
        try:
            return _decode_audio(message).media
        except GARBAGE:
            return _receive_other(message)

    def receive_binary(self, message: bytes) -> MediaEvent:
        """Binary messages are not part of the protocol: always :class:`FrameIgnored`."""
        return FrameIgnored("binary message")

    def audio(self, payload: bytes) -> bytes:
        """The message that plays ``payload``: codec bytes of 20 ms to 30 s; with OPUS exactly one packet."""
        return _HEAD + b64encode(payload) + _TAIL

    def mark(self, name: str) -> bytes:
        """The message that asks for ``name`` back once all audio sent so far was played."""
        return b'{"event":"mark","mark":{"name":' + encode(name) + b"}}"

    def clear(self) -> bytes:
        """The message that stops playing at once. The carrier then returns every mark that waits."""
        return b'{"event":"clear"}'


_TRACKS: Final[dict[str, Direction]] = {
    "inbound": "inbound",
    "inbound_track": "inbound",
    "outbound": "outbound",
    "outbound_track": "outbound",
}


def _receive_other(message: bytes) -> MediaEvent:
    """Everything but well-formed audio: rare, so it is read field by field and leniently."""
    try:
        frame = decode_any(message)
    except GARBAGE:
        return FrameIgnored("not JSON")
    if not isinstance(frame, dict):
        return FrameIgnored("not an object")
    event = frame.get("event")
    read = _READERS.get(event) if isinstance(event, str) else None
    return read(frame) if read is not None else FrameIgnored("unknown event")


def _read_connected(frame: dict[str, Any]) -> MediaEvent:
    # The documentation names "connected.x-telnyx-streaming-auth-token"; live messages have it at the top.
    token = text(frame, AUTH_TOKEN_FIELD) or text(object_(frame, "connected"), AUTH_TOKEN_FIELD)
    return MediaConnected(text(frame, "version"), token or None)


def _read_start(frame: dict[str, Any]) -> MediaEvent:
    start = object_(frame, "start")
    audio = object_(start, "media_format")
    encoding, sample_rate = text(audio, "encoding"), integer(audio.get("sample_rate"))
    stream_id = text(frame, "stream_id") or text(start, "stream_id")
    if not (stream_id and encoding and sample_rate):
        return FrameIgnored("start without stream_id or media_format")
    return MediaStarted(
        stream_id=stream_id,
        call_id=text(start, "call_control_id"),
        format=MediaFormat(encoding.upper(), sample_rate, integer(audio.get("channels")) or 1),
        from_=text(start, "from"),
        to=text(start, "to"),
        client_state=decode_client_state(start.get("client_state")),
        custom_parameters={
            name: value for name, value in object_(start, "custom_parameters").items() if isinstance(value, str)
        },
    )


def _read_media(frame: dict[str, Any]) -> MediaEvent:
    """Audio that the fast decoder refused: in another spelling, or broken."""
    media = object_(frame, "media")
    track = _TRACKS.get(text(media, "track") or "inbound")
    chunk, timestamp_ms = integer(media.get("chunk")), integer(media.get("timestamp"))
    payload = from_base64(media.get("payload"))
    if track is None:
        return FrameIgnored("media of an unknown track")
    if chunk is None or timestamp_ms is None:
        return FrameIgnored("media without chunk or timestamp")
    if payload is None:
        return FrameIgnored("media without base64 payload")
    return MediaReceived(track, chunk, timestamp_ms, payload)


def _read_mark(frame: dict[str, Any]) -> MediaEvent:
    name = object_(frame, "mark").get("name")
    return MarkReturned(name) if isinstance(name, str) else FrameIgnored("mark without name")


def _read_dtmf(frame: dict[str, Any]) -> MediaEvent:
    digit = text(object_(frame, "dtmf"), "digit").upper()
    return DigitReceived(digit) if re.fullmatch(r"[0-9*#A-D]", digit) else FrameIgnored("dtmf without digit")


def _read_error(frame: dict[str, Any]) -> MediaEvent:
    error = object_(frame, "payload")
    code = integer(error.get("code"))
    return MediaFault(UNKNOWN_ERROR if code is None else code, text(error, "title"), text(error, "detail"))


_READERS: Final[dict[str, Callable[[dict[str, Any]], MediaEvent]]] = {
    "connected": _read_connected,
    "start": _read_start,
    "media": _read_media,
    "mark": _read_mark,
    "dtmf": _read_dtmf,
    "error": _read_error,
    "stop": lambda _: MediaStopped(),
}
