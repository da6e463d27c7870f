"""What a person hears, and the times that follow from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.mix import mix
from offhook.exchange.people.hearing import Answer, Hearing, Sound, answer, backchannel, speech_span, stop_ms

RATE = 8000


def tone(ms: float, dbfs: float = -20.0, hz: float = 300.0) -> bytes:
    """A sine of this level."""
    at = np.arange(round(RATE * ms / 1000)) / RATE
    amplitude = 32768 * 10 ** (dbfs / 20) * 2**0.5
    return np.round(amplitude * np.sin(2 * np.pi * hz * at + 1.0)).astype("<i2").tobytes()


def quiet(ms: float) -> bytes:
    return bytes(2 * round(RATE * ms / 1000))


def noise(ms: float, dbfs: float) -> bytes:
    level = 32768 * 10 ** (dbfs / 20)
    return np.random.default_rng(7).normal(0, level, round(RATE * ms / 1000)).round().astype("<i2").tobytes()


def add(one: bytes, other: bytes) -> bytes:
    return mix(one, other)


def heard(*pieces: bytes, start_ms: float = 0.0) -> Hearing:
    """An ear that has heard these pieces, in frames."""
    ear, pcm = Hearing(RATE), b"".join(pieces)
    for at in range(0, len(pcm), 320):
        ear.hear(pcm[at : at + 320], start_ms + at / 16)
    return ear


class TestSounds:
    def test_digital_silence_is_no_sound(self) -> None:
        """A line on which nothing is sent was never spoken on."""
        ear = heard(quiet(1000))
        assert ear.sounds == []
        assert ear.heard_until_ms == 1000
        assert ear.quiet_ms(500) == float("inf")
        assert not ear.speaking(1000)
        assert ear.stretch_began_ms() is None
        assert ear.first_after(0) is None

    @given(st.floats(1, 500), st.floats(40, 800))
    def test_a_sound_is_timed_to_the_sample_wherever_in_a_frame_it_begins_and_ends(
        self, before_ms: float, length_ms: float
    ) -> None:
        """The 20 ms of a frame are no error of measurement: edges are found to a millisecond."""
        ear = heard(quiet(before_ms), tone(length_ms), quiet(300))
        assert len(ear.sounds) == 1
        assert ear.sounds[0].began_ms == pytest.approx(before_ms, abs=1.0)
        assert ear.sounds[0].ended_ms == pytest.approx(before_ms + length_ms, abs=1.0)

    @pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
    def test_the_line_codec_moves_no_edge(self, codec: str) -> None:
        """What the codec does to silence and to edges is not heard as sound."""
        pcm = quiet(203) + tone(404) + quiet(193)
        decoded = make_decoder(codec, RATE).decode(make_encoder(codec, RATE).encode(pcm))
        (sound,) = heard(decoded).sounds
        assert sound.began_ms == pytest.approx(203, abs=1.0)
        assert sound.ended_ms == pytest.approx(607, abs=1.0)

    def test_a_hole_of_more_than_30_ms_parts_two_sounds_and_a_shorter_one_does_not(self) -> None:
        """Packets that come a little late part no word."""
        assert len(heard(tone(100), quiet(25), tone(100)).sounds) == 1
        assert len(heard(tone(100), quiet(45), tone(100)).sounds) == 2

    def test_a_click_is_no_sound(self) -> None:
        """Something shorter than a syllable is nobody's answer."""
        assert heard(quiet(100), tone(4), quiet(500)).sounds == []

    def test_a_short_burst_right_after_a_sound_is_part_of_the_speech(self) -> None:
        """The last consonant of a sentence is part of it although a click of its length would be nothing."""
        assert len(heard(tone(100), quiet(60), tone(5), quiet(60)).sounds) == 2

    def test_soft_edges_belong_to_a_loud_sound_but_not_without_end(self) -> None:
        """Attack and decay belong to a word, a soft hum before and after it does not."""
        (sound,) = heard(tone(60, -45), tone(200), tone(60, -45), quiet(100)).sounds
        assert [*sound] == pytest.approx([0, 320], abs=1)
        (sound,) = heard(tone(500, -45), tone(200), tone(500, -45), quiet(100)).sounds
        assert [*sound] == pytest.approx([400, 900], abs=6)

    def test_what_is_only_soft_is_no_sound(self) -> None:
        """Something that never gets loud is not taken for speech."""
        assert heard(tone(1000, -45)).sounds == []


