"""Something that a model says on a call, and what of it was heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offhook.agent.playout import Audio, Mark
from offhook.audio.formats import PCMU
from offhook.providers.realtime.utterance import Cut, Utterance

WORDS = "one two three four five six seven eight nine ten"
SECOND = b"\x10" * 8000


class Line:
    """Plays an utterance in real time, and returns its marks as they are played."""

    def __init__(self, utterance: Utterance) -> None:
        self.utterance = utterance
        self.now_ms = 0.0
        self.sent: list[tuple[float, str]] = []
        self.ends_ms = 0.0

    def run(self, ms: float) -> None:
        for _ in range(round(ms / 10)):
            for message in self.utterance.due(self.now_ms):
                if isinstance(message, Audio):
                    self.ends_ms = max(self.ends_ms, self.now_ms) + len(message.data) / 8
                else:
                    assert isinstance(message, Mark)
                    self.sent.append((self.ends_ms, message.name))
            self.now_ms += 10
            while self.sent and self.sent[0][0] <= self.now_ms:
                self.utterance.playout.mark_returned(self.sent.pop(0)[1], self.now_ms)


def test_what_is_said_to_its_end_was_heard() -> None:
    """Words and audio may come in any pieces."""
    utterance = Utterance("i1", PCMU)
    for word in WORDS.split():
        utterance.words(f" {word}")
    utterance.audio(SECOND)
    line = Line(utterance)
    line.run(500)
    assert not utterance.ended(line.now_ms)
    assert utterance.heard == ""
    utterance.audio(SECOND)
    utterance.finish()
    utterance.finish()
    utterance.audio(SECOND)
    line.run(2000)
    assert utterance.ended(line.now_ms)
    assert (utterance.heard, utterance.interrupted, utterance.over) == (WORDS, False, True)
    utterance.audio(SECOND)
    assert utterance.cut(line.now_ms) == Cut("i1", 2000)
    assert utterance.heard == WORDS


def test_of_what_is_cut_the_words_until_then_were_heard() -> None:
    """By their share of the audio, and so the model is told."""
    utterance = Utterance("i1", PCMU)
    utterance.words(WORDS)
    utterance.audio(SECOND * 2)
    utterance.finish()
    line = Line(utterance)
    line.run(1000)
    assert utterance.cut(line.now_ms) == Cut("i1", 1000)
    assert (utterance.heard, utterance.interrupted) == ("one two three four five", True)
    assert utterance.break_off() == WORDS


def test_words_that_come_after_their_audio_count() -> None:
    """Some hosts send them late."""
    utterance = Utterance("i1", PCMU)
    utterance.audio(b"")
    utterance.audio(SECOND * 2)
    utterance.words(WORDS)
    utterance.finish()
    line = Line(utterance)
    line.run(1000)
    utterance.cut(line.now_ms)
    assert utterance.heard == "one two three four five"
    utterance.words(" eleven")
    assert utterance.heard == "one two three four five"


def test_what_breaks_off_is_said_as_far_as_there_is_audio_of_it() -> None:
    """The rest of its words is not, and is known."""
    utterance = Utterance("i1", PCMU)
    utterance.words(WORDS)
    utterance.audio(SECOND)
    assert utterance.break_off() == "one two three"
    assert utterance.complete
    line = Line(utterance)
    line.run(1200)
    assert utterance.ended(line.now_ms)
    assert utterance.heard == "one two three"


def test_one_without_audio_says_nothing() -> None:
    """Whatever its words are."""
    utterance = Utterance("i1", PCMU)
    utterance.words(WORDS)
    assert not utterance.ended(0.0)
    utterance.finish()
    assert utterance.ended(0.0)
    assert utterance.heard == ""


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_what_was_heard_is_a_beginning_of_what_is_said(at_ms: int, audio_ms: int) -> None:
    """However much audio there is of it, and whenever it is cut."""
    utterance = Utterance("i1", PCMU)
    utterance.words(WORDS)
    utterance.audio(b"\x10" * (audio_ms * 8))
    line = Line(utterance)
    line.run(at_ms)
    cut = utterance.cut(line.now_ms)
    assert WORDS.startswith(utterance.heard)
    assert 0 <= cut.heard_ms <= audio_ms + 20
