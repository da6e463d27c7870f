"""What tests of a call's audio share: streams without sockets, and listeners that keep what they hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.media.stream import MediaStream
from offhook.carriers.commands import StreamRequest
from offhook.carriers.media import MediaFormat, MediaReceived, MediaStarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.carriers.audio_messages import AudioMessages
    from offhook.carriers.events import Direction


class FakeMedia:
    """A wire format without bytes: ``receive`` returns what is put into ``next``."""

    max_audio_ms = 30_000
    audio_messages: AudioMessages | None = None
    next: Any = None

    def receive(self, message: bytes) -> Any:
        return self.next

    receive_binary = receive

    def audio(self, payload: bytes) -> bytes:
        return b"audio %d" % len(payload)

    def mark(self, name: str) -> bytes:
        return b"mark " + name.encode()

    def clear(self) -> bytes:
        return b"clear"


def started(encoding: str = "PCMU", rate: int = 8000) -> MediaStarted:
    return MediaStarted(stream_id="s1", call_id="c1", format=MediaFormat(encoding=encoding, sample_rate=rate))


def piece(chunk: int, payload: bytes | None = None, track: Direction = "inbound") -> MediaReceived:
    if payload is None:
        payload = bytes([255] * 160)  # an object of its own, as from a socket
    return MediaReceived(track=track, chunk=chunk, timestamp_ms=(chunk - 1) * 20, payload=payload)


class Owner:
    """Keeps what a stream tells, and hears all its tracks."""

    def __init__(self) -> None:
        self.saw: list[tuple[Any, ...]] = []
        self.on_start: Any = None

    def stream_started(self, stream: MediaStream, started: MediaStarted) -> None:
        self.saw.append(("started", started.format.encoding))
        for track in stream.tracks.values():
            track.way = self.audio
        if self.on_start:
            self.on_start(stream)

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        self.saw.append(("audio", len(pcm), timestamp_ms))

    def mark_returned(self, name: str) -> None:
        self.saw.append(("mark", name))

    def digit(self, digit: str) -> None:
        self.saw.append(("digit", digit))

    def stream_failed(self, stream: MediaStream, failure: str, detail: str) -> None:
        self.saw.append(("failed", failure, detail))

    def stream_stopped(self, stream: MediaStream) -> None:
        self.saw.append(("stopped",))


class Bench:
    """A stream with everything around it."""

    started = staticmethod(started)
    piece = staticmethod(piece)

    def __init__(self, owner: Any = None, l16_byte_order: Any = "little", **request: Any) -> None:
        self.media = FakeMedia()
        self.sent: list[bytes] = []
        self.closed = 0
        self.owner = owner or Owner()
        self.stream = MediaStream(
            self.media,
            request=StreamRequest(url="", **request),
            owner=self.owner,
            send=self.sent.append,
            close=self.close,
            l16_byte_order=l16_byte_order,
        )

    def close(self) -> None:
        self.closed += 1

    def feed(self, *events: Any, binary: bool = False) -> None:
        for event in events:
            self.media.next = event
            (self.stream.receive_binary if binary else self.stream.receive)(b"")

    def start(self, encoding: str = "PCMU", rate: int = 8000) -> None:
        self.feed(started(encoding, rate))

    @property
    def saw(self) -> Any:
        return self.owner.saw


class Ear:
    """A listener that keeps what it hears, and raises when it is told to."""

    def __init__(self, raises_at: str = "") -> None:
        self.heard: list[Any] = []
        self.raises_at = raises_at

    def _hear(self, what: str, *rest: Any) -> None:
        self.heard.append((what, *rest) if rest else what)
        if what == self.raises_at:
            raise ValueError("canary words")

    def media_started(self, started: MediaStarted) -> None:
        self._hear("started")

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        self._hear("audio", len(pcm), timestamp_ms)

    def mark_returned(self, name: str) -> None:
        self._hear("mark", name)

    def digit(self, digit: str) -> None:
        self._hear("digit", digit)

    def media_lost(self) -> None:
        self._hear("lost")

    def media_resumed(self) -> None:
        self._hear("resumed")

    def media_stopped(self) -> None:
        self._hear("stopped")


@pytest.fixture
def new_bench() -> Callable[..., Bench]:
    """``new_bench(**request)``: a stream, for an owner that keeps what it is told, or for ``owner``."""
    return Bench


@pytest.fixture
def new_ear() -> Callable[..., Ear]:
    """``new_ear(raises_at="")``: a listener; the names of what it may raise at are those of what it keeps."""
    return Ear