class TestNoise:
    @pytest.mark.parametrize("dbfs", [-70.0, -55.0, -46.0])
    def test_comfort_noise_is_silence_at_once(self, dbfs: float) -> None:
        """The noise that a network makes is not taken for speech, from its first frame on."""
        assert heard(noise(2000, dbfs)).sounds == []

    @pytest.mark.parametrize("dbfs", [-60.0, -50.0, -45.0])
    def test_speech_over_comfort_noise_keeps_its_edges(self, dbfs: float) -> None:
        """The noise floor is below the voice and moves its edges by less than a frame."""
        line = noise(2000, dbfs)
        ear = heard(add(line, quiet(1200) + tone(400) + quiet(400)))
        assert ear.sounds[0].began_ms == pytest.approx(1200, abs=8)
        assert ear.sounds[-1].ended_ms == pytest.approx(1600, abs=8)

    def test_loud_steady_noise_is_silence_after_a_second(self) -> None:
        """A floor that is louder than expected is learnt."""
        ear = heard(noise(4000, -36.0))
        assert ear.quiet_ms(4000) > 2500

    def test_a_steady_tone_is_a_sound_for_as_long_as_it_lasts(self) -> None:
        """A tone is not learnt as a floor."""
        (sound,) = heard(quiet(100), tone(5000), quiet(100)).sounds
        assert sound.ended_ms == pytest.approx(5100, abs=1)


class TestQuestions:
    def test_a_pause_inside_a_sentence_does_not_end_the_stretch(self) -> None:
        """Who breathes still speaks: a pause of up to 350 ms is part of the stretch."""
        ear = heard(tone(200), quiet(400), tone(300), quiet(200), tone(300), quiet(100))
        assert ear.stretch_began_ms() == pytest.approx(600, abs=1)
        assert ear.speaking(1500)
        assert not ear.speaking(1751)
        assert ear.quiet_ms(1500) == pytest.approx(100, abs=1)

    def test_the_first_sound_after_a_moment_may_have_begun_before_it(self) -> None:
        """A question about a moment is answered with the sound that goes on in it."""
        ear = heard(tone(200), quiet(100), tone(200), quiet(100), tone(100))
        assert ear.first_after(350) == ear.sounds[1]
        assert ear.first_after(0) == ear.sounds[0]
        assert ear.first_after(5000) is None

    def test_the_span_of_speech_in_a_clip(self) -> None:
        """A recording's silence at either end is not counted as speech, its pauses are."""
        span = speech_span(quiet(130) + tone(300) + quiet(200) + tone(70) + quiet(55), RATE)
        assert span is not None
        assert span.began_ms == pytest.approx(130, abs=1)
        assert span.ended_ms == pytest.approx(700, abs=1)
        assert speech_span(quiet(500), RATE) is None


SAID = Sound(1000, 2000)


class TestAnswer:
    def test_the_latency_is_the_time_from_the_last_word_to_the_first_sound_of_the_answer(self) -> None:
        """The agent was silent, and speaks."""
        assert answer([Sound(0, 500), Sound(2450, 2700), Sound(2800, 3000)], SAID) == Answer("answered", 450)

    def test_an_agent_that_speaks_into_the_callers_words_has_talked_over_them(self) -> None:
        """It is no answer with a negative latency: it did not wait."""
        assert answer([Sound(1900, 2500), Sound(3000, 3100)], SAID) == Answer("talked_over")

    def test_a_false_start_that_stopped_before_the_caller_did_is_no_answer(self) -> None:
        """What the agent says after the caller has ended is."""
        assert answer([Sound(1500, 1700), Sound(2600, 2900)], SAID) == Answer("answered", 600)

    def test_what_began_before_the_caller_spoke_is_no_answer(self) -> None:
        """However long it goes on, and whatever pauses its sentences have."""
        assert answer([Sound(0, 2500)], SAID) == Answer("none")
        assert answer([Sound(0, 1500), Sound(1600, 1900), Sound(2200, 2500)], SAID) == Answer("none")

    def test_an_agent_that_says_its_greeting_to_the_end_has_finished_first(self) -> None:
        """A protected greeting is not the answer; what follows it is, and the caller has waited since its last word."""
        sounds = [Sound(0, 1500), Sound(1600, 2400), Sound(2900, 3500)]
        assert answer(sounds, SAID) == Answer("finished_first", 900)

    def test_an_answer_after_the_caller_spoke_again_answers_that(self) -> None:
        """Whoever has to ask twice was not answered the first time."""
        sounds = [Sound(4000, 4100)]
        assert answer(sounds, SAID, until_ms=3000) == Answer("none")
        assert answer(sounds, SAID, until_ms=5000) == Answer("answered", 2000)

    def test_silence_is_no_answer(self) -> None:
        """Nothing came."""
        assert answer([], SAID) == Answer("none")

    @given(
        st.lists(st.tuples(st.floats(1, 900), st.floats(1, 900)), max_size=12),
        st.floats(0, 4000),
        st.floats(1, 3000),
    )
    def test_no_latency_is_ever_negative(
        self, pieces: list[tuple[float, float]], began_ms: float, lasts_ms: float
    ) -> None:
        """Whatever the agent does while the caller speaks."""
        sounds, at_ms = [], 0.0
        for gap_ms, long_ms in pieces:
            sounds.append(Sound(at_ms + gap_ms, at_ms + gap_ms + long_ms))
            at_ms = sounds[-1].ended_ms
        found = answer(sounds, Sound(began_ms, began_ms + lasts_ms))
        assert (found.latency_ms is not None) == (found.kind in ("answered", "finished_first"))
        assert found.latency_ms is None or found.latency_ms >= 0


