"""The caller's turns as a model tells of them: when each began and ended, its words, and how soon it was answered."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from offhook.agent import events

if TYPE_CHECKING:
    from offhook.agent.conversant import ConversantHost
    from offhook.providers.realtime.replies import Reply

__all__ = ["CallersTurns"]

_WORDS_MS: Final = 2000.0
"""So long what the caller has heard waits for the words that they said before it, so that both stand in their order."""
_KEPT: Final = 8


@dataclass(slots=True, eq=False)
class _Turn:
    """One of them. Times are of the host's clock."""

    began_ms: float
    ended_ms: float
    known_ms: float | None = None
    """When it was known that it is over."""
    words_ms: float | None = None
    """When its words were."""
    words: str = ""
    answered: bool = False


class CallersTurns:
    """Those of one call.

    Args:
        host: is told.
    """

    def __init__(self, host: ConversantHost) -> None:
        self._host = host
        self._turns: dict[str, _Turn] = {}
        self._speaking: str | None = None
        self._waiting: dict[str, float] = {}
        """Turns whose words are not known, and since when."""
        self._after: deque[events.SessionEvent] = deque()
        self.quiet = asyncio.Event()
        """Set while the caller does not speak."""
        self.quiet.set()

    @property
    def speaking(self) -> bool:
        """Whether the caller speaks."""
        return self._speaking is not None

    @property
    def waiting(self) -> bool:
        """Whether the words of a turn are not known yet."""
        return bool(self._waiting)

    def began(self, item: str, since_ms: float) -> None:
        """The caller has begun to speak, ``since_ms`` from now: below 0."""
        now_ms = self._host.clock.now_ms()
        began_ms = now_ms + min(0.0, since_ms)
        self._turns[item] = _Turn(began_ms, began_ms)
        while len(self._turns) > _KEPT:
            del self._turns[next(iter(self._turns))]
        self._speaking = item
        self.quiet.clear()
        self._tell(events.CallerSpeechBegan(at_ms=self._host.wall_ms(began_ms), call_id=self._host.call.id))

    def ended(self, item: str, since_ms: float) -> None:
        """They have stopped."""
        now_ms = self._host.clock.now_ms()
        if (turn := self._turns.get(item)) is not None:
            turn.ended_ms = max(turn.began_ms, now_ms + min(0.0, since_ms))
            turn.known_ms = now_ms
            self._tell(events.CallerSpeechEnded(at_ms=self._host.wall_ms(turn.ended_ms), call_id=self._host.call.id))
        self._speaking = None
        self.quiet.set()

    def turn(self, item: str) -> None:
        """It is a turn, whose words will come."""
        if item in self._turns:
            self._waiting[item] = self._host.clock.now_ms()

    def words(self, item: str, more: str) -> None:
        """More words of one."""
        if (turn := self._turns.get(item)) is not None:
            turn.words += more
            host = self._host
            text = turn.words.strip()
            self._tell(events.CallerWords(at_ms=host.wall_ms(), call_id=host.call.id, text=text, confidence=1.0))

    def heard(self, item: str, text: str) -> None:
        """All words of one; ``""``: they are not known."""
        host, turn = self._host, self._turns.get(item)
        self._waiting.pop(item, None)
        if turn is not None:
            turn.words_ms = host.clock.now_ms()
            self._tell(
                events.TurnHeard(
                    at_ms=host.wall_ms(),
                    call_id=host.call.id,
                    text=text,
                    confidence=1.0,
                    speech_began_at_ms=host.wall_ms(turn.began_ms),
                    speech_ended_at_ms=host.wall_ms(turn.ended_ms),
                )
            )
        self._release()

    def ignore(self, item: str, reason: str, text: str) -> None:
        """It is no turn."""
        host = self._host
        self._waiting.pop(item, None)
        self._tell(events.SpeechIgnored(at_ms=host.wall_ms(), call_id=host.call.id, reason=reason, text=text))
        self._release()

    def forget(self) -> None:
        """What was being said is not heard any more: nothing will be told of it."""
        self._speaking = None
        self.quiet.set()
        self._waiting.clear()
        self._release()

    def answered(self, reply: Reply) -> None:
        """The caller hears the answer to the last of them."""
        turn = next(reversed(self._turns.values()), None)
        if turn is None or turn.answered or turn.known_ms is None:
            return
        turn.answered = True
        host = self._host
        now_ms, ended_ms = host.clock.now_ms(), turn.ended_ms
        reply_ms = reply.began_ms - ended_ms
        self._tell(
            events.TurnAnswered(
                at_ms=host.wall_ms(),
                call_id=host.call.id,
                words_ms=(turn.words_ms or now_ms) - ended_ms,
                endpoint_ms=turn.known_ms - ended_ms,
                reply_ms=reply_ms,
                audio_ms=now_ms - ended_ms,
            )
        )

    def after_words(self, event: events.SessionEvent) -> None:
        """Tell ``event``, once the words of turns before it were told."""
        if self._waiting or self._after:
            self._after.append(event)
        else:
            self._tell(event)

    def tick(self, now_ms: float) -> None:
        """Time has passed: words that do not come are not waited for."""
        if not (self._waiting or self._after):
            return
        for item, since_ms in list(self._waiting.items()):
            if now_ms - since_ms >= _WORDS_MS:
                del self._waiting[item]
        self._release()

    def close(self) -> None:
        """The conversation is over: what waits is told."""
        self._waiting.clear()
        self._release()

    def _release(self) -> None:
        while self._after and not self._waiting:
            self._tell(self._after.popleft())

    def _tell(self, event: events.SessionEvent) -> None:
        self._host.notify(event)
