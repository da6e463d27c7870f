"""The carrier's side of a media socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from offhook.carriers.telnyx.media.wire import (
    AUTH_TOKEN_FIELD,
    GARBAGE,
    INVALID_MEDIA,
    MALFORMED_FRAME,
    MAX_AUDIO_MS,
    MIN_AUDIO_MS,
    b64encode,
    decode_any,
    encode,
    object_,
)
from offhook.errors import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.carriers.media import MediaFormat

__all__ = [
    "AppCommand",
    "ClearAudio",
    "CommandIgnored",
    "CommandMalformed",
    "PlaceMark",
    "PlayAudio",
    "TelnyxCarrierMedia",
]


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
        self._stream = b',"stream_id":' + encode(stream_id)
        self._sequence = 0
        self._tracks: dict[str, _Track] = {}
        self._shortest = 0 if bytes_per_ms is None else MIN_AUDIO_MS * bytes_per_ms
        self._longest = None if bytes_per_ms is None else MAX_AUDIO_MS * bytes_per_ms

    def connected(self, auth_token: str | None = None) -> bytes:
        """The first message."""
        message: dict[str, Any] = {"event": "connected", "version": "1.0.0"}
        if auth_token is not None:
            message[AUTH_TOKEN_FIELD] = auth_token
        return encode(message)

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
        counters = self._track(track)
        self._sequence += 1
        counters.chunk += 1
        message = (
            b'{"event":"media","sequence_number":"%d"' % self._sequence
            + self._stream
            + counters.prefix
            + b'%d","timestamp":"%d","payload":"' % (counters.chunk, counters.timestamp_ms)
            + b64encode(payload)
            + b'"}}'
        )
        counters.timestamp_ms += duration_ms
        return message

    def skip(self, track: str, duration_ms: int) -> None:
        """Audio of ``duration_ms`` never came to the carrier: the next timestamp is that much later (inferred)."""
        self._track(track).timestamp_ms += duration_ms

    def _track(self, track: str) -> _Track:
        counters = self._tracks.get(track)
        if counters is None:
            counters = self._tracks[track] = _Track(b',"media":{"track":' + encode(track) + b',"chunk":"')
        return counters

    def mark(self, name: str) -> bytes:
        """The message that gives a mark back."""
        return self._message("mark", {"mark": {"name": name}})

    def dtmf(self, digit: str, occurred_at: str) -> bytes:
        """The message that reports a key. ``occurred_at`` is RFC 3339."""
        return self._message("dtmf", {"occurred_at": occurred_at, "dtmf": {"digit": digit}})

    def error(self, code: int, title: str, detail: str) -> bytes:
        """The message that complains. It has no sequence number and does not end the stream."""
        payload = {"code": code, "title": title, "detail": detail}
        return encode({"event": "error", "stream_id": self.stream_id, "payload": payload})

    def stop(self, *, call_id: str, user_id: str = "") -> bytes:
        """The last message; close the socket after it."""
        return self._message("stop", {"stop": {"user_id": user_id, "call_control_id": call_id}})

    def receive(self, message: bytes) -> AppCommand:
        """Turn one message of the application into one command. Never raises.

        Liberal, as the carrier is: no ``stream_id`` is needed, unknown fields and events are passed over.
        """
        try:
            payload = _decode_play(message).media.payload
        except GARBAGE:
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
        return encode(head | fields)


class _Track:
    __slots__ = ("chunk", "prefix", "timestamp_ms")

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.chunk = 0
        self.timestamp_ms = 0


def _command(message: bytes) -> AppCommand:
    """Everything but well-formed audio."""
    try:
        frame = decode_any(message)
    except GARBAGE:
        return _malformed(f"expected JSON, got {kind_of(message)} that are none")
    event = frame.get("event") if isinstance(frame, dict) else None
    if not isinstance(event, str):
        return _malformed("expected an object with an event, got none")
    if event == "clear":
        return ClearAudio()
    if event == "mark":
        name = object_(frame, "mark").get("name")
        return PlaceMark(name) if isinstance(name, str) else _malformed("expected mark.name, got none")
    if event == "media":
        payload = object_(frame, "media").get("payload")
        return CommandMalformed(
            INVALID_MEDIA, "invalid_media", f"expected base64 in media.payload, got {kind_of(payload)}"
        )
    return CommandIgnored("unknown event")


def _malformed(detail: str) -> CommandMalformed:
    return CommandMalformed(MALFORMED_FRAME, "malformed_frame", detail)
