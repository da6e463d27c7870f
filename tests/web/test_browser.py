"""The page in a real Chromium, whose microphone plays a caller's recording."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import subprocess
import sys
import threading
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.resample import resample
from offhook.audio.wav import read_wav, write_wav
from offhook.exchange.exchange import Exchange
from offhook.web.phone import PhonePage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from .conftest import Site, Tab

PATIENCE_S = 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


# -- an agent ----------------------------------------------------------------------------------------------------------


class Dev:
    """``offhook dev --json`` with the agent of the demonstration, and every event that it writes."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "offhook", "dev", "offhook.demo.agent:agent", "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        self.port = self.wait("exchange.started")["port"]
        self.url = f"http://127.0.0.1:{self.port}/"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()

    def wait(self, kind: str, **fields: object) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event["type"] == kind and fields.items() <= event.items()]

        with self._changed:
            assert self._changed.wait_for(found, PATIENCE_S), f"no {kind} came; the last was {self.events[-1:]}"
            return found()[0]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        self._reading.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def shared_dev() -> Iterator[Dev]:
    dev = Dev()
    yield dev
    dev.close()


@pytest.fixture
def dev(chromium: object, require: Callable[[bool, str], None], request: pytest.FixtureRequest) -> Dev:
    for module in ("onnxruntime", "moonshine_voice", "rapidfuzz"):
        require(importlib.util.find_spec(module) is not None, f"{module} (pip install 'offhook[local]')")
    return request.getfixturevalue("shared_dev")  # type: ignore[no-any-return]


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """A caller who lets the agent greet, asks for the opening hours, and is silent."""
    with resources.as_file(resources.files("offhook.exchange") / "clips" / "hours.wav") as clip:
        rate, (speech, *_) = read_wav(clip)
    path = tmp_path / "microphone.wav"
    silence = bytes(2 * 48_000)
    write_wav(path, 48_000, 3 * silence + resample(speech, rate, 48_000) + 60 * silence)
    return path


