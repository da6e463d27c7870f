"""Phrases as audio, and stand-ins with the engines of this machine."""

from __future__ import annotations

from difflib import SequenceMatcher
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.codecs import make_encoder
from offhook.audio.resample import resample
from offhook.errors import EngineMissing
from offhook.speech.engines import default_stt, default_tts
from offhook.testing.providers import Embedded, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PHRASE = "I need help with my order"
"""Of a dozen such sentences the one that this machine's recogniser takes right from both of its voices, each time."""
WORDS = PHRASE.lower().split()

_engines = Embedded()
"""Of the whole session: the models are loaded once."""


def words_in(text: str) -> list[str]:
    """The words of a text, without how they are written."""
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split()


def understood(words: list[str]) -> bool:
    """Whether these are the words of :data:`PHRASE`, once: a recogniser of this size takes one of them for another now
    and then."""
    same = sum(block.size for block in SequenceMatcher(None, words, WORDS, autojunk=False).get_matching_blocks())
    return same >= len(WORDS) - 2 and len(words) <= len(WORDS) + 1


async def said(text: str, rate: int = 8000) -> bytes:
    """A text as pcm, with half a second of silence before it."""
    voice = default_tts()
    pcm = b"".join([piece async for piece in voice.speak(text)])
    return bytes(rate) + resample(pcm, voice.sample_rate, rate)


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
async def providers(speech_engines: Embedded) -> AsyncIterator[StandIns]:
    """Stand-ins on a free port."""
    async with StandIns(speech_engines) as providers:
        yield providers


@pytest.fixture
async def caller(speech_engines: Embedded) -> bytes:
    """Somebody says :data:`PHRASE`, and is silent: μ-law, 8 kHz."""
    return make_encoder("PCMU", 8000).encode(await said(PHRASE)) + b"\xff" * 16_000
