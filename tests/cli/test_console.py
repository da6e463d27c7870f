"""Where the verbs print, and what happens when nobody reads it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXCHANGE = [sys.executable, "-m", "offhook", "exchange", "up", "--port", "0"]
"""A verb that prints and then runs until it is told to end."""

FULL = Path("/dev/full")


def run(words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=30, **options)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_verb_ends_without_a_word_when_whoever_reads_it_has_gone(option: list[str]) -> None:
    """As ``offhook … | head`` does: exit code 141, and nothing on stderr."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = run([*EXCHANGE, *option], stdout=writing)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no file that is always full")
def test_a_full_disk_behind_stdout_is_said_once() -> None:
    """The result of a verb could not be told: one sentence, ``fix:``, exit code 1."""
    with FULL.open("w") as full:
        ended = run([sys.executable, "-m", "offhook", "--version"], stdout=full)
    assert ended.returncode == 1
    assert re.search(r"WARNING offhook.spool: stdout: cannot be written \(ENOSPC\)", ended.stderr)
    assert re.search(
        r"^error: expected to write to stdout, got: ENOSPC\.\nfix:   [^\n]+\n$", ended.stderr, re.MULTILINE
    )


def test_closed_streams_are_opened_before_anything_else_takes_their_numbers() -> None:
    """``offhook … >&-``: a socket must not become what is written to."""
    code = (
        "import socket, sys\n"
        "from offhook.cli.console import emit_json, out\n"
        "from offhook.cli.streams import open_streams\n"
        "open_streams()\n"
        "taken = socket.socket()\n"
        "emit_json({'a': 1})\n"
        "out.print('b')\n"
        "sys.exit(taken.fileno())\n"
    )
    closed = run(["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, code])
    assert closed.returncode > 2, closed.stderr
    assert closed.stderr == ""


def test_a_terminal_that_knows_few_signs_gets_others() -> None:
    """What people read loses a sign; what programs read loses nothing."""
    code = (
        "from offhook.cli.console import emit_json, out\n"
        "from offhook.cli.streams import open_streams\n"
        "open_streams()\n"
        "out.print('\u260e calls')\n"
        "emit_json({'said': '\u260e'})\n"
    )
    told = run([sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == '? calls\n{"said": "\\u260e"}\n'


def test_a_second_ctrl_c_does_not_wait_for_threads() -> None:
    """A model that is being loaded cannot be interrupted; the verb can, with exit code 130 and not a word."""
    code = (
        "import asyncio, time\n"
        "from offhook.cli.main import _run\n"
        "async def work():\n"
        "    asyncio.get_running_loop().run_in_executor(None, time.sleep, 30)\n"
        "    try:\n"
        "        print('up', flush=True)\n"
        "        await asyncio.sleep(30)\n"
        "    finally:\n"
        "        print('over', flush=True)\n"
        "try:\n"
        "    _run(work())\n"
        "except KeyboardInterrupt:\n"
        "    raise SystemExit(130)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        for word in ("up\n", "over\n"):
            assert program.stdout.readline() == word
            program.send_signal(signal.SIGINT)
        while program.poll() is None:  # it may have been too early to be the second one
            program.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(0.1)
        # In the instant in which the interpreter changes its handlers the signal itself ends the program.
        assert program.returncode in (130, -signal.SIGINT)
        assert program.returncode == -signal.SIGINT or program.stderr.read() == ""


def test_a_lost_stderr_ends_nothing() -> None:
    """What people would have read is dropped; what programs read is whole."""
    code = (
        "from offhook.cli.console import emit_json, err\n"
        "from offhook.cli.streams import open_streams\n"
        "open_streams()\n"
        "err.print('x')\n"
        "err.print('y')\n"
        "emit_json({'a': 1})\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=writing, text=True, timeout=30, check=False
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stdout) == (0, '{"a": 1}\n')
