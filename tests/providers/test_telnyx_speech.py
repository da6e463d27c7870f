"""The protocol of Telnyx's voices without I/O."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import EngineError, EngineRefused, EngineUnavailable
from offhook.providers.telnyx_speech import TelnyxSpeech

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["audio", "text", "isFinal", "error", "type"]), inner, max_size=5)
    ),
    max_leaves=8,
)


def chunk(audio: bytes | None, text: str | None = None, **more: Any) -> str:
    written = base64.b64encode(audio).decode() if audio else None
    return json.dumps({"audio": written, "text": text, "isFinal": False, **more})


FINAL = chunk(None, "", isFinal=True)


def test_a_sentence_is_asked_for_at_once_and_alone() -> None:
    """After what must come first, with the settings of the voice; it need not end as a sentence does."""
    session = TelnyxSpeech({"voice_speed": 1.2})
    assert json.loads(*session.opening()) == {"text": " ", "voice_settings": {"voice_speed": 1.2}}
    assert json.loads(*TelnyxSpeech({}).opening()) == {"text": " "}
    assert [json.loads(message) for message in session.ask("And then")] == [
        {"text": "And then", "flush": True},
        {"text": ""},
    ]


def test_audio_that_is_streamed_is_taken_as_it_comes() -> None:
    """Not once more with its text; of each part of the sentence."""
    session = TelnyxSpeech({})
    messages = [chunk(b"a"), chunk(b"b"), chunk(b"ab", "One."), chunk(b"c"), chunk(None, "Two.")]
    assert [session.received(message) for message in messages] == [b"a", b"b", b"", b"c", b""]
    assert not session.over
    assert session.received(FINAL) == b""
    assert session.over


def test_audio_that_comes_with_its_text_is_taken() -> None:
    """Where nothing of that text came before it."""
    session = TelnyxSpeech({})
    assert [session.received(chunk(b"a", "One.")), session.received(chunk(b"b", "Two."))] == [b"a", b"b"]
    assert session.received(chunk(b"c", "Three.", isFinal=True)) == b"c"
    assert session.over


def test_a_sentence_without_audio_is_not_over_before_its_connection_is() -> None:
    """What says that all is done may come first."""
    session = TelnyxSpeech({})
    session.received(FINAL)
    assert session.final
    assert not session.over
    session.received(chunk(b"a"))
    assert session.over


@pytest.mark.parametrize(
    ("said", "kind"), [("Error in audio response", EngineUnavailable), ("Invalid voice_id specified", EngineRefused)]
)
def test_an_error_is_told(said: str, kind: type[EngineError]) -> None:
    """What is invalid is so the next time, too; its own words are not told."""
    with pytest.raises(kind) as told:
        TelnyxSpeech({}).received(json.dumps({"error": said}))
    assert said not in str(told.value)


@given(message=st.one_of(st.text(), st.binary(max_size=20), JSON.map(json.dumps)))
def test_whatever_comes_is_read_or_is_an_error(message: str | bytes) -> None:
    """Of ours."""
    with suppress(EngineError):
        assert isinstance(TelnyxSpeech({}).received(message), bytes)
