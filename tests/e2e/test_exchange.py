"""``offhook exchange up`` under a program that is not offhook: liberal in what it takes, strict in what it sends."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from nacl.encoding import Base64Encoder
from nacl.signing import VerifyKey
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.websockets import WebSocket

TONE = base64.b64encode(bytes([0x00, 0x80] * 80)).decode()
"""20 ms of PCMU, loud."""


class Media:
    """One media socket of the program."""

    def __init__(self, socket: WebSocket, loop: asyncio.AbstractEventLoop) -> None:
        self.path = socket.url.path + ("?" + socket.url.query if socket.url.query else "")
        self.messages: list[dict[str, Any]] = []
        self.closed = False
        self._socket = socket
        self._loop = loop

    async def read(self) -> None:
        await self._socket.accept()
        try:
            while True:
                self.messages.append(json.loads(await self._socket.receive_text()))
        except WebSocketDisconnect:
            self.closed = True

    def send(self, message: dict[str, Any] | str | bytes) -> None:
        text = message if isinstance(message, str) else json.dumps(message) if isinstance(message, dict) else None
        sending = self._socket.send_bytes(message) if text is None else self._socket.send_text(text)  # type: ignore[arg-type]
        asyncio.run_coroutine_threadsafe(sending, self._loop).result(5)

    def events(self, event: str) -> list[dict[str, Any]]:
        return [message for message in tuple(self.messages) if message["event"] == event]


class Program:
    """A program of somebody else: takes webhooks, and media on the same port."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange
        self.deliveries: list[tuple[str, dict[str, Any]]] = []
        self.media: list[Media] = []
        self.answers: Callable[[str, dict[str, Any]], int] = lambda path, event: 200
        self._key = VerifyKey(exchange.env["TELNYX_PUBLIC_KEY"], Base64Encoder)
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(
                    routes=[
                        Route("/{path:path}", self._webhook, methods=["POST"]),
                        WebSocketRoute("/{path:path}", self._stream),
                    ]
                ),
                port=0,
                lifespan="off",
                log_config=None,
                ws="websockets-sansio",
            )
        )
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.number, application = exchange.next_line()
        exchange.send_webhooks(application, self.url("/webhooks"))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    async def _webhook(self, request: Request) -> Response:
        body, headers = await request.body(), request.headers
        signed = headers["telnyx-timestamp"].encode() + b"|" + body
        self._key.verify(signed, base64.b64decode(headers["telnyx-signature-ed25519"]))
        self.deliveries.append((request.url.path, json.loads(body)))
        return Response(status_code=self.answers(*self.deliveries[-1]))

    async def _stream(self, socket: WebSocket) -> None:
        media = Media(socket, asyncio.get_running_loop())
        self.media.append(media)
        await media.read()

    def events(self, call_id: str, event_type: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            (path, event)
            for path, event in tuple(self.deliveries)
            if event["data"]["event_type"] == event_type and event["data"]["payload"]["call_control_id"] == call_id
        ]

    def ring(self, *steps: dict[str, Any], **more: Any) -> str:
        """Somebody calls."""
        call_id: str = self.exchange.place(self.number, *steps, **more)
        wait(lambda: self.events(call_id, "call.initiated"))
        return call_id

    def command(self, call_id: str, action: str, body: dict[str, Any] | None = None) -> None:
        reply = self.exchange.command(call_id, action, body)
        assert (reply.status_code, reply.json()) == (200, {"data": {"result": "ok"}})

    def stream(self, call_id: str, **more: Any) -> Media:
        """Answer, with audio both ways; the socket once it is open."""
        stream = {"stream_url": "wss://calls.example.com/a/b?c=d", "stream_bidirectional_mode": "rtp"}
        self.command(call_id, "answer", {**stream, "stream_bidirectional_target_legs": "self", **more})
        wait(lambda: self.media and self.media[-1].events("start"))
        return self.media[-1]


