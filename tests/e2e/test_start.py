"""What cannot work is said before anything is started: one sentence, ``fix:``, exit code 2."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = {
    "TELNYX_API_KEY": "KEYtest",
    "TELNYX_PUBLIC_KEY": "5lkPYxXAMXKhn4FI4qqk4d5lZfB0Q2oKTzFhlEZVYQs=",
    "OFFHOOK_PUBLIC_URL": "https://calls.example.com",
}
"""All that a real number needs."""


def without(*names: str, **changed: str) -> dict[str, str]:
    return {name: value for name, value in {**KEYS, **changed}.items() if name not in names}


@dataclass
class Start:
    """A program that will not start, and what it says of that."""

    words: tuple[str, ...]
    says: str
    fix: str
    env: dict[str, str] = field(default_factory=lambda: dict(KEYS))
    missing: tuple[str, ...] = ()
    """Packages that are not installed."""
    app: str | None = None
    """What is in ``app.py``; it is run where the agents of the tests are, if there is none."""


STARTS = {
    "no such module": Start(("serve", "nothing:agent"), "expected a module nothing in", "correct the name"),
    "a path of a file": Start(("serve", "desk.py:agent"), "expected an agent as module:attribute", "write desk:agent"),
    "no such attribute": Start(("serve", "desk:agnet"), "expected an Agent at desk:agnet", "write desk:agent"),
    "a module that raises": Start(
        ("serve", "app:agent"), "raised ZeroDivisionError", "look at app.py, line 1", app="agent = 1 / 0"
    ),
    "a module that is not Python": Start(
        ("serve", "app:agent"), "raised SyntaxError", "look at app.py, line 1", app="def agent(:"
    ),
    "a voice that does not exist": Start(("serve", "hoarse:agent"), "expected a voice", "use one of these"),
    "no public key": Start(("serve", "desk:agent"), "TELNYX_PUBLIC_KEY", "set TELNYX", without("TELNYX_PUBLIC_KEY")),
    "no API key": Start(("serve", "desk:agent"), "TELNYX_API_KEY", "set TELNYX_API_KEY", without("TELNYX_API_KEY")),
    "no public address": Start(
        ("serve", "desk:agent"), "OFFHOOK_PUBLIC_URL", "https://", without("OFFHOOK_PUBLIC_URL")
    ),
    "a bad public key": Start(("serve", "desk:agent"), "public key", "TELNYX", without(TELNYX_PUBLIC_KEY="tooshort")),
    "an unencodable codec": Start(("serve", "desk:agent"), "AMR-WB", "", without(OFFHOOK_CODEC="AMR-WB")),
    "unsigned webhooks from anywhere": Start(
        ("serve", "desk:agent", "--insecure", "--host", "0.0.0.0"), "expected signed webhooks", "leave --insecure out"
    ),
    "unsigned webhooks through a tunnel": Start(
        ("serve", "desk:agent", "--insecure"), "expected signed webhooks", "leave --host and --public-url out"
    ),
    "unsigned webhooks from anywhere by the settings": Start(
        ("serve", "desk:agent", "--insecure"),
        "expected signed webhooks",
        "leave --insecure out",
        without("OFFHOOK_PUBLIC_URL", OFFHOOK_HOST="0.0.0.0"),
    ),
    "a port in use by the settings": Start(
        ("serve", "desk:agent"), "to be free", "--port", without(OFFHOOK_PORT="{taken}")
    ),
    "no speech to text": Start(("serve", "desk:agent"), "onnxruntime", "[local]", missing=("onnxruntime",)),
    "no intent matching": Start(("serve", "desk:agent"), "rapidfuzz", "[local]", missing=("rapidfuzz",)),
    "a port in use": Start(("serve", "desk:agent", "--port", "{taken}"), "to be free", "--port"),
    "an exchange on a port in use": Start(("exchange", "up", "--port", "{taken}"), "to be free", "--port"),
    "a development server on a port in use": Start(("dev", "desk:agent", "--port", "{taken}"), "to be free", "--port"),
    "no exchange to call": Start(
        ("exchange", "call", "--port", "{free}"), "expected an exchange", "offhook exchange up"
    ),
    "a seed that is not there": Start(("exchange", "up", "--seed", "nowhere.toml"), "expected a seed file", "--seed"),
    "nobody to call from": Start(
        ("call", "+15550100", "desk:agent"), "the number to call from", "--from", without(TELNYX_CONNECTION_ID="1")
    ),
    "no application to call from": Start(
        ("call", "+15550100", "desk:agent", "--from", "+15550199"), "TELNYX_CONNECTION_ID", "set TELNYX_CONNECTION_ID"
    ),
    "a seed that is not one": Start(("exchange", "up", "--seed", "desk.py"), "expected TOML", "correct the file"),
    "an address for webhooks that is none": Start(
        ("exchange", "up", "--port", "0", "--webhook-url", "127.0.0.1:3000"), "address for webhooks", "--webhook-url"
    ),
    "a folder that cannot be": Start(("demo", "--output", "/dev/null/calls"), "a folder to write to", "--output"),
    "a recording in no folder": Start(
        ("exchange", "call", "--recording", "/nowhere/call.wav"), "a file to write to", "--recording"
    ),
    "nothing to say": Start(("exchange", "call", "--say", " "), "expected words after --say", "--say"),
    "a module that leaves": Start(("serve", "app:agent"), "SystemExit", "look at app.py, line 1", app="exit(0)"),
    "a codec of no phone line": Start(("demo", "--codec", "mp3"), "'mp3' is not one of", "offhook demo --help"),
    "a verb that does not exist": Start(("exchange", "upp"), "no such command 'upp'", "offhook exchange --help"),
    "words instead of a number": Start(
        ("call", "my dentist", "desk:agent", "--from", "+15550199"), "or a SIP URI to call", "write it like"
    ),
}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, str]]:
    """A port that something listens on that says nothing, and one that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield {"taken": str(taken.getsockname()[1]), "free": str(free.getsockname()[1])}


