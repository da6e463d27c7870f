"""Commands that make sounds, collect digits and open media streams."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import telnyx
from websockets.asyncio.server import serve

from offhook.errors import EngineMissing
from offhook.exchange.commands.intake import Intake
from offhook.exchange.exchange import Exchange
from offhook.exchange.sound import sources as sounds
from offhook.exchange.words.seed import default_seed
from offhook.exchange.words.settings import ExchangeSettings, MediaAssumptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telnyx import AsyncTelnyx
    from websockets.asyncio.server import ServerConnection

NUMBER, CALLER, APP = "+15550199", "+15550150", "1000000000000000001"


def tone_wav(ms: int) -> bytes:
    """A WAV file that is loud."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\x00\x40\x00\xc0" * (4 * ms))
    return file.getvalue()


class MediaApp:
    """An application's media socket."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.port = 0
        self.came = asyncio.Event()

    async def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        async for message in socket:
            self.frames.append(json.loads(message))
            self.came.set()

    async def wait(self, event: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while not (found := [frame for frame in self.frames if frame["event"] == event]):
                self.came.clear()
                await self.came.wait()
            return found[0]


@pytest.fixture
async def media() -> AsyncIterator[MediaApp]:
    """A listening media application."""
    app = MediaApp()
    async with serve(app.handle, "127.0.0.1", 0) as server:
        app.port = next(iter(server.sockets)).getsockname()[1]
        yield app


@pytest.fixture
async def call(exchange: Any, application: Any, client: AsyncTelnyx, telephone: Any) -> Any:
    """An answered inbound call: its id and its phone."""
    phone = telephone()
    call_id = exchange.place_call(from_=CALLER, to=NUMBER, phone=phone)
    await client.calls.actions.answer(call_id)
    await application.wait("call.answered")
    return call_id, phone


def code_of(error: telnyx.APIStatusError) -> str:
    return str(error.body["errors"][0]["code"])  # type: ignore[index]


@pytest.mark.parametrize("by", ["setting", "command"])
async def test_a_dialled_calls_socket_may_open_while_it_rings(
    application: Any, settings: ExchangeSettings, media: MediaApp, telephone: Any, by: str
) -> None:
    """start, audio and streaming.started come with the answer; only connected comes before."""
    phone = telephone()
    if by == "setting":
        settings = replace(settings, media=MediaAssumptions(dialled_stream_opens="while_ringing"))
    async with Exchange(default_seed(application.url), settings=settings, port=0) as exchange:
        exchange.install_phone("+15550177", lambda: phone)
        intake = Intake(exchange.board)
        url = f"ws://127.0.0.1:{media.port}/m"
        body = {"connection_id": APP, "to": "+15550177", "from": NUMBER, "stream_url": url}
        intake.begin("dial", {**body, "stream_establish_before_call_originate": by == "command"})
        await media.wait("connected")
        assert "streaming.started" not in application.types()
        assert [frame["event"] for frame in media.frames] == ["connected"]
        phone.handset.answer()
        await media.wait("start")
        await application.wait("streaming.started")
        await media.wait("media")
        types = application.types()
        assert types.index("call.answered") < types.index("streaming.started")
        assert [frame["event"] for frame in media.frames][:2] == ["connected", "start"]
        phone.handset.hang_up()
        await application.wait("streaming.stopped")


async def test_a_stream_of_a_call_that_nobody_answered_has_not_started(
    application: Any, settings: ExchangeSettings, media: MediaApp, telephone: Any
) -> None:
    """Its socket closes without start or stop, and no webhook tells of it."""
    phone = telephone()
    settings = replace(settings, media=MediaAssumptions(dialled_stream_opens="while_ringing"))
    async with Exchange(default_seed(application.url), settings=settings, port=0) as exchange:
        exchange.install_phone("+15550177", lambda: phone)
        url = f"ws://127.0.0.1:{media.port}/m"
        Intake(exchange.board).begin(
            "dial", {"connection_id": APP, "to": "+15550177", "from": NUMBER, "stream_url": url}
        )
        await media.wait("connected")
        phone.handset.reject("busy")
        await application.wait("call.hangup")
    assert [frame["event"] for frame in media.frames] == ["connected"]
    assert application.types() == ["call.initiated", "call.hangup"]


async def test_a_stream_is_opened_with_the_answer(
    exchange: Any, application: Any, client: AsyncTelnyx, telephone: Any, media: MediaApp
) -> None:
    """streaming.started names the URL that was asked for; the start frame names the call."""
    exchange.set_webhook_url(application.url)
    call_id = exchange.place_call(from_=CALLER, to=NUMBER, phone=telephone())
    await client.calls.actions.answer(
        call_id,
        client_state="YQ==",
        stream_url=f"ws://127.0.0.1:{media.port}/media/token",
        stream_bidirectional_mode="rtp",
        stream_bidirectional_codec="PCMU",
        stream_bidirectional_target_legs="self",
    )
    started = await application.wait("streaming.started")
    assert started.payload["stream_url"].endswith("/media/token")
    start = (await media.wait("start"))["start"]
    assert (start["call_control_id"], start["from"], start["to"]) == (call_id, CALLER, NUMBER)
    assert start["client_state"] == "YQ=="
    await client.calls.actions.hangup(call_id)
    await application.wait("call.hangup")
    assert application.types()[-2:] == ["streaming.stopped", "call.hangup"]
    await media.wait("stop")


async def test_streams_are_started_and_stopped_by_command(
    call: Any, application: Any, client: AsyncTelnyx, media: MediaApp
) -> None:
    """One at a time: 90045 for a second, 90048 where there is none."""
    call_id, _ = call
    url = f"ws://127.0.0.1:{media.port}/m"
    await client.calls.actions.start_streaming(call_id, stream_url=url, stream_bidirectional_mode="rtp")
    stream_id = (await media.wait("start"))["stream_id"]
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await client.calls.actions.start_streaming(call_id, stream_url=url)
    assert code_of(refusal.value) == "90045"
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await client.calls.actions.stop_streaming(call_id, stream_id="5b1b0000-0000-4000-8000-000000000000")
    assert code_of(refusal.value) == "90048"
    await client.calls.actions.stop_streaming(call_id, stream_id=stream_id)
    await application.wait("streaming.stopped")
    await client.calls.actions.start_streaming(call_id, stream_url=url)
    await application.wait("streaming.started", count=2)


async def test_a_stream_that_nobody_takes_fails(call: Any, application: Any, client: AsyncTelnyx) -> None:
    """streaming.failed with the parameters as they were given; another may be started after."""
    call_id, _ = call
    await client.calls.actions.start_streaming(call_id, stream_url="ws://127.0.0.1:9/m")
    failed = (await application.wait("streaming.failed")).payload
    assert failed["failure_reason"] == "connection_failed"
    assert failed["stream_type"] == "websocket"
    assert failed["stream_params"] == {"stream_url": "ws://127.0.0.1:9/m", "track": "inbound_track"}
    with contextlib.suppress(telnyx.UnprocessableEntityError):
        await client.calls.actions.stop_streaming(call_id)


class Voice:
    """A voice that makes a tone of 200 ms, or fails."""

    sample_rate = 16_000

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        if text == "no engine":
            raise EngineMissing("expected a voice, found none.", fix="apt install flite")
        if text == "broken":
            raise RuntimeError("x")
        yield b"\x00\x40\x00\x40\x00\xc0\x00\xc0" * 800


@pytest.fixture(autouse=True)
def voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real voice is needed here."""
    monkeypatch.setattr(sounds, "_voice", Voice)


