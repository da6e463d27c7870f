"""The page and its files: what is served, to whom, and what they may do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

if TYPE_CHECKING:
    from .conftest import Site

FILES = [
    "audio-worklet.js",
    "conversation.js",
    "icon.svg",
    "line.js",
    "phone.css",
    "phone.js",
    "playout.js",
    "resampler.js",
    "sound.js",
]


async def test_the_page_is_rendered_with_the_exchanges_numbers_and_codecs(site: Site) -> None:
    """What can be called is there before any script has run, and the agent's name cannot inject anything."""
    answer = await site.client.get("/")
    assert answer.status_code == 200
    assert f"<option>{site.number}</option>" in answer.text
    assert 'value="PCMA"' in answer.text
    assert "<h1" in answer.text
    assert "Hill &lt;Street&gt; Dental" in answer.text
    assert "<Street>" not in answer.text


async def test_the_page_may_load_its_own_files_and_nothing_else(site: Site) -> None:
    """No inline script or style, no other host: the content security policy allows none."""
    answer = await site.client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert re.findall(r"<script(?![^>]*\bsrc=)", answer.text) == []
    assert re.findall(r"\s(?:style|on\w+)=", answer.text) == []
    assert re.findall(r"(?:src|href)=\"(?!/static/)", answer.text) == []


@pytest.mark.parametrize("name", FILES)
async def test_the_pages_files_are_served_and_name_no_other_host(site: Site, name: str) -> None:
    """Everything comes from this machine, with a type that the browser accepts for it."""
    answer = await site.client.get(f"/static/{name}")
    assert answer.status_code == 200
    kinds = {"js": "javascript", "css": "text/css", "svg": "image/svg+xml"}
    assert kinds[name.rpartition(".")[2]] in answer.headers["content-type"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(re.findall(r"https?://[^\s\"'`)]+", answer.text)) <= {"http://www.w3.org/2000/svg"}


async def test_the_page_is_small(site: Site) -> None:
    """The page and all its files: less than 60 KB, before compression."""
    sizes = [len((await site.client.get(path)).content) for path in ("/", *(f"/static/{name}" for name in FILES))]
    assert sum(sizes) < 60_000


@pytest.mark.parametrize("path", ["/static/", "/static/nothing.js", "/static/../phone.py", "/static/%2e%2e/phone.py"])
async def test_nothing_else_is_served(site: Site, path: str) -> None:
    """Only the files that belong to the page."""
    assert (await site.client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/static/phone.js"])
async def test_a_name_of_somebody_elses_that_points_here_is_refused(site: Site, path: str) -> None:
    """Or any website could read the page by giving its own name the address 127.0.0.1."""
    answer = await site.client.get(path, headers={"host": f"evil.example:{site.exchange.port}"})
    assert answer.status_code == 403
    assert "content-security-policy" in answer.headers
    assert (await site.client.get(path, headers={"host": f"localhost:{site.exchange.port}"})).status_code == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost:1", "https://127.0.0.1", "http://["]
)
async def test_only_the_page_itself_may_open_the_line(site: Site, origin: str | None) -> None:
    """Any page in the browser can try to open a socket to this machine."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(site.socket_url, origin=origin)  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


async def test_the_line_is_refused_under_a_foreign_name_even_to_a_page_of_that_name(site: Site) -> None:
    """Same origin is not enough when the name is somebody else's."""
    name = f"evil.example:{site.exchange.port}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(
            f"ws://{name}/phone",
            host="127.0.0.1",
            port=site.exchange.port,
            origin=f"http://{name}",  # type: ignore[arg-type]
        )
    assert refused.value.response.status_code == 403
