"""Voices that hold a connection, through sockets: what the caller hears while one of them does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from offhook.audio.codecs.g711 import PcmuDecoder
from offhook.audio.formats import PCM_8K, PCMU, Rewriter
from offhook.audio.wav import read_wav
from offhook.speech.testing import tone

if TYPE_CHECKING:
    from pathlib import Path

DEEDS = ["refuse", "break", "hang", "mute", "silence"]
SAID = [
    text
    for deed in DEEDS
    for text in ("All is well.", f"Now I {deed} one or two of these many words. Then all is well.")
]


@pytest.fixture(scope="module")
def call(make_office: Any, exchange: Any) -> tuple[Any, str]:
    """One caller, and the first voice fails in every way."""
    office = make_office("voices:agent").ready()
    wait = {"wait_agent": True, "quiet_ms": 1500, "timeout_s": 20}
    call = office.place(*[step for _ in range(11) for step in (wait, {"say": "hours"})], record=True)
    office.agent.event("session.ended", call=call, timeout_s=150)
    office.over(call)
    return office, call


def test_every_answer_is_heard_to_its_end_and_nothing_twice(call: tuple[Any, str]) -> None:
    """Whatever the first voice does to it."""
    office, call_id = call
    spoken = office.told(call_id, "agent.speech_ended")
    assert [event["heard"] for event in spoken] == ["Hello and welcome.", *SAID, "Goodbye."]
    assert office.told(call_id, "session.ended")[0]["reason"] == "hangup"


def test_the_next_voice_is_heard_within_a_second_and_a_half(call: tuple[Any, str]) -> None:
    """Of when the answer was known; where the first voice refuses, at once."""
    office, call_id = call
    answered = office.told(call_id, "turn.answered")
    waits = [event["audio_ms"] - event["reply_ms"] for event in answered]
    assert len(waits) == 11
    assert max(waits) < 1500
    assert sum(wait < 500 for wait in waits) >= 9


def test_the_telephones_own_codec_goes_through_untouched(call: tuple[Any, str], exchange: Any, tmp_path: Path) -> None:
    """The caller hears, sample by sample, what the voice has written."""
    _, call_id = call
    (tmp_path / "call.wav").write_bytes(exchange.recording(call_id))
    rate, (_, heard) = read_wav(tmp_path / "call.wav")
    assert rate == 8000
    written = Rewriter(PCM_8K, PCMU).process(tone(8000, 300))
    assert PcmuDecoder().decode(written) in heard
    assert np.abs(np.frombuffer(heard, "<i2")).max() <= np.abs(np.frombuffer(tone(8000, 300), "<i2")).max() * 1.05
