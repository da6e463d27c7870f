"""An MCP server of the official package: over stdio, or over HTTP on the port that is given."""

from __future__ import annotations

import os
import sys
import time

from mcp.server import MCPServer

server = MCPServer("desk")


@server.tool()
def hours(day: str) -> str:
    """When we are open on a day."""
    return f"{day}: nine to five"


@server.tool(name="look up!")
def look(word: str) -> dict[str, int]:
    """Count letters."""
    return {"letters": len(word)}


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("the calendar is closed")


@server.tool()
def slow() -> str:
    """Take long."""
    time.sleep(5)
    return "done"


@server.tool()
def die() -> str:
    """End the server."""
    os._exit(1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
