"""A voice's session without I/O: what all providers have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.formats import PCMU
from offhook.errors import EngineError
from offhook.providers.cartesia import CartesiaSession
from offhook.providers.deepgram_aura import AuraSession
from offhook.providers.elevenlabs import ElevenLabsSession
from offhook.providers.rime import RimeSession
from offhook.providers.speaking import Spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.providers.speaking import Said, SpeakingSession

MAKES: dict[str, Callable[[], SpeakingSession]] = {
    "aura": lambda: AuraSession("Deepgram", PCMU),
    "cartesia": lambda: CartesiaSession(PCMU, {}),
    "elevenlabs": lambda: ElevenLabsSession(PCMU, {"speed": 1.1}),
    "rime": lambda: RimeSession(PCMU),
}


def told(session: SpeakingSession, *messages: Any) -> list[Said]:
    said: list[Said] = []
    for message in messages:
        said += session.received(json.dumps(message) if isinstance(message, dict) else message)
    return said


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_no_more_is_asked_for_at_once_than_a_vendor_takes(make: Callable[[], SpeakingSession]) -> None:
    """The others wait for those before them; what is cancelled is not asked for later."""
    session = make()
    asked = [bool(session.say(number, "Hello.")) for number in range(1, 8)]
    most = asked.index(False)
    assert asked == [True] * most + [False] * (7 - most)
    assert session.all_owed() == [(number, "Hello.") for number in range(1, 8)]
    assert session.next() == []
    assert list(session.said(1)) == [Spoken(1)]
    assert list(session.said(1)) == []
    assert session.next()
    assert [*session.owed] == list(range(2, 2 + most))
    assert session.cancel()
    assert session.all_owed() == []
    assert session.cancel() == []
    assert session.next() == []


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
@given(
    message=st.one_of(
        st.text(),
        st.binary(max_size=40),
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("1"),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "type",
                            "contextId",
                            "context_id",
                            "data",
                            "audio",
                            "alignment",
                            "word_timestamps",
                            "chars",
                            "x",
                        ]
                    ),
                    inner,
                    max_size=6,
                )
            ),
            max_leaves=12,
        ).map(json.dumps),
    )
)
def test_whatever_comes_is_read_or_is_an_error(make: Callable[[], SpeakingSession], message: str | bytes) -> None:
    """Of ours; and what is told is of sentences that are owed."""
    session = make()
    session.say(1, "Hello.")
    try:
        for event in session.received(message):
            assert event.sentence == 1
    except EngineError:
        pass


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_what_was_cancelled_is_not_told(make: Callable[[], SpeakingSession]) -> None:
    """However late it comes, its errors too."""
    session = make()
    session.say(1, "Hello.")
    session.cancel()
    audio = "AAAA"
    late: list[dict[str, Any]] = [
        {"type": "chunk", "context_id": "1", "contextId": "1", "data": audio, "audio": audio},
        {"type": "done", "context_id": "1", "contextId": "1", "isFinal": True},
        {"type": "Flushed"},
    ]
    assert told(session, *late) == []
    if not isinstance(session, AuraSession):
        assert told(session, {"type": "error", "error": "x", "context_id": "1", "contextId": "1"}) == []
