"""Turn-taking, decision by decision."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.agent.cascade.decisions import (
    Decision,
    DraftTranscript,
    DropDraft,
    EndCall,
    Ignore,
    MayBeTurn,
    NotTheTurn,
    PauseAgent,
    RemindSilence,
    Resume,
    SpeechBegan,
    TurnEnded,
    Yield,
)
from offhook.agent.cascade.turns import AgentState, TurnTaking
from offhook.agent.cascade.utterance import words_of
from offhook.agent.options import Limits, TurnDetection, TurnOptions

WINDOW = 32.0
SPEECH, MAYBE, SILENCE = 0.9, 0.4, 0.05


class Conversation:
    """Drives a machine through time, 32 ms at a step, and keeps what it decides."""

    def __init__(
        self, options: TurnOptions | None = None, limits: Limits | None = None, *, ends_turns: bool = False
    ) -> None:
        self.turns = TurnTaking(options, limits=limits)
        self.turns.recogniser_hears(ends_turns=ends_turns)
        self.now = 0.0
        self.all: list[Decision] = []
        self.log: list[tuple[float, Decision]] = []
        """All but what may be a turn."""

    def did(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        self.all += decisions
        sure = tuple(decision for decision in decisions if not isinstance(decision, MayBeTurn | NotTheTurn))
        self.log += [(self.now, decision) for decision in sure]
        return sure

    @property
    def maybe(self) -> list[str | None]:
        """What may have been a turn: its words, ``None`` where that was taken back, and ``"."`` where a turn ended."""
        said: list[str | None] = []
        for decision in self.all:
            match decision:
                case MayBeTurn(text):
                    said.append(text)
                case NotTheTurn():
                    said.append(None)
                case TurnEnded():
                    said.append(".")
        return said

    def audio(self, ms: float, probability: float, *, words: bool = False) -> list[Decision]:
        """The caller's line for ``ms``, with word evidence in all of it or in none."""
        before = len(self.log)
        for _ in range(round(ms / WINDOW)):
            self.now += WINDOW
            self.did(self.turns.frame(self.now, WINDOW if words else 0.0))
            self.did(self.turns.window(self.now, probability))
            self.did(self.turns.tick(self.now))
        return [decision for _, decision in self.log[before:]]

    def talk(self, ms: float) -> list[Decision]:
        return self.audio(ms, SPEECH, words=True)

    def hum(self, ms: float) -> list[Decision]:
        return self.audio(ms, SPEECH)

    def silence(self, ms: float) -> list[Decision]:
        return self.audio(ms, SILENCE)

    def words(self, text: str, confidence: float = 0.9, **known: bool) -> tuple[Decision, ...]:
        draft = [d.draft for _, d in self.log if isinstance(d, DraftTranscript)][-1]
        return self.did(self.turns.transcript(self.now, draft, text, confidence, **known))

    def so_far(self, text: str, **known: bool) -> tuple[Decision, ...]:
        return self.did(self.turns.words_so_far(self.now, text, 0.7, **known))

    def eager(self, text: str, **known: bool) -> tuple[Decision, ...]:
        return self.did(self.turns.turn_may_be_over(self.now, text, 0.7, **known))

    def goes_on(self) -> tuple[Decision, ...]:
        return self.did(self.turns.turn_goes_on(self.now))

    def over(self, text: str, **known: bool) -> tuple[Decision, ...]:
        return self.did(self.turns.turn_over(self.now, text, 0.8, **known))

    def agent_speaks(self, *, protected: bool = False) -> tuple[Decision, ...]:
        return self.did(self.turns.agent_speaks(self.now, protected=protected))

    def when(self, kind: type[Decision]) -> float:
        return next(at for at, decision in self.log if isinstance(decision, kind))

    def kinds(self) -> list[type[Decision]]:
        return [type(decision) for _, decision in self.log]


def test_a_turn_ends_after_400_ms_of_silence_with_the_words_recognised_on_a_guess() -> None:
    """Speech, silence: the draft is asked for at 160 ms and the turn ends at 400 ms, both to within a window."""
    call = Conversation()
    call.talk(960)
    assert call.silence(192) == [DraftTranscript(1)]
    assert call.when(DraftTranscript) - 960 == pytest.approx(160, abs=WINDOW)
    assert call.words("when are you open") == ()
    assert call.silence(256) == [TurnEnded("when are you open", 0.9, 0.0, 960.0)]
    assert call.when(TurnEnded) - 960 == pytest.approx(400, abs=WINDOW)
    assert call.kinds() == [SpeechBegan, DraftTranscript, TurnEnded]
    assert not call.turns.caller_speaking


def test_words_that_come_late_end_the_turn_when_they_come() -> None:
    """A turn does not end before its words are known."""
    call = Conversation()
    call.talk(640)
    assert call.silence(640) == [DraftTranscript(1)]
    (ended,) = call.words("hello")
    assert isinstance(ended, TurnEnded)


