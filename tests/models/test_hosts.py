"""The table of hosts: names, keys, addresses, and what each model wants otherwise."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from offhook.errors import ConfigError
from offhook.models.hosts import HOSTS, OTHER, Host, host_at, split_name


def test_every_host_has_an_address_and_says_where_its_key_is() -> None:
    """Those without a key run on this machine."""
    for name, host in HOSTS.items():
        parts = urlsplit(host.base_url)
        assert host.name == name
        assert parts.hostname
        assert not host.base_url.endswith("/")
        assert host.addresses[0] == f"OFFHOOK_{name.upper()}_BASE_URL"
        assert bool(host.keys) == (parts.scheme == "https"), name


@pytest.mark.parametrize(
    ("name", "host", "model"),
    [
        ("openai:gpt-5-mini", "openai", "gpt-5-mini"),
        (" Groq:openai/gpt-oss-20b ", "groq", "openai/gpt-oss-20b"),
        ("ollama:llama3.2:3b", "ollama", "llama3.2:3b"),
    ],
)
def test_what_stands_before_the_first_colon_is_the_host(name: str, host: str, model: str) -> None:
    """The rest is the model, colons and all."""
    assert split_name(name) == (HOSTS[host], model)


@pytest.mark.parametrize("name", ["gpt-5-mini", "", "nobody:gpt", "openai:", "openai: "])
def test_a_name_without_a_host_or_a_model_is_none(name: str) -> None:
    """It is said how one is written."""
    with pytest.raises(ConfigError) as wrong:
        split_name(name)
    assert ":" in (wrong.value.fix or "")


def test_a_host_is_known_by_its_own_address() -> None:
    """Any other is nobody's."""
    assert host_at("https://api.mistral.ai/v1/") is HOSTS["mistral"]
    assert host_at("http://10.0.0.7/v1") is OTHER
    assert OTHER.keys == ()


@pytest.mark.parametrize(
    ("host", "model", "extra", "temperature"),
    [
        ("openai", "gpt-5-mini", {"reasoning_effort": "minimal"}, False),
        ("openai", "gpt-5", {"reasoning_effort": "minimal"}, False),
        ("openai", "gpt-5-chat-latest", {}, False),
        ("openai", "gpt-5.1-chat-latest", {}, False),
        ("openai", "gpt-5.6-luna", {"reasoning_effort": "none"}, False),
        ("openai", "gpt-5.2-pro", {"reasoning_effort": "low"}, False),
        ("openai", "o4-mini", {"reasoning_effort": "low"}, False),
        ("openai", "gpt-4.1-mini", {}, True),
        ("openai", "gpt-4o", {}, True),
        ("gemini", "gemini-2.5-flash", {"reasoning_effort": "none"}, True),
        ("gemini", "models/gemini-3-flash-preview", {"reasoning_effort": "minimal"}, True),
        ("gemini", "gemini-3.1-pro", {"reasoning_effort": "low"}, True),
        ("gemini", "gemini-2.0-pro", {}, True),
        ("groq", "qwen/qwen3-32b", {"reasoning_effort": "none"}, True),
        ("groq", "llama-3.3-70b-versatile", {}, True),
        ("deepseek", "deepseek-chat", {"thinking": {"type": "disabled"}}, True),
        ("vllm", "Qwen/Qwen3-8B", {"chat_template_kwargs": {"enable_thinking": False}}, True),
        ("ollama", "qwen3:4b", {"reasoning_effort": "none"}, True),
        ("ollama", "llama3.2", {}, True),
    ],
)
def test_a_model_is_asked_not_to_think_before_its_first_word(
    host: str, model: str, extra: dict[str, object], temperature: bool
) -> None:
    """And is not sent what it refuses."""
    rule = HOSTS[host].rule(model)
    assert rule.extra == extra
    assert ("temperature" not in rule.without) is temperature


def test_a_host_without_rules_has_the_plain_one() -> None:
    """Nothing more, nothing left out."""
    rule = Host(name="x", base_url="").rule("anything")
    assert (rule.extra, rule.without) == ({}, frozenset())
