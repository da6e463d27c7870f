"""What to ask for so that a media stream is two-way: the ``stream_*`` fields of commands.

The API's defaults are for other uses: without ``stream_bidirectional_mode="rtp"`` the carrier takes MP3 only, without
``target_legs="self"`` the audio is for the other leg, and ``stream_codec`` left out follows the caller's network (A-law
in Europe, μ-law in America). So all are always said.

``answer`` has no ``stream_bidirectional_sampling_rate`` (``dial`` and ``streaming_start`` have), and its default is
8000. PCMU, PCMA and G722 run at that rate on the wire and need no more. L16, OPUS or AMR-WB at another rate cannot be
asked for with ``answer``: for these :meth:`TelnyxCarrier.answer <offhook.carriers.telnyx.client.TelnyxCarrier.answer>`
answers first and opens the stream by ``streaming_start``.
https://developers.telnyx.com/api-reference/call-commands/answer-call
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from offhook.errors import CommandInvalid

if TYPE_CHECKING:
    from offhook.carriers.commands import StreamRequest

__all__ = ["fits_answer", "stream_fields"]

DEFAULT_RATE: Final = 8000

# Rates that can be asked for, by codec. G722 says 8000 on the wire (its RTP clock) though its audio is 16 kHz.
_RATES: Final[dict[str, tuple[int, ...]]] = {
    "PCMU": (8000,),
    "PCMA": (8000,),
    "G722": (8000, 16000),
    "OPUS": (8000, 16000),
    "AMR-WB": (8000, 16000),
    "L16": (8000, 16000, 22050, 24000, 48000),
}
_TRACKS: Final = {"inbound": "inbound_track", "outbound": "outbound_track", "both": "both_tracks"}


def stream_fields(stream: StreamRequest, *, with_rate: bool) -> dict[str, Any]:
    """The fields that ask for ``stream``; ``with_rate`` where the command has ``stream_bidirectional_sampling_rate``.

    Raises:
        CommandInvalid: for a codec or a rate that the carrier does not have.
    """
    fields: dict[str, Any] = {
        "stream_url": stream.url,
        "stream_track": _TRACKS[stream.track],
        "stream_codec": stream.codec,
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": stream.codec,
        "stream_bidirectional_target_legs": "self",
    }
    rate = _wire_rate(stream)
    return fields | {"stream_bidirectional_sampling_rate": rate} if with_rate else fields


def fits_answer(stream: StreamRequest) -> bool:
    """Whether ``answer`` can ask for ``stream``, without the field for the rate."""
    return _wire_rate(stream) == DEFAULT_RATE


def _wire_rate(stream: StreamRequest) -> int:
    rates = _RATES.get(stream.codec)
    if rates is None:
        raise CommandInvalid(f"expected one of the codecs {', '.join(_RATES)}, got {stream.codec!r}.")
    if stream.sample_rate not in rates:
        raise CommandInvalid(
            f"expected {stream.codec} at {' or '.join(map(str, rates))} Hz, got {stream.sample_rate} Hz."
        )
    return DEFAULT_RATE if stream.codec == "G722" else stream.sample_rate
