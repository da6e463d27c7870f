"""An agent in a process of its own: ``offhook serve MODULE:NAME --json``, started, read and ended by this one.

The demonstration, ``offhook dev`` and a person who types ``offhook serve`` run the same thing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from offhook.cli.console import stderr
from offhook.errors import ConfigError, OffhookError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

__all__ = ["AgentProcess"]

logger = logging.getLogger(__name__)

_COLOUR = frozenset(("FORCE_COLOR", "TTY_COMPATIBLE"))
"""What makes it colour its errors even for a program that reads them."""

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 8.0
LONGEST_LINE_BYTES = 4 * 1024 * 1024
"""Longer lines of the process are passed over: an event has some hundred bytes, a print() of its program any number."""

MOST_ERRORS = 200
"""Lines of what it writes to stderr before it is ready that are kept."""


class AgentProcess:
    """One run of ``offhook serve``.

    Args:
        app: the agent, as ``module:name``.
        environment: what to set for it (where the exchange is, its keys).
        port: the port to listen on; 0 takes a free one.
        on_event: takes each event that the process reports: a dict with ``at_ms``, ``source``, ``type``, ``call``.
        quiet: drop what the process writes to stderr instead of passing it on.
        debug: have it log everything, with the texts of exceptions.
    """

    def __init__(
        self,
        app: str,
        *,
        environment: Mapping[str, str],
        port: int = 0,
        on_event: Callable[[dict[str, Any]], None],
        quiet: bool = False,
        debug: bool = False,
    ) -> None:
        self.app = app
        self.port = port
        self._environment = environment
        self._on_event = on_event
        self._quiet = quiet
        self._more_words = ["--debug"] if debug else []
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[dict[str, Any]] | None = None
        self._errors: list[str] = []

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> dict[str, Any]:
        """Start it and wait until it takes calls.

        Returns:
            its ``server.ready`` event: ``port``, ``url``, ``agent``.

        Raises:
            ConfigError: if it ends before that; the message is the one it gave.
        """
        self._errors.clear()
        self._ready = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())  # nobody may wait any more
        spawning = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "offhook", "serve", self.app, "--json", "--transcripts", *self._more_words,
                "--host", "127.0.0.1", "--port", str(self.port),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE_BYTES,
                env={
                    **{name: value for name, value in os.environ.items() if name not in _COLOUR},
                    **self._environment,
                    "OFFHOOK_SUPERVISED": "1",
                    "PYTHONUNBUFFERED": "1",
                },
            )
        )  # fmt: skip
        try:
            self._process = await asyncio.shield(spawning)
            self._reader = asyncio.create_task(self._read())
            ready = await asyncio.wait_for(asyncio.shield(self._ready), START_TIMEOUT_S)
        except asyncio.CancelledError:
            self._process = await spawning  # once begun it cannot be left alone
            await self.stop()
            raise
        except TimeoutError:
            await self.stop()
            raise ConfigError(
                f"expected the agent to be ready within {START_TIMEOUT_S:.0f} s, it is not",
                fix=f"run it alone and read what it prints: offhook serve {self.app}",
            ) from None
        self.port = int(ready["port"])
        return ready

    async def stop(self) -> None:
        """Ask it to drain and end; after a while, end it."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._reader is not None:
            await self._reader
        self._process = self._reader = None

    async def _read(self) -> None:
        process, ready = self._process, self._ready
        assert process is not None
        assert ready is not None
        await asyncio.gather(self._read_events(process, ready), self._read_errors(process, ready))
        await process.wait()
        if not ready.done():
            ready.set_exception(self._failure())

    async def _read_events(self, process: asyncio.subprocess.Process, ready: asyncio.Future[dict[str, Any]]) -> None:
        assert process.stdout is not None
        async for line in _lines(process.stdout):
            event = _event(line)
            if event is None:
                self._pass_on(line.decode(errors="replace"))  # written past Python's stdout by the user's own code
                continue
            if event["type"] == "server.ready" and not ready.done():
                ready.set_result(event)
                self._pass_on("".join(self._errors))
            self._on_event(event)

    async def _read_errors(self, process: asyncio.subprocess.Process, ready: asyncio.Future[dict[str, Any]]) -> None:
        assert process.stderr is not None
        async for line in _lines(process.stderr):
            text = line.decode(errors="replace")
            if ready.done():
                self._pass_on(text)
            else:  # it may turn out to be the reason why it does not start
                self._errors.append(text)
                del self._errors[:-MOST_ERRORS]

    def _pass_on(self, text: str) -> None:
        if not self._quiet:
            stderr.write(text)

    def _failure(self) -> OffhookError:
        """Why it did not start: its last ``error:`` with its ``fix:``; what it wrote before that is passed on."""
        message, fix = "the agent's process ended before it was ready", f"run it alone: offhook serve {self.app}"
        starts = [index for index, line in enumerate(self._errors) if line.startswith("error:")]
        before, last = (self._errors[: starts[-1]], self._errors[starts[-1] :]) if starts else (self._errors, [])
        self._pass_on("".join(before))
        if last:
            message, _, said_fix = "".join(last).removeprefix("error:").partition("\nfix:")
            message, fix = message.strip(), said_fix.strip() or fix
        return ConfigError(message, fix=fix)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Line by line to the end; what a pipe is not read of would hold up the process that writes to it."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # too long: it is dropped, and the next is read
            continue
        if not line:
            return
        yield line


def _event(line: bytes) -> dict[str, Any] | None:
    """The event in a line; ``None`` if it is something else that a program has printed, JSON or not."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    known = isinstance(event.get("type"), str) and isinstance(event.get("source"), str)
    return event if known and isinstance(event.get("at_ms"), int | float) else None
