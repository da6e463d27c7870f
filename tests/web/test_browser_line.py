"""The line to a page: its commands, its calls, what it is told and hears."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from offhook.errors import EngineMissing
from offhook.exchange.people.voices import Voices
from offhook.web import browser_line

if TYPE_CHECKING:
    from .conftest import Page, Site

FRAME = bytes(640)


async def state(site: Site, call_id: str) -> str:
    report = (await site.client.get(f"/exchange/calls/{call_id}")).json()
    return str(report["call"]["state"])


async def journal(site: Site, kind: str, **fields: object) -> dict[str, Any]:
    """The first event of this kind in the exchange's journal, which may still have to come."""
    async with asyncio.timeout(10):
        async for event in site.exchange.journal.subscribe():
            if event["type"] == kind and all(event.get(key) == value for key, value in fields.items()):
                return event
    raise AssertionError("the journal ended")


async def test_a_call_rings_is_answered_carries_audio_and_is_hung_up(site: Site) -> None:
    """The whole life of a call, as the page sees it."""
    page = await site.open()
    call_id = await site.call(page)
    assert page.told[0]["type"] == "phone.ringing"
    await site.answer(call_id)
    await page.wait("phone.connected")
    await page.socket.send(FRAME)
    await page.until(lambda: len(page.heard) > 5)
    assert {len(frame) for frame in page.heard} == {640}
    await page.send(type="hang_up")
    assert (await page.wait("phone.ended"))["cause"]
    assert await state(site, call_id) == "ended"


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722"])
async def test_a_line_speaks_the_codec_that_was_chosen(site: Site, codec: str) -> None:
    """Every codec of the page works."""
    page = await site.open()
    call_id = await site.call(page, codec=codec)
    report = (await site.client.get(f"/exchange/calls/{call_id}")).json()
    assert report["call"]["codec"] == codec


async def test_a_page_can_call_again_and_is_told_of_its_new_call_only(site: Site) -> None:
    """One call at a time, one after the other."""
    page = await site.open()
    first = await site.call(page)
    await page.send(type="call", to=site.number, codec="PCMU")  # one call at a time: not followed
    await page.send(type="hang_up")
    await page.wait("phone.ended")
    second = await site.call(page)
    assert second != first
    site.feed.publish({"type": "turn.heard", "call": first})
    site.feed.publish({"type": "turn.heard", "call": second})
    assert (await page.wait("turn.heard"))["call"] == second


async def test_the_page_is_told_what_the_agent_does_on_its_call(site: Site) -> None:
    """Events of other calls are none of its business; those of the agent itself are."""
    page = await site.open()
    call_id = await site.call(page)
    site.feed.publish({"type": "turn.heard", "call": "another"})
    site.feed.publish({"type": "agent.reloaded"})
    site.feed.publish({"type": "turn.heard", "call": call_id, "text": "hello"})
    assert (await page.wait("turn.heard"))["text"] == "hello"
    assert "agent.reloaded" in [event["type"] for event in page.told]


async def test_a_page_that_is_opened_later_is_told_how_the_agent_is(site: Site) -> None:
    """A page that is reloaded while the agent is broken says so."""
    site.feed.publish_status({"type": "agent.broken", "message": "expected …"})
    page = await site.open()
    assert (await page.wait("agent.broken"))["message"] == "expected …"


async def test_a_page_that_goes_hangs_up(site: Site) -> None:
    """Closing the tab ends the call."""
    page = await site.open()
    call_id = await site.call(page)
    await page.socket.close()
    await journal(site, "leg.state", call=call_id, state="ended")


@pytest.mark.parametrize("then", [["hang_up"], ["call", "hang_up"], []])
async def test_a_call_that_does_not_ring_yet_is_hung_up_as_well(site: Site, then: list[str]) -> None:
    """By the page, or because it goes, at once: nothing of it is left to ring on and be answered to nobody."""
    commands = [{"type": kind, "to": site.number, "codec": "PCMU"} for kind in ("call", *then)]
    messages = [{"type": "websocket.receive", "text": json.dumps(command)} for command in commands]

    class Hasty:
        """A page that sends everything before anything else can happen."""

        async def receive(self) -> dict[str, str]:
            return messages.pop(0) if messages else {"type": "websocket.disconnect"}

        async def send_text(self, text: str) -> None:
            """Not read."""

    await browser_line.BrowserLine(site.exchange, Hasty(), codecs=("PCMU",)).run()  # type: ignore[arg-type]
    calls = site.exchange.status()["calls"]
    assert [call["state"] for call in calls] == ["ended"]