def test_speech_that_goes_on_drops_the_draft() -> None:
    """Words of a part of the turn are never taken for the whole of it."""
    call = Conversation()
    call.talk(640)
    call.silence(256)
    assert call.talk(320) == [DropDraft(1)]
    assert call.did(call.turns.transcript(call.now, 1, "I would like", 0.9)) == ()
    call.silence(192)
    call.words("I would like a check-up")
    call.silence(256)
    (ended,) = (decision for _, decision in call.log if isinstance(decision, TurnEnded))
    assert ended.text == "I would like a check-up"
    assert ended.speech_began_ms == 0.0


def test_speech_that_goes_on_before_a_draft_drops_nothing() -> None:
    """A pause shorter than 160 ms is part of speaking."""
    call = Conversation()
    call.talk(640)
    call.silence(96)
    assert call.talk(320) == []


def test_words_that_are_complete_and_certain_end_the_turn_early() -> None:
    """With the words known, certain and complete the turn ends after 280 ms of silence."""
    call = Conversation()
    call.talk(640)
    call.silence(192)
    call.words("no thank you", 0.95, complete=True)
    call.silence(640)
    assert call.when(TurnEnded) - 640 == pytest.approx(280, abs=WINDOW)


@pytest.mark.parametrize(("confidence", "complete"), [(0.5, True), (0.95, False)])
def test_words_that_are_uncertain_or_incomplete_wait_for_the_whole_silence(confidence: float, complete: bool) -> None:
    """Ending early needs certainty and completeness."""
    call = Conversation()
    call.talk(640)
    call.silence(192)
    call.words("and then", confidence, complete=complete)
    call.silence(640)
    assert call.when(TurnEnded) - 640 == pytest.approx(400, abs=WINDOW)


def test_words_that_may_be_the_turn_are_told_once_and_taken_back_when_the_caller_goes_on() -> None:
    """So that an answer can be begun while the silence is still too short."""
    call = Conversation()
    call.talk(640)
    call.silence(192)
    call.words("I would like")
    call.silence(64)
    assert call.maybe == ["I would like"]
    call.talk(320)
    assert call.maybe == ["I would like", None]
    call.silence(192)
    call.words("I would like a check-up.")
    call.silence(256)
    assert call.maybe == ["I would like", None, "I would like a check-up.", "."]


def test_words_that_are_no_turn_are_not_told_to_be_one() -> None:
    """Neither a listener's word, nor no words at all, nor words that come when the turn is over anyway."""
    call = Conversation()
    call.silence(640)
    call.agent_speaks()
    call.talk(320)
    call.silence(192)
    call.words("okay")
    call.turns.agent_listens(call.now)
    for text in ("", "hello"):
        call.talk(640)
        call.silence(640)
        call.words(text)
    assert call.maybe == ["."]


def test_a_caller_who_talked_the_agent_down_and_said_no_words_may_still_say_some() -> None:
    """No words are no turn to begin an answer to."""
    call = Conversation()
    call.silence(640)
    call.agent_speaks()
    call.talk(1600)
    call.silence(192)
    call.words("")
    assert call.maybe == []
    call.silence(256)
    assert call.maybe == ["."]


def test_voice_activity_between_the_thresholds_continues_speech_and_does_not_begin_it() -> None:
    """Speech begins above 0.5 and stops below 0.35."""
    call = Conversation()
    assert call.audio(320, MAYBE) == []
    call.talk(320)
    assert call.audio(640, MAYBE) == []
    assert call.silence(192) == [DraftTranscript(1)]


def test_voice_activity_between_the_thresholds_begins_speech_that_sounds_like_words() -> None:
    """60 ms of word evidence and a voice activity of 0.35 are two weak witnesses."""
    call = Conversation()
    call.agent_speaks()
    assert call.audio(32, MAYBE, words=True) == []
    assert [type(d) for d in call.audio(32, MAYBE, words=True)] == [SpeechBegan, PauseAgent]


def test_a_click_is_a_noise() -> None:
    """A single window of speech is no turn, and nothing is recognised."""
    call = Conversation()
    call.talk(32)
    (ignored,) = call.silence(640)
    assert ignored == Ignore("noise", "", 0.0, 32.0)


def test_sounds_without_words_are_no_turn() -> None:
    """An empty transcript is ignored once the silence has lasted."""
    call = Conversation()
    call.talk(320)
    call.silence(192)
    assert call.words("  ") == ()
    assert [type(d) for d in call.silence(320)] == [Ignore]


def test_a_turn_longer_than_30_s_is_cut_and_the_rest_is_another_turn() -> None:
    """The cap asks for the words at once; speech in the meantime neither drops them nor is kept for the next turn."""
    call = Conversation(TurnOptions(max_utterance_ms=3000))
    call.talk(3040)
    assert call.kinds()[-1] is DraftTranscript
    assert call.talk(64) == []
    (ended,) = call.words("a long story")
    assert isinstance(ended, TurnEnded)
    assert [type(d) for d in call.talk(64)] == [SpeechBegan]


def test_a_caller_whose_audio_stops_has_said_what_was_heard() -> None:
    """The turn ends where they were heard last; without audio there is no window that would say so."""
    call = Conversation()
    call.talk(640)
    call.now += 1000
    assert call.did(call.turns.audio_stopped(call.now)) == (DraftTranscript(1),)
    assert call.turns.audio_stopped(call.now) == ()
    assert call.words("when are you") == (TurnEnded("when are you", 0.9, 0.0, 640.0, cut_off=True),)


