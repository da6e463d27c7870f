"""Services to hear with: stand-ins on loopback, or the real ones where their keys are there.

``OFFHOOK_TEST_REAL=1 DEEPGRAM_API_KEY=… pytest tests/providers`` runs what can be run against the vendor itself.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.codecs import make_encoder
from offhook.audio.resample import resample
from offhook.errors import EngineMissing
from offhook.speech.engines import default_stt, default_tts, load_stt
from offhook.speech.streams import PCMU, StreamBroke
from offhook.testing.providers import Embedded, Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.speech.streams import RecognitionEvent, RecognitionStream, StreamingSpeechToText

PHRASE = "I need help with my order"
"""Of a dozen such sentences the one that this machine's recogniser takes right from both of its voices, each time."""
WORDS = PHRASE.lower().split()
FRAME = 160
"""20 ms of μ-law."""
QUIET = b"\xff" * FRAME

KEYS = {"assemblyai": "ASSEMBLYAI_API_KEY", "deepgram": "DEEPGRAM_API_KEY", "telnyx": "TELNYX_API_KEY"}
DOORS = {"assemblyai": "assemblyai", "deepgram": "deepgram", "deepgram:flux": "flux", "telnyx": "telnyx-stt"}
"""The recognisers, and what the stand-ins call where they come in."""

_engines = Embedded()
"""Of the whole session: the models are loaded once."""


def real(name: str) -> bool:
    """Whether the vendor itself is to be asked."""
    return bool(os.environ.get("OFFHOOK_TEST_REAL")) and bool(os.environ.get(KEYS[name.partition(":")[0]]))


def words_in(text: str) -> list[str]:
    """The words of a text, without how they are written."""
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split()


def understood(words: list[str]) -> bool:
    """Whether these are the words of :data:`PHRASE`, once: a recogniser of this size takes one of them for another now
    and then."""
    same = sum(block.size for block in SequenceMatcher(None, words, WORDS, autojunk=False).get_matching_blocks())
    return same >= len(WORDS) - 2 and len(words) <= len(WORDS) + 1


@dataclass
class Listener:
    """Whoever opens a stream: what it was told, and a way to wait for that."""

    events: list[RecognitionEvent] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: RecognitionEvent) -> None:
        self.events.append(event)
        self._more.set()

    async def wait_for(self, wanted: Callable[[RecognitionEvent], bool], limit_s: float = 10.0) -> Any:
        """The first event that is wanted, past or to come."""
        async with asyncio.timeout(limit_s):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                self._more.clear()
                await self._more.wait()

    async def broken(self) -> StreamBroke:
        """The end of the stream."""
        event = await self.wait_for(lambda event: isinstance(event, StreamBroke))
        assert isinstance(event, StreamBroke)
        return event


def frames(audio: bytes) -> list[bytes]:
    return [audio[at : at + FRAME] for at in range(0, len(audio) - FRAME + 1, FRAME)]


async def say(stream: RecognitionStream, audio: bytes, *, every_ms: float = 4.0) -> None:
    """Push audio, faster than it is said; to the vendors as fast as it is, which they insist on."""
    every_ms = 20.0 if os.environ.get("OFFHOOK_TEST_REAL") else every_ms
    for frame in frames(audio):
        stream.push(frame)
        await asyncio.sleep(every_ms / 1000)


@pytest.fixture(scope="session")
def speech_engines(require: Any) -> Embedded:
    """The engines of this machine."""
    require(find_spec("onnxruntime") is not None, "the extra local")
    try:
        default_tts()
        default_stt()
    except EngineMissing as missing:
        require(False, missing.message)
    return _engines


@pytest.fixture
async def phrase(speech_engines: Embedded) -> bytes:
    """Somebody says :data:`PHRASE`, after half a second of silence: μ-law, 8 kHz."""
    voice = default_tts()
    pcm = b"".join([piece async for piece in voice.speak(PHRASE)])
    return b"\xff" * 4000 + make_encoder("PCMU", 8000).encode(resample(pcm, voice.sample_rate, 8000))


@pytest.fixture(params=list(DOORS))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a recogniser, each in turn."""
    return str(request.param)


@dataclass
class Service:
    """A recogniser, and the stand-ins that it speaks to; ``None``: it speaks to the vendor."""

    name: str
    engine: StreamingSpeechToText
    standins: StandIns | None

    @property
    def door(self) -> str:
        return DOORS[self.name]

    def open(self, listener: Listener) -> RecognitionStream:
        return self.engine.open(PCMU, listener, call_id="v3:call")


@pytest.fixture
async def service(name: str, speech_engines: Embedded, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """Each recogniser, before real speech engines or the vendor itself."""
    if real(name):
        yield Service(name, _engine(name), None)
        return
    async with StandIns(speech_engines) as standins:
        yield Service(name, _engine(name, standins, monkeypatch), standins)


@pytest.fixture
async def scripted(name: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """Each recogniser, before stand-ins that hear what a script says, at once."""
    async with StandIns(Scripted(["book a table", "for two"])) as standins:
        yield Service(name, _engine(name, standins, monkeypatch), standins)


def _engine(
    name: str, standins: StandIns | None = None, monkeypatch: pytest.MonkeyPatch | None = None
) -> StreamingSpeechToText:
    if standins is not None and monkeypatch is not None:
        for variable, value in standins.env.items():
            monkeypatch.setenv(variable, value)
    engine: Any = load_stt(name)
    return engine  # type: ignore[no-any-return]
