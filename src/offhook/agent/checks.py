"""What is wrong with a wrong definition of an agent: said where it is written, not in the first call."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from offhook.errors import ConfigError, kind_of
from offhook.models.loading import check_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from offhook.dialog.base import Dialog
    from offhook.dialog.model import Instructions
    from offhook.models.base import LanguageModel
    from offhook.tools.knowledge import Knowledge
    from offhook.tools.mcp import MCPServer

__all__ = [
    "check_handler",
    "check_realtime",
    "check_without_realtime",
    "checked_knowledge",
    "checked_llm",
    "checked_mcp",
    "kind_of_function",
    "plain",
]


def checked_llm(
    llm: str | LanguageModel | Sequence[str | LanguageModel] | None, instructions: Instructions, dialog: Dialog | None
) -> list[str | LanguageModel] | None:
    """The models, as far as can be said without making them; ``None``: there is none.

    Raises:
        ConfigError: instructions for nobody, a dialog besides, a name that nobody knows, or what is no model.
    """
    if llm is None:
        if instructions:
            raise ConfigError(
                "expected a language model for the instructions, got none.", fix='Agent(…, llm="openai:gpt-5-mini")'
            )
        return None
    if dialog is not None:
        raise ConfigError("expected a dialog or a language model, got both.", fix="leave one out")
    models: list[Any] = [*llm] if isinstance(llm, (list, tuple)) else [llm]
    if not models:
        raise ConfigError("expected a language model, got an empty list of them.", fix='llm="openai:gpt-5-mini"')
    for model in models:
        if isinstance(model, str):
            check_name(model)
        elif not callable(getattr(model, "stream", None)):
            raise ConfigError(
                f"expected language models by name or with a method stream, got {kind_of(model)}.",
                fix='llm="openai:gpt-5-mini"',
            )
    return models


def check_realtime(realtime: object, **others: object) -> None:
    """See whether an agent with a realtime model has nothing that it would not use.

    Raises:
        ConfigError: it has.
    """
    given = [name for name, value in others.items() if value is not None]
    if realtime is not None and given:
        raise ConfigError(
            f"expected a realtime model, which hears, thinks and speaks, got {' and '.join(given)} besides.",
            fix="leave out one or the other",
        )


def check_without_realtime(realtime: object, what: str, fix: str) -> None:
    """See whether an agent has no realtime model, which would not let it have its say.

    Raises:
        ConfigError: it has.
    """
    if realtime is not None:
        raise ConfigError(f"expected {what} for an agent that thinks for itself, got a realtime model.", fix=fix)


def checked_knowledge(
    given: str | os.PathLike[str] | Knowledge | Sequence[str | os.PathLike[str]] | None, llm: object
) -> Knowledge | None:
    """What the model can look up.

    Raises:
        ConfigError: there is no model, or what is given is no document.
    """
    if given is None:
        return None
    from offhook.tools.knowledge import Knowledge

    if llm is None:
        raise ConfigError(
            "expected a language model that looks things up, got knowledge and none.",
            fix='Agent(…, llm="openai:gpt-5-mini")',
        )
    if isinstance(given, Knowledge):
        return given
    return Knowledge(*given) if isinstance(given, (list, tuple)) else Knowledge(given)  # type: ignore[arg-type]


def checked_mcp(given: Sequence[str | MCPServer], llm: object) -> Sequence[MCPServer]:
    """The servers whose tools the model may use.

    Raises:
        ConfigError: there is no model, or what is given is no list of servers.
    """
    if isinstance(given, str):
        raise ConfigError("expected a list of MCP servers, got one text.", fix=f"mcp=[{given!r}]")
    if given and llm is None:
        raise ConfigError(
            "expected a language model that uses tools, got MCP servers and none.",
            fix='Agent(…, llm="openai:gpt-5-mini")',
        )
    if not given:
        return ()
    from offhook.tools.mcp import MCPServer

    return tuple(one if isinstance(one, MCPServer) else MCPServer(one) for one in given)


def plain(phrase: str) -> str:
    """A phrase as it is compared with others."""
    return " ".join(phrase.lower().split())


def kind_of_function(handler: Callable[..., Any]) -> str:
    """What a function is that is no ``async def``."""
    return "function that yields" if inspect.isasyncgenfunction(handler) else "plain function"


def check_handler(handler: Callable[..., Any], of: str, wanted: str, counts: tuple[int, ...]) -> None:
    """See whether a function can be called with one of these numbers of arguments.

    Raises:
        ConfigError: it cannot.
    """
    name = getattr(handler, "__name__", "handler")
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        got = f"an object of type {type(handler).__name__} that cannot be called so"
        raise ConfigError(f"expected a function for {of}, got {got}.", fix=f"write a def {name}(…)") from None
    for count in counts:
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return
    raise ConfigError(f"expected a function of {wanted} for {of}, got {name}{signature}.", fix="change its parameters")