def test_a_caller_whose_audio_comes_back_in_time_speaks_on() -> None:
    """What was recognised is not the whole turn."""
    call = Conversation()
    call.talk(640)
    call.did(call.turns.audio_stopped(call.now))
    call.silence(192)
    assert call.talk(64) == [DropDraft(1)]
    assert call.turns.caller_speaking


def test_audio_that_stops_in_silence_or_after_the_end_is_nothing() -> None:
    """There is nothing to be cut off."""
    call = Conversation(limits=Limits(silence_s=1, reminders=0))
    assert call.turns.audio_stopped(0.0) == ()
    assert call.silence(1024) == [EndCall("silence")]
    assert call.turns.audio_stopped(call.now) == ()


def test_words_recognised_for_another_draft_are_ignored() -> None:
    """Only the words of the draft that is open count."""
    call = Conversation()
    assert call.turns.transcript(0.0, 1, "hello", 1.0) == ()
    call.talk(320)
    call.silence(192)
    assert call.turns.transcript(call.now, 99, "hello", 1.0) == ()


# -- speaking over the agent ----------------------------------------------------------------------------------------


def test_words_over_the_agent_silence_it_within_100_ms_of_detection() -> None:
    """60 ms that sound like words pause the agent."""
    call = Conversation()
    call.agent_speaks()
    call.talk(320)
    assert call.when(PauseAgent) <= 100
    assert call.log[1][1] == PauseAgent(0.0)
    assert call.turns.agent_paused


def test_words_from_before_voice_activity_was_sure_count() -> None:
    """What sounded like words in the 200 ms before detection pauses the agent with it; older sounds do not."""
    call = Conversation()
    call.agent_speaks()
    call.audio(320, SILENCE, words=True)
    assert [type(d) for d in call.hum(32)] == [SpeechBegan, PauseAgent]

    call = Conversation()
    call.agent_speaks()
    call.audio(96, SILENCE, words=True)
    call.silence(320)
    assert [type(d) for d in call.hum(32)] == [SpeechBegan]


def test_a_hum_does_not_even_pause_the_agent() -> None:
    """ "mm-hm" has no word evidence: it is ignored, and so is whatever it was taken for."""
    call = Conversation()
    call.agent_speaks()
    call.hum(480)
    call.silence(192)
    assert call.words("no") == (Ignore("backchannel", "", 0.0, 480.0),)
    assert PauseAgent not in call.kinds()


def test_a_hum_longer_than_700_ms_pauses_the_agent() -> None:
    """What lasts is not a back-channel."""
    call = Conversation()
    call.agent_speaks()
    call.hum(960)
    assert call.when(PauseAgent) == pytest.approx(700, abs=WINDOW)


@pytest.mark.parametrize("text", ["Okay.", "yeah, right", "Uh-huh", "Mm-hmm.", "yes yes yes"])
def test_a_listeners_word_lets_the_agent_go_on(text: str) -> None:
    """The agent paused, and resumes once the word is known."""
    call = Conversation()
    call.agent_speaks()
    call.talk(320)
    call.silence(192)
    assert call.words(text) == (Resume("backchannel", text, 0.0, 320.0),)
    assert not call.turns.agent_paused
    assert call.silence(960) == []


def test_an_interruption_is_yielded_to_as_soon_as_its_words_are_known() -> None:
    """Words that are not a listener's take the floor, and the turn ends as any other."""
    call = Conversation()
    call.agent_speaks()
    call.talk(320)
    call.silence(192)
    assert call.words("wait") == (Yield(),)
    assert call.turns.agent is AgentState.LISTENING
    assert [type(d) for d in call.silence(320)] == [TurnEnded]


def test_a_caller_who_talks_on_has_the_floor_before_the_words_are_known() -> None:
    """A second of talk after the agent fell silent is enough."""
    call = Conversation()
    call.agent_speaks()
    call.talk(1472)
    assert call.when(Yield) - call.when(PauseAgent) == pytest.approx(1000, abs=WINDOW)
    call.silence(192)
    call.words("okay")
    assert [type(d) for d in call.silence(320)] == [TurnEnded]


@pytest.mark.parametrize("text", ["Okay.", "All right.", "Of course."])
def test_a_listeners_word_may_take_its_time(text: str) -> None:
    """People need up to 800 ms for one: that is not talking on."""
    call = Conversation()
    call.agent_speaks()
    call.talk(800)
    call.silence(192)
    assert [type(d) for d in call.words(text)] == [Resume]


def test_a_caller_who_took_the_floor_and_was_not_understood_has_had_a_turn() -> None:
    """The agent has lost its words, so it must react: the turn ends with an empty text."""
    call = Conversation()
    call.agent_speaks()
    call.talk(1472)
    call.silence(192)
    call.words("")
    (ended,) = call.silence(320)
    assert isinstance(ended, TurnEnded)
    assert ended.text == ""


def test_what_silenced_the_agent_is_no_hum_any_more() -> None:
    """A hum so long that the agent stopped for it may hold words after all: the recogniser decides."""
    call = Conversation()
    call.agent_speaks()
    assert PauseAgent in [type(decision) for decision in call.hum(800)]
    call.silence(192)
    assert [type(decision) for decision in call.words("what about Sunday")] == [Yield]
    assert [type(decision) for decision in call.silence(256)] == [TurnEnded]


