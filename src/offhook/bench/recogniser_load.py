"""Callers on one recogniser or voice over the network: ``python recogniser_load.py CLIENT PORT STREAMS SECONDS``.

A process of its own, which prints one JSON object. Callers speak for a second and a half, and are silent for one, in
frames of 20 ms in real time; a voice says sentence after sentence, each as long as it is. CPU time is that of the whole
process, pacing included; CLIENT ``pace`` does nothing else. It imports offhook for its own clients alone, so that
another interpreter, with LiveKit's plugin, can run it.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from statistics import median
from typing import Any
from urllib.request import urlopen

__all__ = ["CLIENTS", "main"]

_FRAME_S = 0.02
_WARM_S = 1.0
_SPEECH_FRAMES, _SILENT_FRAMES = 75, 50
_LIMIT_S = 10.0
_SENTENCE = "We open at nine every day of the week, and at ten on Saturday."
_PAUSE_S = 1.0
"""Before streams are closed, so that the far end has heard all, and it is our part that is measured."""


def _frames() -> list[bytes]:
    """Two and a half seconds of pcm at 8 kHz: a tone, and silence."""
    tone = [round(8000 * math.sin(2 * math.pi * 440 * at / 8000)) for at in range(160 * _SPEECH_FRAMES)]
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in tone) + bytes(320 * _SILENT_FRAMES)
    return [pcm[at : at + 320] for at in range(0, len(pcm), 320)]


class Client:
    """Nothing but the pace."""

    door = ""

    def __init__(self, port: int) -> None:
        self.port = port
        self.events = 0

    async def open(self) -> None:
        """Be ready to push."""

    def frames(self) -> list[bytes]:
        """What is pushed, again and again."""
        return _frames()

    def push(self, frame: bytes) -> None:
        """20 ms."""

    def close(self) -> None:
        """It is over."""


class Offhook(Client):
    """A recogniser of ours, by its name."""

    name = ""
    _engine: Any = None

    def frames(self) -> list[bytes]:
        """μ-law, as it comes from the line."""
        from offhook.audio.codecs import make_encoder

        return [make_encoder("PCMU", 8000).encode(frame) for frame in _frames()]

    async def open(self) -> None:
        """A stream."""
        from offhook.audio.formats import PCMU
        from offhook.speech.engines import load_stt

        if type(self)._engine is None:
            import os

            os.environ.update(await asyncio.to_thread(_ask, self.port, "env"))
            type(self)._engine = load_stt(self.name)
        self._stream = self._engine.open(PCMU, self._on_event)
        self.push = self._stream.push  # type: ignore[method-assign]  # one call less a frame, as in an agent
        self.close = self._stream.close  # type: ignore[method-assign]

    def _on_event(self, event: object) -> None:
        self.events += 1


class AssemblyAI(Offhook):
    """``assemblyai``."""

    name, door = "assemblyai", "assemblyai"


class Deepgram(Offhook):
    """``deepgram``."""

    name, door = "deepgram", "deepgram"


class Flux(Offhook):
    """``deepgram:flux``."""

    name, door = "deepgram:flux", "flux"


class Telnyx(Offhook):
    """``telnyx``."""

    name, door = "telnyx", "telnyx-stt"


class Plain(Client):
    """A WebSocket by its documented interface, as most programs write it: a task that sends, one that receives."""

    door = "deepgram"

    def frames(self) -> list[bytes]:
        """160 bytes each; what is in them is told by nobody here."""
        return [frame[::2] for frame in _frames()]

    async def open(self) -> None:
        """A connection."""
        from websockets.asyncio.client import connect

        query = "encoding=mulaw&sample_rate=8000&interim_results=true&punctuate=true"
        url = f"ws://127.0.0.1:{self.port}/v1/listen?{query}"
        self._socket = await connect(url, additional_headers={"Authorization": "Token k"}, compression=None)
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]

    async def _send(self) -> None:
        while True:
            await self._socket.send(await self._queue.get())

    async def _receive(self) -> None:
        async for message in self._socket:
            json.loads(message)
            self.events += 1

    def push(self, frame: bytes) -> None:
        """20 ms."""
        self._queue.put_nowait(frame)

    def close(self) -> None:
        """Say so, and leave."""
        self._tasks.append(asyncio.create_task(self._socket.close()))


class LiveKit(Client):
    """LiveKit's plugin for Deepgram, outside of its rooms."""

    door = "deepgram"
    _session: Any = None

    async def open(self) -> None:
        """A stream of its plugin; it takes linear audio alone."""
        import aiohttp
        import livekit.plugins.deepgram as deepgram  # not from: mypy finds the package of plugins where one is there

        if LiveKit._session is None:
            LiveKit._session = aiohttp.ClientSession()
        url = f"http://127.0.0.1:{self.port}/v1/listen"
        plugin = deepgram.STT(api_key="k", base_url=url, sample_rate=8000, http_session=LiveKit._session)
        self._stream = plugin.stream()
        self._tasks = [asyncio.create_task(self._receive())]

    async def _receive(self) -> None:
        async for _ in self._stream:
            self.events += 1

    def push(self, frame: bytes) -> None:
        """20 ms."""
        from livekit import rtc

        self._stream.push_frame(rtc.AudioFrame(frame, 8000, 1, len(frame) // 2))

    def close(self) -> None:
        """Leave."""
        self._tasks.append(asyncio.create_task(self._stream.aclose()))


class Voice(Client):
    """A voice of ours, by its name: what it says is written as the line plays it."""

    name = ""
    _engine: Any = None

    async def open(self) -> None:
        """A stream, on which it speaks."""
        from offhook.audio.formats import PCMU, best_for
        from offhook.speech.batch_voice import as_streaming
        from offhook.speech.engines import load_tts

        if type(self)._engine is None:
            import os

            os.environ.update(await asyncio.to_thread(_ask, self.port, "env"))
            type(self)._engine = as_streaming(load_tts(self.name))
        self._audio = best_for(PCMU, self._engine.formats)
        self._stream = self._engine.open(self._audio)
        self._tasks = [asyncio.create_task(self._speak())]

    async def _speak(self) -> None:
        from offhook.audio.formats import PCMU
        from offhook.speech.sentence_audio import SentenceAudio

        loop = asyncio.get_running_loop()
        while True:
            began_s, said = loop.time(), SentenceAudio(_SENTENCE, self._audio, PCMU)
            size = 0
            async for sound in self._stream.speak(_SENTENCE):
                size += len(said.take(sound))
                self.events += 1
            size += len(said.flush())
            await asyncio.sleep(max(0.05, began_s + size / 8000 - loop.time()))

    def close(self) -> None:
        """Leave."""
        self._tasks[0].cancel()
        self._stream.close()


class Aura(Voice):
    """``deepgram``."""

    name, door = "deepgram", "aura"


class Cartesia(Voice):
    """``cartesia``."""

    name, door = "cartesia:v", "cartesia"


class ElevenLabs(Voice):
    """``elevenlabs``."""

    name, door = "elevenlabs:v", "elevenlabs"


class Rime(Voice):
    """``rime``."""

    name, door = "rime", "rime"


class OpenAISpeech(Voice):
    """``openai``, a request for each sentence: there is no stream to be closed."""

    name = "openai"


class TelnyxVoice(Voice):
    """``telnyx``: MP3."""

    name, door = "telnyx", "telnyx-tts"


CLIENTS: dict[str, type[Client]] = {
    "pace": Client,
    "assemblyai": AssemblyAI,
    "deepgram": Deepgram,
    "flux": Flux,
    "telnyx": Telnyx,
    "aura": Aura,
    "cartesia": Cartesia,
    "elevenlabs": ElevenLabs,
    "rime": Rime,
    "speech": OpenAISpeech,
    "telnyx-voice": TelnyxVoice,
    "plain": Plain,
    "livekit": LiveKit,
}


async def _measure(kind: type[Client], port: int, count: int, seconds: float) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    clients = [kind(port) for _ in range(count)]
    await asyncio.gather(*(client.open() for client in clients))
    frames = clients[0].frames()
    began_s, sent = loop.time(), 0
    cpu_s = heard = None
    while (now_s := loop.time() - began_s) < _WARM_S + seconds:
        if cpu_s is None and now_s >= _WARM_S:
            cpu_s, heard = time.process_time(), sum(client.events for client in clients)
        frame = frames[sent % len(frames)]
        for client in clients:
            client.push(frame)
        sent += 1
        await asyncio.sleep(max(0.0, began_s + sent * _FRAME_S - loop.time()))
    used_s = time.process_time() - (cpu_s or 0.0)
    # A voice gives a sentence at once, long before it is said: those of the beginning count.
    events = sum(client.events for client in clients) - (0 if issubclass(kind, Voice) else heard or 0)
    await asyncio.sleep(_PAUSE_S)
    closed_ms = time.monotonic() * 1000
    for client in clients:
        client.close()
    return {
        "cpu_ms_per_call_s": used_s * 1000 / (count * seconds),
        "events": events,
        "close_ms": await _closed(kind.door, port, count, closed_ms) if kind.door else None,
    }


async def _closed(door: str, port: int, count: int, closed_ms: float) -> dict[str, float] | None:
    """After how long the far end has learned that streams were closed; its clock is this machine's."""
    deadline_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline_s:
        await asyncio.sleep(0.5)
        told: dict[str, float] = {}
        for entry in (await asyncio.to_thread(_ask, port, f"journal?door={door}"))["entries"]:
            # Whichever comes first: the request to finish, or the end of the socket.
            if entry["stage"] in ("end", "gone") and entry["at_ms"] >= closed_ms:
                told.setdefault(entry["connection"], entry["at_ms"] - closed_ms)
        if len(told) >= count:
            return {"median": median(told.values()), "max": max(told.values())}
    return None


def _ask(port: int, what: str) -> Any:
    """Of the stand-ins."""
    with urlopen(f"http://127.0.0.1:{port}/providers/{what}") as reply:
        return json.load(reply)


def main() -> None:
    """Measure, and print."""
    client, port, count, seconds = sys.argv[1:5]
    result = asyncio.run(_measure(CLIENTS[client], int(port), int(count), float(seconds)))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
