"""Tools of MCP servers (Model Context Protocol, https://modelcontextprotocol.io), by the official client.

One connection for all calls of a worker, kept by one task; it is made anew when it is lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shlex
from typing import TYPE_CHECKING, Any

from offhook.errors import ConfigError, EngineMissing, kind_of
from offhook.installing import install
from offhook.logs import describe
from offhook.models.base import ToolSpec
from offhook.tools.base import ToolError
from offhook.tools.signature import BadArguments
from offhook.waiting import WaitOver, within
from offhook.waits import TOOL, TOOLS_START

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.calls.call import Call
    from offhook.tools.toolbox import Toolbox

__all__ = ["MCPServer"]

logger = logging.getLogger(__name__)

_AGAIN_S = (0.5, 1.0, 2.0, 5.0, 15.0)
"""How long to wait before a connection that was lost is made again; the last from then on."""
_MOST_PAGES = 20
_NOT_THERE = "It cannot be reached at the moment. Tell the caller that it does not work right now."


class MCPServer:
    """A server whose tools a model may use.

    Args:
        where: ``"https://…"`` (streamable HTTP), ``"stdio:command with arguments"``, or whatever the official client
            takes as its server.
        name: what tools are named after where two of the same name would meet; ``None``: ``mcp``.
        only: the tools to offer; ``None``: all.
        timeout_s: how long each may take; ``None``: as :data:`~offhook.waits.TOOL` says.

    Raises:
        ConfigError: no address, or one that is none.
        EngineMissing: the official client is not installed.
    """

    def __init__(
        self,
        where: Any,
        *,
        name: str | None = None,
        only: Sequence[str] | None = None,
        timeout_s: float | None = None,
    ) -> None:
        try:
            import mcp
        except ImportError:
            raise EngineMissing(
                "expected mcp for tools of MCP servers, found no such package.", fix=install("mcp")
            ) from None
        self._client: Any = mcp.Client
        self._where = _address(where) if isinstance(where, str) else where
        self._name = name or "mcp"
        self._only = None if only is None else frozenset(only)
        self._timeout_s = TOOL.limit_s if timeout_s is None else timeout_s
        self._connected: Any = None
        self._lost = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    async def add_to(self, toolbox: Toolbox) -> None:
        """Connect, and put the server's tools into a toolbox; those that are there already stay.

        Raises:
            ConfigError: it cannot be reached, or has not said in time what it can do.
        """
        ready: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        if self._keeping is not None:
            self._keeping.cancel()
        self._keeping = asyncio.create_task(self._keep(ready))
        try:
            listed = await within(TOOLS_START, asyncio.shield(ready))
        except Exception as error:
            self._keeping.cancel()
            why = "no answer in time" if isinstance(error, WaitOver) else type(error).__name__
            raise ConfigError(
                f"expected the MCP server {self._name!r} to list its tools, got {why}.",
                fix="start it, and see that its address is right; or leave it out of the agent",
            ) from None
        names = [str(tool.name) for tool in listed]
        if self._only is not None and (missing := sorted(self._only - set(names))):
            raise ConfigError(
                f"expected the tools {', '.join(missing)} of the MCP server {self._name!r}, "
                f"got {', '.join(names) or 'none'}.",
                fix="give only=[…] names that it has",
            )
        for tool in listed:
            if self._only is None or tool.name in self._only:
                self._add(toolbox, tool)

    def _add(self, toolbox: Toolbox, tool: Any) -> None:
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", tool.name)
        if name in toolbox or not name[:1].isalpha():
            name = f"{self._name}_{name}"
        if name in toolbox:
            logger.warning("the tool %s of the MCP server %s is left out: there is one of its name", name, self._name)
            return
        schema = tool.input_schema if isinstance(tool.input_schema, dict) else {"type": "object", "properties": {}}
        spec = ToolSpec(name[:64], tool.description or tool.title or tool.name, schema)
        toolbox.add(_RemoteTool(self, tool.name, spec, self._timeout_s))

    async def _keep(self, ready: asyncio.Future[list[Any]]) -> None:
        """Hold the connection; make it anew when it is lost. The client wants to be opened and closed in one task."""
        failures = 0
        while True:
            try:
                async with self._client(self._where) as client:
                    if not ready.done():
                        ready.set_result(await _all_tools(client))
                    elif failures:
                        logger.warning("the MCP server %s is there again", self._name)
                    self._connected, failures = client, 0
                    self._lost.clear()
                    await self._lost.wait()
            except Exception as error:
                if not ready.done():
                    ready.set_exception(error)
                    return
                if not failures:
                    logger.warning("the MCP server %s is not there: %s", self._name, describe(error))
            finally:
                self._connected = None
            await asyncio.sleep(_AGAIN_S[min(failures, len(_AGAIN_S) - 1)])
            failures += 1

    async def use(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Use a tool; what it answers, as text.

        Raises:
            ToolError: it says that it failed, or the server is not there.
        """
        from mcp import MCPError

        client = self._connected
        if client is None:
            raise ToolError(_NOT_THERE)
        try:
            result = await client.call_tool(name, dict(arguments))
        except MCPError as error:
            if not _is_gone(error):
                raise ToolError("The server has refused that. Check the arguments, or do without it.") from None
            self._lost.set()
            raise ToolError(_NOT_THERE) from None
        except Exception as error:
            logger.warning("the MCP server %s was lost: %s", self._name, describe(error))
            self._lost.set()
            raise ToolError(_NOT_THERE) from None
        text = _text(result)
        if result.is_error:
            raise ToolError(text or "It failed.")
        return text


class _RemoteTool:
    """A tool of a server (:class:`~offhook.tools.tool.Tool`). The server checks the arguments."""

    def __init__(self, server: MCPServer, name: str, spec: ToolSpec, timeout_s: float) -> None:
        self._server = server
        self._name = name
        self.spec = spec
        self.timeout_s = timeout_s

    def read(self, written: str) -> Mapping[str, Any]:
        """The arguments that a model wrote."""
        try:
            given = json.loads(written) if written.strip() else {}
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise BadArguments("expected the arguments as a JSON object. Call it again.")
        return given

    def question(self, arguments: Mapping[str, Any]) -> str | None:
        """Nothing."""
        return None

    async def use(self, call: Call, arguments: Mapping[str, Any]) -> str:
        """Have the server use it."""
        return await self._server.use(self._name, arguments)


def _address(where: str) -> Any:
    if re.match(r"https?://", where):
        return where
    kind, _, command = where.partition(":")
    words = shlex.split(command) if kind == "stdio" else []
    if not words:
        raise ConfigError(
            f"expected the address of an MCP server, got {kind_of(where)} that is none.",
            fix='mcp=["https://tools.example.com/mcp", "stdio:python tools.py"]',
        )
    from mcp import StdioServerParameters

    return StdioServerParameters(command=words[0], args=words[1:])


async def _all_tools(client: Any) -> list[Any]:
    tools: list[Any] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return tools


def _is_gone(error: Any) -> bool:
    """Whether the connection is over, and not only this request (JSON-RPC codes of the official client)."""
    from mcp_types import CONNECTION_CLOSED

    return getattr(getattr(error, "error", None), "code", None) == CONNECTION_CLOSED


def _text(result: Any) -> str:
    """The words of a result; where there are none, its value."""
    texts = [block.text for block in result.content if getattr(block, "type", "") == "text"]
    if texts:
        return "\n".join(texts)
    if result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False, default=str)
    return "It was done, with a result that is no text." if result.content else ""