def test_a_caller_who_had_the_floor_may_only_listen_to_what_the_agent_says_next() -> None:
    """What was yielded was yielded to what was said before: over new words of the agent "okay" is a listener's word."""
    call = Conversation()
    call.agent_speaks()
    assert Yield in [type(decision) for decision in call.talk(1400)]
    assert call.agent_speaks() == (PauseAgent(0.0),)
    call.silence(192)
    (resumed,) = call.words("okay")
    assert isinstance(resumed, Resume)
    assert resumed.reason == "backchannel"


def test_what_sounded_like_words_counts_for_one_utterance() -> None:
    """The evidence that began a noise does not begin the next sound, however soon that is."""
    call = Conversation(TurnOptions(preroll_ms=800, words_ms=90, min_speech_ms=60))
    call.audio(96, SILENCE, words=True)
    call.audio(32, SPEECH, words=True)
    assert [type(decision) for decision in call.silence(192)] == [Ignore]
    assert call.audio(64, MAYBE) == []


def test_a_noise_without_words_lets_the_agent_go_on_at_once() -> None:
    """Once recognition found nothing there is nothing to wait for."""
    call = Conversation()
    call.agent_speaks()
    call.talk(320)
    call.silence(192)
    assert [type(d) for d in call.words("")] == [Resume]


def test_a_noise_that_does_not_pause_the_agent_is_ignored() -> None:
    """Some word evidence, too little to pause, and no words: ignored after the silence."""
    call = Conversation(TurnOptions(words_ms=80))
    call.agent_speaks()
    call.talk(64)
    call.hum(96)
    call.silence(192)
    assert call.words("") == ()
    assert call.silence(320) == [Ignore("unintelligible", "", 0.0, 160.0)]


def test_clear_words_interrupt_even_if_they_sounded_too_short_to_pause() -> None:
    """A quick "stop" yields as soon as it is recognised."""
    call = Conversation(TurnOptions(words_ms=80))
    call.agent_speaks()
    call.talk(64)
    call.hum(96)
    call.silence(192)
    assert call.words("stop") == (Yield(),)


def test_a_click_that_paused_the_agent_lets_it_go_on() -> None:
    """Noise with word evidence before it resumes without recognition."""
    call = Conversation()
    call.agent_speaks()
    call.audio(96, SILENCE, words=True)
    call.talk(32)
    assert call.turns.agent_paused
    assert [type(d) for d in call.silence(320)] == [Resume]


def test_an_agent_whose_interruption_is_never_recognised_goes_on_after_2_s() -> None:
    """A pause always ends: by words, or by itself, and the draft is dropped."""
    call = Conversation()
    call.agent_speaks()
    call.talk(320)
    decisions = call.silence(4000)
    assert [type(d) for d in decisions] == [DraftTranscript, DropDraft, Resume]
    assert call.when(Resume) - call.when(PauseAgent) == pytest.approx(2000, abs=WINDOW)


def test_a_listeners_word_answers_a_question() -> None:
    """When the agent has just asked something, "okay" is an answer and so is a hum."""
    for speak in (Conversation.talk, Conversation.hum):
        call = Conversation()
        call.agent_speaks()
        speak(call, 320)
        call.silence(192)
        assert call.words("Okay.", answer=True) == (Yield(),)
        assert [type(d) for d in call.silence(320)] == [TurnEnded]


def test_a_listeners_word_that_outlasts_the_agent_is_ignored() -> None:
    """The agent finished in the meantime; it was a back-channel nevertheless, and there is nobody to yield."""
    call = Conversation()
    call.agent_speaks()
    call.hum(320)
    call.turns.agent_listens(call.now)
    call.silence(192)
    assert call.words("okay") == (Ignore("backchannel", "okay", 0.0, 320.0),)


def test_an_interruption_that_outlasts_the_agent_is_a_turn_without_a_yield() -> None:
    """Nothing is yielded that is not being said."""
    call = Conversation()
    call.agent_speaks()
    call.hum(320)
    call.turns.agent_listens(call.now)
    call.silence(192)
    assert call.words("and on Sunday") == ()
    assert [type(d) for d in call.silence(320)] == [TurnEnded]


def test_an_agent_that_starts_while_the_caller_speaks_is_paused_before_its_first_sound() -> None:
    """A late answer does not talk over a caller who went on."""
    call = Conversation()
    call.turns.agent_thinks(0.0)
    call.talk(320)
    assert call.agent_speaks() == (PauseAgent(0.0),)
    call.silence(192)
    assert call.words("okay") == (Yield(),)
    assert [type(d) for d in call.silence(320)] == [TurnEnded]


def test_an_agent_that_starts_while_the_caller_hums_is_heard() -> None:
    """A hum holds nobody back."""
    call = Conversation()
    call.hum(320)
    assert call.agent_speaks() == ()


def test_without_barge_in_nothing_said_over_the_agent_counts() -> None:
    """Not paused, not yielded to, not recognised."""
    call = Conversation(TurnOptions(barge_in=False))
    call.agent_speaks()
    call.talk(960)
    assert call.silence(640) == [Ignore("protected", "", 0.0, 960.0)]
    assert call.kinds() == [SpeechBegan, Ignore]


