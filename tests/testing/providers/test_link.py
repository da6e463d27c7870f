"""Faults on request, and what is written down, on real sockets."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from offhook.errors import EngineMissing, PortInUse
from offhook.speech.testing import tone
from offhook.testing.providers import Answer, Scripted, StandIns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from offhook.speech.base import Recognition, TextToSpeech

LISTEN = "/v1/listen?encoding=linear16&sample_rate=8000&interim_results=true&punctuate=true"
SPEAK = "/v1/speak?encoding=mulaw&sample_rate=8000"
KEY = {"Authorization": "Token a key"}
SPOKEN = tone(8000, 1000) + bytes(16_000)
"""Somebody speaks for a second, and is silent for one."""


@pytest.fixture
async def scripted() -> AsyncIterator[StandIns]:
    """Stand-ins that hear two utterances, and speak at once."""
    async with StandIns(Scripted(["Book a table.", "For two."])) as providers:
        yield providers


def to(providers: StandIns, path: str) -> Any:
    return connect(providers.origin.replace("http", "ws", 1) + path, additional_headers=KEY)


async def results(socket: ClientConnection) -> list[dict[str, Any]]:
    """Everything until the socket is closed."""
    told: list[dict[str, Any]] = []
    with suppress(ConnectionClosed):
        while True:
            told.append(json.loads(await socket.recv()))
    return told


async def hear(socket: ClientConnection) -> list[dict[str, Any]]:
    """Send what was spoken, and read everything until the socket is closed."""
    await socket.send(SPOKEN)
    await socket.send('{"type": "CloseStream"}')
    return await results(socket)


async def sounds(socket: ClientConnection, until: str) -> tuple[bytes, list[str]]:
    """The audio, and the kinds of the other messages, until one of this kind."""
    audio, told = b"", [""]
    while told[-1] != until:
        message = await socket.recv()
        if isinstance(message, bytes):
            audio += message
        else:
            told.append(json.loads(message)["type"])
    return audio, told


async def final_of(providers: StandIns) -> str:
    async with to(providers, LISTEN) as socket:
        finals = [one for one in await hear(socket) if one.get("is_final")]
    return " ".join(one["channel"]["alternatives"][0]["transcript"] for one in finals)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
async def test_a_client_is_refused(scripted: StandIns, status: int) -> None:
    """With the status that was asked for, once, and let in the next time."""
    scripted.fault("deepgram", "connect", "refuse", status=status)
    with pytest.raises(InvalidStatus) as refused:
        await to(scripted, LISTEN)
    assert refused.value.response.status_code == status
    assert await final_of(scripted) == "Book a table."


async def test_a_handshake_is_never_answered(scripted: StandIns) -> None:
    """The client has to give up by itself."""
    scripted.fault("deepgram", "connect", "hang")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await to(scripted, LISTEN)
    await scripted.journal.wait_for("deepgram", stage="gone")


async def test_a_stand_in_falls_silent(scripted: StandIns) -> None:
    """From the message on that was named; it still reads, and stays connected."""
    scripted.fault("deepgram", "final", "silence")
    async with to(scripted, LISTEN) as socket:
        await socket.send(SPOKEN)
        await socket.send('{"type": "CloseStream"}')
        first = json.loads(await socket.recv())
        assert not first["is_final"]
        await scripted.journal.wait_for("deepgram", way="fault", stage="final")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(results(socket), 0.2)
        assert socket.close_code is None


@pytest.mark.parametrize("garbage", ["json", "shape", "array", "binary", "text", "empty", "huge"])
async def test_a_message_is_garbled(scripted: StandIns, garbage: Any) -> None:
    """It is replaced, and the next one is as it should be."""
    scripted.fault("deepgram", "final", "garbage", garbage=garbage)
    async with to(scripted, LISTEN) as socket:
        await socket.send(SPOKEN)
        await socket.send('{"type": "CloseStream"}')
        told = [message async for message in socket]
    assert not any(b'"is_final":true' in (one if isinstance(one, bytes) else one.encode()) for one in told)
    assert '"type":"Metadata"' in told[-1]


async def test_a_socket_is_closed_in_the_middle_of_a_turn(scripted: StandIns) -> None:
    """With the code that was asked for, after the drafts that were let through."""
    scripted.fault("deepgram", "partial", "close", code=1011, after=1)
    async with to(scripted, LISTEN) as socket:
        told = await hear(socket)
        assert [one["is_final"] for one in told] == [False]
        assert socket.close_code == 1011


async def test_a_connection_is_cut(scripted: StandIns) -> None:
    """Without a closing handshake."""
    scripted.fault("deepgram", "final", "reset")
    async with to(scripted, LISTEN) as socket:
        await socket.send(SPOKEN)
        await results(socket)
        assert socket.close_code == 1006


async def test_an_error_is_told_as_the_vendor_tells_it(scripted: StandIns) -> None:
    """A message of its own, and the socket is closed."""
    scripted.fault("assemblyai", "begin", "error", code=3005)
    path = "/v3/ws?speech_model=universal-streaming-english&encoding=pcm_mulaw&sample_rate=8000"
    async with to(scripted, path) as socket:
        told = await results(socket)
        assert [(one["type"], one["error_code"]) for one in told] == [("Error", 3005)]
        assert socket.close_code == 3005


async def test_messages_are_left_out_and_delayed(scripted: StandIns) -> None:
    """What is delayed holds up what follows it."""
    scripted.fault("deepgram", "partial", "drop", times=None)
    scripted.fault("deepgram", "final", "slow", delay_ms=200)
    began_s = asyncio.get_running_loop().time()
    assert await final_of(scripted) == "Book a table."
    assert asyncio.get_running_loop().time() - began_s >= 0.2
    assert scripted.journal.find("deepgram", way="out", stage="partial") == []


async def test_a_cancellation_is_not_heard(scripted: StandIns) -> None:
    """The journal shows that it came; the audio goes on to its end."""
    scripted.fault("aura", "cancel", "ignore")
    async with to(scripted, SPEAK) as socket:
        await socket.send('{"type": "Speak", "text": "one two three four"}')
        await socket.send('{"type": "Flush"}')
        await socket.send('{"type": "Clear"}')
        audio, told = await sounds(socket, until="Flushed")
    assert abs(len(audio) - 4 * 200 * 8) < 32
    assert "Cleared" not in told
    assert scripted.journal.find("aura", way="in", stage="cancel")


async def test_audio_comes_after_a_cancellation(scripted: StandIns) -> None:
    """As it does where some of it is still on its way."""
    scripted.fault("aura", "cancel", "late", delay_ms=50)
    async with to(scripted, SPEAK) as socket:
        await socket.send('{"type": "Speak", "text": "one two three four"}')
        await socket.send('{"type": "Flush"}')
        await sounds(socket, until="Flushed")
        await socket.send('{"type": "Clear"}')
        await sounds(socket, until="Cleared")
        assert isinstance(await socket.recv(), bytes)


async def test_audio_is_at_the_wrong_rate(scripted: StandIns) -> None:
    """There is twice as much of it."""
    scripted.fault("aura", "speak", "rate")
    async with to(scripted, SPEAK) as socket:
        for length in (4 * 200 * 16, 4 * 200 * 8):
            await socket.send('{"type": "Speak", "text": "one two three four"}')
            await socket.send('{"type": "Flush"}')
            audio, _ = await sounds(socket, until="Flushed")
            assert abs(len(audio) - length) < 32


async def test_a_cancelled_sentence_is_not_said(scripted: StandIns) -> None:
    """What waits to be sent is dropped."""
    async with to(scripted, SPEAK) as socket:
        scripted.fault("aura", "audio", "slow", delay_ms=100)
        await socket.send('{"type": "Speak", "text": "one two three four"}')
        await socket.send('{"type": "Flush"}')
        await scripted.journal.wait_for("aura", way="fault", stage="audio")
        await socket.send('{"type": "Clear"}')
        audio, told = await sounds(socket, until="Cleared")
    assert len(audio) < 4 * 200 * 8
    assert "Flushed" not in told


async def test_a_response_breaks_off(scripted: StandIns) -> None:
    """In the middle of its body, which a client can tell from its end."""
    scripted.answers.add("one two three four")
    scripted.fault("chat", "text", "close", after=2)
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "count"}]}
    async with httpx.AsyncClient(headers={"authorization": "Bearer a key"}) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(scripted.env["OPENAI_BASE_URL"] + "/chat/completions", json=asked)


async def test_it_is_noticed_that_a_response_is_not_read_any_more(scripted: StandIns) -> None:
    """A model that is cancelled is asked nothing more: the client closes the response."""
    scripted.answers.add(Answer(text="one two three four", piece_ms=10_000))
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "count"}]}
    url = scripted.env["OPENAI_BASE_URL"] + "/chat/completions"
    async with (
        httpx.AsyncClient(headers={"authorization": "Bearer a key"}) as client,
        client.stream("POST", url, json=asked) as response,
    ):
        await anext(response.aiter_lines())
    await scripted.journal.wait_for("chat", way="in", stage="gone")


async def test_every_connection_begins_the_script_anew(scripted: StandIns) -> None:
    """However many there are at once."""
    assert await asyncio.gather(*(final_of(scripted) for _ in range(5))) == ["Book a table."] * 5


async def test_faults_and_the_journal_are_reached_by_http(scripted: StandIns) -> None:
    """For programs in any language."""
    async with httpx.AsyncClient(base_url=scripted.origin) as client:
        assert (await client.get("/providers/env")).json() == scripted.env
        fault = {"door": "deepgram", "stage": "connect", "kind": "refuse", "status": 429}
        planned = (await client.post("/providers/faults", json=fault)).json()["faults"]
        assert planned[0]["status"] == 429
        with pytest.raises(InvalidStatus):
            await to(scripted, LISTEN)
        assert (await client.get("/providers/faults")).json() == {"faults": []}
        entries = (await client.get("/providers/journal", params={"door": "deepgram"})).json()["entries"]
        assert [(one["way"], one["stage"]) for one in entries] == [
            ("in", "connect"),
            ("fault", "connect"),
            ("out", "refused"),
        ]
        wrong = await client.post("/providers/faults", json={"door": "deepgram", "stage": "final", "kind": "explode"})
        assert wrong.status_code == 422
        assert "silence" in wrong.json()["error"]
        assert (await client.post("/providers/faults", content=b"[]")).status_code == 422
        assert (
            await client.post("/providers/faults", json=fault, headers={"origin": "http://x.test"})
        ).status_code == 403
        assert (await client.request("DELETE", "/providers/faults")).json() == {"faults": []}
        assert (await client.post("/providers/answers", json={"text": "At nine."})).json() == {"waiting": 1}


@pytest.mark.parametrize(("kind", "code"), [("close", 4000), ("reset", 1006), ("error", 1011)])
async def test_a_request_of_the_clients_goes_wrong(scripted: StandIns, kind: str, code: int) -> None:
    """At the moment that it comes."""
    scripted.fault("deepgram", "flush", kind, code=4000 if kind == "close" else 1011)
    async with to(scripted, LISTEN) as socket:
        await socket.send('{"type": "Finalize"}')
        told = await results(socket)
        assert socket.close_code == code
    assert [one["type"] for one in told if one["type"] != "Results"] == (["Error"] if kind == "error" else [])


async def test_a_stand_in_falls_silent_at_a_request(scripted: StandIns) -> None:
    """It is not answered any more, though it is heard."""
    scripted.fault("deepgram", "end", "silence")
    async with to(scripted, LISTEN) as socket:
        await socket.send(SPOKEN)
        await socket.send('{"type": "CloseStream"}')
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(results(socket), 0.3)
    assert scripted.journal.find("deepgram", way="out", stage="done") == []


async def test_a_connection_is_cut_before_the_handshake(scripted: StandIns) -> None:
    """Or answered late."""
    scripted.fault("deepgram", "connect", "reset")
    with pytest.raises((OSError, InvalidMessage)):
        await to(scripted, LISTEN)
    scripted.fault("deepgram", "connect", "slow", delay_ms=100)
    began_s = asyncio.get_running_loop().time()
    assert await final_of(scripted) == "Book a table."
    assert asyncio.get_running_loop().time() - began_s >= 0.1


class Broken(Scripted):
    """Engines that raise."""

    async def recognise(self, pcm: bytes, nth: int, draft: int | None) -> Recognition:
        raise RuntimeError("the model is broken")

    def voice(self) -> TextToSpeech:
        raise EngineMissing("expected a voice, found none.", fix="install one")


async def test_engines_that_do_not_work_are_told_as_the_vendor_would() -> None:
    """The client is not left alone with a silence."""
    async with StandIns(Broken()) as providers:
        async with to(providers, LISTEN) as socket:
            told = await hear(socket)
            assert told[-1]["type"] == "Error"
            assert socket.close_code == 1011
        async with to(providers, SPEAK) as socket:
            await socket.send('{"type": "Speak", "text": "one"}')
            await socket.send('{"type": "Flush"}')
            told = await results(socket)
            assert "expected a voice" in told[-1]["err_msg"]


async def test_a_port_that_is_taken_is_told_of(scripted: StandIns) -> None:
    """With what to do about it."""
    with pytest.raises(PortInUse):
        await StandIns(Scripted(), port=scripted.port).start()
