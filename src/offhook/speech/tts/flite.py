"""The flite voices of Debian's ``libflite1``, in process.

Measured on a quiet machine: the first piece of a sentence is ready in 4 to 20 ms, and a second of speech takes 11 ms.
"""

from __future__ import annotations

import ctypes
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from offhook.errors import ConfigError, EngineMissing
from offhook.speech.tts._worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from offhook.speech.tts._worker import Emit

__all__ = ["VOICES", "Flite"]

VOICES = ("slt", "rms", "awb")
"""A woman and a man from the United States, and a Scottish man."""

_RATE = 16000
_CONTINUE, _STOP = 0, -1
_FIX = "apt install libflite1"
_PIECE_SAMPLES = 320
_TO_ASCII = str.maketrans(
    {
        "\u2018": "'",  # typographic quotation marks, dashes and ellipsis
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": ", ",
        "\u2026": "...",
        "€": " euros ",
        "£": " pounds ",
    }
)


class _Wave(ctypes.Structure):
    # cst_wave in flite/include/cst_wave.h
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(_Wave), ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p
)


class _Streaming(ctypes.Structure):
    # The start of cst_audio_streaming_info in flite/include/cst_audio.h
    _fields_ = (("min_buffsize", ctypes.c_int), ("callback", _Callback))


class _Voice(ctypes.Structure):
    # The start of cst_voice in flite/include/cst_voice.h
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


class _Library:
    """The libraries, loaded once per process, and the one thread that calls them."""

    def __init__(self) -> None:
        self.flite = self._load("libflite.so.1")
        # Voices find these two by symbol.
        self._load("libflite_usenglish.so.1")
        self._load("libflite_cmulex.so.1")
        flite = self.flite
        flite.flite_init()
        flite.flite_text_to_wave.restype = ctypes.POINTER(_Wave)
        flite.flite_text_to_wave.argtypes = [ctypes.c_char_p, ctypes.POINTER(_Voice)]
        flite.delete_wave.argtypes = [ctypes.POINTER(_Wave)]
        flite.new_audio_streaming_info.restype = ctypes.POINTER(_Streaming)
        flite.audio_streaming_info_val.restype = ctypes.c_void_p
        flite.audio_streaming_info_val.argtypes = [ctypes.POINTER(_Streaming)]
        flite.feat_set.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self.worker = Worker("offhook-flite")
        self.voices: dict[str, ctypes._Pointer[_Voice]] = {}
        self._emit: Emit | None = None
        # Kept here because C holds them.
        self._callback = _Callback(self._piece)

    @staticmethod
    def _load(name: str) -> ctypes.CDLL:
        try:
            return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            raise EngineMissing(f"expected the library {name}, found none", fix=_FIX) from None

    def open(self, name: str) -> ctypes._Pointer[_Voice]:
        """The voice of this name, registered once."""
        if name not in self.voices:
            register = getattr(self._load(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
            register.restype = ctypes.POINTER(_Voice)
            register.argtypes = [ctypes.c_char_p]
            voice = register(None)
            streaming = self.flite.new_audio_streaming_info()
            streaming.contents.min_buffsize = _PIECE_SAMPLES
            streaming.contents.callback = self._callback
            # The voice owns the value from here on.
            self.flite.feat_set(
                voice.contents.features, b"streaming_info", self.flite.audio_streaming_info_val(streaming)
            )
            self.voices[name] = voice
        return self.voices[name]

    def _piece(self, wave: ctypes._Pointer[_Wave], start: int, size: int, last: int, info: int | None) -> int:
        assert self._emit is not None
        pcm = ctypes.string_at(wave.contents.samples + 2 * start, 2 * size)
        return _CONTINUE if not pcm or self._emit(pcm) else _STOP

    def synthesise(self, voice: ctypes._Pointer[_Voice], text: str, emit: Emit) -> None:
        """In the worker thread: pieces through ``emit`` until the end, or until it answers False."""
        self._emit = emit
        try:
            wave = self.flite.flite_text_to_wave(_ascii(text), voice)
            if wave:
                self.flite.delete_wave(wave)
        finally:
            self._emit = None


_library = cache(_Library)


def _ascii(text: str) -> bytes:
    return unicodedata.normalize("NFKD", text.translate(_TO_ASCII)).encode("ascii", "ignore")


class Flite:
    """A plain English voice at 16 kHz, with no network and no model to download.

    Closing the iterator of ``speak`` stops the engine within a piece (20 ms of audio, under a millisecond). The
    engine does one sentence at a time: calls of a process take turns.

    Args:
        voice: one of :data:`VOICES`.

    Raises:
        ConfigError: there is no such voice.
        EngineMissing: flite is not installed.
    """

    at_once = 1
    """How many sentences are said at a time."""

    def __init__(self, voice: str = "slt") -> None:
        if voice not in VOICES:
            raise ConfigError(f"expected a flite voice ({', '.join(VOICES)}), got {voice!r}", fix=f"flite:{VOICES[0]}")
        self.voice = voice
        self._library = _library()
        self._voice = self._library.open(voice)

    @property
    def sample_rate(self) -> int:
        """16000."""
        return _RATE

    async def warm_up(self) -> None:
        """Speak a word into nothing, so that the pages of the voice are in memory."""
        async for _ in self.speak("ready"):
            pass

    def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """The audio of ``text``: see :class:`offhook.speech.base.TextToSpeech`."""
        return self._library.worker.speak(text, _RATE, self._synthesise)

    def _synthesise(self, text: str, emit: Emit) -> None:
        self._library.synthesise(self._voice, text, emit)