def test_speech_that_goes_on_after_protected_speech_is_a_turn() -> None:
    """Only what ends while the greeting is said is lost."""
    call = Conversation()
    call.agent_speaks(protected=True)
    call.talk(640)
    call.turns.agent_listens(call.now)
    call.talk(640)
    call.silence(192)
    assert call.words("hello") == ()
    assert [type(d) for d in call.silence(320)] == [TurnEnded]
    assert PauseAgent not in call.kinds()


def test_a_turn_from_before_protected_speech_is_a_turn_and_yields_nothing() -> None:
    """The caller began first; the agent's protected speech is not cut all the same."""
    call = Conversation()
    call.talk(320)
    call.agent_speaks(protected=True)
    call.silence(192)
    assert call.words("hello") == ()
    assert [type(d) for d in call.silence(320)] == [TurnEnded]


# -- silence and the end --------------------------------------------------------------------------------------------


def test_silence_is_reminded_of_twice_and_then_ends_the_call() -> None:
    """Each wait begins when the agent has finished; nothing follows the end."""
    call = Conversation(limits=Limits(silence_s=5))
    assert call.silence(4900) == []
    assert call.silence(200) == [RemindSilence(1)]
    call.agent_speaks()
    call.silence(8000)
    call.turns.agent_listens(call.now)
    assert call.silence(4900) == []
    assert call.silence(200) == [RemindSilence(2)]
    assert call.silence(5100) == [EndCall("silence")]
    assert call.talk(9000) == []
    assert call.turns.transcript(call.now, 1, "x", 1.0) == ()
    assert call.agent_speaks() == ()


def test_a_turn_starts_the_reminders_anew() -> None:
    """Only reminders in a row count."""
    call = Conversation(limits=Limits(silence_s=5, reminders=1))
    assert call.silence(5100) == [RemindSilence(1)]
    call.talk(320)
    call.silence(192)
    call.words("I am here")
    call.silence(256)
    assert call.kinds()[-1] is TurnEnded
    assert call.silence(5100) == [RemindSilence(1)]


def test_a_sound_that_is_no_turn_breaks_the_silence_but_not_the_count() -> None:
    """Somebody is there: the time counts from its end, and the reminders go on."""
    call = Conversation(limits=Limits(silence_s=3, reminders=2))
    call.silence(3008)
    assert RemindSilence in call.kinds()
    call.silence(2500)
    call.hum(32)
    assert [type(decision) for decision in call.silence(2900)] == [Ignore]
    assert call.silence(320) == [RemindSilence(2)]


def test_a_key_breaks_the_silence_and_the_count() -> None:
    """Whoever presses one is there."""
    call = Conversation(limits=Limits(silence_s=3, reminders=1))
    assert call.silence(3200) == [RemindSilence(1)]
    call.turns.digit(call.now)
    assert call.silence(2900) == []
    assert call.silence(320) == [RemindSilence(1)]


def test_an_agent_that_thinks_is_not_silence() -> None:
    """The caller waits for the agent, not the other way round."""
    call = Conversation()
    call.turns.agent_thinks(0.0)
    assert call.silence(30_000) == []


# -- a recogniser that ends turns -------------------------------------------------------------------------------------


def test_a_turn_is_over_when_the_recogniser_says_so() -> None:
    """However long the caller has been silent, and though no words were asked for."""
    call = Conversation(ends_turns=True)
    call.talk(640)
    call.so_far("I would like")
    assert call.silence(960) == []
    call.talk(640)
    call.so_far("I would like a table")
    assert call.silence(96) == []
    assert call.over("I would like a table.") == (TurnEnded("I would like a table.", 0.8, 0.0, 2240.0),)
    assert not call.turns.caller_speaking
    assert call.silence(640) == []


def test_a_turn_may_be_over_before_the_caller_is_known_to_be_silent() -> None:
    """Voice activity runs behind; what it still hears is no turn of its own, if no words come of it."""
    call = Conversation(ends_turns=True)
    call.talk(640)
    assert call.over("book a table") == (TurnEnded("book a table", 0.8, 0.0, 640.0),)
    assert call.talk(64) == [SpeechBegan(640.0)]
    assert call.silence(448) == [DraftTranscript(1)]
    assert [type(d) for d in call.words("")] == [Ignore]


def test_a_recogniser_that_leaves_a_turn_open_is_overruled_by_a_long_silence() -> None:
    """The words are asked for then; and from there on voice activity decides, until the recogniser ends a turn."""
    call = Conversation(limits=Limits(end_of_turn_s=2), ends_turns=True)
    call.talk(640)
    call.so_far("book a table")
    assert call.silence(1984) == []
    assert call.silence(64) == [DraftTranscript(1)]
    assert [type(d) for d in call.words("book a table")] == [TurnEnded]
    call.talk(640)
    call.so_far("for two")
    assert call.silence(192) == [DraftTranscript(2)]
    call.words("for two")
    assert [type(d) for d in call.silence(256)] == [TurnEnded]
    assert call.over("") == ()
    call.talk(640)
    call.so_far("please")
    assert call.silence(960) == []


