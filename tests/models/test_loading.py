"""Language models by name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from offhook.errors import ConfigError
from offhook.models.loading import check_name, load_model


def test_a_name_is_looked_at_without_making_anything() -> None:
    """Hosts of OpenAI's protocol, and the kinds beside them, whatever is installed."""
    check_name("openai:gpt-5-mini")
    check_name("livekit:google.LLM")
    with pytest.raises(ConfigError, match="no host named 'openia'"):
        check_name("openia:gpt-5-mini")


def test_a_model_of_openais_protocol_is_made_by_its_name(monkeypatch: pytest.MonkeyPatch, require: Any) -> None:
    """With the key that the environment holds."""
    require(find_spec("openai") is not None, "the extra openai")
    monkeypatch.setenv("GROQ_API_KEY", "none")
    assert repr(load_model("groq:llama-3.3-70b-versatile")) == "<OpenAIModel groq:llama-3.3-70b-versatile>"
