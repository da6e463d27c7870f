"""The product as people run it: ``offhook`` programs in processes of their own, and what meets them from outside."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import websockets.sync.client

from offhook.audio.codecs import make_encoder
from offhook.carriers.telnyx.signing import Signer
from offhook.exchange.people.script import ClipRef
from offhook.exchange.people.voices import Voices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AGENTS = Path(__file__).parent / "agents"
"""The agents of these tests; programs run in this folder, as a user's would in theirs."""
POLL_S = 0.02
PATIENCE_S = 20.0
"""Nothing that is waited for of a program that runs takes longer on a machine that is busy."""
START_S = 60.0
"""Nor does the start of one: it imports much, and others may start at the same time. If it dies, no more is waited."""
TEST_S = 180
"""What a test may take with the programs that it starts, unless it says otherwise: more than any of its waits."""


QUICK = {"test_call.py", "test_own_engines.py"}
"""What is run without ``--all``: a call each way is answered, heard and ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A wait that fails tells what the program has said; the limit of a test is to come after it."""
    for item in items:
        if not item.path.is_relative_to(AGENTS.parent):
            continue
        if item.path.name not in QUICK:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_S))


def until(condition: Callable[[], Any], what: str, *, timeout_s: float = PATIENCE_S) -> Any:
    """Wait for ``condition`` to be true; returns what it gives."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s in vain for {what}"
        time.sleep(POLL_S)
    return value


@pytest.fixture(scope="session")
def waiting() -> Callable[..., Any]:
    """:func:`until`."""
    return until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def session_pids(leader: int) -> list[int]:
    """The processes of the session that ``leader`` began, without those that are dead and not collected yet."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                pids.append(int(stat.parent.name))
    return pids


