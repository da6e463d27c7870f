"""Deepgram Aura's protocol: texts are gathered, and said at ``Flush``. Pure.

It has no names for what it says: audio belongs to the first flush that is not answered yet. ``Clear`` is answered with
``Cleared``, and what comes before that is of what was cleared.
Wire: https://developers.deepgram.com/reference/text-to-speech/speak-streaming, and its official package (7.17).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from offhook.errors import EngineUnavailable
from offhook.providers.reading import object_of
from offhook.providers.speaking import SentenceAudio, SpeakingSession

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.providers.speaking import Said

__all__ = ["AuraSession"]

_FLUSH = '{"type":"Flush"}'
_CLEAR = '{"type":"Clear"}'
_CLOSE = '{"type":"Close"}'


class AuraSession(SpeakingSession):
    """One connection to ``/v1/speak``."""

    _clearing = 0
    """Clears that are not answered yet."""

    def received(self, message: str | bytes) -> Iterable[Said]:
        """Audio is binary; everything else is an object with a ``type``."""
        first = next(iter(self.owed), None)
        if isinstance(message, bytes):
            if first is not None and not self._clearing:
                yield SentenceAudio(first, message)
            return
        match object_of(message, self.provider).get("type"):
            case "Flushed" if first is not None and not self._clearing:
                yield from self.said(first)
            case "Cleared":
                self._clearing = max(0, self._clearing - 1)
            case "Error":
                raise EngineUnavailable(f"expected {self.provider} to go on, got an error.")

    def ending(self) -> tuple[str, ...]:
        """It is told."""
        return (_CLOSE,)

    def _ask(self, sentence: int, text: str) -> list[str]:
        return [msgspec.json.encode({"type": "Speak", "text": text}).decode(), _FLUSH]

    def _stop(self, owed: list[int]) -> list[str]:
        self._clearing += 1
        return [_CLEAR]
