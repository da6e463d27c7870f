"""The media server that tutorials and demonstrations show: ``python -m offhook.bench.peer [WS]``.

FastAPI on uvicorn, one coroutine per call, ``json``, ``base64`` and ``audioop``, and the audio as a numpy array in
between, as it is where it goes on to a model. It does the work of :mod:`offhook.bench.echo` but for the order of frames
and losses, which such servers leave out; and it does nothing that they do not: no queue to a second task, no log line
a message, no resampling.

``WS`` is uvicorn's setting of that name: ``websockets``, its choice until version 0.50, or ``websockets-sansio``, its
choice since, which takes a quarter less CPU time.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from offhook.audio._audioop import audioop

__all__ = ["app", "main"]

app = FastAPI()


@app.websocket("/media/{token}")
async def media(websocket: WebSocket, token: str) -> None:
    """Say every frame back."""
    await websocket.accept()
    try:
        while True:
            message = json.loads(await websocket.receive_text())
            if message["event"] == "media":
                pcm = audioop.ulaw2lin(base64.b64decode(message["media"]["payload"]), 2)
                samples = np.frombuffer(pcm, dtype=np.int16)
                payload = base64.b64encode(audioop.lin2ulaw(samples.tobytes(), 2)).decode()
                await websocket.send_text(json.dumps({"event": "media", "media": {"payload": payload}}))
            elif message["event"] == "stop":
                break
    except WebSocketDisconnect:
        pass


def main() -> None:
    """Listen on a free port of this machine, print ``ready PORT NOTE``, and serve until told to end."""
    warnings.simplefilter("ignore", DeprecationWarning)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    kind = sys.argv[1] if len(sys.argv) > 1 else "auto"
    config: dict[str, Any] = {"ws": kind, "access_log": False, "log_level": "error", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app, **config))
    loop = "uvloop" if find_spec("uvloop") else "asyncio"  # as uvicorn chooses
    # Connections wait in the backlog until uvicorn takes them.
    print(f"ready {listener.getsockname()[1]} uvicorn ws={kind} on {loop}", flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
