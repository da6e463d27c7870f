"""Who serves models by OpenAI's chat protocol, where, and what each wants otherwise: a table.

What a provider changes is changed here. Where no source is named it is what the provider's own reference says of its
OpenAI-compatible endpoint. What this table does not know is learned from refusals (:func:`offhook.models.chat.blamed`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from offhook.errors import ConfigError, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HOSTS", "OTHER", "Host", "ModelRule", "host_at", "split_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """What some models of a host want otherwise."""

    pattern: str
    """Found at the beginning of the model's name, whatever its case."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Fields of every request: above all, not to think before the first word."""
    without: frozenset[str] = frozenset()
    """Fields that they refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One provider, or one kind of server."""

    name: str
    """As in ``"groq:llama-3.3-70b-versatile"``."""
    base_url: str
    """Where it is, up to ``/chat/completions``."""
    keys: tuple[str, ...] = ()
    """The environment variables that may hold its key; none: it wants no key."""
    addresses: tuple[str, ...] = ()
    """The environment variables that name another address."""
    rules_role: Literal["system", "developer"] = "system"
    """The role of what the model is told to be and do."""
    most_tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The field that bounds an answer."""
    usage: bool = True
    """Whether it takes ``stream_options``, and then counts tokens."""
    tool_names: bool = True
    """Whether the result of a tool has to name the tool."""
    caller_first: bool = False
    """Whether its templates want the first message to be the caller's."""
    call_extra: Mapping[str, object] = field(default_factory=dict)
    """What each tool call carries when it is told again."""
    models: tuple[ModelRule, ...] = ()
    """The first that fits a model counts."""

    def rule(self, model: str) -> ModelRule:
        """What ``model`` wants otherwise."""
        for rule in self.models:
            if re.match(rule.pattern, model, re.IGNORECASE):
                return rule
        return _NO_RULE


_NO_RULE = ModelRule(pattern="")
_NO_TEMPERATURE = frozenset({"temperature"})
_TEMPLATE_DOES_NOT_THINK = (ModelRule(pattern="", extra={"chat_template_kwargs": {"enable_thinking": False}}),)
"""A template that knows no such word ignores it."""


def _host(name: str, base_url: str, *keys: str, **more: object) -> Host:
    return Host(
        name=name,
        base_url=base_url,
        keys=keys,
        addresses=(f"OFFHOOK_{name.upper()}_BASE_URL", *more.pop("addresses", ())),  # type: ignore[misc]
        **more,  # type: ignore[arg-type]
    )


def _reasoning(pattern: str, effort: str) -> ModelRule:
    """Models of OpenAI that think: as little as they can, and at their own temperature."""
    return ModelRule(pattern=pattern, extra={"reasoning_effort": effort}, without=_NO_TEMPERATURE)


OTHER = Host(name="other", base_url="", caller_first=True)
"""A server of which only the address is known."""

HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        _host(
            "openai",
            "https://api.openai.com/v1",
            "OPENAI_API_KEY",
            addresses=("OPENAI_BASE_URL",),
            rules_role="developer",
            most_tokens="max_completion_tokens",
            tool_names=False,
            # Which efforts and temperatures a model takes is in its refusals: "Supported values are: …".
            models=(
                ModelRule(pattern=r"gpt-5(\.\d+)?-chat", without=_NO_TEMPERATURE),
                _reasoning(r"gpt-5(-|$)", "minimal"),
                _reasoning(r"gpt-\d+(\.\d+)?-pro|o\d", "low"),
                _reasoning(r"gpt-([5-9]|\d\d)(\.|-|$)", "none"),
            ),
        ),
        _host(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            caller_first=True,
            # Gemini 3 refuses calls that are told again without a signature; this one says that there is none
            # (ai.google.dev/gemini-api/docs/thought-signatures).
            call_extra={"extra_content": {"google": {"thought_signature": "skip_thought_signature_validator"}}},
            models=(
                ModelRule(pattern="(models/)?gemini-2.5-flash", extra={"reasoning_effort": "none"}),
                ModelRule(pattern="(models/)?gemini-.*flash", extra={"reasoning_effort": "minimal"}),
                ModelRule(pattern="(models/)?gemini-([3-9]|2.5)", extra={"reasoning_effort": "low"}),
            ),
        ),
        _host(
            "deepseek",
            "https://api.deepseek.com/v1",
            "DEEPSEEK_API_KEY",
            models=(ModelRule(pattern="", extra={"thinking": {"type": "disabled"}}),),
        ),
        _host(
            "groq",
            "https://api.groq.com/openai/v1",
            "GROQ_API_KEY",
            most_tokens="max_completion_tokens",
            models=(
                ModelRule(pattern="(openai/)?gpt-oss", extra={"reasoning_effort": "low"}),
                ModelRule(pattern="(qwen/)?qwen-?3", extra={"reasoning_effort": "none"}),
            ),
        ),
        _host("telnyx", "https://api.telnyx.com/v2/ai", "TELNYX_API_KEY", caller_first=True),
        _host("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", usage=False, caller_first=True),
        _host("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
        _host("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", caller_first=True),
        _host("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", caller_first=True),
        _host("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", caller_first=True),
        _host("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
        # On this machine, or one's own.
        _host(
            "ollama",
            "http://127.0.0.1:11434/v1",
            caller_first=True,
            models=(ModelRule(pattern="qwen3|deepseek-r1|gpt-oss", extra={"reasoning_effort": "none"}),),
        ),
        _host("vllm", "http://127.0.0.1:8000/v1", caller_first=True, models=_TEMPLATE_DOES_NOT_THINK),
        _host("llamacpp", "http://127.0.0.1:8080/v1", caller_first=True, models=_TEMPLATE_DOES_NOT_THINK),
    )
}
"""Those that are known, by their names."""


def split_name(name: str) -> tuple[Host, str]:
    """The host and the model of a name such as ``"openai:gpt-5-mini"``. What follows the first colon is the model's.

    Raises:
        ConfigError: there is no such host, or no model in it.
    """
    host, colon, model = name.partition(":")
    known = HOSTS.get(host.strip().lower())
    if known is None:
        told = f"no host named {host!r}" if colon else kind_of(name)
        raise ConfigError(
            f'expected a model as "host:model", got {told}.',
            fix=f"one of {', '.join(HOSTS)}; for another server: OpenAIModel(model=…, base_url=…)",
        )
    if not model.strip():
        raise ConfigError(f"expected the name of a model after {known.name}:, got nothing.", fix='"openai:gpt-5-mini"')
    return known, model.strip()


def host_at(base_url: str) -> Host:
    """The host whose own address this is; :data:`OTHER` if it is nobody's."""
    plain = base_url.rstrip("/")
    return next((host for host in HOSTS.values() if host.base_url == plain), OTHER)