def test_a_recogniser_that_has_told_no_words_is_asked_once_the_caller_is_silent() -> None:
    """It may not be there; or there are none."""
    call = Conversation(ends_turns=True)
    call.talk(640)
    assert call.silence(384) == []
    assert call.silence(64) == [DraftTranscript(1)]
    assert [type(d) for d in call.words("")] == [Ignore]
    call.talk(640)
    call.silence(448)
    call.words("book a table")
    assert call.silence(960) == []
    assert [type(d) for d in call.over("book a table")] == [TurnEnded]
    call.talk(640)
    call.silence(448)
    assert [type(d) for d in call.words("book a table", ended=True)] == [TurnEnded]


def test_an_answer_that_comes_after_the_long_silence_ends_the_turn() -> None:
    """It was late already when it was known to be there."""
    call = Conversation(limits=Limits(end_of_turn_s=1), ends_turns=True)
    call.talk(640)
    call.silence(448)
    call.words("book a table")
    assert [type(d) for d in call.silence(640)] == [TurnEnded]


def test_where_either_decides_the_first_does() -> None:
    """A silence, with the words asked for as ever, or the recogniser."""
    call = Conversation(TurnOptions(turn_detection="both"), ends_turns=True)
    call.talk(640)
    assert call.silence(192) == [DraftTranscript(1)]
    call.words("book a table")
    assert [type(d) for d in call.silence(256)] == [TurnEnded]
    assert call.over("") == ()
    call.talk(640)
    call.silence(192)
    assert [type(d) for d in call.over("for two")] == [DropDraft, TurnEnded]


def test_where_voice_activity_decides_the_recogniser_has_no_say() -> None:
    """What it takes for turns is nothing but words."""
    call = Conversation(TurnOptions(turn_detection="vad"), ends_turns=True)
    call.talk(640)
    assert call.over("I would like") == ()
    call.talk(640)
    assert call.silence(192) == [DraftTranscript(1)]


def test_without_audio_voice_activity_decides() -> None:
    """A recogniser cannot hear a silence that it is not given."""
    call = Conversation(ends_turns=True)
    call.talk(640)
    call.so_far("book a table")
    call.now += 1000
    assert [type(d) for d in call.did(call.turns.audio_stopped(call.now))] == [DraftTranscript]
    assert [type(d) for d in call.words("book a table")] == [TurnEnded]


def test_what_only_the_recogniser_has_heard_is_a_turn() -> None:
    """Somebody who speaks very softly; but not while the agent is heard, and not twice."""
    call = Conversation(ends_turns=True)
    call.silence(640)
    assert call.so_far("hello") == ()
    assert call.over("hello there") == (SpeechBegan(640.0), TurnEnded("hello there", 0.8, 640.0, 640.0))
    call.agent_speaks()
    assert call.over("hello there") == ()
    assert call.so_far("hello") == ()


def test_soft_words_break_the_silence() -> None:
    """Nobody who is being understood is asked whether they are there."""
    call = Conversation(limits=Limits(silence_s=3), ends_turns=True)
    call.silence(2500)
    call.so_far("hello")
    assert call.silence(2500) == []
    call.so_far("")
    assert call.silence(640) == [RemindSilence(1)]


def test_words_may_be_the_turn_where_the_recogniser_believes_so_or_the_caller_falls_silent() -> None:
    """Told once, and taken back when the caller goes on."""
    call = Conversation(ends_turns=True)
    call.talk(640)
    call.so_far("I would")
    call.eager("I would like a table")
    call.eager("I would like a table.")
    assert call.maybe == ["I would like a table"]
    call.goes_on()
    call.goes_on()
    assert call.maybe == ["I would like a table", None]
    call.so_far("I would like a table for")
    call.silence(128)
    assert call.maybe[2:] == []
    call.silence(64)
    call.so_far("I would like a table for two")
    assert call.maybe[2:] == ["I would like a table for", "I would like a table for two"]
    call.talk(64)
    assert call.maybe[4:] == [None]
    call.eager("I would like a table for two please")
    call.over("I would like a table for two, please.")
    assert call.maybe[5:] == ["I would like a table for two please", "."]


def test_an_end_that_is_believed_in_is_none_of_what_is_no_turn() -> None:
    """Nobody speaks; a listener's word; or there are no words."""
    call = Conversation(ends_turns=True)
    call.eager("hello")
    call.goes_on()
    call.agent_speaks()
    call.talk(320)
    call.eager("okay")
    call.silence(448)
    call.turns.agent_listens(call.now)
    call.talk(320)
    call.eager("")
    assert call.maybe == []


def test_words_that_are_told_silence_the_agent() -> None:
    """Though they sound like none to the line; a listener's do not."""
    call = Conversation(ends_turns=True)
    call.silence(640)
    call.agent_speaks()
    call.hum(320)
    assert call.so_far("okay") == ()
    assert call.so_far("okay stop") == (PauseAgent(640.0),)
    assert [type(d) for d in call.over("okay, stop it")] == [Yield, TurnEnded]