class Program:
    """One ``offhook …`` in a process, and a session, of its own. Everything that it prints is kept."""

    def __init__(
        self, words: tuple[str, ...], *, folder: Path, env: dict[str, str], cwd: Path, code: str | None = None
    ) -> None:
        self.words = words
        self.folder = folder
        """Where it keeps its state."""
        self._out, self._err = folder / f"{uuid.uuid4()}.out", folder / f"{uuid.uuid4()}.err"
        self._read = 0
        self._events: list[dict[str, Any]] = []
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("TELNYX", "OFFHOOK"))}
        run = ["-c", code] if code is not None else ["-m", "offhook"]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, *run, *words],
                cwd=cwd,
                env={**surroundings, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def said(self) -> str:
        """What it has printed for people or programs: stdout."""
        return self._out.read_text(errors="replace")

    @property
    def log(self) -> str:
        """What it has logged, and its errors: stderr."""
        return self._err.read_text(errors="replace")

    def events(self, type_: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """Its ``--json`` lines so far, or those of a type, with these values."""
        with self._out.open("rb") as out:
            out.seek(self._read)
            whole, newline, _ = out.read().rpartition(b"\n")  # the last line may be half written
        self._read += len(whole) + len(newline)
        self._events += [json.loads(line) for line in whole.split(b"\n") if line.startswith(b"{")]
        return [
            event
            for event in self._events
            if type_ in (None, event.get("type")) and all(event.get(name) == value for name, value in fields.items())
        ]

    def until(self, find: Callable[[], Any], what: str, *, timeout_s: float = PATIENCE_S) -> Any:
        """Wait for ``find`` to find something, and no longer than the program lives; a failure tells its stderr."""
        deadline = time.monotonic() + timeout_s
        while True:
            dead = self.process.poll() is not None  # before the last look: what it has said until then counts
            if found := find():
                return found
            assert not dead, f"{self.words} ended with {self.process.returncode} before {what}: {self.log}"
            assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what} of {self.words}: {self.log[-2000:]}"
            time.sleep(POLL_S)

    def event(self, type_: str, *, timeout_s: float = PATIENCE_S, **fields: object) -> dict[str, Any]:
        """Wait for the first such event."""
        found = self.until(lambda: self.events(type_, **fields), f"{type_} {fields}", timeout_s=timeout_s)
        event: dict[str, Any] = found[0]
        return event

    def shows(self, pattern: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until it has printed something for people."""
        self.until(lambda: re.search(pattern, self.said), repr(pattern), timeout_s=timeout_s)

    def started(self, event: str = "", *, shows: str = "", logs: str = "", finds: Callable[[], Any] = list) -> Any:
        """Wait until it is ready: for an event, for what it prints or logs then, or until something is found."""
        if event:
            return self.event(event, timeout_s=START_S)
        if pattern := shows or logs:
            return self.until(
                lambda: re.search(pattern, self.said if shows else self.log), repr(pattern), timeout_s=START_S
            )
        return self.until(finds, "what shows that it is ready", timeout_s=START_S)

    def processes(self) -> list[int]:
        """The processes that are of it, itself included."""
        return session_pids(self.pid)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait for its end; returns the exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.words} did not end in {timeout_s:g} s: {self.log[-2000:]}") from None

    def runs(self) -> int:
        """Let one that ends by itself start, and run to its end; returns the exit code."""
        return self.wait(START_S + PATIENCE_S)

    def left_behind(self) -> list[int]:
        """Processes of it that are still there after its end."""
        deadline = time.monotonic() + 5
        while (pids := session_pids(self.pid)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return pids

    def kill(self) -> None:
        """End it, and whatever it has left behind."""
        for pid in (self.pid, *session_pids(self.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(5)


@pytest.fixture(scope="session")
def speech_engines() -> None:
    """The tests need the engines of ``offhook[local]``."""
    missing = [name for name in ("onnxruntime", "moonshine_voice", "rapidfuzz") if find_spec(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI must have what this test needs: {missing}")
    if missing:
        pytest.skip(f"needs {missing}")


def _launcher(folder: Path) -> Iterator[Any]:
    programs: list[Program] = []

    def launch(*words: str, env: dict[str, str] | None = None, cwd: Path = AGENTS, code: str | None = None) -> Program:
        # The programs share a machine with each other and with the tests: what it has room for is no matter here.
        state = {"XDG_STATE_HOME": str(folder), "OFFHOOK_MEASURE_CAPACITY": "0"}
        programs.append(Program(words, folder=folder, env={**state, **(env or {})}, cwd=cwd, code=code))
        return programs[-1]

    yield launch
    for program in programs:
        program.kill()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Any]:
    """``launch("serve", "desk:agent", env={…})``: starts a program, and ends it with the test."""
    yield from _launcher(tmp_path)


@pytest.fixture(scope="module")
def launch_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same for all tests of a module."""
    yield from _launcher(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def launch_for_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same for all tests."""
    yield from _launcher(tmp_path_factory.mktemp("programs"))


# -- an exchange, and agents on it ------------------------------------------------------------------------------------


LINES = 60
"""Numbers of the exchange: each agent of the tests gets one."""

_LINE = """
[[applications]]
id = "10000000000000000{0}"
name = "Agent {0}"
webhook_event_url = "http://127.0.0.1:9/webhooks/telnyx"

[[numbers]]
phone_number = "+155502{0}"
application = "Agent {0}"
"""


class Exchange:
    """An ``offhook exchange up``, and what people and programs do with it. Each agent gets a number of its own."""

    def __init__(self, launch: Any, folder: Path) -> None:
        seed = folder / "seed.toml"
        seed.write_text((AGENTS / "phones.toml").read_text() + "".join(map(_LINE.format, range(10, 10 + LINES))))
        self.program: Program = launch("exchange", "up", "--port", "0", "--seed", str(seed), "--json")
        self.port = int(self.program.started("exchange.started")["port"])
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=10)
        self.env: dict[str, str] = self.http.get("/exchange/env").json()
        numbers = self.http.get("/exchange/status").json()["numbers"]
        self._lines = iter([(one["phone_number"], one["connection_id"]) for one in numbers])

    @property
    def private_key(self) -> str:
        """What it signs webhooks with."""
        return (self.program.folder / "offhook" / "exchange.key").read_text().strip()

    def next_line(self) -> tuple[str, str]:
        """A number that nobody has used yet, and the id of its application."""
        return next(self._lines)

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """A request to the carrier's API."""
        headers = {"authorization": f"Bearer {self.env['TELNYX_API_KEY']}"}
        return self.http.request(method, f"/v2/{path}", json=body, headers=headers)

    def command(self, call_id: str, action: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """A command to a call."""
        return self.api("POST", f"calls/{call_id}/actions/{action}", body)

    def send_webhooks(self, application: str, url: str) -> None:
        """Set an application's address, as its owner does in the portal."""
        reply = self.api("PATCH", f"call_control_applications/{application}", {"webhook_event_url": url})
        assert reply.status_code == 200, reply.text

    def place(
        self, to: str, *steps: dict[str, Any], record: bool = False, line: dict[str, float] | None = None, **more: Any
    ) -> str:
        """Somebody calls, does these steps or says nothing, on a line that may echo; returns the id of the call."""
        script: Any = {"name": "test", "steps": list(steps), **(line or {})} if steps else "silent"
        reply = self.http.post("/exchange/calls", json={"to": to, "script": script, "record": record, **more})
        assert reply.status_code == 201, reply.text
        call_id: str = reply.json()["call"]
        return call_id

    def hang_up(self, call_id: str) -> None:
        """The caller hangs up."""
        self.http.post(f"/exchange/calls/{call_id}/hangup")

    def report(self, call_id: str) -> dict[str, Any]:
        """What the exchange knows of a call, and what its caller has measured."""
        report: dict[str, Any] = self.http.get(f"/exchange/calls/{call_id}").json()
        return report

    def journal(self, call_id: str, type_: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """What has happened on a call."""
        return self.program.events(type_, call=call_id, **fields)

    def happens(self, call_id: str, type_: str, **fields: object) -> dict[str, Any]:
        """Wait for something to happen on a call."""
        return self.program.event(type_, call=call_id, **fields)  # type: ignore[arg-type]

    def recording(self, call_id: str) -> bytes:
        """The WAV of a call that is over."""
        reply = self.http.get(f"/exchange/calls/{call_id}/recording.wav")
        assert reply.status_code == 200, reply.text
        return reply.content


@pytest.fixture(scope="session")
def exchange(
    launch_for_session: Any, speech_engines: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exchange]:
    """One exchange for all tests."""
    started = Exchange(launch_for_session, tmp_path_factory.mktemp("exchange"))
    with contextlib.closing(started.http):
        yield started


class Office:
    """``offhook serve`` on a number of the exchange."""

    def __init__(self, exchange: Exchange, launch: Any, agent: str, env: dict[str, str] | None = None) -> None:
        self.exchange = exchange
        self.number, self.application = exchange.next_line()
        connection = {"TELNYX_CONNECTION_ID": self.application}
        self.agent: Program = launch(
            "serve", agent, "--port", "0", "--json", "--transcripts", env={**exchange.env, **connection, **(env or {})}
        )

    def ready(self) -> Office:
        """Wait until it takes calls, and let it have them."""
        self.port = int(self.agent.started("server.ready")["port"])
        self.exchange.send_webhooks(self.application, f"http://127.0.0.1:{self.port}/webhooks/telnyx")
        return self

    def place(self, *steps: dict[str, Any], **more: Any) -> str:
        """Somebody calls the office."""
        return self.exchange.place(self.number, *steps, **more)

    def over(self, call_id: str) -> dict[str, Any]:
        """Wait for the end of a call, at both ends; returns the exchange's report of it."""
        self.exchange.program.event("call.ended", call=call_id, timeout_s=45)
        self.agent.event("call.ended", call=call_id)
        return self.exchange.report(call_id)

    def told(self, call_id: str, type_: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """What the agent has told of a call."""
        return self.agent.events(type_, call=call_id, **fields)

    def spoken(self, call_id: str) -> list[tuple[str, str]]:
        """What the agent has said: kind and text, in order."""
        return [(event["kind"], event["text"]) for event in self.told(call_id, "agent.speech_ended")]

    def health(self) -> tuple[int, dict[str, Any]]:
        """What ``/healthz`` says: status and report."""
        reply = httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False)
        return reply.status_code, reply.json()


@pytest.fixture(scope="module")
def make_office(exchange: Exchange, launch_for_module: Any) -> Callable[..., Office]:
    """``make_office("desk:agent", env={…})``: an agent for this module; it is not :meth:`~Office.ready` yet."""
    return lambda agent, env=None: Office(exchange, launch_for_module, agent, env)


@pytest.fixture(scope="session")
def office(exchange: Exchange, launch_for_session: Any) -> Office:
    """The agent ``talkative:agent``, for all tests."""
    return Office(exchange, launch_for_session, "talkative:agent").ready()


# -- a carrier that does as it is told --------------------------------------------------------------------------------


class Carrier:
    """A carrier that is all in the hands of a test: an API that agrees to everything, a key, webhooks, media.

    Args:
        beyond: the exchange that has the calls which this one has not made: commands to them are passed on, and its key
            signs the webhooks.
    """

    def __init__(self, beyond: Exchange | None = None) -> None:
        self.signer = Signer(beyond.private_key if beyond else None)
        self._own: set[str] = set()
        self.commands: list[tuple[str, str, dict[str, Any]]] = []
        self.webhooks = ""
        self.over: set[str] = set()
        """Calls that it says are over, when it is asked."""
        self.up: dict[str, str] = {}
        """Legs that it lists as up, with their sessions."""
        self.replies: dict[str, tuple[int, dict[str, Any]]] = {}
        """What the API says to an action, or to a command with this number in ``to``, if it does not agree."""
        self.agent: Program
        self._http = httpx.Client(trust_env=False, timeout=10)
        carrier = self

        class Api(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                _, _, call_id, _, action = self.path.strip("/").split("/")
                carrier.commands.append((call_id, action, body))
                agreed = (200, {"data": {"result": "ok"}})
                own = beyond is None or call_id in carrier._own
                refused = carrier.replies.get(body.get("to", "")) or (carrier.replies.get(action) if own else None)
                if refused is None and beyond is not None and not own:
                    answered = beyond.command(call_id, action, body)
                    agreed = (answered.status_code, answered.json())
                self._reply(*(refused or agreed))

            def do_GET(self) -> None:
                *_, last = self.path.split("?")[0].strip("/").split("/")
                if last == "active_calls":
                    up = [{"call_control_id": leg, "call_session_id": of} for leg, of in tuple(carrier.up.items())]
                    self._reply(200, {"data": up, "meta": {"cursors": {}}})
                else:
                    self._reply(200, {"data": {"call_control_id": last, "is_alive": last not in carrier.over}})

            def _reply(self, status: int, said: dict[str, Any]) -> None:
                reply = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                pass

        self._api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self._api.daemon_threads = True
        self._serving = threading.Thread(target=self._api.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()

    @property
    def env(self) -> dict[str, str]:
        return {
            "TELNYX_BASE_URL": f"http://127.0.0.1:{self._api.server_port}/v2",
            "TELNYX_PUBLIC_KEY": self.signer.public_key,
            "TELNYX_API_KEY": "KEYtest",
        }

    def close(self) -> None:
        self._http.close()
        self._api.shutdown()
        self._serving.join()
        self._api.server_close()

    def event(self, event_type: str, call_id: str, **payload: object) -> bytes:
        """A webhook's body."""
        common = {"call_control_id": call_id, "call_leg_id": "l-" + call_id, "call_session_id": "s-" + call_id}
        data = {
            "record_type": "event",
            "id": str(uuid.uuid4()),
            "event_type": event_type,
            "occurred_at": f"2026-11-21T10:00:00.{time.monotonic_ns() % 10**6:06}Z",
            "payload": {**common, "from": "+15550150", "to": "+15550199", "client_state": None, **payload},
        }
        return json.dumps({"data": data, "meta": {"attempt": 1}}).encode()

    def initiated(self, call_id: str, **payload: object) -> bytes:
        self._own.add(call_id)
        return self.event("call.initiated", call_id, direction="incoming", state="parked", **payload)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """Deliver a webhook; well signed, if no headers are given."""
        if headers is None:
            headers = self.signer.sign(body, int(time.time()))
        return self._http.post(self.webhooks, content=body, headers=headers)

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self._http.get(self.webhooks.replace("/webhooks/telnyx", "/healthz")).json()
        return health

    def commanded(self, call_id: str) -> list[str]:
        return [action for call, action, _ in tuple(self.commands) if call == call_id]

    def command(self, call_id: str, action: str, *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for a command."""

        def find() -> list[dict[str, Any]]:
            return [body for call, had, body in tuple(self.commands) if (call, had) == (call_id, action)]

        body: dict[str, Any] = until(find, f"the command {action}", timeout_s=timeout_s)[0]
        return body

    def ring(self, **payload: object) -> str:
        """Somebody calls, and is answered; returns the id of the call."""
        call_id = f"v3:{uuid.uuid4().hex}"
        assert self.post(self.initiated(call_id, **payload)).status_code == 200
        self.command(call_id, "answer")
        assert self.post(self.event("call.answered", call_id)).status_code == 200
        return call_id

    def stream_url(self, call_id: str) -> str:
        url: str = self.command(call_id, "answer")["stream_url"]
        return url

    def hang_up(self, call_id: str) -> None:
        """The caller hangs up."""
        self.over.add(call_id)
        body = self.event("call.hangup", call_id, hangup_cause="normal_clearing", hangup_source="caller")
        assert self.post(body).status_code == 200

    @contextlib.contextmanager
    def media(self, call_id: str) -> Iterator[MediaSocket]:
        """The media socket of a call, opened with its token; ``connected`` is said, ``start`` is not."""
        with websockets.sync.client.connect(
            self.stream_url(call_id), proxy=None, compression=None, max_size=None, close_timeout=1
        ) as socket:
            socket.send('{"event":"connected","version":"1.0.0"}')
            yield MediaSocket(socket, call_id)


class MediaSocket:
    """The carrier's end of a call's audio: 20 ms each way at a time, marks given back when their audio was played."""

    def __init__(self, socket: websockets.sync.client.ClientConnection, call_id: str) -> None:
        self.socket = socket
        self.heard = bytearray()
        """What the caller has heard: codec bytes, silences left out."""
        self._call_id = call_id
        self._chunk = 0
        self._queue: deque[bytes | str] = deque()
        self._due_s = time.monotonic()

    def send(self, event: str, **fields: object) -> None:
        self.socket.send(json.dumps({"event": event, "stream_id": "st-1", **fields}))

    def start(self, encoding: str = "PCMU", sample_rate: int = 8000, *, call_id: str | None = None) -> None:
        media_format = {"encoding": encoding, "sample_rate": sample_rate, "channels": 1}
        self.send("start", start={"call_control_id": call_id or self._call_id, "media_format": media_format})

    def media(self, payload: bytes, instead: dict[str, object] | None = None) -> None:
        """20 ms that the caller says; ``instead`` replaces fields of the message."""
        self._chunk += 1
        audio = {"track": "inbound", "chunk": str(self._chunk), "timestamp": str(self._chunk * 20)}
        self.send("media", media={**audio, "payload": base64.b64encode(payload).decode(), **(instead or {})})

    def line(self, *frames: bytes) -> None:
        """20 ms of the line for each of ``frames``, in real time."""
        for frame in frames:
            self.media(frame)
            self._receive()
            self._play()
            self._due_s += 0.02
            time.sleep(max(0.0, self._due_s - time.monotonic()))

    def silence(self, seconds: float, frame: bytes = b"\xff" * 160) -> None:
        self.line(*[frame] * round(seconds * 50))

    def until_heard(self, *, quiet_s: float = 0.4, timeout_s: float = 12.0, frame: bytes = b"\xff" * 160) -> bytes:
        """Silence until the agent has said something and has been quiet for a while; what it said."""
        before, since = len(self.heard), 0.0
        for _ in range(round(timeout_s * 50)):
            had = len(self.heard)
            self.line(frame)
            since = 0.0 if len(self.heard) > had else since + 0.02
            if len(self.heard) > before and since >= quiet_s:
                return bytes(self.heard[before:])
        raise AssertionError(f"the agent has said nothing, or has not finished, in {timeout_s:g} s")

    def _receive(self) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                message = json.loads(self.socket.recv(timeout=0))
                match message["event"]:
                    case "media":
                        payload = base64.b64decode(message["media"]["payload"])
                        self._queue.extend(payload[at : at + 160] for at in range(0, len(payload), 160))
                    case "mark":
                        self._queue.append(message["mark"]["name"])
                    case "clear":
                        marks = [item for item in self._queue if isinstance(item, str)]
                        self._queue.clear()
                        self._queue.extend(marks)

    def _play(self) -> None:
        played = False
        while self._queue and (not played or isinstance(self._queue[0], str)):
            item = self._queue.popleft()
            if isinstance(item, str):
                self.send("mark", mark={"name": item})
            else:
                self.heard += item
                played = True


@pytest.fixture(scope="session")
def carrier(launch_for_session: Any, speech_engines: None) -> Iterator[Carrier]:
    """A carrier in the hands of the tests, and an ``offhook serve talkative:agent`` that believes in it."""
    with contextlib.closing(Carrier()) as opened:
        opened.agent = launch_for_session(
            "serve", "talkative:agent", "--port", "0", "--json", "--transcripts", env=opened.env
        )
        port = opened.agent.started("server.ready")["port"]
        opened.webhooks = f"http://127.0.0.1:{port}/webhooks/telnyx"
        yield opened


@pytest.fixture
def own_carrier(speech_engines: None) -> Iterator[Carrier]:
    """A carrier in the hands of one test, which starts its own server."""
    with contextlib.closing(Carrier()) as opened:
        yield opened


@pytest.fixture(scope="session")
def clip() -> Callable[[str], list[bytes]]:
    """``clip("hours")``: a recording that comes with the package, as PCMU frames of 20 ms."""
    voices, encoder = Voices(), make_encoder("PCMU", 8000)

    def frames(name: str) -> list[bytes]:
        pcm = voices.clip(ClipRef(name=name)).pcm
        return [encoder.encode(pcm[at : at + 320].ljust(320, b"\0")) for at in range(0, len(pcm), 320)]

    return frames
