"""Telnyx's voices, and those of others behind it: ``Agent(tts="telnyx")``, ``"telnyx:Telnyx.NaturalHD.astra"``.

It gives MP3, the one format that all of its voices have; that is decoded as it comes and brought to the rate of the
line. A connection says one sentence: the next one's is made while it does. It does not tell when words are said.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from offhook.audio.mp3 import Mp3Decoder
from offhook.errors import CodecError, ConfigError, EngineError, EngineRefused
from offhook.keys import key_for
from offhook.providers.addressing import base_of, with_query
from offhook.providers.connection import Connection, Link, tls
from offhook.providers.refusals import Refusals
from offhook.providers.telnyx_speech import STOP, TelnyxSpeech
from offhook.speech.streams import PCM_8K, PCM_16K, AudioFormat, Sound
from offhook.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from offhook.errors import OffhookError
    from offhook.speech.streams import Sounds, VoiceStream

__all__ = ["BASE_URLS", "KEY", "TelnyxTts", "named"]

ADDRESS: Final = "wss://api.telnyx.com/v2"
KEY: Final = "TELNYX_API_KEY"
BASE_URLS: Final = ("TELNYX_SPEECH_BASE_URL", "TELNYX_BASE_URL")
REFUSALS: Final = Refusals(provider="Telnyx", key=KEY, codes={1008: "request"})

_VOICE: Final = "Telnyx.KokoroTTS.af_heart"
_PCM_24K: Final = AudioFormat("pcm", 24_000)
_MOST_RENEWALS: Final = 3
"""It ends a connection on which nothing was asked for 20 s: so long is one kept ready while nothing is said."""


class TelnyxTts:
    """Telnyx as a voice. It is a :class:`~offhook.speech.streams.StreamingTextToSpeech`.

    Args:
        voice: ``Provider.Model.Voice``: ``Telnyx.NaturalHD.astra``, ``AWS.Polly.Danielle-Neural``, ….
        settings: of the voice, as its provider calls them: ``{"voice_speed": 1.1}``.
        options: more of the parameters of its address, as it calls them: ``{"language": "de"}``.
        api_key: ``None``: TELNYX_API_KEY.
        base_url: ``None``: TELNYX_SPEECH_BASE_URL, else TELNYX_BASE_URL, else its own address.

    Raises:
        ConfigError: there is no key, or the voice is none.
    """

    def __init__(
        self,
        voice: str = _VOICE,
        *,
        settings: Mapping[str, object] | None = None,
        options: Mapping[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        key = key_for("the voice telnyx", KEY, given=api_key)
        if not all(voice.partition(".")[::2]):
            raise ConfigError(f"expected a voice as Provider.Model.Voice, got {voice!r}.", fix=f'tts="telnyx:{_VOICE}"')
        self._settings = dict(settings or {})
        base = base_of("Telnyx", base_url, *BASE_URLS, default=ADDRESS)
        query: dict[str, object] = {"voice": voice, "audio_format": "mp3", **(options or {})}
        self._link = Link(
            refusals=REFUSALS,
            url=with_query(f"{base}/text-to-speech/speech", query.items()),
            headers={"Authorization": f"Bearer {key}"},
        )

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Pcm at the rates of lines."""
        return (_PCM_24K, PCM_16K, PCM_8K)

    async def warm_up(self) -> None:
        """Have ready what all connections need, so that the first call does not wait for it."""
        await in_thread(tls)
        await in_thread(Mp3Decoder, PCM_8K.sample_rate)

    def open(self, audio: AudioFormat, *, call_id: str | None = None) -> VoiceStream:
        """Begin to speak on a call: see :class:`offhook.speech.streams.StreamingTextToSpeech`.

        Raises:
            ConfigError: ``audio`` is not one of :attr:`formats`.
        """
        if audio not in self.formats:
            raise ConfigError(
                f"expected audio as one of {', '.join(map(str, self.formats))}, got {audio}.", fix="use one of these"
            )
        return _Stream(self._link, self._settings, audio, call_id)


