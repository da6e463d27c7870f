"""OpenAI's voices: ``Agent(tts="openai:marin")``.

A request for each sentence; pcm at 24 kHz, which is brought to the line's rate here. It does not tell when words are
said. Wire: https://platform.openai.com/docs/api-reference/audio/createSpeech.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx

from offhook.addresses import is_loopback
from offhook.errors import EngineUnavailable
from offhook.keys import key_for
from offhook.providers.addressing import http_base_of
from offhook.providers.connection import tls
from offhook.providers.refusals import Refusals, by_status, seconds
from offhook.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

__all__ = ["BASE_URL", "KEY", "OpenAISpeech", "aclose_connections", "named"]

ADDRESS: Final = "https://api.openai.com/v1"
KEY: Final = "OPENAI_API_KEY"
BASE_URL: Final = "OPENAI_BASE_URL"
REFUSALS: Final = Refusals(provider="OpenAI", key=KEY, codes={})

_PIECE_BYTES: Final = 2400
"""50 ms."""
_NO_LIMIT: Final = httpx.Timeout(None, connect=5.0)
"""Whoever waits for the audio knows how long."""
_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()


class OpenAISpeech:
    """OpenAI as a voice (:class:`~offhook.speech.base.TextToSpeech`).

    Args:
        voice: ``marin``, ``cedar``, ``alloy``, ….
        model: ``gpt-4o-mini-tts``, ``tts-1``, ….
        instructions: how to speak, where the model takes that: "Be cheerful."
        options: more fields of every request, as it calls them: ``{"speed": 1.1}``.
        api_key: ``None``: OPENAI_API_KEY.
        base_url: ``None``: OPENAI_BASE_URL, else its own address, with ``/v1``.

    Raises:
        ConfigError: there is no key.
    """

    sample_rate = 24_000

    def __init__(
        self,
        voice: str = "marin",
        *,
        model: str = "gpt-4o-mini-tts",
        instructions: str | None = None,
        options: Mapping[str, object] | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self._key = key_for("the voice openai", KEY, given=api_key)
        self._base = http_base_of("OpenAI", base_url, BASE_URL, default=ADDRESS)
        self._request = {"model": model, "voice": voice, "response_format": "pcm", **(options or {})}
        if instructions:
            self._request["instructions"] = instructions
        self._local = is_loopback(urlsplit(self._base).hostname or "")

    async def warm_up(self) -> None:
        """Have ready what all requests need, so that the first call does not wait for it."""
        await in_thread(tls)

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """The audio of ``text``: pcm at 24 kHz, as it comes. Closing the iterator ends the request.

        Raises:
            EngineError: it refuses, or breaks off.
        """
        odd = b""
        try:
            url, headers = f"{self._base}/audio/speech", {"Authorization": f"Bearer {self._key}"}
            asked = {**self._request, "input": text}
            async with _connections_here(local=self._local).stream("POST", url, headers=headers, json=asked) as reply:
                if reply.status_code != httpx.codes.OK:
                    wait_s = seconds(reply.headers.get("retry-after"))
                    raise by_status(REFUSALS, reply.status_code, retry_after_s=wait_s)
                async for piece in reply.aiter_bytes(_PIECE_BYTES):
                    audio = odd + piece
                    whole = len(audio) & ~1
                    odd = audio[whole:]
                    yield audio[:whole]
        except httpx.HTTPError as error:
            raise EngineUnavailable(f"expected OpenAI to speak, got {type(error).__name__}.") from None


async def aclose_connections() -> None:
    """Close the connections of this event loop: at the end of a program, or of a test."""
    connections = _connections.pop(asyncio.get_running_loop(), None)
    if connections is not None:
        await connections.aclose()


def _connections_here(*, local: bool) -> httpx.AsyncClient:
    """The connections of this event loop, shared by all calls."""
    loop = asyncio.get_running_loop()
    connections = _connections.get(loop)
    if connections is None:
        connections = _connections[loop] = httpx.AsyncClient(timeout=_NO_LIMIT, verify=tls(), trust_env=not local)
    return connections


def named(which: str) -> OpenAISpeech:
    """``openai``, ``openai:marin``."""
    return OpenAISpeech(which) if which else OpenAISpeech()
