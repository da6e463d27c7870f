"""espeak-ng through ``espeakng-loader``: a robotic voice in many languages, in process, from pip alone.

espeak-ng is under the GPL, version 3: it is an optional component and no part of this package.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

from offhook.errors import ConfigError, EngineMissing
from offhook.installing import install
from offhook.speech.tts._worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from offhook.speech.tts._worker import Emit

__all__ = ["Espeak"]

# From espeak-ng/src/include/espeak-ng/speak_lib.h
_SYNCHRONOUS = 2
_UTF8 = 1
_RATE_PARAMETER = 1
_OK = 0
_CONTINUE, _STOP = 0, 1
_PIECE_MS = 40

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    # The start of espeak_VOICE.
    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_char_p), ("identifier", ctypes.c_char_p))


class _Library:
    """The library, its one global state, and the one thread that calls it."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise EngineMissing(
                "expected espeakng-loader for this voice, found no such package", fix=install("local")
            ) from None
        try:
            self.espeak = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError:
            raise EngineMissing(
                "expected the espeak-ng library of espeakng-loader to load", fix=install("local")
            ) from None
        self.rate: int = self.espeak.espeak_Initialize(
            _SYNCHRONOUS, _PIECE_MS, espeakng_loader.get_data_path().encode(), 0
        )
        if self.rate <= 0:
            raise EngineMissing("expected espeak-ng to find its data, it found none", fix=install("local"))
        self.espeak.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        self.espeak.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        self.espeak.espeak_ListVoices.argtypes = [ctypes.c_void_p]
        self.espeak.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self.worker = Worker("offhook-espeak")
        self._voice = ""
        self._emit: Emit | None = None
        # Kept here because C holds it.
        self._callback = _Callback(self._piece)
        self.espeak.espeak_SetSynthCallback(self._callback)

    def use(self, voice: str) -> bool:
        """In the worker thread: take this voice, by its name or else by its language; whether there is one."""
        if self._voice != voice:
            name, _, variant = voice.partition("+")
            found = self.espeak.espeak_SetVoiceByName(voice.encode()) == _OK
            if not found:
                identifier = self._by_language(name)
                found = (
                    identifier is not None
                    and self.espeak.espeak_SetVoiceByName(identifier + (f"+{variant}".encode() if variant else b""))
                    == _OK
                )
            self._voice = voice if found else ""
        return self._voice == voice

    def _by_language(self, language: str) -> bytes | None:
        voices = self.espeak.espeak_ListVoices(None)
        for i in range(1000):
            if not voices[i]:
                break
            # A list of languages: a priority byte and a name, each.
            first = (voices[i].contents.languages or b"")[1:]
            if first == language.lower().encode():
                identifier: bytes | None = voices[i].contents.identifier
                return identifier
        return None

    def _piece(self, samples: int | None, count: int, events: int | None) -> int:
        assert self._emit is not None
        if not samples or not count:
            return _CONTINUE
        return _CONTINUE if self._emit(ctypes.string_at(samples, 2 * count)) else _STOP

    def synthesise(self, voice: str, words_per_minute: int, text: str, emit: Emit) -> None:
        """In the worker thread: pieces through ``emit`` until the end, or until it answers False."""
        self.use(voice)
        self.espeak.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        data = text.encode()
        self._emit = emit
        try:
            self.espeak.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None)
        finally:
            self._emit = None


_library = cache(_Library)


class Espeak:
    """A robotic voice, 22.05 kHz, with no network: the floor that is always there.

    Closing the iterator of ``speak`` stops the engine within a piece (40 ms of audio, far under a millisecond). The
    engine does one sentence at a time: calls of a process take turns.

    Args:
        voice: an espeak-ng voice: ``en-us``, ``en-gb``, ``de``, ``fr``, ``en-us+f3`` …
        words_per_minute: 80 to 450.

    Raises:
        ConfigError: there is no such voice.
        EngineMissing: ``espeakng-loader`` is not installed.
    """

    at_once = 1
    """How many sentences are said at a time."""

    def __init__(self, voice: str = "en-us", *, words_per_minute: int = 165) -> None:
        self._library = _library()
        # The thread may be speaking for another call, and the library has one state: ask there.
        if not self._library.worker.call(lambda: self._library.use(voice)):
            raise ConfigError(
                f"expected an espeak-ng voice such as en-us, en-gb or de, got {voice!r}", fix="use one of these"
            )
        self.voice = voice
        self._words_per_minute = words_per_minute

    @property
    def sample_rate(self) -> int:
        """22050."""
        return self._library.rate

    async def warm_up(self) -> None:
        """Speak a word into nothing."""
        async for _ in self.speak("ready"):
            pass

    def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """The audio of ``text``: see :class:`offhook.speech.base.TextToSpeech`."""
        return self._library.worker.speak(text, self._library.rate, self._synthesise)

    def _synthesise(self, text: str, emit: Emit) -> None:
        self._library.synthesise(self.voice, self._words_per_minute, text, emit)
