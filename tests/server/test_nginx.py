"""The nginx configuration of docs/going-live.md, with a real nginx in front of a real server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
PAGE = Path(__file__).parents[2] / "docs" / "going-live.md"

AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {block}
}}
"""


def documented(port: int, server_port: int) -> str:
    """The block as it is documented, but for the ports and the certificate."""
    (block,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    block = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", block)
    block = re.sub(r"ssl_certificate\S* .*;", "", block)
    assert "127.0.0.1:8080" in block
    return str(block.replace("127.0.0.1:8080", f"127.0.0.1:{server_port}"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
async def front(town: Any, tmp_path: Path, require: Callable[[bool, str], None]) -> AsyncIterator[int]:
    """nginx in front of the town's server; its port."""
    require(NGINX is not None, "nginx (apt install nginx-light)")
    assert NGINX is not None
    await town.open()
    port = free_port()
    settings = tmp_path / "nginx.conf"
    settings.write_text(AROUND.format(folder=tmp_path, block=documented(port, town.server.port)))
    with subprocess.Popen(
        [NGINX, "-p", str(tmp_path), "-e", "stderr", "-c", str(settings)], stderr=subprocess.PIPE
    ) as nginx:
        try:
            async with asyncio.timeout(10):
                while True:
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                    except ConnectionRefusedError:
                        assert nginx.poll() is None, nginx.stderr and nginx.stderr.read()
                        await asyncio.sleep(0.02)
                    else:
                        writer.close()
                        break
            yield port
        finally:
            nginx.terminate()


async def test_a_call_passes_through_the_documented_proxy(front: int, town: Any, tmp_path: Path) -> None:
    """Webhooks keep their signature, audio flows both ways, and no token is in nginx's log."""
    body = town.event(
        "call.initiated", direction="incoming", state="parked", **{"from": "+15550100", "to": "+15550199"}
    )
    headers = town.signer.sign(body, int(time.time()))
    answer = await town.http.post(f"http://127.0.0.1:{front}/webhooks/telnyx", content=body, headers=headers)
    assert answer.status_code == 200
    url = (await town.carrier.did("answer"))["stream"].url
    await town.webhook("call.answered")
    carrier = await town.stream(url.replace(str(town.server.port), str(front)))
    session = town.sessions[0]
    await asyncio.wait_for(session.begun.wait(), 5)
    audio = {
        "event": "media",
        "sequence_number": "2",
        "media": {
            "track": "inbound",
            "chunk": "1",
            "timestamp": "0",
            "payload": base64.b64encode(b"\xff" * 160).decode(),
        },
    }
    await carrier.send(json.dumps(audio))
    async with asyncio.timeout(5):
        while not session.pcm_bytes:
            await asyncio.sleep(0.005)
    line = getattr(session.call, "line", None) or session.call.stream
    line.send_audio(bytes(320))
    assert json.loads(await asyncio.wait_for(carrier.recv(), 5))["event"] == "media"
    await carrier.close()
    token = url.rpartition("/")[2]
    log = (tmp_path / "access.log").read_text()
    assert "POST /webhooks/telnyx" in log
    assert token not in log


async def test_nothing_else_is_published(front: int, town: Any) -> None:
    """The counters are for the machine itself."""
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{town.url}/healthz")).status_code == 200
        for path in ("/healthz", "/", "/webhooks", "/media", "/webhooks/../healthz"):
            assert (await client.get(f"http://127.0.0.1:{front}{path}")).status_code in (301, 404), path


async def test_limits_are_those_of_the_server(front: int, town: Any) -> None:
    """A body that is too large is refused by nginx, one just below by us: it is not signed."""
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{front}/webhooks/telnyx"
        assert (await client.post(url, content=b"x" * (1024 * 1024 + 1))).status_code == 413
        assert (await client.post(url, content=b"x" * (1024 * 1024))).status_code == 401


async def test_a_wrong_token_is_refused_through_the_proxy(front: int, town: Any) -> None:
    """With our answer, not nginx's."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    }
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{front}/media/wrong", headers=upgrade)
    assert answer.status_code == 403
