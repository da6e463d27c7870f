"""One track of what a carrier sends: its pieces in order, decoded, and made up for where they are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.audio.codecs.g711 import samples_of
from offhook.audio.conceal import Conceal
from offhook.audio.frames import FRAME_MS
from offhook.audio.reorder import Reorder
from offhook.calls.media.taps import nobody
from offhook.errors import CodecError

if TYPE_CHECKING:
    from offhook.audio.codecs import Decoder
    from offhook.calls.media.counters import StreamCounters
    from offhook.calls.media.taps import Way
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
        "_read",
        "_reorder",
        "rate",
        "way",
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
        self.way: Way = nobody
        """Where the pieces go."""
        self._decoder = decoder
        self._conceal = Conceal(decoder.rate)
        self._counters = counters
        self._reorder = Reorder(frame_ms=FRAME_MS)
        counters.orders.append(self._reorder.counters)
        self._bytes_per_ms = decoder.rate * 2 / 1000
        self._last_ms: float = 0
        self._last_bytes = 0
        samples = samples_of(decoder)
        self._read = messages.reader(name.encode(), samples) if messages is not None and samples is not None else None

    def take_message(self, message: bytes) -> bool:
        """Take a message in one step, if it is the next piece of this track, plainly written; whether it was taken."""
        order = self._reorder
        if self._read is None or order.held:
            return False
        found = self._read(order.expected, message)
        if found is None:
            return False
        timestamp_ms, pcm = found
        order.expected += 1
        order.counters.received += 1
        pcm = self._conceal.good(pcm)
        self._last_ms, self._last_bytes = timestamp_ms, len(pcm)
        self.way(pcm, timestamp_ms)
        return True

    def take(self, event: MediaReceived) -> None:
        """Take a piece, in order or not."""
        payload = event.payload
        if self._reorder.passes(event.chunk):
            self.hear(payload, event.timestamp_ms)
            return
        for piece in self._reorder.push(event.chunk, payload):
            # A piece that was held back for reordering follows the ones before it on the stream's clock.
            next_ms = self._last_ms + self._last_bytes / self._bytes_per_ms
            self.hear(piece, event.timestamp_ms if piece is payload else next_ms)

    def hear(self, piece: bytes | None, timestamp_ms: float) -> None:
        """Pass the next piece on; one that is lost (``None``), or that is not of the codec, is made up for."""
        try:
            pcm = self._made_up() if piece is None else self._conceal.good(self._decoder.decode(piece))
        except CodecError:
            self._counters.ignored["not of the codec"] += 1
            pcm = self._made_up()
        self._last_ms, self._last_bytes = timestamp_ms, len(pcm)
        self.way(pcm, timestamp_ms)

    @property
    def ends_ms(self) -> float:
        """Where the audio heard so far ends, on the stream's clock."""
        return self._last_ms + self._last_bytes / self._bytes_per_ms

    def _made_up(self) -> bytes:
        self._counters.lost += 1
        return self._conceal.lost()
