"""One media stream of a leg, the carrier's end, without the socket: settings, coders, playout, messages."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from offhook.audio.codecs import ENCODABLE, make_decoder, make_encoder
from offhook.audio.frames import FRAME_MS, SAMPLE_BYTES
from offhook.audio.resample import Resampler
from offhook.carriers.media import MediaFormat
from offhook.carriers.telnyx.media import (
    INVALID_MEDIA,
    MAX_AUDIO_MS,
    RATE_LIMIT_REACHED,
    ClearAudio,
    CommandMalformed,
    PlaceMark,
    PlayAudio,
    TelnyxCarrierMedia,
)
from offhook.errors import CodecError, kind_of
from offhook.exchange.sound.buffer import PlayoutBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.audio.codecs import Encoder

__all__ = ["StreamMedia", "StreamSettings", "announced_rate"]

MP3_INTERVAL_MS: Final = 1000
"""In ``mp3`` mode the carrier takes one message a second; it says so, and nothing about how exactly it counts."""

_FIXED_RATES: Final = {"PCMU": 8000, "PCMA": 8000, "G722": 8000}
_WIDE_RATE: Final = 16000


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What the application asked a stream to be, and what the start frame tells it.

    Names and defaults are those of the carrier's commands (``stream_track`` is ``track`` here, and so on).
    """

    stream_id: str
    url: str
    track: Literal["inbound_track", "outbound_track", "both_tracks"] = "inbound_track"
    codec: str = "default"
    """What the exchange sends; ``default`` is the leg's own codec, also used where transcoding is impossible."""
    bidirectional_mode: Literal["mp3", "rtp"] = "mp3"
    bidirectional_codec: str = "PCMU"
    """What the application sends, in ``rtp`` mode."""
    bidirectional_sampling_rate: int | None = None
    """Hz of what the application sends, and of OPUS and L16 towards it; ``None`` is the codec's own rate."""
    bidirectional_target_legs: Literal["both", "self", "opposite"] = "opposite"
    auth_token: str | None = None
    custom_parameters: Mapping[str, str] = field(default_factory=dict)
    client_state: str | None = None
    """As it is on the wire: base64."""
    tags: tuple[str, ...] = ()
    user_id: str = ""
    call_control_id: str = ""
    call_session_id: str = ""
    from_: str = ""
    to: str = ""
    l16_byte_order: Literal["little", "big"] = "little"
    on_app_close: Literal["stopped", "failed", "reconnect"] = "stopped"
    """What follows when the application closes the socket: the carrier documents it (``reconnect``) for TeXML only."""
    connect_timeout_s: float = 5.0


class _Note(Protocol):
    def __call__(self, type: str, **fields: object) -> None: ...  # noqa: A002  (the word of the timeline)


def announced_rate(codec: str, asked: int | None = None) -> int:
    """The rate that goes with ``codec`` on the wire: what was asked for, where the codec leaves a choice.

    G722 is announced at 8000, its RTP clock, though its audio is 16 kHz (RFC 3551 §4.5.2).
    """
    return _FIXED_RATES.get(codec) or asked or _WIDE_RATE


