"""Whatever goes wrong, nothing that is printed or logged holds personal data, and every failure has its one line."""

from __future__ import annotations

import ast
import base64
import contextlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.e2e.conftest import AGENTS, START_S, Carrier
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRETS = ("zanzibar", "quicksilver", "5557773", "5557774", "unspeakable")
"""What is in every text that the agent, the carrier or a caller can write; the beginnings of all numbers of people."""


class Kind(NamedTuple):
    """What goes wrong in a call, and what the log says of that."""

    says: str
    """The type of what was raised, and the rest of the line that tells it apart."""
    place: str
    """Where it was raised: the program's own function, or ours."""


CALLERS: dict[str, tuple[Kind, ...]] = {
    "+15557773301": (Kind("HandlerTrouble", "handler"), Kind("StreamTrouble", "stream")),
    "+15557773302": (Kind("OwnTrouble", "own"), Kind("ConfigError", "setting")),
    "+15557773303": (
        Kind("ExceptionGroup of GroupTrouble, KeyError", "group"),
        Kind("RuntimeError|SystemExit", "leave"),
    ),
    "+15557773304": (Kind("AnswerInvalid", "offhook/dialog/acts.py"), Kind("AnswerInvalid", "offhook/dialog/acts.py")),
    "+15557773305": (Kind("ObserverTrouble", "on_event"), Kind("CancelledError", "cancel")),
    "+15557773306": (Kind("ConfigError", "offhook/addresses.py"),),
    "+15557773307": (Kind("the transfer was refused: command_invalid", ""), Kind("CommandInvalid", "transfer")),
    "+15557773308": (Kind("VoiceTrouble", "speak"), Kind("VoiceTrouble", "speak")),
    "+15557773309": (),
    "+15557773310": (Kind("KeyTrouble", "pressed"), Kind("KeyTrouble", "pressed")),
    "+15557773311": (Kind("EarTrouble", "transcribe"), Kind("EarTrouble", "transcribe")),
}
"""Who calls, and what of their call is to be found in the log, each once."""
SHOWN: dict[str, tuple[str, ...]] = {
    "people": ("+15557773301", "+15557773306", "+15557773307", "+15557773310"),
    "programs": tuple(CALLERS),
}
"""Whose calls are shown to whom: the log is the same for both, and what happens is printed with ``--json`` whole."""
NOBODY_WAITS = ("TaskTrouble", "ThreadTrouble", "FinalizerTrouble")
"""What is raised outside of any call."""

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 8}
PAUSE = {"wait_s": 1.5}
SAYS = {"say": "thanks"}
STEPS: dict[str, list[dict[str, Any]]] = {
    "+15557773308": [WAIT, SAYS, PAUSE, SAYS, PAUSE, {"hang_up": True}],
    "+15557773310": [WAIT, {"press": "7"}, WAIT, {"press": "3"}, WAIT, {"hang_up": True}],
    "+15557773311": [WAIT, {"say": "bicycle2"}, PAUSE, PAUSE, {"say": "bicycle2"}, PAUSE, {"hang_up": True}],
}
"""What callers do who do not say something, hear something, and say something again."""
TWICE = [WAIT, SAYS, WAIT, SAYS, WAIT, PAUSE, {"hang_up": True}]