class _Stream:
    """The voice on one call."""

    def __init__(self, link: Link, settings: Mapping[str, object], audio: AudioFormat, call_id: str | None) -> None:
        self.link = link
        self.settings = settings
        self.audio = audio
        self.call_id = call_id
        self._asked: set[_Sentence] = set()
        self._refused: OffhookError | None = None
        self._renewals = 0
        self._closed = False
        self._ready: _Sentence | None = _Sentence(self)
        """The one that can be asked next: its connection is there, or on its way."""

    # -- for whoever has something to say -----------------------------------------------------------------------------

    def speak(self, text: str, *, goes_on: bool = False) -> Sounds:
        """Ask for a sentence."""
        if self._closed or not text.strip():
            return _Sentence(self, connect=False).end()
        if self._refused is not None:
            return _Sentence(self, connect=False).end(self._refused)
        sentence = self._ready or _Sentence(self)
        self._asked.add(sentence)
        sentence.ask(text)
        self._ready, self._renewals = _Sentence(self), 0
        return sentence

    def cancel(self) -> None:
        """Say nothing of it any more."""
        for sentence in [*self._asked]:
            sentence.drop()

    def close(self) -> None:
        """Let go of the connections."""
        self._closed = True
        self.cancel()
        if self._ready is not None:
            self._ready.drop()
            self._ready = None

    # -- for its sentences --------------------------------------------------------------------------------------------

    def over(self, sentence: _Sentence) -> None:
        """It was given to its end, or will not be."""
        self._asked.discard(sentence)

    def broke(self, sentence: _Sentence, error: OffhookError) -> None:
        """The connection of one is over, too early."""
        if isinstance(error, EngineRefused):
            self._refused = error
        if sentence is not self._ready:
            return
        self._ready = None
        if sentence.connected_idle and self._refused is None and self._renewals < _MOST_RENEWALS:
            self._renewals += 1
            self._ready = _Sentence(self)


class _Sentence:
    """A connection, and the sentence that it is asked for: its audio, piece by piece."""

    def __init__(self, stream: _Stream, *, connect: bool = True) -> None:
        self._stream = stream
        self._text: str | None = None
        self._mp3: deque[bytes] = deque()
        self._decoder = Mp3Decoder(stream.audio.sample_rate)
        self._pcm: Iterator[bytes] = iter(())
        self._more = asyncio.Event()
        self._begun = self._over = self._ended = False
        self._error: OffhookError | None = None
        self.connected_idle = False
        """Whether the connection was there before anything was asked for."""
        self._session = TelnyxSpeech(stream.settings)
        self._connection = self._connect() if connect else None

    def _connect(self) -> Connection:
        return Connection(self._stream.link, self, call_id=self._stream.call_id)

    # -- for the stream -----------------------------------------------------------------------------------------------

    def ask(self, text: str) -> None:
        """Say this."""
        assert self._connection is not None
        self._text = text
        for message in self._session.ask(text):
            self._connection.send(message)

    def end(self, error: OffhookError | None = None) -> _Sentence:
        """There is no more of it; ``error``: though there should be."""
        self._over, self._error = True, error
        self._more.set()
        return self

    def drop(self) -> None:
        """None of it is wanted any more."""
        if self._connection is not None:
            self._connection.close(*([STOP] if self._text is not None else []))
        self._mp3.clear()
        self._pcm = iter(())
        self.end()
        self._done()

    def _done(self) -> None:
        """Nobody gets any more of it."""
        self._ended = True
        self._stream.over(self)

    # -- for the connection -------------------------------------------------------------------------------------------

    def connected(self) -> Iterable[str | bytes]:
        """It is there."""
        self.connected_idle = self._text is None
        return self._session.opening()

    def received(self, message: str | bytes) -> None:
        """A message of the provider's."""
        mp3 = self._session.received(message)
        if mp3:
            self._begun = True
            self._mp3.append(mp3)
            self._more.set()
        if self._session.over:
            assert self._connection is not None
            self._connection.close()
            self.end()

    def dropped(self, message: str | bytes) -> None:
        """Never: no audio is sent."""

    def broke(self, error: OffhookError) -> None:
        """The connection is over. It had been there, and nothing came: the sentence is asked for once more."""
        self._stream.broke(self, error)
        if self._text is None:
            return
        if self._session.final:
            self.end()
        elif self.connected_idle and not self._begun and not isinstance(error, EngineRefused):
            self.connected_idle = False
            self._session = TelnyxSpeech(self._stream.settings)
            self._connection = self._connect()
            self.ask(self._text)
        else:
            self.end(error)

    # -- for whoever listens ------------------------------------------------------------------------------------------

    def __aiter__(self) -> _Sentence:
        return self

    async def __anext__(self) -> Sound:
        while not self._ended:
            try:
                if pcm := next(self._pcm, b""):
                    return Sound(pcm)
                if self._mp3:
                    self._pcm = self._decoder.decode(self._mp3.popleft())
                elif not self._over:
                    self._more.clear()
                    await self._more.wait()
                else:
                    self._done()
                    if self._error is None and self._begun and (pcm := self._decoder.flush()):
                        return Sound(pcm)
            except CodecError as error:
                self.drop()
                raise EngineError("expected MP3 of Telnyx, got what is none.", fix="take another voice") from error
        failure, self._error = self._error, None
        if failure is not None:
            raise failure
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Drop it."""
        self.drop()


def named(which: str) -> TelnyxTts:
    """``telnyx``, ``telnyx:Telnyx.NaturalHD.astra``."""
    return TelnyxTts(which) if which else TelnyxTts()
