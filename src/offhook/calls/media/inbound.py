"""One track of what a carrier sends: its pieces in order, decoded, and made up for where they are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.audio.codecs.g711 import samples_of
from offhook.audio.conceal import Conceal
from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.audio.reorder import Reorder
from offhook.calls.media.taps import nobody
from offhook.errors import CodecError

if TYPE_CHECKING:
    from offhook.audio.codecs import Decoder
    from offhook.audio.reorder import ReorderCounters
    from offhook.calls.media.counters import StreamCounters
    from offhook.calls.media.taps import Way
    from offhook.carriers._audio import AudioReader
    from offhook.carriers.audio_messages import AudioMessages
    from offhook.carriers.events import Direction
    from offhook.carriers.media import MediaReceived

__all__ = ["Inbound"]


class Inbound:
    """One track of a stream.

    Args:
        decoder: of the codec that the carrier has announced.
        counters: of the stream.
        name: which track it is.
        messages: how the carrier's messages of audio are read in one step, if they can be.
    """

    # Slots, since a frame reads some of these on its way.
    __slots__ = (
        "_bytes_per_ms",
        "_conceal",
        "_counters",
        "_decoder",
        "_last_bytes",
        "_last_ms",
        "_reorder",
        "_way",
        "rate",
        "reader",
    )

    def __init__(
        self,
        decoder: Decoder,
        counters: StreamCounters,
        *,
        name: Direction = "inbound",
        messages: AudioMessages | None = None,
    ) -> None:
        self.rate = decoder.rate
        """Of the pcm, in Hz."""
        self._decoder = decoder
        self._conceal = Conceal(decoder.rate)
        self._counters = counters
        self._reorder = Reorder(frame_ms=FRAME_MS)
        counters.tracks.append(self)
        self._bytes_per_ms = decoder.rate * 2 / 1000
        self._last_ms: float = 0
        self._last_bytes = 0
        samples = samples_of(decoder)
        self.reader: AudioReader | None = None
        """Takes messages in one step, where each is the next piece of this track, as nearly every message is."""
        if messages is not None and samples is not None:
            self.reader = messages.reader(name.encode(), samples, frame_bytes(decoder.rate))
        self.way = nobody

    @property
    def way(self) -> Way:
        """Where the pieces go."""
        return self._way

    @way.setter
    def way(self, way: Way) -> None:
        self._way: Way = way
        if self.reader is not None:
            self.reader.way = way

    @property
    def order(self) -> ReorderCounters:
        """In which order the pieces came."""
        self._settle()
        return self._reorder.counters

    @property
    def ends_ms(self) -> float:
        """Where the audio heard so far ends, on the stream's clock."""
        self._settle()
        return self._last_ms + self._last_bytes / self._bytes_per_ms

    def take(self, event: MediaReceived) -> None:
        """Take a piece, in order or not."""
        reader = self.reader
        if reader is not None:
            self._settle()
            reader.expected = -1
        payload, order = event.payload, self._reorder
        pieces = [payload] if order.passes(event.chunk) else order.push(event.chunk, payload)
        for piece in pieces:
            # A piece that was held back for reordering follows the ones before it on the stream's clock.
            next_ms = self._last_ms + self._last_bytes / self._bytes_per_ms
            self.hear(piece, event.timestamp_ms if piece is payload else next_ms)
        ended = self.reader is None
        if reader is not None and not ended and not order.held and not self._conceal.filling:
            reader.expected = order.expected

    def end(self) -> None:
        """Nothing more comes."""
        self._settle()
        if self.reader is not None:
            self.reader.expected = -1
            self.reader = None

    def _settle(self) -> None:
        """Account for what the reader has taken, as if it had come the slower way."""
        settled = self.reader.settle() if self.reader is not None else None
        if settled is not None:
            taken, self._last_ms, latest = settled
            self._reorder.expected += taken
            self._reorder.counters.received += taken
            for pcm in latest:
                self._last_bytes = len(self._conceal.good(pcm))

    def hear(self, piece: bytes | None, timestamp_ms: float) -> None:
        """Pass the next piece on; one that is lost (``None``), or that is not of the codec, is made up for."""
        try:
            pcm = self._made_up() if piece is None else self._conceal.good(self._decoder.decode(piece))
        except CodecError:
            self._counters.ignored["not of the codec"] += 1
            pcm = self._made_up()
        self._last_ms, self._last_bytes = timestamp_ms, len(pcm)
        self._way(pcm, timestamp_ms)

    def _made_up(self) -> bytes:
        self._counters.lost += 1
        return self._conceal.lost()