class StreamMedia:
    """The audio and the messages of one stream. Messages to send are returned, never sent.

    Args:
        settings: what was asked for.
        line_codec: the leg's own codec.
        line_rate: Hz of the leg's pcm.
        note: takes journal events.

    Raises:
        UnsupportedCodec: if what the application will send cannot be decoded.
    """

    def __init__(self, settings: StreamSettings, *, line_codec: str, line_rate: int, note: _Note) -> None:
        self.settings = settings
        self._line_codec = line_codec
        self._line_rate = line_rate
        self._note = note
        self._noted: set[str] = set()
        self._wire = TelnyxCarrierMedia(settings.stream_id)
        self.format = self._choose_format()
        self._coders: dict[str, _Coder] = {}
        self._decode = self._make_decode()
        self._last_mp3_ms = float("-inf")

    def opening(self) -> tuple[bytes, bytes]:
        """``connected`` and ``start``. Called again, for a new socket, the counters of the messages begin anew."""
        settings = self.settings
        self._wire = TelnyxCarrierMedia(settings.stream_id)
        start = self._wire.start(
            call_id=settings.call_control_id,
            format=self.format,
            session_id=settings.call_session_id,
            user_id=settings.user_id,
            from_=settings.from_,
            to=settings.to,
            client_state=settings.client_state,
            custom_parameters=settings.custom_parameters or None,
            tags=settings.tags,
        )
        return self._wire.connected(settings.auth_token), start

    def stop(self) -> bytes:
        """The last message."""
        return self._wire.stop(call_id=self.settings.call_control_id, user_id=self.settings.user_id)

    def dtmf(self, digit: str, occurred_at: str) -> bytes:
        """The message of a key that the leg's party pressed."""
        return self._wire.dtmf(digit, occurred_at)

    def frame(self, track: Literal["inbound", "outbound"], pcm: bytes, payload: bytes) -> bytes:
        """The message of a frame that the leg's party said (``inbound``) or hears (``outbound``).

        Args:
            track: which of the two.
            pcm: 20 ms at the line's rate.
            payload: the same in the line's codec.
        """
        if self.format.encoding != self._line_codec or self.format.sample_rate != announced_rate(self._line_codec):
            coder = self._coders.get(track)
            if coder is None:
                coder = self._coders[track] = _Coder(self.format, self._line_rate, self.settings.l16_byte_order)
            payload = coder.encode(pcm)
        return self._wire.media(track, payload)

    def skip(self, track: Literal["inbound", "outbound"], duration_ms: int) -> None:
        """No frames come for so much of the track: what follows is at its time all the same."""
        self._wire.skip(track, duration_ms)

    def pull(self, now_ms: float) -> tuple[bytes | None, list[bytes]]:
        """The 20 ms at the playout's rate that the application wants played now, and the messages that are due."""
        pcm, marks = self.playout.pull(now_ms)
        return pcm, [self._wire.mark(name) for name in marks]

    def receive(self, message: bytes, now_ms: float) -> list[bytes]:
        """Carry out one message of the application; return what to answer. Never raises."""
        command = self._wire.receive(message)
        if isinstance(command, PlayAudio):
            return self._play(command.payload, now_ms)
        if isinstance(command, PlaceMark):
            return [self._wire.mark(command.name)] if self.playout.mark(command.name, now_ms) else []
        if isinstance(command, ClearAudio):
            cleared = self.playout.clear()
            self._note("stream.cleared", dropped_ms=round(cleared.dropped_ms), marks=len(cleared.marks))
            return [self._wire.mark(name) for name in cleared.marks]
        if isinstance(command, CommandMalformed):
            return self._complain(command.code, command.title, command.detail)
        self._note_once("stream.message_ignored", reason=command.reason)
        return []

    def receive_binary(self) -> None:
        """A binary message came: it is not part of the protocol and passed over."""
        self._note_once("stream.message_ignored", reason="binary message")

    def counters(self) -> dict[str, object]:
        """What was played and what went wrong, for the journal."""
        seen = self.playout.counters
        return {
            "played_ms": seen.played_ms,
            "dropped_ms": round(seen.dropped_ms),
            "underruns": seen.underruns,
            "padded": seen.padded,
            "clears": seen.clears,
        }

    def _choose_format(self) -> MediaFormat:
        codec = self.settings.codec
        if codec != "default":
            rate = announced_rate(codec, self.settings.bidirectional_sampling_rate)
            if rate in ENCODABLE.get(codec, ()):
                return MediaFormat(codec, rate)
            self._note("stream.codec_impossible", asked=codec, asked_rate=rate, used=self._line_codec)
        return MediaFormat(self._line_codec, announced_rate(self._line_codec))

    # -- what the application sends -----------------------------------------------------------------------------------

    def _make_decode(self) -> Callable[[bytes], bytes]:
        settings = self.settings
        if settings.bidirectional_mode == "mp3":
            self.playout = PlayoutBuffer(self._line_rate)
            return self._decode_mp3
        codec = settings.bidirectional_codec
        decoder = make_decoder(
            codec,
            announced_rate(codec, settings.bidirectional_sampling_rate),
            l16_byte_order=settings.l16_byte_order,
        )
        self.playout = PlayoutBuffer(decoder.rate)
        return decoder.decode

    def _play(self, payload: bytes, now_ms: float) -> list[bytes]:
        mp3 = self.settings.bidirectional_mode == "mp3"
        if mp3:
            if now_ms - self._last_mp3_ms < MP3_INTERVAL_MS:
                return self._complain(
                    RATE_LIMIT_REACHED,
                    "rate_limit_reached",
                    "expected at most one media message a second in mp3 mode, got more",
                )
            self._last_mp3_ms = now_ms
        try:
            pcm = self._decode(payload)
        except CodecError as error:
            return self._complain(INVALID_MEDIA, "invalid_media", error.message, mode=self.settings.bidirectional_mode)
        duration_ms = len(pcm) / SAMPLE_BYTES * 1000 / self.playout.rate
        if duration_ms > MAX_AUDIO_MS and not mp3:
            return self._complain(
                INVALID_MEDIA,
                "invalid_media",
                f"expected {FRAME_MS} ms to {MAX_AUDIO_MS // 1000} s of audio, got {duration_ms / 1000:.1f} s",
            )
        self.playout.add(pcm, now_ms)
        return []

    def _decode_mp3(self, payload: bytes) -> bytes:
        import av  # slow to load, and mp3 mode is rare

        try:
            with av.open(io.BytesIO(payload), "r", format="mp3") as container:
                resampler = av.AudioResampler(format="s16", layout="mono", rate=self._line_rate)
                frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
                frames += resampler.resample(None)
        except (av.FFmpegError, IndexError, ValueError):
            raise CodecError(
                "expected a whole MP3 in media.payload, since the stream is in mp3 mode, "
                f"got {kind_of(payload)} that are none",
                fix='send raw audio with stream_bidirectional_mode="rtp"',
            ) from None
        return b"".join(frame.to_ndarray().tobytes() for frame in frames)

    def _complain(self, code: int, title: str, detail: str, **fields: object) -> list[bytes]:
        self._note_once("stream.error_sent", code=code, title=title, detail=detail, **fields)
        return [self._wire.error(code, title, detail)]

    def _note_once(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        """A client that does a thing wrong does it fifty times a second: the journal keeps the first of a kind."""
        kind = f"{type} {fields.get('title')} {fields.get('reason')}"
        if kind not in self._noted:
            self._noted.add(kind)
            self._note(type, **fields)


class _Coder:
    """From the line's audio to the codec of a stream."""

    def __init__(self, format: MediaFormat, line_rate: int, byte_order: Literal["little", "big"]) -> None:  # noqa: A002
        self._encoder: Encoder = make_encoder(format.encoding, format.sample_rate, l16_byte_order=byte_order)
        self._resampler = Resampler(line_rate, self._encoder.rate)

    def encode(self, pcm: bytes) -> bytes:
        return self._encoder.encode(self._resampler.process(pcm))