async def say(client: AsyncTelnyx, call_id: str, text: str = "hello", **more: Any) -> None:
    await client.calls.actions.speak(call_id, payload=text, voice="female", language="en-US", **more)


async def test_speaking_is_announced_heard_and_reported(call: Any, application: Any, client: AsyncTelnyx) -> None:
    """call.speak.started and call.speak.ended carry one speak_id."""
    call_id, phone = call
    await say(client, call_id)
    ended = (await application.wait("call.speak.ended")).payload
    started = (await application.wait("call.speak.started")).payload
    assert ended["status"] == "completed"
    assert ended["speak_id"] == started["speak_id"]
    assert "from" not in ended
    assert max(phone.heard) > 100


async def test_speeches_queue(call: Any, application: Any, client: AsyncTelnyx) -> None:
    """The second begins when the first is over; loop repeats within one."""
    call_id, _ = call
    await say(client, call_id)
    await say(client, call_id, loop=2)
    await application.wait("call.speak.ended", count=2)
    spoken = [kind for kind in application.types() if kind.startswith("call.speak")]
    assert spoken == ["call.speak.started", "call.speak.ended"] * 2


async def test_speech_is_cut_off_by_stop(call: Any, application: Any, client: AsyncTelnyx) -> None:
    """What plays ends early; what is queued is played, or, with ``all``, dropped."""
    call_id, _ = call
    await say(client, call_id, loop="infinity")
    await application.wait("call.speak.started")
    await say(client, call_id, stop="current")
    assert (await application.wait("call.speak.ended")).payload["status"] == "completed"
    assert (await application.wait("call.speak.ended", count=2)).payload["status"] == "completed"
    await say(client, call_id, loop="infinity")
    await say(client, call_id)
    await application.wait("call.speak.started", count=3)
    await client.calls.actions.stop_playback(call_id)
    await application.wait("call.speak.ended", count=3)
    await client.calls.actions.hangup(call_id)
    await application.wait("call.hangup")
    assert application.types().count("call.speak.started") == 3


