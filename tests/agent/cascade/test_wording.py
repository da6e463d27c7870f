"""From the text of an answer to the sentences that a voice is asked for."""

from __future__ import annotations

from offhook.agent.cascade.wording import Sentence, Wording, sentence_of, sentences_of


def goes_on(sentences: list[Sentence]) -> list[tuple[str, bool]]:
    return [(sentence.shown, sentence.goes_on) for sentence in sentences]


def test_all_sentences_of_a_whole_speech_go_on_but_the_last() -> None:
    """What follows is known."""
    assert goes_on(sentences_of("One. Two. Three")) == [("One.", True), ("Two.", True), ("Three", False)]
    assert goes_on(sentences_of("One. Two.")) == [("One.", True), ("Two.", False)]
    assert sentences_of(" ") == []


def test_a_sentence_that_words_follow_goes_on() -> None:
    """A model's pieces show that there is more; who gives whole sentences does not."""
    wording = Wording()
    assert goes_on(wording.push("One")) == []
    assert goes_on(wording.push(". Two. Th")) == [("One.", True), ("Two.", True)]
    assert goes_on(wording.push("ree. ")) == [("Three.", False)]
    assert goes_on(wording.push("Four.")) == [("Four.", False)]
    assert goes_on(wording.push("Five")) == []
    assert goes_on(wording.flush()) == [("Five", False)]
    assert wording.flush() == []


def test_what_is_left_of_a_sentence_is_a_sentence() -> None:
    """Said as it is shown."""
    assert sentence_of("and two.", goes_on=True) == Sentence("and two.", "and two.", goes_on=True)
