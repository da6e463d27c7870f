"""The voices of a worker: the one that speaks, and those that speak where it does not work."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from offhook.errors import EngineRefused, OffhookError
from offhook.health import REST_S, Health
from offhook.logs import describe
from offhook.speech.batch_voice import as_streaming
from offhook.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.speech.batch_voice import AnyVoice
    from offhook.speech.metering import Metering
    from offhook.speech.streams import StreamingTextToSpeech

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
        last_resort: they are those that come with offhook, and not the program's own: a voice that is slow has all of
            its time before one of them speaks, since they may sound like somebody else.

    Raises:
        ConfigError: one is no voice.
    """

    def __init__(self, *voices: AnyVoice | str, last_resort: bool = False) -> None:
        self.last_resort = last_resort
        self._voices = [voice if isinstance(voice, str) else as_streaming(voice) for voice in voices]

    @property
    def ready(self) -> list[StreamingTextToSpeech]:
        """Those that are loaded."""
        return [voice for voice in self._voices if not isinstance(voice, str)]

    async def load(self) -> None:
        """Load those that are named, beside the event loop, and warm up all. One that is not to be had is left out."""
        from offhook.speech.engines import load_tts

        for given in list(self._voices):
            at = self._voices.index(given)
            try:
                if isinstance(given, str):
                    voice = as_streaming(await in_thread(load_tts, given))
                    await _warm_up(voice)
                    self._voices[at] = voice
                else:
                    await _warm_up(given)
            except Exception as error:
                if isinstance(given, str):
                    del self._voices[at]
                    logger.info("there is no fallback voice %s: %s", given, type(error).__name__)
                else:
                    logger.warning("fallback voice %d could not be warmed up: %s", at + 2, type(error).__name__)


async def _warm_up(voice: object) -> None:
    warm_up: Any = getattr(voice, "warm_up", None)
    if warm_up is not None:
        await warm_up()


class Voices:
    """Which voice speaks next, for all calls of a worker.

    Args:
        first: the voice that speaks if it works.
        fallback: the others.
        metering: told what calls ask of them; ``None``: nobody.
        now_s: any monotonic clock.
    """

    def __init__(
        self,
        first: StreamingTextToSpeech,
        fallback: Fallback,
        *,
        metering: Metering | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.first = first
        self.metering = metering
        self._fallback = fallback
        self._health: Health[StreamingTextToSpeech] = Health(now_s=now_s)

    async def warm_up(self) -> None:
        """Make the first voice ready, before the first call. Where the program has others that cannot, it does not
        matter: one of them speaks first.

        Raises:
            Exception: what the voice raises, where there is no other.
        """
        try:
            await _warm_up(self.first)
        except Exception as error:
            if self._fallback.last_resort or not self._fallback.ready:
                raise
            logger.error("voice 1 could not be made ready: %s", describe(error))
            self.failed(self.first, error)

    @property
    def likely(self) -> StreamingTextToSpeech:
        """The one that will probably be tried first."""
        return next((voice for voice in self._all if not self._health.rests(voice)), self.first)

    def order(self) -> list[StreamingTextToSpeech]:
        """The voices to try, in this order: those that rest only if all of them do."""
        return self._health.order(self._all)

    @property
    def alike(self) -> bool:
        """Whether another voice is as good as one that is slow: the program has chosen them all."""
        return not self._fallback.last_resort

    def worked(self, voice: StreamingTextToSpeech) -> None:
        """It has said a sentence to its end."""
        if self._health.worked(voice):
            logger.warning("voice %d works again", self._number(voice))

    def failed(self, voice: StreamingTextToSpeech, error: Exception) -> None:
        """It has not. Twice in a row, or if it refuses to work for us, and it rests for a minute, on every call; so it
        does if it fails after that."""
        if self._health.failed(voice, for_good=isinstance(error, EngineRefused)) and self._fallback.ready:
            logger.warning("voice %d does not work: others speak for %g s", self._number(voice), REST_S)

    @property
    def _all(self) -> list[StreamingTextToSpeech]:
        return [self.first, *self._fallback.ready]

    def _number(self, voice: StreamingTextToSpeech) -> int:
        """1 for the first. A name would be that of a wrapper."""
        return next(number for number, each in enumerate(self._all, 1) if each is voice)