async def test_keys_reach_the_agents_side(site: Site) -> None:
    """A key becomes DTMF; what is no key becomes nothing."""
    page = await site.open()
    call_id = await site.call(page)
    await site.answer(call_id)
    await page.wait("phone.connected")
    for digit in ("", "12", "x", 5, "#"):
        await page.send(type="press", digit=digit)
    await page.send(type="hang_up")
    await page.wait("phone.ended")
    sent = site.exchange.webhooks.by_type()
    assert sent["call.dtmf.received"] == 1


@pytest.mark.parametrize(
    "garbage", ["", "{", "[]", "null", '"call"', "{}", '{"type": "call"}', '{"type": "call", "to": 1}', "[" * 100_000]
)
async def test_a_message_that_is_not_understood_is_ignored(
    site: Site, garbage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged without its content, and the line goes on."""
    page = await site.open()
    with caplog.at_level(logging.WARNING, browser_line.__name__):
        await page.socket.send(garbage)
        await page.socket.send(b"audio before any call")
        await site.call(page)
    assert len([record for record in caplog.records if record.name == browser_line.__name__]) == 1


@pytest.mark.parametrize(
    ("wrong", "message"), [({"to": "+15559999"}, "a number of this exchange"), ({"codec": "MP3"}, "codecs PCMU")]
)
async def test_a_call_that_cannot_be_placed_is_refused_with_a_reason(
    site: Site, wrong: dict[str, str], message: str
) -> None:
    """And the next one can be placed."""
    page = await site.open()
    await page.send(**{"type": "call", "to": site.number, "codec": "PCMU", **wrong})
    assert message in (await page.wait("phone.refused"))["message"]
    await site.call(page)


async def test_typed_words_are_spoken_into_the_call_in_order(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """For people without a microphone: the exchange's voice says what was typed."""
    first_may_end = asyncio.Event()

    async def speak(text: str, voice: str | None) -> tuple[bytes, int]:
        if text == "first":
            await first_may_end.wait()
        return b"\x00\x40\x00\xc0" * 400, 16_000

    monkeypatch.setattr(browser_line, "Voices", lambda: Voices(speak))
    page = await site.open()
    call_id = await site.call(page)
    await site.answer(call_id)
    await page.wait("phone.connected")
    await page.send(type="say", text="  first ")
    await page.send(type="say", text="second")
    for not_followed in ("", "   ", "x" * (browser_line.MOST_TEXT + 1)):
        await page.send(type="say", text=not_followed)
    first_may_end.set()
    await page.wait("caller.speech_ended", count=2)
    said = [event["said"] for event in page.told if event["type"] == "caller.speech_started"]
    assert said == ["first", "second"]


async def test_typed_text_without_a_sound_is_said_to_have_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emoji, say: otherwise nothing at all would happen."""

    async def speak(text: str, voice: str | None) -> tuple[bytes, int]:
        return bytes(640), 16_000

    monkeypatch.setattr(browser_line, "Voices", lambda: Voices(speak))
    page = await site.open()
    await site.call(page)
    await page.send(type="say", text="😀")
    assert "Nothing in that" in (await page.wait("phone.problem"))["message"]


async def test_typed_words_without_a_voice_say_what_to_install(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call goes on."""

    async def speak(text: str, voice: str | None) -> tuple[bytes, int]:
        raise EngineMissing("expected a voice, found none", fix="pip install 'offhook[local]'")

    monkeypatch.setattr(browser_line, "Voices", lambda: Voices(speak))
    page = await site.open()
    call_id = await site.call(page)
    await page.send(type="say", text="hello")
    problem = await page.wait("phone.problem")
    assert (problem["message"], problem["fix"]) == ("expected a voice, found none", "pip install 'offhook[local]'")
    assert await state(site, call_id) == "parked"


async def test_audio_does_not_pile_up_for_a_page_that_does_not_read(site: Site) -> None:
    """What is a second late is not worth sending."""
    sent: list[Any] = []

    class Reader:
        """A page that reads nothing until it is let."""

        def __init__(self) -> None:
            self.may_read = asyncio.Event()

        async def send_bytes(self, data: bytes) -> None:
            await self.may_read.wait()
            sent.append(data)

    reader = Reader()
    one = browser_line.BrowserLine(site.exchange, reader, codecs=())  # type: ignore[arg-type]
    sending = asyncio.create_task(one._send())
    for _ in range(3 * browser_line.MOST_AUDIO):
        one._hear(FRAME)
    reader.may_read.set()
    await asyncio.sleep(0)
    while not one._outgoing.empty():
        await asyncio.sleep(0)
    sending.cancel()
    assert len(sent) <= browser_line.MOST_AUDIO + 1


async def test_the_end_of_the_exchange_ends_the_call(site: Site) -> None:
    """A page whose exchange is stopped is told that its call is over."""
    page: Page = await site.open()
    await site.call(page)
    await site.exchange.stop()
    await page.wait("phone.ended")