async def test_speech_ends_with_the_call(call: Any, application: Any, client: AsyncTelnyx) -> None:
    """call_hangup, before call.hangup."""
    call_id, _ = call
    await say(client, call_id, loop="infinity")
    await application.wait("call.speak.started")
    await client.calls.actions.hangup(call_id)
    await application.wait("call.hangup")
    assert (await application.wait("call.speak.ended")).payload["status"] == "call_hangup"
    assert application.types()[-2:] == ["call.speak.ended", "call.hangup"]


@pytest.mark.parametrize(("text", "reason"), [("no engine", "apt install flite"), ("broken", "could not be made")])
async def test_a_voice_that_is_not_there_is_named_in_the_journal(
    exchange: Any, call: Any, application: Any, client: AsyncTelnyx, text: str, reason: str
) -> None:
    """And the application is not left waiting."""
    call_id, _ = call
    await say(client, call_id, text)
    assert (await application.wait("call.speak.ended")).payload["status"] == "completed"
    failed = [event for event in exchange.journal.history(call_id) if event["type"] == "media.speak_failed"]
    assert reason in failed[0]["reason"]


async def test_a_file_is_played(call: Any, application: Any, client: AsyncTelnyx) -> None:
    """playback_content, decoded; no media_url in the events."""
    call_id, phone = call
    content = base64.b64encode(tone_wav(100)).decode()
    await client.calls.actions.start_playback(call_id, playback_content=content, audio_type="wav")
    ended = (await application.wait("call.playback.ended")).payload
    assert (ended["status"], ended["overlay"], "media_url" in ended) == ("completed", False, False)
    assert max(phone.heard) > 100


