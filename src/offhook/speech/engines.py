"""Speech engines by name: ``moonshine``, ``flite:slt``, ``espeak:en-gb``.

Every loader imports what it needs when it is called, and raises :exc:`~offhook.errors.EngineMissing` with the command
that installs what is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.errors import ConfigError, EngineMissing
from offhook.installing import install
from offhook.named import RECOGNISERS, VOICES, make

if TYPE_CHECKING:
    from offhook.speech.base import SpeechToText, TextToSpeech, VoiceActivity
    from offhook.speech.batch_voice import AnyVoice
    from offhook.speech.streams import StreamingSpeechToText

__all__ = [
    "default_stt",
    "default_tts",
    "espeak",
    "fallbacks_of",
    "flite",
    "load_stt",
    "load_tts",
    "load_vad",
    "moonshine",
]


def load_vad(name: str = "silero") -> VoiceActivity:
    """The voice activity detector of this name: ``silero``.

    Raises:
        ConfigError: there is none of this name.
        EngineMissing: it is not installed.
    """
    if name != "silero":
        raise ConfigError(f"expected a voice activity detector (silero), got {name!r}", fix="use silero")
    _need("onnxruntime", "voice activity")
    from offhook.speech.vad import SileroVad

    return SileroVad()


def load_stt(name: str = "moonshine") -> SpeechToText | StreamingSpeechToText:
    """The speech to text engine of this name: ``moonshine``, or one of :data:`offhook.named.RECOGNISERS`.

    Raises:
        ConfigError: there is none of this name, or it lacks a setting.
        EngineMissing: it is not installed.
    """
    engine: SpeechToText | StreamingSpeechToText = make("a speech to text engine", RECOGNISERS, name)
    return engine


def moonshine(which: str = "") -> SpeechToText:
    """Moonshine tiny, which runs on this machine.

    Raises:
        ConfigError: another one of it is wanted.
        EngineMissing: it is not installed.
    """
    if which:
        raise ConfigError(f"expected moonshine alone, got {which!r} of it", fix="use moonshine")
    _need("onnxruntime", "moonshine")
    from offhook.speech.stt.moonshine import Moonshine

    return Moonshine()


def load_tts(name: str | None = None) -> AnyVoice:
    """The voice of this name: ``flite``, ``espeak:en-gb``, or another of :data:`offhook.named.VOICES`; None:
    :func:`default_tts`.

    Raises:
        ConfigError: there is none of this name, or it lacks a setting.
        EngineMissing: it is not installed.
    """
    if name is None:
        return default_tts()
    voice: AnyVoice = make("a voice", VOICES, name)
    return voice


def flite(which: str = "") -> TextToSpeech:
    """A voice of flite: ``slt``, ``rms``, ``awb``.

    Raises:
        ConfigError: there is none of this name.
        EngineMissing: it is not installed.
    """
    from offhook.speech.tts.flite import Flite

    return Flite(which or "slt")


def espeak(which: str = "") -> TextToSpeech:
    """A voice of espeak-ng: ``en-us``, ``en-gb``, ….

    Raises:
        ConfigError: there is none of this name.
        EngineMissing: it is not installed.
    """
    from offhook.speech.tts.espeak import Espeak

    return Espeak(which or "en-us")


def default_stt() -> SpeechToText:
    """The engine that comes with ``offhook[local]``.

    Raises:
        EngineMissing: it is not installed.
    """
    return moonshine()


def default_tts() -> TextToSpeech:
    """Flite where it is installed, espeak-ng elsewhere.

    Raises:
        EngineMissing: neither is installed.
    """
    for voice in (flite, espeak):
        try:
            return voice()
        except EngineMissing:
            continue
    raise EngineMissing(
        "expected a voice (flite or espeak-ng), found neither",
        fix=f"{install('local')}   or: apt install libflite1",
    )


def fallbacks_of(voice: AnyVoice) -> list[str]:
    """The names of voices that may speak where ``voice`` does not work: those that come with us and are another."""
    return [name for name in ("flite", "espeak") if type(voice).__name__.lower() != name]


def _need(module: str, purpose: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise EngineMissing(f"expected {module} for {purpose}, found no such package", fix=install("local"))
