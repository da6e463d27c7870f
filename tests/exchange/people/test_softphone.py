"""A phone whose mouth and ear are in a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from offhook.clock import ManualClock
from offhook.exchange.people.hearing import Sound, speech_span
from offhook.exchange.people.softphone import MOST_FRAMES, SOFTPHONE_RATE, START_FRAMES, WINDOW_FRAMES, Softphone
from offhook.exchange.people.voices import Clip

if TYPE_CHECKING:
    from collections.abc import Mapping

SILENCE = bytes(640)
WALL_MS = 1_767_225_600_000.0


@dataclass
class Handset:
    """Remembers what the phone does with it."""

    call_id: str = "call"
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def answer(self) -> None:
        raise AssertionError("a softphone does not pick up")

    def reject(self, cause: str) -> None:
        self.rejected.append(cause)

    def hang_up(self) -> None:
        raise AssertionError("a softphone is hung up by its page")

    def press(self, digit: str) -> None:
        raise AssertionError("keys are pressed by the page")

    def note(self, type: str, **fields: object) -> None:  # noqa: A002
        self.notes.append((type, fields))


@dataclass
class Browser:
    """The far end: what it hears and is told."""

    heard: list[bytes] = field(default_factory=list)
    told: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def tell(self, state: str, details: Mapping[str, object]) -> None:
        self.told.append((state, dict(details)))


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def phone(browser: Browser) -> Softphone:
    return Softphone("+15550151", hear=browser.heard.append, tell=browser.tell, clock=ManualClock())


def frame(number: int) -> bytes:
    """A frame that can be told from others."""
    return number.to_bytes(2, "little") * 320


def tone(ms: int) -> bytes:
    """Something loud."""
    at = np.arange(SOFTPHONE_RATE * ms // 1000) / SOFTPHONE_RATE
    return (8000 * np.sin(2 * np.pi * 300 * at)).astype("<i2").tobytes()


def clip(pcm: bytes, said: str = "hello") -> Clip:
    return Clip(pcm, SOFTPHONE_RATE, said, speech_span(pcm, SOFTPHONE_RATE))


def test_the_page_is_told_how_the_call_is(phone: Softphone, browser: Browser) -> None:
    """Ringing, connected, another party, a key, the end with its cause."""
    handset = Handset()
    phone.placed(handset, 0)
    phone.waiting(20)
    assert phone.handset is handset
    phone.connected(40)
    phone.bridged(60)
    phone.digit("7", 80)
    phone.ended("normal_clearing", 100)
    assert browser.told == [
        ("ringing", {}),
        ("connected", {}),
        ("bridged", {}),
        ("digit", {"digit": "7"}),
        ("ended", {"cause": "normal_clearing"}),
    ]
    assert phone.handset is None


def test_somebody_who_calls_it_finds_it_busy(phone: Softphone) -> None:
    """The browser phone only calls."""
    handset = Handset()
    phone.ring(handset, 0)
    assert handset.rejected == ["busy"]
    assert phone.handset is None


def test_two_frames_are_held_before_the_first_is_sent_on(phone: Softphone) -> None:
    """40 ms against an uneven browser; until then the line hears silence."""
    assert phone.mouth(0) == SILENCE
    phone.speak(frame(1))
    assert phone.mouth(20) == SILENCE
    phone.speak(frame(2))
    assert phone.mouth(40) == frame(1)
    phone.speak(frame(3))
    assert phone.mouth(60) == frame(2)
    assert phone.report() == {"frame_ms": 20, "dropped_frames": 0, "missing_frames": 0}


def test_a_browser_that_pauses_is_silent_and_begins_anew(phone: Softphone) -> None:
    """After a gap two frames are waited for again, and the gap is counted once."""
    phone.speak(frame(1))
    phone.speak(frame(2))
    assert [phone.mouth(0), phone.mouth(20)] == [frame(1), frame(2)]
    assert [phone.mouth(40), phone.mouth(60)] == [SILENCE, SILENCE]
    phone.speak(frame(3))
    assert phone.mouth(80) == SILENCE
    phone.speak(frame(4))
    assert phone.mouth(100) == frame(3)
    assert phone.report()["missing_frames"] == 1


def test_frames_that_come_too_fast_or_in_another_size_are_dropped(phone: Softphone) -> None:
    """A page that slept does not leave the caller late, and one of another make does not upset the line."""
    for number in range(MOST_FRAMES + 3):
        phone.speak(frame(number))
    phone.speak(b"\0" * 638)
    assert phone.report()["dropped_frames"] == 4
    assert phone.mouth(0) == frame(0)


def delay(phone: Softphone, pcm: bytes, ticks: int) -> int:
    """Frames that wait after so many ticks of a browser that is even again."""
    for tick in range(ticks):
        phone.speak(pcm)
        phone.mouth(20 * tick)
    return len(phone._frames)


def test_a_caller_whose_browser_paused_is_on_time_again_as_soon_as_it_is_quiet(phone: Softphone) -> None:
    """What came at once after the pause is held no longer than the line needs; speech is not cut for it."""
    speech = tone(20)
    for _ in range(MOST_FRAMES):
        phone.speak(speech)
    phone.mouth(0)
    assert delay(phone, speech, 3 * WINDOW_FRAMES) == MOST_FRAMES - 1
    assert delay(phone, SILENCE, 3 * WINDOW_FRAMES) == START_FRAMES - 1
    assert phone.report()["missing_frames"] == 0


def test_an_uneven_browser_keeps_what_it_needs(phone: Softphone) -> None:
    """Frames that come three at a time: none is left out, and none is missing."""
    for tick in range(10 * WINDOW_FRAMES):
        if tick % 3 == 0:
            for _ in range(3):
                phone.speak(SILENCE)
        phone.mouth(20 * tick)
    assert phone.report() == {"frame_ms": 20, "dropped_frames": 0, "missing_frames": 0}


def test_what_was_said_while_it_rang_is_forgotten(phone: Softphone) -> None:
    """The agent does not hear the past."""
    for number in range(3):
        phone.speak(frame(number))
    phone.connected(0)
    assert phone.mouth(20) == SILENCE


def test_all_that_is_heard_goes_to_the_page_and_its_speech_is_timed(phone: Softphone, browser: Browser) -> None:
    """Beginning and end of what is heard are noted as times of day: latency is counted to them."""
    handset = Handset()
    phone.placed(handset, 0)
    sound = tone(100)
    frames = [SILENCE, *(sound[at : at + 640] for at in range(0, len(sound), 640)), *[SILENCE] * 20]
    for number, pcm in enumerate(frames):
        phone.ear(pcm, 20.0 * number)
    assert browser.heard == frames
    (began, began_at), (ended, ended_at) = handset.notes
    assert (began, ended) == ("caller.hears_speech", "caller.hears_silence")
    assert began_at["at_ms"] == pytest.approx(WALL_MS + 20, abs=2)
    assert ended_at["at_ms"] == pytest.approx(WALL_MS + 120, abs=2)


def test_what_is_heard_when_nobody_is_on_the_line_is_not_noted(phone: Softphone, browser: Browser) -> None:
    """Without a handset there is no timeline to write to."""
    phone.ear(tone(20), 0)
    assert len(browser.heard) == 1


def test_typed_words_are_said_in_place_of_the_microphone(phone: Softphone) -> None:
    """The exchange says them, and so knows to the millisecond when they began and ended."""
    handset = Handset()
    phone.placed(handset, 0)
    phone.connected(0)
    words = SILENCE + tone(40) + SILENCE[:100]
    phone.say(clip(words))
    phone.speak(frame(1))
    phone.speak(frame(2))
    said = [phone.mouth(1000 + 20 * number) for number in range(4)]
    assert b"".join(said) == words.ljust(4 * 640, b"\0")
    (began, began_fields), (ended, ended_fields) = handset.notes
    assert (began, ended) == ("caller.speech_started", "caller.speech_ended")
    assert began_fields["said"] == ended_fields["said"] == "hello"
    assert began_fields["at_ms"] == pytest.approx(WALL_MS + 1000, abs=2)  # a frame was spoken in the 20 ms before
    assert ended_fields["at_ms"] == pytest.approx(WALL_MS + 1040, abs=2)
    assert phone.mouth(1080) == SILENCE, "what the microphone gave meanwhile is not said afterwards"


def test_typed_words_follow_each_other(phone: Softphone) -> None:
    """The second waits for the first."""
    first, second = tone(20), tone(20)[::-1]
    phone.say(clip(first))
    phone.say(clip(second))
    assert [phone.mouth(0), phone.mouth(20), phone.mouth(40)] == [first, second, SILENCE]


def test_a_clip_without_speech_is_said_and_not_noted(phone: Softphone) -> None:
    """Silence is nothing to count from."""
    handset = Handset()
    phone.placed(handset, 0)
    phone.say(Clip(SILENCE, SOFTPHONE_RATE, "", None))
    assert phone.mouth(0) == SILENCE
    assert handset.notes == []


def test_typed_words_end_with_the_call(phone: Softphone) -> None:
    """What was not said yet is not said on the next call."""
    phone.say(Clip(tone(40), SOFTPHONE_RATE, "", Sound(0, 40)))
    phone.ended("normal_clearing", 0)
    assert phone.mouth(20) == SILENCE
