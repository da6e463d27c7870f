"""Who says that a caller's turn is over: voice activity, the recogniser, or whichever is first; of :mod:`~.turns`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.agent.options import Limits, TurnOptions

__all__ = ["TurnEnd"]


class TurnEnd:
    """As the options say, and as the recogniser that hears allows.

    Where the recogniser decides alone it may fail to: then a long silence ends the turn after all, and voice activity
    decides from there on, until the recogniser ends a turn again.

    Args:
        options: how turns are taken.
        limits: how long a silence may be.
    """

    def __init__(self, options: TurnOptions, limits: Limits) -> None:
        self._options = options
        self._limit_ms = limits.end_of_turn_s * 1000
        self._heard = False
        self._missed = False

    def hears(self, *, ends_turns: bool) -> None:
        """Another recogniser hears; whether it ends turns."""
        self._heard, self._missed = ends_turns, False

    @property
    def by_recogniser(self) -> bool:
        """Whether a turn is over when the recogniser says so."""
        return self._heard and self._options.turn_detection != "vad"

    @property
    def by_voice(self) -> bool:
        """Whether a turn is over when voice activity says so."""
        return not self.by_recogniser or self._options.turn_detection == "both" or self._missed

    def silence_ms(self, *, stopped: bool) -> float:
        """The silence that ends a turn. ``stopped``: there is no audio in which a recogniser could hear it."""
        return self._options.endpoint_ms if stopped or self.by_voice else self._limit_ms

    def draft_ms(self, *, words: bool, stopped: bool) -> float:
        """The silence after which the recogniser is asked for the words. ``words``: it has told some of its own accord.

        One that ends turns is disturbed as little as can be: it is asked where it seems not to be there.
        """
        if stopped or self.by_voice:
            return self._options.draft_ms
        return self._limit_ms if words else self._options.endpoint_ms

    def missed(self) -> None:
        """No turn was ended in its time: not by the recogniser, if that was to do it."""
        self._missed = self._missed or not self.by_voice

    def ended(self) -> None:
        """The recogniser has ended a turn."""
        self._missed = False
