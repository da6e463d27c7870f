"""An exchange with the browser phone on its port, and as its page a WebSocket client of another make, or a browser."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from offhook.exchange.exchange import Exchange
from offhook.exchange.words.settings import ExchangeSettings
from offhook.web.feed import Feed
from offhook.web.phone import PhonePage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement


@dataclass
class Page:
    """A page's end of the line: keeps what it is told and hears."""

    socket: ClientConnection
    told: list[dict[str, Any]] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        with contextlib.suppress(ConnectionClosedError):  # the exchange was stopped
            async for message in self.socket:
                if isinstance(message, bytes):
                    self.heard.append(message)
                else:
                    self.told.append(json.loads(message))
                self._changed.set()

    async def send(self, **command: object) -> None:
        await self.socket.send(json.dumps(command))

    async def wait(self, kind: str, *, count: int = 1, **fields: object) -> dict[str, Any]:
        """The ``count``-th event of this type with these fields."""

        def found() -> list[dict[str, Any]]:
            return [
                event for event in self.told if event["type"] == kind and all(event.get(k) == fields[k] for k in fields)
            ]

        await self.until(lambda: len(found()) >= count)
        return found()[count - 1]

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@dataclass
class Site:
    """The running thing."""

    exchange: Exchange
    feed: Feed
    client: httpx.AsyncClient
    _open: list[tuple[ClientConnection, asyncio.Task[None]]] = field(default_factory=list)

    @property
    def socket_url(self) -> str:
        return self.exchange.origin.replace("http", "ws") + "/phone"

    @property
    def number(self) -> str:
        return self.exchange.numbers()[0]

    async def open(self) -> Page:
        socket = await connect(self.socket_url, origin=self.exchange.origin)  # type: ignore[arg-type]
        page = Page(socket)
        self._open.append((socket, asyncio.create_task(page.read())))
        return page

    async def call(self, page: Page, **how: object) -> str:
        """A call that rings; its id."""
        known = len([one for one in page.told if one["type"] == "leg.state" and one["state"] == "parked"])
        await page.send(**{"type": "call", "to": self.number, "codec": "PCMU", **how})
        return str((await page.wait("leg.state", count=known + 1, state="parked"))["call"])

    async def answer(self, call_id: str) -> None:
        """What an agent does first."""
        answered = await self.client.post(f"/v2/calls/{call_id}/actions/answer", headers={"authorization": "Bearer x"})
        assert answered.status_code == 200

    async def close(self) -> None:
        for socket, reading in self._open:
            await socket.close()
            await reading


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    feed = Feed()
    settings = ExchangeSettings(private_key_path=tmp_path / "exchange.key", recordings_dir=tmp_path / "recordings")
    exchange = Exchange(settings=settings, port=0)
    exchange.add_routes(PhonePage(exchange, title="Hill <Street> Dental", feed=feed).routes())
    exchange.add_routes([Route("/webhooks", Response(), methods=["POST"])])
    async with exchange, httpx.AsyncClient(base_url=exchange.origin) as client:
        exchange.set_webhook_url(f"{exchange.origin}/webhooks")
        running = Site(exchange, feed, client)
        yield running
        await running.close()


# -- a real browser ----------------------------------------------------------------------------------------------------

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--window-size=1280,900",
)
PATIENCE_S = 20
SCREENSHOTS = os.environ.get("OFFHOOK_SCREENSHOTS")
"""A folder to leave screenshots in, for people to look at."""


class Tab:
    """A page in Chromium."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def find(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        return " / ".join(element.text for element in self.find(selector))

    def shown(self, selector: str) -> bool:
        return self.find(selector)[0].is_displayed()

    def enabled(self, selector: str) -> bool:
        return self.find(selector)[0].is_enabled()

    def focused(self) -> str | None:
        return self.driver.switch_to.active_element.get_attribute("id")

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait until ``condition`` holds; elements that are replaced meanwhile are looked for again."""
        from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.driver, PATIENCE_S, 0.05, ignored_exceptions=[StaleElementReferenceException])
        try:
            waiting.until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"the page shows: {self.text('body')}") from None

    def look(self, name: str) -> None:
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(SCREENSHOTS) / f"{name}.png"))

    def console(self) -> list[str]:
        """What was written to the console since the last time: errors, violations of the content security policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    # The exchange runs on the loop of the test: it must not be held up.

    async def wait(self, condition: Callable[[], Any]) -> None:
        await asyncio.to_thread(self.until, condition)

    async def open(self, site: Site) -> None:
        await asyncio.to_thread(self.driver.get, site.exchange.origin)
        await self.wait(lambda: self.text("#state") == "On hook")

    async def run(self, site: Site, script: str, *arguments: object) -> Any:
        """Run a script in the page; it may await, and import the page's modules. ``args`` are the arguments."""
        await self.open(site)
        wrapped = f"""
            const done = arguments[arguments.length - 1];
            (async (...args) => {{ {script} }})(...arguments).then((value) => done({{value}}),
                (error) => done({{error: `${{error}}\\n${{error.stack}}`}}));"""
        result = await asyncio.to_thread(self.driver.execute_async_script, wrapped, *arguments)
        assert "error" not in result, result["error"]
        return result["value"]


@contextlib.contextmanager
def _chromium(profile: Path, *flags: str, blocked_microphone: bool = False) -> Iterator[Tab]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*FLAGS, *flags, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if blocked_microphone:
        options.add_experimental_option("prefs", {"profile.default_content_setting_values.media_stream_mic": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    tab = Tab(Chrome(options=options, service=Service(DRIVER)))
    try:
        yield tab
        console = tab.console()
    finally:
        tab.driver.quit()
    assert console == []


@pytest.fixture
def chromium(require: Callable[[bool, str], None]) -> Callable[..., AbstractContextManager[Tab]]:
    """Opens a browser of its own: ``chromium(profile, *flags)``; at the end its console must be empty."""
    require(CHROMIUM is not None and DRIVER is not None, "Chromium and its driver (apt install chromium-driver)")
    require(importlib.util.find_spec("selenium") is not None, "selenium")
    return _chromium


@pytest.fixture(scope="session")
def shared_tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with _chromium(tmp_path_factory.mktemp("profile"), "--use-fake-ui-for-media-stream") as tab:
        yield tab


@pytest.fixture
def tab(chromium: object, site: Site, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A browser that all tests share which hold no conversation."""
    shared: Tab = request.getfixturevalue("shared_tab")
    yield shared
    shared.driver.get("about:blank")  # before the exchange is stopped, which the page would remark upon
    assert shared.console() == []
