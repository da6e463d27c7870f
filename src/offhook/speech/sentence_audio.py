"""What a voice gives for one sentence: whether it is audio, whether anything is heard in it, and how it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeGuard

from offhook.audio.formats import Rewriter
from offhook.errors import EngineError, kind_of
from offhook.speech.streams import Sound, Word

if TYPE_CHECKING:
    from offhook.audio.formats import AudioFormat

__all__ = ["SentenceAudio"]

_LONGEST_MS = 10_000
_LONGEST_LETTER_MS = 500
"""No sentence takes longer than the first, and the second for each of its letters: a voice that goes on is broken."""
_SHORTEST_LETTER_MS = 10
"""None is said five times as fast as anybody speaks: the voice has given less than all of it."""
_CONTAINERS: Final = {
    b"RIFF": "a WAV file",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"fLaC": "a FLAC file",
}
_TEXT_BYTES = 24
"""So many printable bytes at the beginning, of which the first opens JSON or a page, are text and no audio."""


class SentenceAudio:
    """Takes what a voice gives for a sentence, and gives it back as a line wants it.

    Args:
        text: what the voice was asked to say.
        given: how the voice writes it.
        wanted: how it is wanted.

    Raises:
        CodecError: the voice has a rate that cannot be changed into the wanted one.
    """

    def __init__(self, text: str, given: AudioFormat, wanted: AudioFormat) -> None:
        self._text = text
        self._given = given
        self._wanted = wanted
        self._rewriter = Rewriter(given, wanted)
        self._made = 0
        self._longest = (_LONGEST_MS + _LONGEST_LETTER_MS * len(text)) * given.bytes_per_ms
        self.sounds = False
        """Whether there was anything that can be heard."""

    def take(self, sound: Sound) -> bytes:
        """A piece of it, and what there is of it so far as it is wanted.

        Raises:
            EngineError: it is no audio, or more than the text can be.
        """
        audio: object = getattr(sound, "audio", None)
        if not isinstance(sound, Sound) or not isinstance(audio, bytes):
            got = kind_of(audio if isinstance(sound, Sound) else sound)
            raise EngineError(f"expected a Sound of a voice, with audio as bytes, got {got}.", fix="yield Sound(bytes)")
        if not self._made and audio:
            self._check_beginning(audio)
        self._made += len(audio)
        if self._made > self._longest:
            raise EngineError(
                f"expected at most {self._longest / self._given.bytes_per_ms / 1000:g} s of audio of a voice for a "
                f"sentence of {len(self._text)} characters, got more.",
                fix=f"check that the voice gives {self._given}, and comes to an end",
            )
        piece = self._rewriter.process(audio)
        if not self.sounds:
            self.sounds = self._wanted.sounds(piece)
        return piece

    @property
    def made_ms(self) -> float:
        """How much the voice has given."""
        return self._made / self._given.bytes_per_ms

    def words(self, sound: Sound) -> list[Word]:
        """The words that a piece tells, without what is none: when a word is said is worth knowing, and no more."""
        given: object = sound.words
        return [word for word in given if _is_word(word)] if isinstance(given, (tuple, list)) else []

    def flush(self) -> bytes:
        """The sentence is over: the rest of it.

        Raises:
            EngineError: it is not all of the sentence.
        """
        rest = self._rewriter.flush()
        made_ms = self.made_ms
        if self.sounds and made_ms < _SHORTEST_LETTER_MS * (len(self._text) - 10):
            raise EngineError(
                f"expected audio of a sentence of {len(self._text)} characters, got {made_ms:g} ms of it.",
                fix=f"check that the voice gives {self._given}, and all of it",
            )
        return rest

    def _check_beginning(self, audio: bytes) -> None:
        """A header is a click at best, a file in another codec is noise, and so is an error that is sent as audio."""
        found = next((name for magic, name in _CONTAINERS.items() if audio.startswith(magic)), None)
        start = audio[:_TEXT_BYTES]
        opens = audio.startswith((b"{", b"<")) and len(start) == _TEXT_BYTES
        if opens and start.isascii() and start.decode().isprintable():
            found = "text"
        if found is not None:
            raise EngineError(
                f"expected {self._given} of a voice, got {found}.",
                fix="ask the provider for raw audio, without a container",
            )


def _is_word(word: object) -> TypeGuard[Word]:
    return (
        isinstance(word, Word)
        and isinstance(word.text, str)
        and isinstance(word.began_ms, (int, float))
        and isinstance(word.ended_ms, (int, float))
    )