class TestBargeIn:
    def test_it_is_the_time_from_the_callers_first_sample_to_the_last_sound(self) -> None:
        """Silence is what the caller hears, and it counts from the caller's own onset."""
        assert stop_ms([Sound(0, 1180)], SAID) == 180

    def test_words_after_a_short_pause_count(self) -> None:
        """An agent that only breathes has not stopped."""
        assert stop_ms([Sound(0, 1100), Sound(1200, 1250), Sound(1500, 1600), Sound(2600, 2900)], SAID) == 600

    def test_an_agent_that_comes_back_while_the_caller_speaks_has_not_stopped(self) -> None:
        """Falling silent counts when it lasts as long as the caller speaks."""
        assert stop_ms([Sound(0, 1100), Sound(1900, 2300), Sound(2800, 3000)], SAID) == 1300

    def test_the_answer_is_not_part_of_the_stop(self) -> None:
        """What the agent says after the caller has ended is its answer."""
        assert stop_ms([Sound(0, 1100), Sound(2100, 2300)], SAID) == 100

    def test_an_agent_between_two_words_that_says_no_more_stopped_at_once(self) -> None:
        """A pause that turned out to be the end was the end."""
        assert stop_ms([Sound(0, 900)], SAID) == 0

    def test_there_is_nothing_to_stop_when_the_agent_was_silent(self) -> None:
        """An agent that was not speaking at the onset has no time of stopping."""
        assert stop_ms([Sound(0, 600)], SAID) is None
        assert stop_ms([Sound(1500, 1600)], SAID) is None
        assert stop_ms([], SAID) is None


class TestBackchannel:
    def test_an_agent_that_goes_on_was_not_stopped(self) -> None:
        """A short pause beside a hum is a breath, and is reported with its length."""
        sounds = [Sound(0, 1500), Sound(1650, 4000)]
        outcome = backchannel(sounds, SAID, heard_until_ms=4000)
        assert outcome is not None
        assert not outcome.stopped_agent
        assert outcome.longest_gap_ms == 150

    def test_a_gap_of_more_than_350_ms_is_a_stop(self) -> None:
        """One millisecond over the limit is what a caller would notice."""
        outcome = backchannel([Sound(0, 1500), Sound(1851, 4000)], SAID, heard_until_ms=4000)
        assert outcome is not None
        assert outcome.stopped_agent

    def test_a_gap_that_never_ends_is_a_stop(self) -> None:
        """An agent that never goes on is counted for as long as anybody listened."""
        outcome = backchannel([Sound(0, 2900)], SAID, heard_until_ms=6000)
        assert outcome is not None
        assert outcome.stopped_agent
        assert outcome.longest_gap_ms == 3100

    def test_a_gap_that_begins_more_than_a_second_after_the_hum_is_not_its_doing(self) -> None:
        """A sentence may end while somebody hums."""
        outcome = backchannel([Sound(0, 3000), Sound(4000, 5000)], SAID, heard_until_ms=9000)
        assert outcome is not None
        assert not outcome.stopped_agent

    def test_a_gap_that_is_open_when_the_hum_begins_counts_from_there(self) -> None:
        """Only the part of a pause that the hum can have caused counts against it."""
        outcome = backchannel([Sound(0, 900), Sound(1300, 5000)], SAID, heard_until_ms=5000)
        assert outcome is not None
        assert outcome.longest_gap_ms == 300

    def test_it_says_nothing_of_an_agent_that_was_silent(self) -> None:
        """With nobody speaking nothing can be disturbed."""
        assert backchannel([], SAID, heard_until_ms=5000) is None
        assert backchannel([Sound(0, 500)], SAID, heard_until_ms=5000) is None
