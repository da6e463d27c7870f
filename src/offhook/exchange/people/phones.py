"""What a phone is, and the phones that need no human."""

from __future__ import annotations

from typing import Literal, Protocol

from offhook.audio.frames import frame_bytes
from offhook.clock import Clock, SystemClock
from offhook.exchange.people.hearing import Hearing

__all__ = ["BusyPhone", "Handset", "NoAnswerPhone", "Phone", "RejectingPhone", "SilentPhone"]


class Handset(Protocol):
    """What a phone can do to its leg."""

    call_id: str

    def answer(self) -> None:
        """Pick up a leg that rings here."""
        ...

    def reject(self, cause: Literal["busy", "rejected"]) -> None:
        """Refuse a leg that rings here."""
        ...

    def hang_up(self) -> None:
        """End the leg, or give up on one that nobody has answered."""
        ...

    def press(self, digit: str) -> None:
        """Press a key: DTMF towards the application."""
        ...

    def note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        """Write an event of this phone into the timeline; ``at_ms`` (epoch ms) among the fields overrides now."""
        ...


class Phone(Protocol):
    """One party's telephone. Called on the event loop only; every method is quick and never blocks.

    Audio is ``pcm`` at ``rate``; the line resamples where its codec has another rate. ``now_ms`` is monotonic. A frame
    handed out by :meth:`mouth` at ``now_ms`` was spoken in the 20 ms *before*; one given to :meth:`ear` is heard in the
    20 ms *after*: what a phone's microphone and loudspeaker do.
    """

    @property
    def rate(self) -> int:
        """Hz of the audio of both directions: 8000, or 16000 for a wideband phone."""
        ...

    def ring(self, handset: Handset, now_ms: float) -> None:
        """A call comes in and rings."""
        ...

    def placed(self, handset: Handset, now_ms: float) -> None:
        """A call was placed from here; the other side rings."""
        ...

    def waiting(self, now_ms: float) -> None:
        """Called every 20 ms from ``ring`` or ``placed`` until ``connected``."""
        ...

    def connected(self, now_ms: float) -> None:
        """The call is answered: audio flows."""
        ...

    def bridged(self, now_ms: float) -> None:
        """Another party was put on the line."""
        ...

    def mouth(self, now_ms: float) -> bytes:
        """The next 20 ms of what this party says.

        Nothing (``b""``) while no audio comes from it, and several whole frames at once when what was held back on its
        way arrives in a burst.
        """
        ...

    def ear(self, pcm: bytes, now_ms: float) -> None:
        """The next 20 ms of what this party hears."""
        ...

    def digit(self, digit: str, now_ms: float) -> None:
        """A key pressed by the other side is heard."""
        ...

    def ended(self, cause: str, now_ms: float) -> None:
        """The call is over."""
        ...

    def report(self) -> dict[str, object]:
        """What this party said, heard and measured, as plain JSON values."""
        ...


class SilentPhone:
    """Picks up after ``answer_after_ms`` and says nothing.

    Args:
        answer_after_ms: how long it rings; ``None`` never picks up.
        rate: Hz of its audio.
        clock: whose wall time the report is in.
    """

    def __init__(self, *, answer_after_ms: float | None = 1500.0, rate: int = 8000, clock: Clock | None = None) -> None:
        self.rate = rate
        self._answer_after_ms = answer_after_ms
        self._clock = clock or SystemClock()
        self._silence = bytes(frame_bytes(rate))
        self._handset: Handset | None = None
        self._answer_at_ms: float | None = None
        self._hearing = Hearing(rate)
        self._digits = ""
        self._cause: str | None = None

    def ring(self, handset: Handset, now_ms: float) -> None:
        """Decide when to pick up."""
        self._handset = handset
        if self._answer_after_ms is not None:
            self._answer_at_ms = now_ms + self._answer_after_ms

    def placed(self, handset: Handset, now_ms: float) -> None:
        """It calls, and will say nothing."""
        self._handset = handset

    def waiting(self, now_ms: float) -> None:
        """Pick up when it is time."""
        if self._handset is not None and self._answer_at_ms is not None and now_ms >= self._answer_at_ms:
            self._answer_at_ms = None
            self._handset.answer()

    def connected(self, now_ms: float) -> None:
        """The call is answered."""
        self._answer_at_ms = None

    def bridged(self, now_ms: float) -> None:
        """Nothing changes for it."""

    def mouth(self, now_ms: float) -> bytes:
        """Silence."""
        return self._silence

    def ear(self, pcm: bytes, now_ms: float) -> None:
        """Listen."""
        self._hearing.hear(pcm, now_ms)

    def digit(self, digit: str, now_ms: float) -> None:
        """Remember the key."""
        self._digits += digit

    def ended(self, cause: str, now_ms: float) -> None:
        """Remember why."""
        self._cause = cause
        self._answer_at_ms = None

    def report(self) -> dict[str, object]:
        """What it heard; times are epoch milliseconds."""
        wall_ms = self._clock.wall_ms() - self._clock.now_ms()
        sounds = self._hearing.sounds
        return {
            "heard_began_ms": round(sounds[0].began_ms + wall_ms, 3) if sounds else None,
            "heard_ended_ms": round(sounds[-1].ended_ms + wall_ms, 3) if sounds else None,
            "digits": self._digits,
            "ended": self._cause,
        }


class NoAnswerPhone(SilentPhone):
    """Rings, and nobody picks up."""

    def __init__(self) -> None:
        super().__init__(answer_after_ms=None)


class _RefusingPhone(SilentPhone):
    cause: Literal["busy", "rejected"]

    def __init__(self) -> None:
        super().__init__(answer_after_ms=None)

    def ring(self, handset: Handset, now_ms: float) -> None:
        """Refuse at once."""
        super().ring(handset, now_ms)
        handset.reject(self.cause)


class BusyPhone(_RefusingPhone):
    """Is in use."""

    cause = "busy"


class RejectingPhone(_RefusingPhone):
    """Turns every call down."""

    cause = "rejected"