def line_of(function: str) -> tuple[int, int]:
    """Where a function of the agent's begins and ends."""
    for node in ast.walk(ast.parse((AGENTS / "canary.py").read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function:
            return node.lineno, node.end_lineno or node.lineno
    raise LookupError(function)


class Served:
    """The agent on a number of the exchange, its carrier between the two, and what has become of its callers."""

    def __init__(self, exchange: Any, launch: Any, whom: str, *options: str) -> None:
        self.callers = SHOWN[whom]
        self.exchange = exchange
        self.number, self._application = exchange.next_line()
        self.carrier = Carrier(beyond=exchange)
        refusal = (422, {"errors": [{"code": "10016", "title": "Zanzibar", "detail": "+15557774402 Quicksilver"}]})
        self.carrier.replies["+15557774402"] = refusal
        settings = {"TELNYX_CONNECTION_ID": self._application, "OFFHOOK_MAX_CALLS": "50"}
        env = {**self.carrier.env, "TELNYX_PUBLIC_KEY": exchange.env["TELNYX_PUBLIC_KEY"], **settings}
        self.agent = launch("serve", "canary:agent", "--port", "0", *options, env=env)
        self.carrier.agent = self.agent
        self.calls: dict[str, str] = {}

    def ready(self) -> None:
        found = re.compile(r'"port": ?(\d+)|webhooks at http://[\d.]+:(\d+)/')
        port = self.agent.started(finds=lambda: found.search(self.agent.said + self.agent.log))
        self.carrier.webhooks = f"http://127.0.0.1:{port[1] or port[2]}/webhooks/telnyx"
        self.exchange.send_webhooks(self._application, self.carrier.webhooks)

    def place(self, number: str) -> None:
        self.calls[number] = self.exchange.place(self.number, *STEPS.get(number, TWICE), **{"from": number})

    def of(self, number: str) -> list[str]:
        """What the log says of somebody's call."""
        return [line for line in self.agent.log.splitlines() if self.calls[number] in line]


def go_wrong(served: Served) -> None:
    """What a carrier can write, and what can be sent to the sockets, with personal data wherever there is a text."""
    carrier, number, name = served.carrier, "+15557773312", "Zanzibar Quicksilver"
    state = base64.b64encode(name.encode()).decode()
    person = {"from": number, "caller_id_name": name, "client_state": state, "custom_headers": [{"value": name}]}
    body = carrier.initiated("v3:hostile", **person)
    assert carrier.post(body, {}).status_code == 401
    assert carrier.post(body[:-9]).status_code == 400
    assert carrier.post(name.encode()).status_code == 400
    call_id = served.calls[number] = carrier.ring(**person)
    texts = dict.fromkeys(("state", "hangup_source", "failure_reason", "result", "status", "reason", "digits"), name)
    for event in ("call.dtmf.received", "call.speak.started", "call.weather", f"call.{name}", "call.bridged"):
        assert carrier.post(carrier.event(event, call_id, **{**texts, "digit": "#", "from": number})).status_code == 200
    with carrier.media(call_id) as line:
        audio = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
        start = {"call_control_id": call_id, "media_format": audio, "from": number, "client_state": state}
        line.send("start", start={**start, "custom_parameters": {"name": name}})
        line.silence(0.2)
        for text in (name, f'{{"event":"{name}"}}', f'{{"event":"media","media":{{"payload":"{name}"}}}}'):
            line.socket.send(text)
        line.socket.send(name.encode())
        line.send("error", payload={"code": 100002, "title": name, "detail": number})
        line.send("mark", mark={"name": name})
        line.send("dtmf", dtmf={"digit": name})
        with contextlib.suppress(ConnectionClosed):
            line.socket.send(name * 100_000)
            while True:
                line.socket.recv(timeout=5)
    failed = carrier.event("streaming.failed", call_id, stream_id="st-1", failure_reason=f"{name} {number}")
    assert carrier.post(failed).status_code == 200
    over = {"hangup_cause": f"{name} {number}", "hangup_source": name, "sip_hangup_cause": number}
    assert carrier.post(carrier.event("call.hangup", call_id, **over)).status_code == 200


@pytest.fixture(scope="module")
def everywhere(exchange: Any, launch_for_module: Any) -> Iterator[dict[str, Served]]:
    """For people and for programs: all calls at once, and all of them are over."""
    served = {
        "people": Served(exchange, launch_for_module, "people"),
        "programs": Served(exchange, launch_for_module, "programs", "--json"),
    }
    with contextlib.ExitStack() as stack:
        for one in served.values():
            stack.callback(one.carrier.close)
        for one in served.values():
            one.ready()
        for one in served.values():
            for number in one.callers:
                one.place(number)
        for one in served.values():
            go_wrong(one)
        for one in served.values():
            for number in one.callers:
                exchange.program.event("call.ended", call=one.calls[number], timeout_s=START_S)
        yield served


@pytest.fixture(params=list(SHOWN))
def settled(request: pytest.FixtureRequest, everywhere: dict[str, Served], waiting: Callable[..., Any]) -> Served:
    """Each of them, once its log is complete."""
    served = everywhere[request.param]
    expected = [(number, kind) for number in served.callers for kind in CALLERS[number]]
    with contextlib.suppress(AssertionError):  # what is missing is told by the tests
        waiting(lambda: all(found(served, *one) for one in expected), "all failures", timeout_s=5)
    return served


def found(served: Served, number: str, kind: Kind) -> list[str]:
    """The lines that tell of a failure in somebody's call."""
    return [line for line in served.of(number) if re.search(rf": .*({kind.says})", line) and _is_of(line, kind.place)]


def _is_of(line: str, place: str) -> bool:
    if not place or "/" in place:
        return place in line
    first, last = line_of(place)
    return any(first <= int(number) <= last for number in re.findall(r"\bcanary\.py:(\d+)", line))


@pytest.mark.parametrize(
    ("settled", "number"),
    [(whom, number) for whom, numbers in SHOWN.items() for number in numbers],
    indirect=["settled"],
)
def test_a_failure_has_one_line_with_type_place_and_call(settled: Served, number: str) -> None:
    """Whatever raises: handler, stream, dialog, key, voice, recogniser, observer, or the carrier's refusal."""
    kinds = CALLERS[number]
    for kind in set(kinds):
        assert len(found(settled, number, kind)) == kinds.count(kind), "\n".join(settled.of(number))


@pytest.mark.parametrize("settled", ["programs"], indirect=True)
@pytest.mark.parametrize("name", NOBODY_WAITS)
def test_what_nobody_waits_for_has_one_line_with_type_and_place(settled: Served, name: str) -> None:
    """A task of the program's, a thread, a finalizer."""
    (line,) = [line for line in settled.agent.log.splitlines() if name in line]
    assert re.search(rf"{name} at canary\.py:\d+", line)


def test_nothing_that_is_printed_or_logged_holds_personal_data(settled: Served) -> None:
    """No text of an exception, no word, no key, no number of the caller's, of ours, or of whom they are handed to."""
    told = (settled.agent.said + settled.agent.log).lower()
    assert len(told.splitlines()) > len(CALLERS), "there is a log"
    for secret in (*SECRETS, settled.number.removeprefix("+")):
        assert secret not in told, [line for line in told.splitlines() if secret in line]
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=").lower()
        assert encoded not in told
    assert "traceback" not in told
    for event in settled.agent.events():
        assert not {"digit", "digits", "text", "heard", "to", "from"} & event.keys()
    assert not re.search(r"""key\w* ['"]?[73]\b|pressed|digit['":= ]+['"]?[73]\b""", settled.agent.log)


def test_a_good_call_is_served_after_all_that(settled: Served) -> None:
    """The program lives, and answers."""
    call_id = settled.exchange.place(settled.number, *TWICE, **{"from": "+15557773313"})
    settled.exchange.program.event("call.ended", call=call_id, timeout_s=START_S)
    report = settled.exchange.report(call_id)
    assert report["caller"]["missed_steps"] == []
    assert "none" not in [turn["answer"] for turn in report["caller"]["turns"]]
    assert settled.agent.process.poll() is None
    assert [line for line in settled.agent.log.splitlines() if call_id in line] == []
