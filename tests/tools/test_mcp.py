"""Tools of real MCP servers of the official package, in processes of their own."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offhook import Agent, MCPServer
from offhook.errors import ConfigError
from offhook.models.base import ToolCall
from offhook.models.testing import FakeModel
from offhook.tools.tool import tool_of
from offhook.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

if find_spec("mcp") is None and not os.environ.get("CI"):
    pytest.skip("needs mcp", allow_module_level=True)

PROGRAM = Path(__file__).with_name("mcp_server.py")
STDIO = f"stdio:{shlex.quote(sys.executable)} {shlex.quote(str(PROGRAM))}"
CALL: Any = type("FakeCall", (), {"id": "c1"})()

pytestmark = [pytest.mark.timeout(90), pytest.mark.slow]


async def used(toolbox: Toolbox, name: str, arguments: str = "{}") -> tuple[str, bool]:
    (outcome,) = await toolbox.run(CALL, [ToolCall("1", name, arguments)])
    return outcome.text, outcome.failed


@pytest.fixture
async def servers() -> AsyncIterator[list[MCPServer]]:
    """Those that a test makes; their connections end with it."""
    made: list[MCPServer] = []
    yield made
    for server in made:
        if server._keeping is not None:
            server._keeping.cancel()
            await asyncio.wait([server._keeping])


async def test_a_commands_tools_are_used_with_an_outcome_for_each(servers: list[MCPServer]) -> None:
    """What it returns, what it raises, what it cannot read, and what takes too long."""
    servers.append(MCPServer(STDIO, timeout_s=1.5))
    toolbox = Toolbox()
    await servers[0].add_to(toolbox)
    assert [spec.name for spec in toolbox.specs] == ["hours", "look_up_", "fail", "slow", "die"]
    assert toolbox.specs[0].description == "When we are open on a day."
    assert "day" in str(toolbox.specs[0].parameters)
    assert await used(toolbox, "hours", '{"day": "Monday"}') == ("Monday: nine to five", False)
    assert '"letters"' in (await used(toolbox, "look_up_", '{"word": "tea"}'))[0].replace(" ", "")
    text, failed = await used(toolbox, "fail")
    assert failed
    assert "fail" in text
    assert (await used(toolbox, "hours", '{"wrong": 1}'))[1]
    assert "JSON" in (await used(toolbox, "hours", "["))[0]
    assert "not known" in (await used(toolbox, "slow"))[0]


async def test_a_server_that_dies_is_started_again(servers: list[MCPServer], caplog: Any) -> None:
    """Meanwhile the model is told that it cannot be reached."""
    servers.append(MCPServer(STDIO))
    toolbox = Toolbox()
    await servers[0].add_to(toolbox)
    caplog.set_level(logging.WARNING)
    text, failed = await used(toolbox, "die")
    assert failed
    assert "cannot be reached" in text
    async with asyncio.timeout(40):
        while (await used(toolbox, "hours", '{"day": "Monday"}'))[1]:
            await asyncio.sleep(0.1)


async def test_tools_over_http_are_used(servers: list[MCPServer]) -> None:
    """As those of a command are."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), str(port), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(40):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        servers.append(MCPServer(f"http://127.0.0.1:{port}/mcp", only=["hours"]))
        toolbox = Toolbox()
        await servers[0].add_to(toolbox)
        assert [spec.name for spec in toolbox.specs] == ["hours"]
        assert await used(toolbox, "hours", '{"day": "Monday"}') == ("Monday: nine to five", False)
    finally:
        process.kill()
        await process.wait()


async def test_an_agent_has_the_tools_of_its_servers_once_it_is_warm(servers: list[MCPServer]) -> None:
    """One whose name is taken gets the server's before it."""
    servers.append(MCPServer(STDIO, name="desk", only=["hours"]))
    agent = Agent("Desk", "", llm=FakeModel("x"), instructions="x", mcp=servers)

    @agent.tool
    def hours() -> str:
        """When we are open."""
        return "always"

    dialog: Any = agent.dialog
    await dialog.warm_up()
    assert isinstance(agent.tools, Toolbox)
    assert [spec.name for spec in agent.tools.specs] == ["hours", "hang_up", "desk_hours"]
    assert await used(agent.tools, "desk_hours", '{"day": "Monday"}') == ("Monday: nine to five", False)


@pytest.mark.parametrize(
    ("where", "options", "match"),
    [
        (f"stdio:{shlex.quote(sys.executable)} -c pass", {}, "to list its tools"),
        ("stdio:/nowhere/at/all", {}, "to list its tools"),
        ("http://127.0.0.1:9/mcp", {}, "to list its tools"),
        (STDIO, {"only": ["nothing"]}, "expected the tools nothing"),
    ],
)
async def test_a_server_without_what_is_asked_of_it_keeps_the_agent_from_starting(
    servers: list[MCPServer], where: str, options: dict[str, Any], match: str
) -> None:
    """A caller is not the one to find out."""
    servers.append(MCPServer(where, **options))
    with pytest.raises(ConfigError, match=match):
        await servers[0].add_to(Toolbox())


def test_what_is_no_server_is_said_when_the_agent_is_defined() -> None:
    """Not at the first call."""
    for wrong in ("ftp://x", "stdio:", "tools.py"):
        with pytest.raises(ConfigError, match="address of an MCP server"):
            MCPServer(wrong)
    with pytest.raises(ConfigError, match="a list of MCP servers"):
        Agent("Desk", "", llm=FakeModel("x"), instructions="x", mcp="http://x")
    with pytest.raises(ConfigError, match="language model"):
        Agent("Desk", "", mcp=["http://x"])


async def test_a_second_server_with_the_same_tools_leaves_out_what_cannot_be_told_apart(
    servers: list[MCPServer],
) -> None:
    """And says so."""
    servers += [MCPServer(STDIO, only=["hours"]), MCPServer(STDIO, only=["hours"])]
    toolbox = Toolbox(tool_of(test_what_is_no_server_is_said_when_the_agent_is_defined, name="hours"))
    for server in servers:
        await server.add_to(toolbox)
    assert [spec.name for spec in toolbox.specs] == ["hours", "mcp_hours"]
