"""How the lines of a story look on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from offhook.cli.story import Line

__all__ = ["print_lines"]

_LOOK = {
    "call": ("☎ ", "bold"),
    "caller": ("  caller  ", "yellow"),
    "agent": ("  agent   ", "cyan"),
    "person": ("  person  ", "magenta"),
    "note": ("          ", "dim"),
}


def print_lines(console: Console, lines: Iterable[Line], *, stamp: str = "") -> None:
    """Print lines: who in a colour of its own, figures at the end; ``stamp`` before each."""
    for line in lines:
        mark, style = _LOOK[line.who]
        figure = f"  [green]{escape(line.figure)}[/]" if line.figure else ""
        text = escape(line.text)
        body = f"[dim]{text}[/]" if line.who == "note" else text
        console.print(f"[dim]{stamp}[/][{style}]{mark}[/]{body}{figure}")