@pytest.mark.parametrize("ends_turns", [True, False])
def test_words_that_are_told_silence_the_agent_whoever_ends_turns(ends_turns: bool) -> None:
    """Any recogniser that hears along may tell them."""
    call = Conversation(ends_turns=ends_turns)
    call.silence(640)
    call.agent_speaks()
    call.hum(320)
    assert call.so_far("what about Sunday") == (PauseAgent(640.0),)


def test_a_listeners_word_that_may_have_more_to_it_is_given_the_time_that_a_turn_has() -> None:
    """The recogniser is a little behind; then the agent goes on."""
    call = Conversation(ends_turns=True)
    call.silence(640)
    call.agent_speaks()
    call.talk(320)
    call.so_far("okay")
    assert call.silence(384) == []
    assert [type(d) for d in call.silence(64)] == [Resume]
    call.talk(320)
    call.so_far("okay what about")
    assert [type(d) for d in call.silence(448)] == [Yield]
    assert call.maybe == ["okay what about"]
    assert [type(d) for d in call.over("okay, what about Sunday")] == [TurnEnded]


def test_the_end_of_a_turn_over_protected_speech_is_no_turn() -> None:
    """Nor is a listener's word one, unless it answers."""
    call = Conversation(ends_turns=True)
    call.silence(640)
    call.agent_speaks(protected=True)
    call.talk(320)
    assert [type(d) for d in call.over("book a table")] == [Ignore]
    call.turns.agent_listens(call.now)
    call.silence(640)
    call.agent_speaks()
    call.talk(320)
    assert [type(d) for d in call.over("okay")] == [Resume]
    call.talk(320)
    assert [type(d) for d in call.over("okay", answer=True)] == [Yield, TurnEnded]


def test_words_of_a_sound_that_was_too_short_to_be_speech_are_asked_for() -> None:
    """They show that it was."""
    call = Conversation(ends_turns=True)
    call.audio(32, SPEECH, words=True)
    call.so_far("yes")
    assert call.silence(640) == []
    assert [type(d) for d in call.over("yes")] == [TurnEnded]


def test_words_that_were_asked_for_are_as_certain_as_they_were_then() -> None:
    """Whatever is told beside them."""
    call = Conversation()
    call.talk(640)
    call.silence(192)
    call.words("book a table", 0.95)
    call.so_far("book a table")
    (ended,) = call.silence(256)
    assert isinstance(ended, TurnEnded)
    assert ended.confidence == 0.95


def test_nothing_is_decided_once_the_call_is_to_end() -> None:
    """Whatever is still heard."""
    call = Conversation(limits=Limits(silence_s=1, reminders=0), ends_turns=True)
    assert call.silence(1024) == [EndCall("silence")]
    assert call.so_far("wait") == call.eager("wait") == call.over("wait") == ()


# -- what holds for every conversation --------------------------------------------------------------------------------

STEP = st.one_of(
    st.tuples(st.just("audio"), st.sampled_from([SPEECH, MAYBE, SILENCE]), st.booleans(), st.integers(1, 40)),
    st.tuples(st.just("words"), st.sampled_from(["", "okay", "what about Sunday"]), st.booleans(), st.booleans()),
    st.tuples(st.sampled_from(["speaks", "protected", "thinks", "listens", "goes on"])),
    st.tuples(
        st.sampled_from(["so far", "eager", "over"]),
        st.sampled_from(["", "okay", "what about", "what about Sunday"]),
        st.booleans(),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=40), st.booleans(), st.sampled_from(["vad", "stt", "both"]), st.booleans())
def test_what_holds_for_every_conversation(
    steps: list[tuple[object, ...]], barge_in: bool, detection: TurnDetection, ends_turns: bool
) -> None:
    """No yield or pause without the agent speaking, none of protected speech; every pause ends; drafts go in order."""
    options = TurnOptions(barge_in=barge_in, max_utterance_ms=3000, turn_detection=detection)
    call = Conversation(options, Limits(silence_s=3, reminders=1), ends_turns=ends_turns)
    turns = call.turns
    speaking = protected = paused = ended = False
    drafts: list[int] = []
    seen = 0

    def check() -> None:
        nonlocal speaking, paused, ended, seen
        for _, decision in call.log[seen:]:
            assert not ended
            match decision:
                case PauseAgent():
                    assert speaking
                    assert not paused
                    assert not protected
                    paused = True
                case Yield():
                    assert speaking
                    assert not protected
                    speaking = paused = False
                case Resume():
                    assert paused
                    paused = False
                case Ignore():
                    assert not paused
                case TurnEnded(speech_began_ms=began, speech_ended_ms=stopped):
                    assert not paused
                    assert began <= stopped
                case DraftTranscript(draft):
                    assert not drafts or draft > drafts[-1]
                    drafts.append(draft)
                case DropDraft(draft):
                    assert drafts[-1] == draft
                case RemindSilence():
                    assert not speaking
                case EndCall():
                    ended = True
        seen = len(call.log)
        assert paused == turns.agent_paused

    for step in steps:
        match step:
            case ("audio", float(probability), bool(words), int(windows)):
                for _ in range(windows):
                    call.audio(WINDOW, probability, words=words)
                    check()
            case ("words", str(text), bool(complete), bool(answer)) if drafts:
                call.words(text, complete=complete, answer=answer)
            case ("so far", str(text), bool(answer)):
                call.so_far(text, answer=answer)
            case ("eager", str(text), bool(answer)):
                call.eager(text, answer=answer)
            case ("over", str(text), bool(answer)):
                call.over(text, answer=answer)
            case ("goes on",):
                call.goes_on()
            case ("speaks",) | ("protected",) if not paused:
                speaking, protected = True, step == ("protected",) or not barge_in
                call.agent_speaks(protected=step == ("protected",))
            case ("thinks",):
                speaking = protected = paused = False
                turns.agent_thinks(call.now)
            case ("listens",):
                speaking = protected = paused = False
                turns.agent_listens(call.now)
        check()
    call.silence(turns.options.false_interruption_ms + 2000)
    check()
    assert not paused or ended
    assert not turns.agent_paused
    check_what_may_be_turns(call.all)