def test_a_person_calls_speaks_presses_a_key_and_hangs_up(
    dev: Dev, chromium: Callable[..., AbstractContextManager[Tab]], microphone: Path, tmp_path: Path
) -> None:
    """What was understood, the answer, and the milliseconds until it was heard are on the page; keyboard only."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    flags = ("--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}%noloop")
    with chromium(tmp_path / "profile", *flags) as tab:
        tab.driver.get(dev.url)
        tab.until(lambda: tab.text("#agent") == "Ready")
        assert tab.text("#state") == "On hook"
        ActionChains(tab.driver).send_keys(Keys.TAB).perform()
        assert tab.focused() == "call", "it is the first thing to reach"
        tab.look("on-hook")
        ActionChains(tab.driver).send_keys(Keys.ENTER).perform()
        tab.until(lambda: tab.text("#state") == "Connected")
        assert tab.focused() == "hang-up"
        tab.until(lambda: "how can I help?" in tab.text("#turns .agent .what"))
        tab.until(lambda: float(tab.find("#level")[0].get_attribute("value") or 0) > 0.3)
        tab.until(lambda: "when are you open" in tab.text("#turns .caller .what").lower())
        tab.until(lambda: "We open at nine" in tab.text("#turns .agent .what"))
        tab.until(lambda: tab.find("#turns .latency"))
        found = re.match(r"heard after (\d+) ms", tab.text("#turns .latency summary"))
        assert found is not None
        assert 0 < int(found[1]) < 5000
        assert tab.text("#median") == f"{found[1]} ms"
        tab.look("answered")
        ActionChains(tab.driver).send_keys("5").perform()
        call = dev.wait("digit.pressed", digit="5")["call"]
        tab.until(lambda: "You pressed 5" in tab.text("#turns .note"))
        ActionChains(tab.driver).send_keys(Keys.ENTER).perform()
        tab.until(lambda: tab.text("#state") == "Call ended")
        assert re.fullmatch(r"you hung up · \d:\d\d", tab.text("#detail"))
        assert tab.focused() == "call"
        tab.look("ended")
    dev.wait("leg.state", call=call, state="ended")


def test_a_person_without_a_microphone_types_and_interrupts(
    dev: Dev, chromium: Callable[..., AbstractContextManager[Tab]], tmp_path: Path
) -> None:
    """The exchange speaks for them; what they did not hear of the answer is struck through."""
    with chromium(tmp_path / "profile", blocked_microphone=True) as tab:
        tab.driver.get(dev.url)
        tab.until(lambda: tab.enabled("#call"))
        tab.find("#call")[0].click()
        tab.until(lambda: tab.text("#state") == "Connected")
        assert "not allowed to use the microphone" in tab.text("#problem")
        assert not tab.shown("#mute")
        words = tab.find("#words")[0]
        words.send_keys("Where are you located?\n")
        tab.until(lambda: "We are at twelve Hill Street" in tab.text("#turns .agent .what"))
        words.send_keys("When are you open?\n")
        tab.until(lambda: "parking behind the building" in tab.text("#turns .agent s"))
        for _ in range(2):  # a robot's words, begun over another's, are sometimes misheard: a person says them again
            tab.until(lambda: "We open at nine" in (said := tab.text("#turns .agent .what")) or "did not get" in said)
            if "We open at nine" in tab.text("#turns .agent .what"):
                break
            words.send_keys("When are you open?\n")
        tab.until(lambda: "We open at nine" in tab.text("#turns .agent .what"))
        assert int(tab.text("#interruptions")) >= 1
        tab.until(lambda: len(tab.find("#turns .latency")) >= 2)
        tab.find("#turns .latency summary")[-1].click()
        assert "recognition" in tab.text("#turns .latency[open] .steps")
        tab.look("interrupted")
        tab.find("#hang-up")[0].click()
        tab.until(lambda: tab.text("#state") == "Call ended")


# -- the page without an agent -----------------------------------------------------------------------------------------


async def test_a_broken_agent_is_shown_with_its_fix_until_it_is_mended(tab: Tab, site: Site) -> None:
    """And nobody can call an agent that was never there."""
    await tab.open(site)
    broken = {"type": "agent.broken", "agent": "app:agent", "message": "expected …, got <b>x</b>.", "fix": "write y"}
    site.feed.publish_status({**broken, "takes_calls": False})
    await tab.wait(lambda: tab.shown("#broken"))
    assert "expected …, got <b>x</b>." in tab.text("#broken")
    assert tab.text("#broken-fix") == "write y"
    assert tab.text("#broken-title") == "The agent does not start"
    assert not tab.enabled("#call")
    tab.look("broken")
    site.feed.publish_status({**broken, "takes_calls": False, "was_running": True})
    await tab.wait(lambda: tab.text("#broken-title") == "The agent has stopped")
    site.feed.publish_status({"type": "agent.reloaded", "agent": "Elm Street", "takes_calls": True})
    await tab.wait(lambda: tab.text("#agent-name") == "Elm Street")
    assert not tab.shown("#broken")
    assert tab.enabled("#call")


async def test_a_call_that_rings_can_be_given_up(tab: Tab, site: Site) -> None:
    """Nobody answers here: the page says that it rings, and the call can be ended."""
    await tab.open(site)
    await asyncio.to_thread(tab.find("#call")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Ringing …")
    assert not tab.enabled("#words")
    tab.look("ringing")
    await asyncio.to_thread(tab.find("#hang-up")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Call ended")


async def test_the_page_finds_the_exchange_again(tab: Tab, site: Site) -> None:
    """When the exchange is stopped the page says so, and goes on when there is one again."""
    await tab.open(site)
    port = site.exchange.port
    await site.exchange.stop()
    await tab.wait(lambda: tab.text("#state") == "No line")
    assert "The exchange does not answer" in tab.text("#problem")
    assert not tab.enabled("#call")
    tab.look("no-line")
    again = Exchange(settings=site.exchange.settings, port=port)
    again.add_routes(PhonePage(again, title="Again").routes())
    async with again:
        await tab.wait(lambda: tab.text("#state") == "On hook")
        assert not tab.shown("#problem")
        assert tab.enabled("#call")
        await asyncio.to_thread(tab.driver.get, "about:blank")
    assert all("WebSocket connection" in line for line in tab.console())


async def test_a_lost_line_is_said_once(tab: Tab, site: Site) -> None:
    """However often the page tries again: a screen reader would say it every second."""
    await tab.open(site)
    await site.exchange.stop()
    await tab.wait(lambda: tab.text("#state") == "No line")
    watch = """
        window.changes = 0;
        new MutationObserver((all) => { window.changes += all.length; })
            .observe(document.body, {childList: true, characterData: true, attributes: true, subtree: true});"""
    await asyncio.to_thread(tab.driver.execute_script, watch)
    failed: list[str] = []

    def has_failed_again() -> bool:
        failed.extend(tab.console())
        return len(failed) >= 3

    await tab.wait(has_failed_again)
    assert tab.driver.execute_script("return window.changes") == 0
    await asyncio.to_thread(tab.driver.get, "about:blank")
    assert all("WebSocket connection" in line for line in (*failed, *tab.console()))


async def connected(tab: Tab, site: Site) -> str:
    """Call from the page and answer; the id of the call."""
    await tab.open(site)
    await asyncio.to_thread(tab.find("#call")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Ringing …")
    call = str(site.exchange.status()["calls"][-1]["call_control_id"])
    await site.answer(call)
    await tab.wait(lambda: tab.text("#state") == "Connected")
    return call


async def hang_up(tab: Tab) -> None:
    await asyncio.to_thread(tab.find("#hang-up")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Call ended")


async def test_a_key_that_is_held_is_pressed_once(tab: Tab, site: Site) -> None:
    """The keyboard repeats it."""
    await connected(tab, site)
    for digit, repeats in (("5", False), ("5", True), ("5", True), ("6", False)):
        key = {"type": "keyDown", "key": digit, "text": digit, "autoRepeat": repeats}
        await asyncio.to_thread(tab.driver.execute_cdp_cmd, "Input.dispatchKeyEvent", key)
        await asyncio.to_thread(tab.driver.execute_cdp_cmd, "Input.dispatchKeyEvent", {**key, "type": "keyUp"})
    await hang_up(tab)
    assert site.exchange.webhooks.by_type()["call.dtmf.received"] == 2


async def test_a_muted_microphone_is_said_to_be_muted(tab: Tab, site: Site) -> None:
    """The button keeps its name and is pressed; what the display says changes."""
    await connected(tab, site)
    mute = tab.find("#mute")[0]
    await asyncio.to_thread(mute.click)
    assert (mute.accessible_name, mute.get_attribute("aria-pressed")) == ("Mute", "true")
    assert tab.text("#detail") == "Muted: the agent does not hear you"
    await tab.wait(lambda: tab.find("#level")[0].get_attribute("value") == "0")
    tab.look("muted")
    await asyncio.to_thread(mute.click)
    assert mute.get_attribute("aria-pressed") == "false"
    assert tab.text("#detail") == "Speak, or type below"
    await hang_up(tab)


async def test_a_microphone_that_goes_in_the_call_is_missed(tab: Tab, site: Site) -> None:
    """It was unplugged: the page says so, and one can type."""
    await tab.open(site)
    keep = """
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wish) => (window.microphone = await open(wish));"""
    await asyncio.to_thread(tab.driver.execute_script, keep)
    await asyncio.to_thread(tab.find("#call")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Ringing …")
    await site.answer(str(site.exchange.status()["calls"][-1]["call_control_id"]))
    await tab.wait(lambda: tab.text("#detail") == "Speak, or type below")
    unplug = "for (const track of window.microphone.getTracks()) track.dispatchEvent(new Event('ended'));"
    await asyncio.to_thread(tab.driver.execute_script, unplug)
    assert "The microphone is gone" in tab.text("#problem")
    assert tab.text("#detail") == "Type below"
    assert not tab.shown("#mute")
    assert tab.enabled("#words")
    await hang_up(tab)


async def test_a_call_given_up_at_once_does_not_end_the_next(tab: Tab, site: Site) -> None:
    """The next can be begun when the exchange has said that this one is over, and not before."""
    await tab.open(site)
    give_up = """
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
          send.call(this, data);
          if (typeof data !== "string" || JSON.parse(data).type !== "call") return;
          WebSocket.prototype.send = send;
          document.getElementById("hang-up").click();
          window.offered = !document.getElementById("call").hidden;
        };"""
    await asyncio.to_thread(tab.driver.execute_script, give_up)
    await asyncio.to_thread(tab.find("#call")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Call ended")
    assert tab.driver.execute_script("return window.offered") is False
    await asyncio.to_thread(tab.find("#call")[0].click)
    await tab.wait(lambda: tab.text("#state") == "Ringing …")
    await hang_up(tab)


async def test_a_call_that_is_refused_says_why(tab: Tab, site: Site) -> None:
    """The number was taken away after the page was loaded."""
    await tab.open(site)
    numbers = (await site.client.get("/v2/phone_numbers", headers={"authorization": "Bearer x"})).json()["data"]
    path = f"/v2/phone_numbers/{numbers[0]['id']}"
    answer = await site.client.patch(path, json={"connection_id": ""}, headers={"authorization": "Bearer x"})
    assert answer.status_code == 200
    await asyncio.to_thread(tab.find("#call")[0].click)
    await tab.wait(lambda: tab.text("#state") == "No call")
    assert "expected a number of this exchange" in tab.text("#problem")
    assert "offhook exchange status" in tab.text("#problem")
    tab.look("refused")


async def test_everything_can_be_named_reached_and_hit(tab: Tab, site: Site) -> None:
    """Every control has a name and is at least 24 px each way; the log, the headings and the language are marked."""
    await tab.open(site)
    controls = [one for one in tab.find("button, select, input, summary, meter") if one.is_displayed()]
    assert [one.get_attribute("outerHTML") for one in controls if not one.accessible_name] == []
    buttons = [one for one in controls if one.tag_name != "meter"]
    assert [one.accessible_name for one in buttons if min(one.size["height"], one.size["width"]) < 24] == []
    for button in tab.find("[data-digit]"):
        digit, seen = button.get_attribute("data-digit"), " ".join((button.get_attribute("textContent") or "").split())
        assert button.accessible_name == {"*": "star", "#": "hash"}.get(digit or "", seen)
    log = tab.find("#log")[0]
    assert (log.aria_role, log.accessible_name) == ("log", "Conversation")
    assert len(tab.find("h1")) == 1
    assert len(tab.find("main")) == 1
    assert tab.find("html")[0].get_attribute("lang") == "en"


async def test_every_button_has_an_edge_where_backgrounds_are_not_painted(tab: Tab, site: Site) -> None:
    """In forced colours the edge is all that tells it from text."""
    await tab.open(site)
    edges = (
        "return [...document.querySelectorAll('button')].filter((one) => getComputedStyle(one).borderTopWidth < '1')"
    )
    forced = {"features": [{"name": "forced-colors", "value": "active"}]}
    await asyncio.to_thread(tab.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", forced)
    try:
        assert tab.driver.execute_script(edges) == []
        tab.look("forced-colors")
    finally:
        await asyncio.to_thread(tab.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [360, 768, 1280])
async def test_nothing_is_wider_than_the_window(tab: Tab, site: Site, width: int) -> None:
    """From a phone to a desk."""
    tab.driver.set_window_size(width, 900)
    try:
        await tab.open(site)
        widths = tab.driver.execute_script(
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert widths[0] <= widths[1]
        tab.look(f"width-{width}")
    finally:
        tab.driver.set_window_size(1280, 900)
