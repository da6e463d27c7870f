"""A language model of LiveKit's plugins: ``llm="livekit:google.LLM"``."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from offhook.models.base import (
    AssistantMessage,
    CallerMessage,
    Finished,
    Rules,
    TextPiece,
    ToolCall,
    ToolResult,
)
from offhook.providers.livekit.connecting import connecting
from offhook.providers.livekit.failures import failure
from offhook.providers.livekit.plugin import checked
from offhook.providers.livekit.surroundings import begin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from offhook.models.base import Message, ModelEvent, ToolSpec

__all__ = ["LiveKitModel", "named", "tool_of"]

_MOST_EXTRAS: Final = 1000


class LiveKitModel:
    """A plugin that answers messages (:class:`~offhook.models.base.LanguageModel`).

    Whether an answer was cut off at its most tokens is not known of it: LiveKit does not tell.

    Args:
        plugin: an ``LLM`` of one of LiveKit's plugins, or its name: ``"google.LLM"``, ``"anthropic.LLM(model=…)"``.

    Raises:
        ConfigError: it is no such plugin, or cannot be made.
        EngineMissing: LiveKit, or the plugin, is not installed.
    """

    def __init__(self, plugin: Any) -> None:
        self.plugin = checked(plugin, "LLM")
        self.name = f"livekit:{self.plugin.provider}/{self.plugin.model}"
        """What it is called in errors and in the log."""
        self._extras: OrderedDict[str, dict[str, Any]] = OrderedDict()  # what a model wants told again with its calls

    def __repr__(self) -> str:
        return f"<LiveKitModel {self.name}>"

    async def warm_up(self) -> None:
        """Let the plugin connect, where it can do so ahead."""
        await begin(self.plugin, self.plugin.prewarm)

    async def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), call_id: str | None = None
    ) -> AsyncGenerator[ModelEvent]:
        """The answer: see :class:`~offhook.models.base.LanguageModel`.

        Raises:
            EngineError: the plugin raises.
        """
        plugin, options = self.plugin, connecting()
        called, usage, stream = False, None, None
        try:
            context, offered = (
                self._context(messages),
                [tool_of(each.name, each.description, each.parameters) for each in tools],
            )
            stream = await begin(plugin, lambda: plugin.chat(chat_ctx=context, tools=offered, conn_options=options))
            async for chunk in stream:
                usage = chunk.usage or usage
                delta = chunk.delta
                if delta is None:
                    continue
                yield TextPiece(delta.content or "")
                for call in delta.tool_calls:
                    called = True
                    yield self._call(call)
        except Exception as error:
            failed = failure(plugin, error)
            failed.call_id = call_id
            raise failed from None
        finally:
            if stream is not None:
                await stream.aclose()
        yield Finished(
            reason="tools" if called else "stop",
            tokens_in=usage.prompt_tokens if usage is not None else None,
            tokens_out=usage.completion_tokens if usage is not None else None,
        )

    def _call(self, call: Any) -> ToolCall:
        if call.extra:
            self._extras[call.call_id] = call.extra
            if len(self._extras) > _MOST_EXTRAS:
                self._extras.popitem(last=False)
        return ToolCall(call.call_id, call.name, call.arguments)

    def _context(self, messages: Sequence[Message]) -> Any:
        """The messages as LiveKit has them."""
        from livekit.agents.llm import ChatContext, FunctionCall, FunctionCallOutput

        context = ChatContext.empty()
        names: dict[str, str] = {}
        for message in messages:
            match message:
                case Rules(text):
                    context.add_message(role="system", content=text)
                case CallerMessage(text):
                    context.add_message(role="user", content=text)
                case AssistantMessage(text, calls):
                    if text:
                        context.add_message(role="assistant", content=text)
                    for call in calls:
                        names[call.id] = call.name
                        context.items.append(
                            FunctionCall(
                                call_id=call.id,
                                name=call.name,
                                arguments=call.arguments,
                                extra=self._extras.get(call.id, {}),
                            )
                        )
                case ToolResult(call_id, text):
                    context.items.append(
                        FunctionCallOutput(call_id=call_id, name=names.get(call_id, ""), output=text, is_error=False)
                    )
        return context


def tool_of(name: str, description: str, parameters: Mapping[str, object]) -> Any:
    """A tool as LiveKit has them. It is never used there: calls of it are told, and used here."""
    from livekit.agents.llm import function_tool

    async def used(raw_arguments: dict[str, object]) -> None:
        raise NotImplementedError

    schema = {"name": name, "description": description, "parameters": dict(parameters)}
    return function_tool(used, raw_schema=schema)


def named(which: str) -> LiveKitModel:
    """``livekit:google.LLM``."""
    return LiveKitModel(which)
