"""The voices of the people on the exchange: recordings that come with the package, files, and text to be spoken.

Recordings (``clips/*.wav``, 16 kHz) were rendered with free voices, other ones than the agent's engines; what is said
in each, by which voice and under which licence is in ``clips/clips.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from offhook.audio.formats import PCM_16K, AudioFormat, Rewriter, best_for
from offhook.audio.resample import resample
from offhook.audio.wav import read_wav
from offhook.errors import CodecError, ConfigError
from offhook.exchange.people.hearing import Sound, speech_span

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from offhook.exchange.people.script import ClipRef, Script

__all__ = ["Clip", "Voices", "clip_names"]

_CLIPS: Final = resources.files("offhook.exchange") / "clips"


@dataclass(frozen=True, slots=True)
class Clip:
    """Something to say: ``pcm`` at ``rate``, and where in it words begin and end (ms); ``None`` if it has none."""

    pcm: bytes
    rate: int
    said: str
    speech: Sound | None


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    catalogue: dict[str, dict[str, Any]] = json.loads((_CLIPS / "clips.json").read_text(encoding="utf-8"))
    return catalogue


def clip_names() -> tuple[str, ...]:
    """The recordings that come with the package."""
    return tuple(_catalogue())


class Voices:
    """Finds what a script says. Recordings are read when first asked for; text must be :meth:`prepare`\\ d.

    Args:
        speak: speaks ``text`` with a ``voice`` (``None``: the machine's own) and returns its pcm and rate; the default
            uses the engines of :mod:`offhook.speech.engines`.
    """

    def __init__(self, speak: Callable[[str, str | None], Awaitable[tuple[bytes, int]]] | None = None) -> None:
        self._speak = speak or _speak
        self._clips: dict[tuple[ClipRef, int], Clip] = {}

    async def prepare(self, script: Script, *, rate: int = 8000) -> None:
        """Have everything that ``script`` says ready at ``rate``.

        Raises:
            ConfigError: a recording is not there or not readable.
            EngineMissing: there is text, and no engine to speak it.
        """
        for ref in script.clips():
            if ref.text is not None and (ref, rate) not in self._clips:
                pcm, own_rate = await self._speak(ref.text, ref.voice)
                self._add(ref, pcm, own_rate, rate, ref.text)
            else:
                self.clip(ref, rate=rate)

    def clip(self, ref: ClipRef, *, rate: int = 8000) -> Clip:
        """What to say for ``ref``.

        Raises:
            ConfigError: the recording is not there or not readable, or the text was not prepared.
        """
        clip = self._clips.get((ref, rate))
        if clip is not None:
            return clip
        if ref.name is None:
            raise ConfigError("expected text to be prepared before it is said.", fix="await voices.prepare(script)")
        return self._read(ref, ref.name, rate)

    def _read(self, ref: ClipRef, name: str, rate: int) -> Clip:
        if name in _catalogue():
            clip = self._clips[ref, rate] = _packaged(name, rate)
            return clip
        path = Path(name)
        if not path.suffix:
            raise ConfigError(
                f"expected a recording that comes with offhook ({', '.join(clip_names())}), got {name!r}.",
                fix=f"give a path: ./{name}.wav",
            )
        try:
            own_rate, channels = read_wav(path)
            return self._add(ref, channels[0], own_rate, rate, path.stem)
        except OSError as error:
            raise ConfigError(f"expected a recording at {path}, got: {error.strerror}.", fix="check the path") from None
        except CodecError as error:
            raise ConfigError(f"the recording {path} is not usable: {error.message}.", fix=error.fix) from None

    def _add(self, ref: ClipRef, pcm: bytes, own_rate: int, rate: int, said: str) -> Clip:
        clip = self._clips[ref, rate] = _clip(pcm, own_rate, rate, said)
        return clip


@cache
def _packaged(name: str, rate: int) -> Clip:
    """A recording of the package; kept for the life of the process, since every call says the same few."""
    with resources.as_file(_CLIPS / f"{name}.wav") as path:
        own_rate, channels = read_wav(path)
    return _clip(channels[0], own_rate, rate, str(_catalogue()[name]["text"]))


def _clip(pcm: bytes, own_rate: int, rate: int, said: str) -> Clip:
    pcm = resample(pcm, own_rate, rate)
    return Clip(pcm, rate, said, speech_span(pcm, rate))


async def _speak(text: str, voice: str | None) -> tuple[bytes, int]:
    # An engine is loaded only when there is text to speak.
    from offhook.speech.batch_voice import as_streaming, say_whole
    from offhook.speech.engines import load_tts

    engine = as_streaming(load_tts(voice))
    given = best_for(PCM_16K, engine.formats)
    pcm = AudioFormat("pcm", given.sample_rate)
    return Rewriter(given, pcm).process(await say_whole(engine, text, given)), pcm.sample_rate