@pytest.mark.parametrize("name", STARTS)
def test_what_cannot_work_is_said_at_the_start(
    launch: Any, ports: dict[str, str], tmp_path: Path, name: str, speech_engines: None
) -> None:
    """One sentence and how to put it right; exit code 2; nothing was started, nothing is left behind."""
    start = STARTS[name]
    words = [word.format(**ports) for word in start.words]
    blocked = f"import sys; sys.modules.update(dict.fromkeys({list(start.missing)}))\n"
    code = blocked + "from offhook.cli.main import run; run()" if start.missing else None
    folder = {}
    if start.app is not None:
        (tmp_path / "app.py").write_text(start.app)
        folder = {"cwd": tmp_path}
    env = {variable: value.format(**ports) for variable, value in start.env.items()}
    program = launch(*words, env=env, code=code, **folder)
    assert program.runs() == 2, program.log
    log = program.log
    assert "Traceback" not in log
    told = re.fullmatch(r"error: (?P<error>[^\n]+)\nfix:   (?P<fix>[^\n]+)\n", log)
    assert told, log
    assert start.says in told["error"]
    assert start.fix in told["fix"]
    assert program.said == ""
    assert program.left_behind() == []


def test_webhooks_are_taken_unsigned_only_where_it_is_said_so(launch: Any, speech_engines: None) -> None:
    """``--insecure`` starts on loopback without a public key, and says what that means."""
    env = {"TELNYX_API_KEY": "KEYtest", "TELNYX_BASE_URL": "http://127.0.0.1:9/v2"}
    program = launch("serve", "desk:agent", "--insecure", "--port", "0", "--json", env=env)
    program.started("server.ready")
    assert "webhooks are not verified" in program.log
    program.signal(2)
    assert program.wait() == 130


@pytest.mark.parametrize("words", [("serve",), ("exchange", "call", "--port", "x")])
def test_wrong_words_are_wrong_usage(launch: Any, words: tuple[str, ...]) -> None:
    """Exit code 2, what is wrong, and where it is said how it is used."""
    program = launch(*words)
    assert program.runs() == 2
    verb = " ".join(word for word in words if word.isalpha() and len(word) > 1)
    assert re.fullmatch(rf"error: [^\n]+\nfix:   see what it takes: offhook {verb} --help\n", program.log)
    assert "Traceback" not in program.log