def wait(condition: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return value


@pytest.fixture
def program(exchange: Any) -> Iterator[Program]:
    """A program on a number of its own."""
    program = Program(exchange)
    yield program
    program.close()


def test_audio_of_any_length_without_a_stream_id_is_played(program: Program) -> None:
    """20 ms or 30 s in one message; a mark comes back when it was played, or was dropped by a clear."""
    call_id = program.ring()
    media = program.stream(call_id)
    media.send({"event": "media", "media": {"payload": TONE}})
    media.send({"event": "mark", "mark": {"name": "short"}})
    wait(lambda: [mark["mark"]["name"] for mark in media.events("mark")] == ["short"])
    long = base64.b64encode(base64.b64decode(TONE) * 1500).decode()
    media.send({"event": "media", "media": {"payload": long}})
    media.send({"event": "mark", "mark": {"name": "long"}})
    time.sleep(0.3)
    assert len(media.events("mark")) == 1
    media.send({"event": "clear"})
    wait(lambda: [mark["mark"]["name"] for mark in media.events("mark")] == ["short", "long"])
    assert program.exchange.happens(call_id, "stream.cleared")["dropped_ms"] > 28_000
    assert media.events("error") == []
    media.send({"event": "media", "media": {"payload": base64.b64encode(bytes(160 * 1501)).decode()}})
    wait(lambda: media.events("error"))
    program.command(call_id, "hangup")
    report = program.exchange.report(call_id)
    assert 200 < report["caller"]["heard_ended_ms"] - report["caller"]["heard_began_ms"] < 2000


def test_frames_are_strict_and_paced(program: Program) -> None:
    """connected, start, then 20 ms of PCMU every 20 ms with counters as strings; the last one is stop."""
    call_id = program.ring({"say": "hours"}, {"wait_s": 5})
    media = program.stream(call_id)
    assert media.path == "/a/b?c=d"
    wait(lambda: len(media.events("media")) >= 50)
    began = time.monotonic()
    wait(lambda: len(media.events("media")) >= 100)
    assert 0.5 < time.monotonic() - began < 5
    program.exchange.hang_up(call_id)
    wait(lambda: media.closed)
    assert [message["event"] for message in media.messages[:2]] == ["connected", "start"]
    assert media.messages[-1]["event"] == "stop"
    start = media.messages[1]
    assert start["start"]["call_control_id"] == call_id
    assert start["start"]["media_format"] == {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
    frames = media.events("media")
    assert {message["stream_id"] for message in media.messages[1:]} == {start["stream_id"]}
    assert [frame["media"]["chunk"] for frame in frames] == [str(number + 1) for number in range(len(frames))]
    assert {len(base64.b64decode(frame["media"]["payload"])) for frame in frames} == {160}
    assert {frame["media"]["track"] for frame in frames} == {"inbound"}


def test_what_is_not_known_is_passed_over(program: Program) -> None:
    """Empty bodies, unknown fields and events, binary and broken messages: nothing is refused, the call goes on."""
    call_id = program.ring()
    media = program.stream(call_id, weather="fine", webhook_retries={"x": 1})
    for message in ({"event": "weather"}, {"no": "event"}, "[]", "{", b"\x00\x01"):
        media.send(message)
    media.send({"event": "media", "mood": "good", "media": {"payload": TONE, "track": "up", "chunk": -1, "x": {}}})
    media.send({"event": "mark", "stream_id": "another", "mark": {"name": "here", "x": 1}, "sequence_number": []})
    wait(lambda: [mark["mark"]["name"] for mark in media.events("mark")] == ["here"])
    assert not media.closed
    reply = program.exchange.http.post(f"/v2/calls/{call_id}/actions/hangup", headers={"authorization": "Bearer x"})
    assert (reply.status_code, reply.json()) == (200, {"data": {"result": "ok"}})
    hangup = wait(lambda: program.events(call_id, "call.hangup"))[0][1]["data"]["payload"]
    assert hangup["hangup_cause"] == "normal_clearing"


def test_audio_can_be_stopped_and_started_in_a_call(program: Program) -> None:
    """Two streams, one after the other, each with its events; never two at a time."""
    call_id = program.ring()
    first = program.stream(call_id)
    again = {"stream_url": "wss://calls.example.com/second"}
    assert program.exchange.command(call_id, "streaming_start", again).json()["errors"][0]["code"] == "90045"
    program.command(call_id, "streaming_stop")
    wait(lambda: first.closed)
    assert first.messages[-1]["event"] == "stop"
    wait(lambda: program.events(call_id, "streaming.stopped"))
    program.command(call_id, "streaming_start", again)
    wait(lambda: len(program.media) == 2 and program.media[1].events("media"))
    assert program.media[1].path == "/second"
    assert program.media[1].events("start")[0]["stream_id"] != first.events("start")[0]["stream_id"]
    program.command(call_id, "hangup")
    wait(lambda: len(program.events(call_id, "streaming.stopped")) == 2)
    assert len(program.events(call_id, "streaming.started")) == 2
    assert program.events(call_id, "streaming.failed") == []


def test_a_webhook_that_is_refused_twice_comes_a_third_time(program: Program) -> None:
    """The same event under the same id, counted, and signed anew each time."""
    program.answers = lambda path, event: (
        500 if event["data"]["event_type"] == "call.answered" and event["meta"]["attempt"] < 3 else 200
    )
    call_id = program.ring()
    policy = {"call.answered": {"retries_ms": [100, 200]}}
    program.command(call_id, "answer", {"webhook_retries_policies": policy})
    wait(lambda: len(program.events(call_id, "call.answered")) == 3)
    program.command(call_id, "hangup")
    wait(lambda: program.events(call_id, "call.hangup"))
    tries = [event for _, event in program.events(call_id, "call.answered")]
    assert [event["meta"]["attempt"] for event in tries] == [1, 2, 3]
    assert len({event["data"]["id"] for event in tries}) == 1
    webhooks = wait(lambda: (tally := program.exchange.report(call_id)["webhooks"])["pending"] == 0 and tally)
    assert (webhooks["sent"], webhooks["failed"], webhooks["tries"]) == (3, 0, 5)


def test_a_call_can_have_a_webhook_address_of_its_own(program: Program) -> None:
    """From the command that names it on; other calls keep the application's."""
    call_id, other = program.ring(), program.ring()
    program.command(call_id, "answer", {"webhook_url": program.url("/mine"), "client_state": "am9iLTE="})
    program.command(other, "answer")
    for one in (call_id, other):
        program.command(one, "hangup")
    wait(lambda: all(program.events(one, "call.hangup") for one in (call_id, other)))
    assert {path for path, _ in program.events(call_id, "call.initiated")} == {"/webhooks"}
    for event_type in ("call.answered", "call.hangup"):
        (path, event), *more = program.events(call_id, event_type)
        assert (path, more) == ("/mine", [])
        assert event["data"]["payload"]["client_state"] == "am9iLTE="
    assert {path for path, event in program.deliveries if event["data"]["payload"]["call_control_id"] == other} == {
        "/webhooks"
    }


def test_a_command_that_is_repeated_has_one_effect(program: Program) -> None:
    """A transfer sent five times with one ``command_id`` rings one phone."""
    call_id = program.ring()
    program.command(call_id, "answer")
    transfer = {"to": "+15550105", "command_id": str(uuid.uuid4())}
    for _ in range(5):
        program.command(call_id, "transfer", transfer)
    wait(lambda: program.exchange.journal(call_id, "leg.state", state="bridged"))
    assert len(program.exchange.report(call_id)["legs"]) == 1
    program.command(call_id, "hangup")


def test_commands_that_a_call_cannot_take_are_refused_as_the_carrier_does(program: Program) -> None:
    """Without a key, to no call, before the answer, with a wrong body, after the end: with the carrier's codes."""
    exchange, call_id = program.exchange, program.ring()

    def code(call_id: str, action: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        reply = exchange.command(call_id, action, body)
        return reply.status_code, reply.json()["errors"][0]["code"]

    keyless = exchange.http.post(f"/v2/calls/{call_id}/actions/answer")
    assert (keyless.status_code, keyless.json()["errors"][0]["code"]) == (401, "10009")
    assert code("v3:nobody", "answer") == (422, "90015")
    assert code(call_id, "speak", {"payload": "Hello.", "voice": "female", "language": "en-US"}) == (422, "90034")
    assert code(call_id, "answer", {"client_state": "not base64"}) == (422, "90017")
    assert code(call_id, "transfer", {"to": "somebody"}) == (422, "10016")
    assert code(call_id, "reject", {"cause": "BORED"}) == (422, "10032")
    program.command(call_id, "reject", {"cause": "USER_BUSY"})
    wait(lambda: program.events(call_id, "call.hangup"))
    assert exchange.report(call_id)["caller"]["ended"] == "user_busy"
    assert code(call_id, "hangup") == (422, "90018")


def test_a_caller_hears_what_the_carrier_says_and_presses(program: Program) -> None:
    """``speak`` and ``send_dtmf``: with their events, at the caller's ear."""
    call_id = program.ring()
    program.command(call_id, "answer")
    program.command(call_id, "speak", {"payload": "Hello.", "voice": "female", "language": "en-US"})
    wait(lambda: program.events(call_id, "call.speak.ended"))
    program.command(call_id, "send_dtmf", {"digits": "1w2#"})
    wait(lambda: program.exchange.report(call_id)["caller"]["digits"] == "12#")
    program.command(call_id, "hangup")
    wait(lambda: program.events(call_id, "call.hangup"))
    caller = program.exchange.report(call_id)["caller"]
    assert caller["heard_ended_ms"] - caller["heard_began_ms"] > 200
    assert len(program.events(call_id, "call.speak.started")) == 1


def test_a_shell_is_pointed_at_the_exchange(exchange: Any, launch: Any) -> None:
    """``offhook exchange env`` prints what a shell takes; ``status`` what there is."""
    port = str(exchange.port)
    env = launch("exchange", "env", "--port", port)
    status = launch("exchange", "status", "--port", port, "--json")
    assert (env.wait(), status.wait()) == (0, 0)
    names = " ".join(f"${name}" for name in exchange.env)
    shell = subprocess.run(["sh", "-c", f"{env.said}\necho {names}"], capture_output=True, text=True, check=True)
    assert shell.stdout.split() == list(exchange.env.values())
    assert json.loads(status.said)["public_key"] == exchange.env["TELNYX_PUBLIC_KEY"]
