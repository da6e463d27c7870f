"""Requests of OpenAI's chat protocol, for any host that speaks it. Pure.

Source: the API reference of chat completions, and what each host wants otherwise (:mod:`offhook.models.hosts`). So that
one conversation can go on at another host, nothing of a host's own goes back to any: calls of tools are numbered anew
in every request (in nine letters and digits, as Mistral wants them), and arguments that are no JSON object are told as
``{}``, as some servers parse them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from offhook.models.base import AssistantMessage, CallerMessage, Rules, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.models.base import Message, ToolCall, ToolSpec
    from offhook.models.hosts import Host

__all__ = ["THE_CALL_BEGINS", "ChatOptions", "blamed", "request"]

THE_CALL_BEGINS = "(the call begins)"
"""What the caller says first, for templates that want them to."""

_OTHER_BOUND = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_CAN_DO_WITHOUT = (
    "temperature",
    "reasoning_effort",
    "stream_options",
    "thinking",
    "chat_template_kwargs",
    "max_completion_tokens",
    "max_tokens",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """What a request asks for besides an answer."""

    temperature: float | None = None
    """How much chance there is in the answer; ``None``: the host's own."""
    max_tokens: int | None = None
    """The longest answer; ``None``: the host's own."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """More fields of the body; they count more than the host's."""


def request(
    host: Host,
    model: str,
    messages: Sequence[Message],
    tools: Sequence[ToolSpec] = (),
    options: ChatOptions | None = None,
    *,
    without: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The body of a request that is answered as a stream.

    Args:
        host: whom it is for.
        model: as the host calls it.
        messages: the conversation.
        tools: what the model may use.
        options: what else is asked for.
        without: fields that the host was found to refuse. Where it is the bound of the answer, its other name is used.
    """
    options = options or ChatOptions()
    rule = host.rule(model)
    without = without | rule.without
    body: dict[str, Any] = {"model": model, "messages": _messages(host, messages), "stream": True}
    if host.usage:
        body["stream_options"] = {"include_usage": True}
    if tools:
        body["tools"] = [_tool(spec) for spec in tools]
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.max_tokens is not None:
        bound = host.most_tokens
        body[_OTHER_BOUND[bound] if bound in without else bound] = options.max_tokens
    body |= rule.extra
    body |= options.extra
    return {name: value for name, value in body.items() if name not in without}


def blamed(body: Mapping[str, object], param: str | None, words: str) -> str | None:
    """The field of a refused ``body`` that the refusal is about, if an answer can do without it.

    Args:
        body: what was sent.
        param: the field that the host names, if it does.
        words: what the host says.
    """
    for name in _CAN_DO_WITHOUT:
        if name in body and name == param:
            return name
    return next((name for name in _CAN_DO_WITHOUT if name in body and name in words), None)


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)}
    return {"type": "function", "function": function}


def _messages(host: Host, messages: Sequence[Message]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    numbers: dict[str, tuple[str, str]] = {}  # the last call of a model's id: our id, and the tool
    count = 0
    for message in messages:
        match message:
            case Rules(text):
                _add(told, host.rules_role, text)
            case CallerMessage(text):
                _add(told, "user", text)
            case AssistantMessage(text, tool_calls):
                if host.caller_first and not any(one["role"] == "user" for one in told):
                    _add(told, "user", THE_CALL_BEGINS)
                _add(told, "assistant", text)
                calls = []
                for call in tool_calls:
                    count += 1
                    numbers[call.id] = own_id, _ = f"call{count:05d}", call.name
                    calls.append(_call(host, own_id, call))
                if calls:
                    _add_calls(told, calls)
            case ToolResult(call_id, text) if call_id in numbers:
                own_id, name = numbers[call_id]
                result = {"role": "tool", "tool_call_id": own_id, "content": text}
                told.append(result | {"name": name} if host.tool_names else result)
    return told


def _add(told: list[dict[str, Any]], role: str, text: str) -> None:
    """Add words, to the message before if it is of the same role: some templates want roles to alternate."""
    if not text:
        return
    last = told[-1] if told else {}
    if last.get("role") == role and "tool_calls" not in last:
        last["content"] += f"\n{text}"
    else:
        told.append({"role": role, "content": text})


def _add_calls(told: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    """Add calls, to what is said before them if anything is: some hosts refuse a content that is empty."""
    if not told or told[-1]["role"] != "assistant" or "tool_calls" in told[-1]:
        told.append({"role": "assistant"})
    told[-1]["tool_calls"] = calls


def _call(host: Host, own_id: str, call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": _arguments(call.arguments)}
    return {"id": own_id, "type": "function", "function": function, **host.call_extra}


def _arguments(written: str) -> str:
    try:
        value = json.loads(written)
    except ValueError:
        return "{}"
    return written if isinstance(value, dict) else "{}"
