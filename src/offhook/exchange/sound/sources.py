"""Where the audio of announcements comes from: a voice, a file that came with the command, a URL."""

from __future__ import annotations

import asyncio
import io
from functools import cache
from typing import TYPE_CHECKING

import httpx

from offhook.audio.resample import resample
from offhook.errors import CodecError, ConfigError, kind_of

if TYPE_CHECKING:
    from offhook.speech.base import TextToSpeech

__all__ = ["fetched_audio", "spoken_audio", "supplied_audio"]

FETCH_TIMEOUT_S = 10.0
MAX_AUDIO_BYTES = 32 * 1024 * 1024


@cache
def _voice() -> TextToSpeech:
    # Loaded when something is first said: most exchanges never speak themselves.
    from offhook.speech.engines import default_tts

    return default_tts()


async def spoken_audio(text: str, rate: int) -> bytes:
    """``text`` as pcm at ``rate``, by the best voice on this machine. Raises EngineMissing."""
    voice = _voice()
    pcm = b"".join([piece async for piece in voice.speak(text)])
    return resample(pcm, voice.sample_rate, rate)


async def supplied_audio(data: bytes, rate: int) -> bytes:
    """An MP3 or WAV file as pcm at ``rate``, mixed to mono. Raises CodecError."""
    return await asyncio.to_thread(_decode, data, rate)


async def fetched_audio(url: str, rate: int) -> bytes:
    """The MP3 or WAV file at ``url`` as pcm at ``rate``. Raises ConfigError when it cannot be had."""
    try:
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=FETCH_TIMEOUT_S) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > MAX_AUDIO_BYTES:
                    raise ConfigError(f"expected at most {MAX_AUDIO_BYTES} bytes at the audio URL, got more.")
    except httpx.HTTPStatusError as error:
        raise ConfigError(f"expected audio at the URL, got HTTP {error.response.status_code}.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigError(f"expected audio at the URL, got {type(error).__name__}.") from None
    return await supplied_audio(bytes(data), rate)


def _decode(data: bytes, rate: int) -> bytes:
    import av

    pcm = bytearray()
    try:
        with av.open(io.BytesIO(data), "r") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for frame in container.decode(audio=0):
                for out in resampler.resample(frame):
                    pcm += out.to_ndarray().tobytes()
            for out in resampler.resample(None):
                pcm += out.to_ndarray().tobytes()
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise CodecError(
            f"expected an MP3 or WAV file, got {kind_of(data)} that are none ({type(error).__name__})."
        ) from None
    return bytes(pcm)