async def test_a_url_is_played(
    call: Any, application: Any, client: AsyncTelnyx, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched once; a URL without audio behind it ends as failed, with a reason."""
    call_id, _ = call
    make = httpx.AsyncClient

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/tone.wav":
                return httpx.Response(200, content=tone_wav(60))
            case "/text":
                return httpx.Response(200, content=b"no audio")
            case "/gone":
                raise httpx.ConnectError("x")
            case _:
                return httpx.Response(404)

    with monkeypatch.context() as patch:
        patch.setattr("httpx.AsyncClient", lambda **kw: make(transport=httpx.MockTransport(answer)))
        for number, path in enumerate(["tone.wav", "missing", "text", "gone"], start=1):
            # Plain HTTP would pick the patched client: the command goes through the library, which has its own.
            await client.calls.actions.start_playback(call_id, audio_url=f"http://files.test/{path}")
            ended = (await application.wait("call.playback.ended", count=number)).payload
            assert ended["media_url"] == f"http://files.test/{path}"
            assert ended["status"] == ("completed" if number == 1 else "failed")
            assert ("status_detail" in ended) == (number > 1)


async def test_digits_are_pressed_towards_the_phone(call: Any, client: AsyncTelnyx) -> None:
    """send_dtmf: the phone hears them."""
    call_id, phone = call
    await client.calls.actions.send_dtmf(call_id, digits="12", duration_millis=100)
    async with asyncio.timeout(3):
        while phone.digits != "12":
            await asyncio.sleep(0.02)


async def test_a_gathering_comes_back_under_its_name(
    exchange: Any, call: Any, application: Any, client: AsyncTelnyx
) -> None:
    """gather_id, one's own or made up."""
    call_id, _ = call
    await client.calls.actions.gather(call_id, gather_id="menu-1")
    await client.calls.actions.stop_gather(call_id)
    assert (await application.wait("call.gather.ended")).payload["gather_id"] == "menu-1"
    await client.calls.actions.gather(call_id)
    await client.calls.actions.stop_gather(call_id)
    assert (await application.wait("call.gather.ended", count=2)).payload["gather_id"] not in ("", "menu-1")


async def test_digits_are_gathered(exchange: Any, call: Any, application: Any, client: AsyncTelnyx) -> None:
    """call.dtmf.received for each, call.gather.ended for all."""
    call_id, phone = call
    await client.calls.actions.gather(call_id, maximum_digits=2)
    for digit in "42":
        phone.handset.press(digit)
    ended = (await application.wait("call.gather.ended")).payload
    assert (ended["digits"], ended["status"]) == ("42", "valid")
    assert application.types().count("call.dtmf.received") == 2
    await client.calls.actions.gather(call_id)
    await client.calls.actions.gather(call_id, initial_timeout_millis=20)
    await application.wait("call.gather.ended", count=3)
    statuses = [one.payload["status"] for one in application.deliveries if one.type == "call.gather.ended"]
    assert statuses == ["valid", "cancelled", "timeout"]
    await client.calls.actions.gather(call_id)
    await client.calls.actions.stop_gather(call_id)
    await client.calls.actions.gather(call_id)
    exchange.handset(call_id).hang_up()
    assert (await application.wait("call.gather.ended", count=5)).payload["status"] == "call_hangup"


async def test_two_calls_are_bridged_by_command(
    exchange: Any, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """Both must be answered; one that parks after unbridging survives the other."""
    phones = [telephone(), telephone()]
    one, two = (exchange.place_call(from_=CALLER, to=NUMBER, phone=phone) for phone in phones)
    await client.calls.actions.answer(one)
    for other, code in ((two, "90034"), ("v3:nobody", "90015"), (one, "90015")):
        with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
            await client.calls.actions.bridge(one, call_control_id_to_bridge_with=other)
        assert code_of(refusal.value) == code
    await client.calls.actions.answer(two)
    await client.calls.actions.bridge(one, call_control_id_to_bridge_with=two, park_after_unbridge="self")
    await application.wait("call.bridged", count=2)
    await client.calls.actions.hangup(two)
    await application.wait("call.hangup", call_id=two)
    assert exchange.board.circuit(one).leg.state == "answered"


async def test_a_dialled_call_joins_the_call_that_it_is_linked_to(
    exchange: Any, application: Any, client: AsyncTelnyx, call: Any, telephone: Any
) -> None:
    """link_to shares the session, bridge_on_answer connects."""
    call_id, caller = call
    exchange.install_phone("+15550177", lambda: telephone(on_ring=lambda handset: handset.answer()))
    await client.calls.dial(
        connection_id="1000000000000000001", to="+15550177", from_=NUMBER, link_to=call_id, bridge_on_answer=True
    )
    await application.wait("call.bridged", count=2)
    sessions = {one.payload["call_session_id"] for one in application.deliveries}
    assert len(sessions) == 1
    assert caller.was_bridged
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        await client.calls.dial(connection_id="1000000000000000001", to="+15550177", from_=NUMBER, link_to="v3:x")
    assert code_of(refusal.value) == "90015"


async def test_a_transfer_before_the_answer_answers_the_caller_with_the_target(
    exchange: Any, application: Any, client: AsyncTelnyx, telephone: Any
) -> None:
    """The caller hears ringing until the second phone is picked up."""
    target, caller = telephone(), telephone()
    exchange.install_phone("+15550177", lambda: target)
    call_id = exchange.place_call(from_=CALLER, to=NUMBER, phone=caller)
    await client.calls.actions.transfer(call_id, to="+15550177")
    await application.wait("call.initiated", count=2)
    assert not caller.is_connected
    target.handset.answer()
    await application.wait("call.bridged", count=2)
    assert caller.is_connected


async def test_a_caller_who_gives_up_stops_the_transfer(
    exchange: Any, application: Any, call: Any, client: AsyncTelnyx
) -> None:
    """The second phone stops ringing: originator_cancel."""
    call_id, phone = call
    await client.calls.actions.transfer(call_id, to="+15550102")
    b_leg = (await application.wait("call.initiated", count=2)).payload["call_control_id"]
    phone.handset.hang_up()
    hangup = (await application.wait("call.hangup", call_id=b_leg)).payload
    assert hangup["hangup_cause"] == "originator_cancel"
