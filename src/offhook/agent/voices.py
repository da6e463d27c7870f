"""The voices of a worker: the one that speaks, and those that speak where it does not work."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from offhook.errors import OffhookError
from offhook.health import REST_S, Health
from offhook.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.base import TextToSpeech

__all__ = ["Fallback", "NoVoice", "Voices"]

logger = logging.getLogger(__name__)


class NoVoice(OffhookError):
    """No voice says what is to be said."""

    code = "no_voice"


class Fallback:
    """Voices for what the first voice does not say, in their order.

    Args:
        voices: voices, or their names, as :func:`offhook.speech.engines.load_tts` knows them. One that is named is
            there once it is loaded.
    """

    def __init__(self, *voices: TextToSpeech | str) -> None:
        self._voices = list(voices)

    @property
    def ready(self) -> list[TextToSpeech]:
        """Those that are loaded."""
        return [voice for voice in self._voices if not isinstance(voice, str)]

    async def load(self) -> None:
        """Load those that are named, beside the event loop. One that is not to be had is left out."""
        from offhook.speech.engines import load_tts

        for name in [voice for voice in self._voices if isinstance(voice, str)]:
            at = self._voices.index(name)
            try:
                voice: Any = await in_thread(load_tts, name)
                warm_up = getattr(voice, "warm_up", None)
                if warm_up is not None:
                    await warm_up()
            except Exception as error:
                del self._voices[at]
                logger.info("there is no fallback voice %s: %s", name, type(error).__name__)
            else:
                self._voices[at] = voice


class Voices:
    """Which voice speaks next, for all calls of a worker.

    Args:
        first: the voice that speaks if it works.
        fallback: the others.
        now_s: any monotonic clock.
    """

    def __init__(self, first: TextToSpeech, fallback: Fallback, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self.first = first
        self._fallback = fallback
        self._health: Health[TextToSpeech] = Health(now_s=now_s)

    def order(self) -> list[TextToSpeech]:
        """The voices to try, in this order: those that rest only if all of them do."""
        return self._health.order([self.first, *self._fallback.ready])

    def worked(self, voice: TextToSpeech) -> None:
        """It has said a sentence to its end."""
        if self._health.worked(voice):
            logger.warning("voice %d works again", self._number(voice))

    def failed(self, voice: TextToSpeech) -> None:
        """It has not. Twice in a row, and it rests for a minute, on every call; so it does if it fails after that."""
        if self._health.failed(voice) and self._fallback.ready:
            logger.warning("voice %d has failed twice in a row: others speak for %g s", self._number(voice), REST_S)

    def _number(self, voice: TextToSpeech) -> int:
        """1 for the first. A name would be that of a wrapper."""
        return next(number for number, each in enumerate([self.first, *self._fallback.ready], 1) if each is voice)
