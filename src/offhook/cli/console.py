"""Where the verbs print: people read stderr or stdout, programs read one JSON object on stdout."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from rich.console import Console

if TYPE_CHECKING:
    from offhook.errors import OffhookError

__all__ = ["EXIT_FAILED", "EXIT_USAGE", "emit_json", "err", "fail", "out"]

EXIT_FAILED = 1
"""The verb ran and what it was asked to do did not succeed."""

EXIT_USAGE = 2
"""The words or the settings given are wrong; nothing was started."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def emit_json(value: Any) -> None:
    """Print one JSON object, on one line, as the last thing on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(error: OffhookError, *, exit_code: int = EXIT_USAGE) -> NoReturn:
    """Print the error and its fix, and leave."""
    err.print(f"[red]error:[/] {_escape(error.message)}")
    if error.fix:
        err.print(f"[green]fix:[/]   {_escape(error.fix)}")
    raise SystemExit(exit_code)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
