"""A media server as offhook runs it, whose calls hear themselves: ``python -m offhook.bench.echo``.

Everything that a frame passes on its way to an agent and back is here: uvicorn's port, the hand-over to picows, the
message, the order of frames, concealment, the codec both ways. Only what a call costs outside its audio is not.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from typing import TYPE_CHECKING, cast

import uvicorn
from starlette.applications import Starlette

from offhook.audio.codecs.g711 import COMPILED
from offhook.calls.media.line import MediaLine
from offhook.calls.media.stream import MediaStream
from offhook.carriers.commands import StreamRequest
from offhook.carriers.telnyx.media import TelnyxAppMedia
from offhook.server.http import media_http_protocol
from offhook.server.loop import loop_factory
from offhook.server.media import MediaLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.calls.call import Call
    from offhook.carriers.media import MediaStarted

__all__ = ["Echo", "EchoGate", "main"]


class Echo:
    """Listens to a line and says every frame back."""

    __slots__ = ("_line",)

    def __init__(self, line: MediaLine) -> None:
        self._line = line

    def media_started(self, started: MediaStarted) -> None:
        """Nothing to prepare."""

    def audio(self, pcm: bytes, timestamp_ms: float) -> None:
        """Say it back."""
        self._line.send_audio(pcm)

    def mark_returned(self, name: str) -> None:
        """No marks are sent."""

    def digit(self, digit: str) -> None:
        """Keys mean nothing here."""

    def media_lost(self) -> None:
        """Nothing is kept."""

    def media_resumed(self) -> None:
        """It goes on."""

    def media_stopped(self) -> None:
        """Nothing to end."""


class EchoGate:
    """Lets every media socket in (:class:`~offhook.server.media.MediaGate`)."""

    # A load in a closed loop sends many times what a call does.
    media_limits = MediaLimits(frames_per_s=1e6)

    def admit(self, token: str) -> tuple[Call, StreamRequest]:
        """Any token opens a PCMU stream. There is no call behind it: the media plane only passes it on."""
        return cast("Call", None), StreamRequest(url="")

    def open_stream(
        self, call: Call, request: StreamRequest, *, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> MediaStream:
        """A stream that echoes."""
        line = MediaLine()
        line.add(Echo(line), vital=True)
        stream = MediaStream(TelnyxAppMedia(), request=request, owner=line, send=send, close=close)
        line.opened(stream)
        return stream


async def serve() -> None:
    """Listen on a free port of this machine, print ``ready PORT NOTE``, and serve until told to end."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    # The settings of offhook.server.run.
    config = uvicorn.Config(
        Starlette(),
        http=media_http_protocol(EchoGate()),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    gc.collect()
    gc.freeze()
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    coder = "compiled G.711" if COMPILED else "G.711 by audioop, for want of a C compiler at installation"
    print(f"ready {listener.getsockname()[1]} on {loop}, {coder}", flush=True)
    await serving


def main() -> None:
    """Run the server, on the loop that ``offhook serve`` runs on."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
