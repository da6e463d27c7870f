"""Something that a model says on a call: audio and words as they come, and what of both the caller has heard. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.agent.playout import Playout
from offhook.speech.text import Spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.agent.playout import Audio, Mark
    from offhook.audio.formats import AudioFormat

__all__ = ["Cut", "Utterance"]

_LETTER_MS = 75.0
"""What a letter takes these models to say, at leisure: the next session goes on in words of its own."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Of ``item`` only ``heard_ms`` were heard: the model is told."""

    item: str
    heard_ms: int


class Utterance:
    """One item of a response that is said.

    The words come in pieces of their own, mostly before the audio that says them. What was heard of them is their share
    of the audio; while more of it may come, the audio is taken to become as long as the words usually are.

    Args:
        item: its id.
        audio: how its audio is written.
    """

    def __init__(self, item: str, audio: AudioFormat) -> None:
        self.item = item
        self.playout = Playout(audio)
        self.complete = False
        """Whether all of its audio is here."""
        self.interrupted = False
        self.sent = False
        """Whether any of it was sent."""
        self.sent_at_wall_ms = 0.0
        self._words: list[str] = []
        self._heard: str | None = None

    @property
    def text(self) -> str:
        """All of its words, as far as they are known."""
        return "".join(self._words).strip()

    @property
    def over(self) -> bool:
        """Whether it was heard, or cut."""
        return self._heard is not None

    @property
    def heard(self) -> str:
        """The words that were heard; while it is being said, ``""``."""
        return self._heard or ""

    def words(self, more: str) -> None:
        """More of its words."""
        self._words.append(more)
        self.playout.amend(Spoken.plain(self.text))

    def audio(self, more: bytes) -> None:
        """More of its audio."""
        if not more or self.complete or self.over:
            return
        if not self.playout.fed_ms:
            self.playout.begin(Spoken.plain(self.text))
        self.playout.feed(more)

    def finish(self) -> None:
        """There is no more audio of it."""
        if not self.complete:
            self.complete = True
            self.playout.finish()

    def break_off(self) -> str:
        """No more audio of it will ever come, though there should be: what there is is said. Returns the words of it
        that are in that."""
        if self.complete or self.over:
            return self.text
        self.playout.cut(_LETTER_MS)
        self.finish()
        self._words = [self.playout.text]
        return self.text

    def due(self, now_ms: float) -> Iterator[Audio | Mark]:
        """What to send by now."""
        return self.playout.due(now_ms)

    def ended(self, now_ms: float) -> bool:
        """Whether it is over by now: all of it was heard."""
        if self._heard is None and self.complete and (not self.playout.fed_ms or self.playout.done(now_ms)):
            self._heard = self.text if self.playout.fed_ms else ""
        return self._heard is not None

    def cut(self, now_ms: float) -> Cut:
        """It is interrupted: what was not heard until now never will be."""
        self.playout.stop(now_ms)
        if self._heard is None:
            self._heard, self.interrupted = self.playout.heard_text(now_ms), True
        return Cut(self.item, round(self.playout.heard_ms(now_ms)))
