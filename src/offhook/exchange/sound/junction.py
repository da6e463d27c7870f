"""Who hears whom: parties, and directed edges between them.

A party is whatever gives audio, takes audio, or both: a line's telephone, the application at the far end of a media
stream, the carrier's announcements, later a recording or a conference's own sounds. An edge leads from the party that
is heard to the party that hears it, and has a gain. All the rest is a choice of edges::

    bridge      an edge each way
    conference  an edge each way between any two
    mute        no edge from that party (it may hear on)
    hold        no edges between the two, an edge from the music
    monitor     edges to the supervisor only
    whisper     edges to the supervisor, and one from it to one side
    barge       edges both ways with both sides

Pure: no clock, no sockets. In one tick every party says at most one frame (:meth:`Party.say`), then every party takes
the sum of its edges (:meth:`Party.hear`), clipped once to 16 bits. Nobody hears itself unless there is an edge for it.
Frames of an earlier tick are never heard again: a party that falls silent is silent. A party that nobody hears, and an
edge whose party says nothing, cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.audio.frames import frame_bytes
from offhook.audio.mix import gain, mix
from offhook.audio.resample import Resampler
from offhook.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_GAIN_DB", "MIN_GAIN_DB", "Party"]

MIN_GAIN_DB = -96.0
MAX_GAIN_DB = 24.0


class Party:
    """Somebody or something at the junction.

    Args:
        rate: Hz of the pcm that it says and hears.

    Raises:
        CodecError: 20 ms are not a whole number of samples at ``rate``.
    """

    __slots__ = ("_at_ms", "_edges", "_hearers", "_pcm", "_silence", "rate")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._silence = bytes(frame_bytes(rate))
        self._pcm: bytes | None = None
        self._at_ms: float | None = None
        # A tuple, so that an edge that comes or goes while the tick runs does not disturb who is being mixed.
        self._edges: tuple[_Edge, ...] = ()
        self._hearers: dict[Party, None] = {}

    # -- edges -----------------------------------------------------------------------------------------------------

    def listen_to(self, other: Party, gain_db: float = 0.0) -> None:
        """Hear ``other`` from this tick on; with an edge there already, only its gain changes.

        Raises:
            CodecError: the gain is not between :data:`MIN_GAIN_DB` and :data:`MAX_GAIN_DB`, or one of the two rates
                cannot be changed into the other.
        """
        if not MIN_GAIN_DB <= gain_db <= MAX_GAIN_DB:
            raise CodecError(f"expected a gain of {MIN_GAIN_DB:.0f} to {MAX_GAIN_DB:.0f} dB, got {gain_db} dB")
        for edge in self._edges:
            if edge.source is other:
                edge.set_gain(gain_db)
                return
        self._edges += (_Edge(other, self.rate, gain_db),)
        other._hearers[self] = None

    def stop_listening_to(self, other: Party) -> None:
        """Hear ``other`` no more; nothing happens if it was not heard."""
        if other._hearers.pop(self, self) is None:
            self._edges = tuple(edge for edge in self._edges if edge.source is not other)

    def be_heard_by(self, gains_db: Mapping[Party, float]) -> None:
        """Be heard by these, each with its gain in dB, and by nobody else."""
        for party in self.hearers:
            if party not in gains_db:
                party.stop_listening_to(self)
        for party, gain_db in gains_db.items():
            party.listen_to(self, gain_db)

    def leave(self) -> None:
        """Hear nobody and be heard by nobody."""
        for party in self.hearers:
            party.stop_listening_to(self)
        for party in self.heard:
            self.stop_listening_to(party)

    @property
    def heard(self) -> tuple[Party, ...]:
        """Whom it hears."""
        return tuple(edge.source for edge in self._edges)

    @property
    def hearers(self) -> tuple[Party, ...]:
        """Who hears it."""
        return tuple(self._hearers)

    # -- ticks -----------------------------------------------------------------------------------------------------

    def say(self, pcm: bytes | None, now_ms: float) -> None:
        """What it says in the tick at ``now_ms``: one 20 ms frame, or ``None``; said twice, the later frame counts."""
        self._pcm = pcm
        self._at_ms = now_ms

    def hear(self, now_ms: float) -> bytes | None:
        """The sum of what the parties that it hears said in the tick at ``now_ms``; ``None`` if they said nothing.

        Call it once per tick: where rates differ, an edge remembers what went before.
        """
        voices = [pcm for edge in self._edges if (pcm := edge.carry(now_ms))]
        if len(voices) < 2:
            return voices[0] if voices else None
        return mix(*voices)


class _Edge:
    """From a party to one that hears it."""

    __slots__ = ("_factor", "_owes", "_resampler", "source")

    def __init__(self, source: Party, rate: int, gain_db: float) -> None:
        self.source = source
        self._resampler = None if source.rate == rate else Resampler(source.rate, rate)
        self._owes = False  # the resampler still holds the last two milliseconds
        self.set_gain(gain_db)

    def set_gain(self, gain_db: float) -> None:
        self._factor = 10.0 ** (gain_db / 20)

    def carry(self, now_ms: float) -> bytes | None:
        source = self.source
        pcm = source._pcm if source._at_ms == now_ms else None
        if self._resampler is not None:
            if pcm is not None:
                self._owes = True
            elif self._owes:
                self._owes = False
                pcm = source._silence
            else:
                return None
            pcm = self._resampler.process(pcm)
        if pcm is not None and self._factor != 1.0:
            return gain(pcm, self._factor)
        return pcm