def check_what_may_be_turns(decisions: list[Decision]) -> None:
    """What was told to be the turn, perhaps, becomes it, or is taken back, before anything else begins."""
    told: list[str] | None = None
    for decision in decisions:
        match decision:
            case MayBeTurn(text):
                assert words_of(text) not in ([], told)
                told = words_of(text)
            case NotTheTurn():
                assert told is not None
                told = None
            case TurnEnded(text):
                assert told in (None, words_of(text))
                told = None
            case SpeechBegan() | Ignore() | Resume():
                assert told is None


def test_a_silence_is_counted_in_what_was_heard() -> None:
    """Audio that is late decides nothing: neither the draft nor the end, until it comes, or counts as stopped."""
    call = Conversation()
    call.talk(640)
    call.silence(96)
    call.now += 700
    assert call.did(call.turns.tick(call.now)) == ()
    call.now -= 700
    assert [type(d) for d in call.talk(320)] == []
    call.silence(96)
    call.now += 900
    assert [type(d) for d in call.did(call.turns.tick(call.now))] == []
    call.did(call.turns.audio_stopped(call.now))
    assert [type(d) for d in call.did(call.turns.tick(call.now))] == [DraftTranscript]
    assert [type(d) for d in call.words("when are you open")] == [TurnEnded]


def test_what_comes_late_is_decided_on_now() -> None:
    """Speech of three seconds ago pauses the agent now, and it has a second to be more than a listener's word."""
    call = Conversation()
    call.silence(640)
    call.agent_speaks()
    call.did(call.turns.tick(call.now + 3000))
    assert [type(d) for d in call.talk(320)] == [SpeechBegan, PauseAgent]
    call.now += 3000
    assert call.did(call.turns.tick(call.now)) == ()
    assert [type(d) for d in call.did(call.turns.tick(call.now + 990))] == [Yield]


def test_what_began_before_the_agent_spoke_was_not_said_over_it() -> None:
    """A "yes" that was held up on its way is an answer, and is no listener's word."""
    call = Conversation()
    call.silence(640)
    call.turns.agent_speaks(call.now + 2000)
    call.talk(320)
    call.silence(192)
    call.words("yes")
    assert [type(d) for d in call.silence(320)] == [TurnEnded]


def test_nobody_is_reminded_while_audio_is_late() -> None:
    """They may have spoken already; once audio counts as stopped they are."""
    call = Conversation(limits=Limits(silence_s=2))
    call.silence(1920)
    call.now += 400
    assert call.did(call.turns.tick(call.now)) == ()
    call.did(call.turns.audio_stopped(call.now))
    assert call.did(call.turns.tick(call.now)) == (RemindSilence(1),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("When are, you open?", Resume), ("when are you open on sunday", TurnEnded)],
)
def test_the_rest_of_a_turn_that_was_cut_off_is_a_turn_if_it_brings_words(text: str, expected: type) -> None:
    """The audio before it is heard with it; what was answered already is not answered again."""
    call = Conversation()
    call.talk(640)
    ended = call.now
    call.now += 1000
    call.did(call.turns.audio_stopped(call.now))
    assert [type(d) for d in call.words("when are you open")] == [TurnEnded]
    call.now = ended + 3000
    call.agent_speaks()
    call.now = ended
    assert call.talk(320)[:1] == [SpeechBegan(ended, goes_on=True)]
    call.silence(192)
    call.words(text)
    assert [type(d) for d in call.silence(320)][-1:] == [expected]
    call.now += 1000
    assert call.talk(64)[:1] == [SpeechBegan(call.now - 64)]


def test_what_is_said_later_does_not_go_on_with_a_turn_that_was_cut_off() -> None:
    """It is said anew."""
    call = Conversation()
    call.talk(640)
    call.did(call.turns.audio_stopped(call.now + 1000))
    call.words("when are you open")
    call.did(call.turns.tick(call.now + 1000))
    call.silence(640)
    assert call.talk(64)[:1] == [SpeechBegan(1280.0)]


@pytest.mark.parametrize(("hello", "kind"), [(True, Resume), (False, Yield)])
def test_a_hello_as_the_call_begins_does_not_take_the_floor(hello: bool, kind: type[Decision]) -> None:
    """Later, the same word is an interruption."""
    call = Conversation()
    call.did(call.turns.agent_speaks(call.now, hello=hello))
    call.talk(320)
    call.silence(192)
    assert kind in [type(decision) for decision in call.words("Hello?")]
