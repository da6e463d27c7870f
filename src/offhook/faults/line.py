"""A telephone line in this process: plays what it is sent in real time, returns marks, and notes when it was heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from offhook.audio.formats import PCM_8K, PCMU, Rewriter

if TYPE_CHECKING:
    from offhook.audio.formats import AudioFormat

__all__ = ["SimulatedLine"]

FRAME_MS = 20.0


@dataclass
class SimulatedLine:
    """A call's audio (:class:`~offhook.agent.conversant.CallAudio`) without a carrier.

    Whoever has it calls :meth:`play` every 20 ms.
    """

    input_rate: int = 8000
    input_format: AudioFormat = PCMU
    output_rate: int = 8000
    output_format: AudioFormat = PCMU
    heard_at_ms: list[float] = field(default_factory=list)
    """When each 20 ms began in which there was something to be heard."""
    _queue: deque[bytearray | str] = field(default_factory=deque)
    _returned: list[str] = field(default_factory=list)

    def send_encoded(self, audio: bytes) -> None:
        """Play it."""
        self._queue.append(bytearray(audio))

    def send_audio(self, pcm: bytes) -> None:
        """Play pcm."""
        self.send_encoded(Rewriter(PCM_8K, PCMU).process(pcm))

    def send_mark(self, name: str) -> None:
        """Return it when all that was sent is played."""
        self._queue.append(name)

    def clear(self) -> None:
        """Play nothing of it; all marks come back."""
        self._returned += [item for item in self._queue if isinstance(item, str)]
        self._queue.clear()

    def play(self, now_ms: float) -> list[str]:
        """20 ms are heard; the marks that come back."""
        heard, need = bytearray(), self.output_format.frame_bytes
        while self._queue and (len(heard) < need or isinstance(self._queue[0], str)):
            head = self._queue[0]
            if isinstance(head, str):
                self._returned.append(head)
                self._queue.popleft()
                continue
            take = need - len(heard)
            heard += head[:take]
            del head[:take]
            if not head:
                self._queue.popleft()
        if self.output_format.sounds(bytes(heard)):
            self.heard_at_ms.append(now_ms)
        marks, self._returned = self._returned, []
        return marks

    def heard_ms(self, from_ms: float, until_ms: float) -> float:
        """How long something was to be heard between the two times."""
        return FRAME_MS * sum(from_ms <= at_ms < until_ms for at_ms in self.heard_at_ms)

    def longest_wait_ms(self, from_ms: float, until_ms: float) -> float:
        """The longest silence from ``from_ms`` on that something to be heard ended by ``until_ms``."""
        times = [from_ms, *(at_ms for at_ms in self.heard_at_ms if from_ms <= at_ms < until_ms)]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)
