"""One question to a voice, to a recogniser, to a model."""

from __future__ import annotations

import pytest

from offhook.errors import EngineError
from offhook.models.base import Finished, ToolCall, ToolSpec
from offhook.models.testing import FakeModel
from offhook.probing.engines import SENTENCE, Spoken, ask_model, ask_recogniser, ask_voice
from offhook.speech.batch import streaming
from offhook.speech.batch_voice import as_streaming
from offhook.speech.streams import PCM_16K, FinalWords, StreamBroke
from offhook.speech.testing import FakeStreamingStt, FakeStreamingTts, FakeStt, FakeTts, tone


def heard() -> Spoken:
    spoken = Spoken()
    spoken.audio = tone(16000, 200)
    return spoken


async def test_a_voice_says_a_sentence_twice_on_one_connection() -> None:
    """The first time includes connecting; what it says is kept for recognisers, at their rate."""
    voice, spoken = FakeStreamingTts(first_ms=1.0), Spoken()
    found = await ask_voice(voice, spoken)
    assert voice.spoken == [SENTENCE, SENTENCE]
    assert found.first_ms is not None
    assert found.again_ms is not None
    assert found.what == "2.2 s of pcmu at 8000 Hz"
    assert len(spoken.audio) == pytest.approx(2200 * PCM_16K.bytes_per_ms, rel=0.01)


async def test_a_voice_that_makes_whole_sentences_is_asked_likewise() -> None:
    """It is adapted as in a call."""
    found = await ask_voice(as_streaming(FakeTts()), Spoken())
    assert found.what == "2.2 s of pcm at 16000 Hz"


@pytest.mark.parametrize("deed", ["refuse", "break"])
async def test_a_voice_that_fails_is_told(deed: str) -> None:
    """As its own error."""
    with pytest.raises(EngineError):
        await ask_voice(FakeStreamingTts(deeds=[deed]), Spoken())  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("voice", "got"),
    [
        (FakeStreamingTts(deeds=["silence"]), "2.2 s of silence"),
        (FakeStreamingTts(word_ms=20.0), "got 0.2 s"),
        (FakeStreamingTts(word_ms=2000.0), "got 22.0 s"),
        (FakeStreamingTts(word_ms=0.0), "got none"),
    ],
)
async def test_audio_that_cannot_be_the_sentence_is_an_error(voice: FakeStreamingTts, got: str) -> None:
    """Silence, and what is too short or too long, as at a wrong rate."""
    with pytest.raises(EngineError, match=got):
        await ask_voice(voice, Spoken())


async def test_what_a_second_voice_says_is_not_kept() -> None:
    """All recognisers hear the same."""
    spoken = heard()
    before = spoken.audio
    await ask_voice(FakeStreamingTts(), spoken)
    assert spoken.audio is before


async def test_a_recogniser_hears_the_sentence() -> None:
    """It is told how many of the words were right."""
    found = await ask_recogniser(FakeStreamingStt([SENTENCE]), heard())
    assert found.first_ms is not None
    assert found.what.startswith("11 of 11 words")
    assert (await ask_recogniser(streaming(FakeStt(["book a table"])), heard())).what.startswith("3 of 11 words")


async def test_a_recogniser_that_hears_something_else_is_an_error() -> None:
    """What it has heard is not told."""
    with pytest.raises(EngineError, match=r"expected words of a sentence of 11, got 2 that are not in it\."):
        await ask_recogniser(FakeStreamingStt(["hello world"]), heard())


async def test_a_recogniser_that_breaks_off_is_told() -> None:
    """At once, not when its time is over."""
    with pytest.raises(EngineError, match="gone"):
        await ask_recogniser(FakeStreamingStt([StreamBroke(EngineError("gone"))]), heard())


async def test_where_no_voice_works_a_recogniser_is_asked_for_silence() -> None:
    """That it answers is known then, and nothing more."""
    found = await ask_recogniser(FakeStreamingStt([FinalWords("")]), Spoken())
    assert "no voice works" in found.what


async def test_a_model_is_asked_twice_with_its_tools() -> None:
    """A tool that it would use is an answer, too."""
    model = FakeModel("Yes.", [ToolCall("1", "look", "{}")])
    found = await ask_model(model, [ToolSpec("look", "Looks.", {"type": "object", "properties": {}})])
    assert model.offered == [("look",), ("look",)]
    assert found.what == "an answer of 1 piece, 1 tool taken"
    assert (await ask_model(FakeModel("Yes I am."), ())).what == "an answer of 3 pieces"


@pytest.mark.parametrize("answer", [[], [" "], [Finished(reason="refused")]])
async def test_a_model_that_says_nothing_is_an_error(answer: list[object]) -> None:
    """Or refuses to."""
    with pytest.raises(EngineError):
        await ask_model(FakeModel(answer), ())  # type: ignore[arg-type]
