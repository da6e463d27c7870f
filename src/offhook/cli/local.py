"""A telephone network on this machine: the exchange in this process, the agent in one of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from offhook.cli.agent_process import AgentProcess
from offhook.exchange.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.routing import BaseRoute

    from offhook.exchange.words.seed import Seed

__all__ = ["LocalNetwork"]

WEBHOOK_PATH = "/webhooks/telnyx"


class LocalNetwork:
    """The exchange, an agent on its number, and everything that either of them reports.

    Args:
        app: the agent, as ``module:name``.
        on_event: takes every event of both, as it comes.
        exchange_port: where the exchange listens; 0 takes a free port.
        seed: what the exchange knows; ``None`` is its default.
        environment: more of it for the agent's process.
        quiet: do not pass on what the agent's process writes to stderr.
        debug: have it log everything, with the texts of exceptions.
    """

    def __init__(
        self,
        app: str,
        *,
        on_event: Callable[[dict[str, Any]], None],
        exchange_port: int = 0,
        seed: Seed | None = None,
        environment: Mapping[str, str] | None = None,
        quiet: bool = False,
        debug: bool = False,
    ) -> None:
        self.exchange = Exchange(seed, port=exchange_port)
        self.agent: AgentProcess | None = None
        self._app = app
        self._on_event = on_event
        self._environment = environment or {}
        self._quiet = quiet
        self._debug = debug
        self._reading: asyncio.Task[None] | None = None

    async def start(self, routes: Iterable[BaseRoute] = ()) -> None:
        """Start the exchange; ``routes`` are served on its port as well. The agent is started by :meth:`start_agent`.

        Raises:
            PortInUse: something else listens there.
        """
        self.exchange.add_routes(routes)
        await self.exchange.start()
        self._reading = asyncio.create_task(self._read())

    async def start_agent(self) -> dict[str, Any]:
        """Start the agent and put it on the exchange's first application; returns its ``server.ready`` event.

        An agent that was started before goes on; who asked for it ends it. If the new one does not start, or the
        start is cancelled, everything is as it was.

        Raises:
            ConfigError: the agent does not start; the message is its own.
        """
        process = AgentProcess(
            self._app,
            environment={**self.exchange.env(), **self._environment},
            on_event=self._on_event,
            quiet=self._quiet,
            debug=self._debug,
        )
        ready = await process.start()
        self.agent = process
        self.exchange.set_webhook_url(f"http://127.0.0.1:{process.port}{WEBHOOK_PATH}")
        return ready

    async def stop_agent(self) -> None:
        """End the agent's process."""
        if self.agent is not None:
            await self.agent.stop()
            self.agent = None

    async def stop(self) -> None:
        """End both."""
        await self.stop_agent()
        await self.exchange.stop()
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _read(self) -> None:
        async for event in self.exchange.journal.subscribe():
            self._on_event(event)
