"""ElevenLabs' protocol without I/O."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offhook.audio.formats import PCMU
from offhook.errors import EngineUnavailable
from offhook.providers.elevenlabs import ElevenLabsSession
from offhook.providers.speaking import Said, SentenceAudio, SentenceWords, SpeakingSession, Spoken
from offhook.speech.streams import Word


def told(session: SpeakingSession, *messages: Any) -> list[Said]:
    said: list[Said] = []
    for message in messages:
        said += session.received(json.dumps(message) if isinstance(message, dict) else message)
    return said


def test_elevenlabs_tells_letters_which_become_words() -> None:
    """However they are cut; the last one is over with the sentence."""
    session = ElevenLabsSession(PCMU, {})
    session.say(1, "Hello there.")

    def letters(text: str, from_ms: int) -> dict[str, object]:
        starts = [from_ms + 10 * at for at in range(len(text))]
        return {"chars": [*text], "charStartTimesMs": starts, "charDurationsMs": [10] * len(text)}

    assert told(
        session,
        {"contextId": "1", "alignment": letters("Hel", 0)},
        {"contextId": "1", "alignment": letters("lo th", 30)},
        {"context_id": "1", "audio": "AAAA", "alignment": letters("ere.", 80)},
        {"contextId": "1", "isFinal": True},
    ) == [
        SentenceWords(1, (Word("Hello", 0, 50),)),
        SentenceAudio(1, b"\0\0\0"),
        SentenceWords(1, (Word("there.", 60, 120),)),
        Spoken(1),
    ]
    session.say(2, "Hm.")
    odd = {"chars": ["a", 7, "b"], "charStartTimesMs": [1, 2, "x"], "charDurationsMs": [None, 1, 1]}
    final = {"contextId": "2", "isFinal": True}
    cut = {"contextId": "2", "alignment": {"chars": 1}}
    assert told(session, {"contextId": "2", "alignment": odd}, cut, final) == [
        SentenceWords(2, (Word("a", 1, 1),)),
        Spoken(2),
    ]
    session.say(3, "Hm.")
    assert told(session, {"contextId": "3", "isFinal": True}) == [Spoken(3)]
    assert session.ending() == ('{"close_socket":true}',)
    with pytest.raises(EngineUnavailable):
        told(session, {"error": "quota"})


@pytest.mark.parametrize("goes_on", [True, False])
def test_times_of_letters_are_those_of_the_sentence(goes_on: bool) -> None:
    """Whether they begin anew with each message, as they are said to, or go on."""
    session = ElevenLabsSession(PCMU, {})
    session.say(1, "Hello there you.")
    said = []
    for text, from_ms in (("Hel", 0), ("lo there ", 300), ("you.", 1200)):
        first = from_ms if goes_on else 0
        starts = [first + 100 * at for at in range(len(text))]
        letters = {"chars": [*text], "charStartTimesMs": starts, "charDurationsMs": [100] * len(text)}
        said += told(session, {"contextId": "1", "normalizedAlignment": letters})
    said += told(session, {"contextId": "1", "isFinal": True})
    assert [word for each in said if isinstance(each, SentenceWords) for word in each.words] == [
        Word("Hello", 0, 500),
        Word("there", 600, 1100),
        Word("you.", 1200, 1600),
    ]


def test_settings_of_the_voice_go_with_each_context() -> None:
    """Where there are some."""
    assert "voice_settings" in ElevenLabsSession(PCMU, {"speed": 1.1}).say(1, "Hm.")[0]
    assert "voice_settings" not in ElevenLabsSession(PCMU, {}).say(1, "Hm.")[0]
