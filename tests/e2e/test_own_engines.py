"""An agent whose engines are not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from offhook.audio.wav import read_wav

if TYPE_CHECKING:
    from pathlib import Path

WAIT = {"wait_agent": True, "quiet_ms": 400, "timeout_s": 10}


def test_a_voice_and_a_recogniser_of_ones_own_hold_the_conversation(
    make_office: Any, exchange: Any, tmp_path: Path
) -> None:
    """What that recogniser hears is answered, and the caller hears that voice."""
    office = make_office("own_engines:agent").ready()
    call = office.place(WAIT, {"say": "bicycle"}, WAIT, {"hang_up": True}, record=True)
    office.over(call)
    said = [("greeting", "Hello and welcome."), ("reply", "We open at nine every morning.")]
    assert office.spoken(call) == said
    assert [event["text"] for event in office.told(call, "turn.heard")] == ["when are you open"]
    (tmp_path / "call.wav").write_bytes(exchange.recording(call))
    rate, (_, heard) = read_wav(tmp_path / "call.wav")
    samples = np.frombuffer(heard, "<i2").astype(float)
    loudest = np.fft.rfftfreq(len(samples), 1 / rate)[np.argmax(np.abs(np.fft.rfft(samples)))]
    assert 430 < loudest < 450
    assert np.count_nonzero(np.abs(samples) > 1000) > 0.6 * 0.9 * rate  # nine words of 100 ms
