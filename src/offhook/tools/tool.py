"""One tool: a function, what a model is told of it, and the rules for using it."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from offhook.errors import ConfigError, kind_of
from offhook.models.base import ToolSpec
from offhook.threads import answer_of
from offhook.tools.signature import Signature, arguments_of, signature_of
from offhook.waits import TOOL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from offhook.calls.call import Call

__all__ = ["FunctionTool", "Tool", "tool_of"]

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}")
"""What every host of models takes (OpenAI's reference: letters, digits, underscores and dashes, at most 64)."""


class Tool(Protocol):
    """Something a model may use."""

    @property
    def spec(self) -> ToolSpec:
        """What a model is told of it."""
        ...

    @property
    def timeout_s(self) -> float:
        """How long it may take."""
        ...

    def read(self, written: str) -> Mapping[str, Any]:
        """The arguments that a model wrote.

        Raises:
            BadArguments: they do not fit.
        """
        ...

    def question(self, arguments: Mapping[str, Any]) -> str | None:
        """What the caller is asked before it is used; ``None``: nothing."""
        ...

    def use(self, call: Call, arguments: Mapping[str, Any]) -> Awaitable[object]:
        """Use it; what it returns, or raises."""
        ...


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function of the program as a :class:`Tool`."""

    function: Callable[..., Any]
    spec: ToolSpec
    signature: Signature
    timeout_s: float = TOOL.limit_s
    confirm: str | None = None

    def read(self, written: str) -> Mapping[str, Any]:
        """The arguments that a model wrote."""
        return arguments_of(self.signature, written)

    def question(self, arguments: Mapping[str, Any]) -> str | None:
        """What the caller is asked before it is used."""
        return self.confirm.format(**arguments) if self.confirm is not None else None

    async def use(self, call: Call, arguments: Mapping[str, Any]) -> object:
        """Call the function; a plain one in a thread."""
        named = dict(arguments)
        if self.signature.call is not None:
            named[self.signature.call] = call
        return await answer_of(self.function, **named)


def tool_of(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = None,
    confirm: str | None = None,
) -> FunctionTool:
    """A tool of a function.

    Args:
        function: with annotations and a docstring (:func:`~offhook.tools.signature.signature_of`).
        name: as a model calls it; ``None``: the function's.
        description: what it is for; ``None``: its docstring.
        timeout_s: how long it may take; ``None``: as :data:`~offhook.waits.TOOL` says.
        confirm: what the caller is asked before it is used, with the arguments in braces: "Shall I book {day}?". It is
            used if they say yes, and only then.

    Raises:
        ConfigError: it cannot be a tool.
    """
    if not callable(function):
        raise ConfigError(f"expected a function as a tool, got {kind_of(function)}.", fix="write it as a def")
    called: str = name or str(getattr(function, "__name__", ""))
    if not _NAME.fullmatch(called):
        raise ConfigError(
            f"expected a name of letters, digits, _ and - for a tool, at most 64 of them, got {called!r}.",
            fix='@agent.tool(name="book_table")',
        )
    if timeout_s is not None and not timeout_s > 0:
        raise ConfigError(f"expected timeout_s above 0 for tool {called!r}, got {timeout_s!r}.", fix="leave it out")
    signature = signature_of(function, name=called, description=description)
    if confirm is not None:
        _check_question(confirm, called, signature)
    spec = ToolSpec(called, signature.description, signature.parameters)
    return FunctionTool(function, spec, signature, TOOL.limit_s if timeout_s is None else timeout_s, confirm)


def _check_question(confirm: str, name: str, signature: Signature) -> None:
    try:
        fields = {
            field.split(".")[0].split("[")[0]
            for _, field, _, _ in string.Formatter().parse(confirm)
            if field is not None
        }
    except ValueError:
        fields = {"{"}
    if not confirm.strip() or not fields <= signature.names:
        raise ConfigError(
            f"expected a question for tool {name!r} with names of its arguments in braces "
            f"({', '.join(sorted(signature.names)) or 'it has none'}), got {confirm!r}.",
            fix='confirm="Shall I book {day}?"',
        )
