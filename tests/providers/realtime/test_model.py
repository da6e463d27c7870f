"""A realtime model by name and by object."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.audio.formats import PCM_16K, PCMA, PCMU
from offhook.errors import ConfigError
from offhook.models.base import ToolSpec
from offhook.named import SPEECH_TO_SPEECH, make
from offhook.providers import OpenAIRealtime


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def session_of(model: OpenAIRealtime, audio: Any = PCMU, **more: Any) -> dict[str, Any]:
    settings = {"instructions": "Be short.", "tools": (), "language": "en-GB", "answers": True, "interrupts": True}
    return model.session(audio, audio, **{**settings, **more})


def test_it_is_made_by_name() -> None:
    """With or without which one."""
    assert make("a realtime model", SPEECH_TO_SPEECH, "openai:gpt-realtime-mini").name == "gpt-realtime-mini"
    assert make("a realtime model", SPEECH_TO_SPEECH, "openai").name == "gpt-realtime"
    with pytest.raises(ConfigError, match="realtime model"):
        make("a realtime model", SPEECH_TO_SPEECH, "nobody")


def test_it_is_asked_for_at_its_own_address_with_the_key() -> None:
    """Or at another one that is compatible."""
    link = OpenAIRealtime().link()
    assert link.url == "wss://api.openai.com/v1/realtime?model=gpt-realtime"
    assert link.headers == {"Authorization": "Bearer sk-secret"}
    assert "sk-secret" not in repr(link)
    local = OpenAIRealtime("m", base_url="http://127.0.0.1:9/v1").link()
    assert local.url == "ws://127.0.0.1:9/v1/realtime?model=m"


def test_on_azure_the_key_has_another_name() -> None:
    """And the model is that of the deployment."""
    link = OpenAIRealtime("desk", base_url="https://us.openai.azure.com/openai/v1", api_key="k").link()
    assert link.url == "wss://us.openai.azure.com/openai/v1/realtime?model=desk"
    assert link.headers == {"api-key": "k"}


def test_its_session_is_written_as_the_reference_has_it() -> None:
    """G.711 as it is on the line, everything else as pcm at 24 kHz."""
    tool = ToolSpec("book", "Book it.", {"type": "object", "properties": {}})
    session = session_of(OpenAIRealtime(speed=1.2, options={"max_output_tokens": 500}), tools=(tool,))
    assert session["audio"] == {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
            "turn_detection": {"type": "server_vad", "create_response": True, "interrupt_response": True},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1.2},
    }
    assert session["tools"] == [
        {
            "type": "function",
            "name": "book",
            "description": "Book it.",
            "parameters": {"type": "object", "properties": {}},
        }
    ]
    assert session["max_output_tokens"] == 500
    assert session_of(OpenAIRealtime(), PCMA)["audio"]["input"]["format"] == {"type": "audio/pcma"}
    assert session_of(OpenAIRealtime(), PCM_16K)["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}


def test_turns_are_taken_by_silence_or_by_the_words() -> None:
    """With what is set of either."""
    by_silence = OpenAIRealtime(threshold=0.6, silence_ms=700, prefix_ms=200).turns(answers=False, interrupts=True)
    assert by_silence == {
        "type": "server_vad",
        "threshold": 0.6,
        "silence_duration_ms": 700,
        "prefix_padding_ms": 200,
        "create_response": False,
        "interrupt_response": True,
    }
    by_words = OpenAIRealtime(eagerness="low").turns(answers=True, interrupts=False)
    assert by_words == {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": True,
        "interrupt_response": False,
    }


@pytest.mark.parametrize(
    "wrong", [{"eagerness": "hasty"}, {"threshold": 2}, {"silence_ms": 10}, {"prefix_ms": -1}, {"speed": 9}]
)
def test_what_cannot_work_is_said_at_once(wrong: dict[str, Any]) -> None:
    """With what would."""
    with pytest.raises(ConfigError) as caught:
        OpenAIRealtime(**wrong)
    assert caught.value.fix


def test_without_a_key_it_says_which_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its variable."""
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError) as caught:
        OpenAIRealtime()
    assert "OPENAI_API_KEY" in str(caught.value.fix)
