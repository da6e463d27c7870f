"""The people on the phones: they follow scripts, tick by tick, and measure what it is like to talk to the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.audio.frames import dbfs
from offhook.clock import ManualClock
from offhook.exchange.people.caller import AnsweringPerson, ScriptedCaller
from offhook.exchange.people.script import parse_script
from offhook.exchange.people.voices import Voices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WALL_MS = 1_000_000.0
VOICE = b"\x00\x10" * 160
SILENCE = bytes(320)


class FakeHandset:
    """A handset that writes down what its phone does."""

    def __init__(self) -> None:
        self.call_id = "v3:call"
        self.did: list[str] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []

    def answer(self) -> None:
        self.did.append("answer")

    def reject(self, cause: str) -> None:
        self.did.append(f"reject {cause}")

    def hang_up(self) -> None:
        self.did.append("hang_up")

    def press(self, digit: str) -> None:
        self.did.append(f"press {digit}")

    def note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self.notes.append((type, fields))


class Recordings(Voices):
    """Every recording is silence for 50 ms, a voice for as many milliseconds as its name says, silence for 50 ms."""

    def __init__(self) -> None:
        async def speak(text: str, voice: str | None) -> tuple[bytes, int]:
            raise AssertionError

        super().__init__(speak)

    def clip(self, ref: Any, *, rate: int = 8000) -> Any:
        pad = bytes(2 * rate // 20)
        ms = int(ref.name)
        return self._add(ref, pad + b"\x00\x10" * (rate * ms // 1000) + pad, rate, rate, f"{ms} ms of speech")


class Conversation:
    """A caller on a line with an agent that speaks when it is told: the agent's times are on the ticks."""

    def __init__(self, *steps: dict[str, Any]) -> None:
        self.clock = ManualClock(0.0, WALL_MS)
        self.handset = FakeHandset()
        self.caller = ScriptedCaller(parse_script({"steps": list(steps)}), voices=Recordings(), clock=self.clock)
        self.caller.placed(self.handset, 0)
        self.caller.connected(0)
        self.now_ms = 0
        self.said: list[int] = []  # the ticks in which the caller speaks

    def run(self, ms: int, agent: Callable[[int], bool] = lambda now_ms: False) -> Conversation:
        for _ in range(ms // 20):
            if any(self.caller.mouth(self.now_ms)):
                self.said.append(self.now_ms)
            self.caller.ear(VOICE if agent(self.now_ms) else SILENCE, self.now_ms)
            self.now_ms += 20
        return self

    def agent_speaks(self, ms: int) -> Conversation:
        return self.run(ms, lambda now_ms: True)

    @property
    def report(self) -> dict[str, Any]:
        return self.caller.report()

    @property
    def turns(self) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = self.report["turns"]
        return turns


def kinds(notes: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    return [kind for kind, _ in notes]


class TestSaying:
    def test_what_is_said_is_spoken_in_the_20_ms_before_its_frame(self) -> None:
        """What a caller says during a tick is on the line with that tick, so its time is 20 ms before."""
        conversation = Conversation({"say": "200"}).run(1000)
        (turn,) = conversation.turns
        assert turn["said"] == "200 ms of speech"
        assert turn["kind"] == "turn"
        assert turn["began_ms"] == pytest.approx(WALL_MS + 30, abs=1)
        assert turn["ended_ms"] == pytest.approx(WALL_MS + 230, abs=1)
        assert conversation.report["finished"]

    def test_the_latency_is_measured_to_the_first_sound_at_the_ear(self) -> None:
        """The agent's answer is timed where the caller hears it, not where the agent sends it."""
        conversation = Conversation({"say": "200"}).run(600).agent_speaks(200).run(200)
        assert conversation.turns[0]["latency_ms"] == pytest.approx(600 - 230, abs=1)

    def test_a_turn_without_an_answer_has_no_latency(self) -> None:
        """An answer belongs to the last thing that was said, not to every question before it."""
        conversation = Conversation({"say": "200"}, {"wait_s": 0.5}, {"say": "200"}).run(2000).agent_speaks(100)
        assert [turn["latency_ms"] is None for turn in conversation.turns] == [True, False]

    def test_the_timeline_gets_the_moments_of_speech_with_their_own_times(self) -> None:
        """Moments found later than they happened are noted with the time at which they happened."""
        conversation = Conversation({"say": "200"}).run(600).agent_speaks(200).run(600)
        assert kinds(conversation.handset.notes) == [
            "caller.speech_started",
            "caller.speech_ended",
            "caller.hears_speech",
            "caller.hears_silence",
        ]
        times = [fields["at_ms"] - WALL_MS for _, fields in conversation.handset.notes]
        assert times == pytest.approx([30, 230, 600, 800], abs=1)

    def test_a_recording_without_speech_is_no_turn(self) -> None:
        """A clip of pure silence is played and counts for nothing."""
        conversation = Conversation({"say": "0"}, {"hang_up": True}).run(600)
        assert conversation.turns == []
        assert conversation.handset.did == ["hang_up"]


class TestWaiting:
    def test_the_agent_has_finished_when_it_was_heard_and_then_silent(self) -> None:
        """A pause inside a sentence is no end: the caller does not talk into it."""
        conversation = Conversation({"wait_agent": True}, {"say": "200"}).run(300).agent_speaks(500)
        conversation.run(400).agent_speaks(400)  # a pause inside its sentence
        conversation.run(1000)
        assert conversation.said[0] == 1600 + 700 + 40
        assert conversation.report["missed_steps"] == []
        assert conversation.report["greeting_ms"] == pytest.approx(300, abs=1)

    def test_what_was_said_before_the_question_is_no_answer_to_it(self) -> None:
        """Whoever waits for the agent after speaking waits for words that come after its own."""
        conversation = Conversation({"wait_agent": True}, {"say": "200"}, {"wait_agent": True}, {"hang_up": True})
        conversation.agent_speaks(500).run(3000)
        assert conversation.handset.did == []
        conversation.agent_speaks(500).run(1000)
        assert conversation.handset.did == ["hang_up"]

    def test_each_wait_is_for_something_new(self) -> None:
        """A sentence answers one wait and not the next."""
        conversation = Conversation({"wait_agent": True}, {"wait_agent": True}, {"hang_up": True})
        conversation.agent_speaks(500).run(3000)
        assert conversation.handset.did == []

    def test_waiting_in_vain_is_noted_and_the_script_goes_on(self) -> None:
        """A caller does not hang on an agent that is silent for ever, and the report says which step had no answer."""
        conversation = Conversation({"wait_agent": True, "timeout_s": 2}, {"hang_up": True}).run(3000)
        assert conversation.handset.did == ["hang_up"]
        assert conversation.report["missed_steps"] == [1]
        assert conversation.handset.notes[0] == ("caller.waited_in_vain", {"at_ms": WALL_MS + 2000, "step": 1})

    def test_nothing_is_done_after_hanging_up(self) -> None:
        """Steps behind the hang-up are not performed, and the script does not count as finished."""
        conversation = Conversation({"hang_up": True}, {"say": "200"}).run(1000)
        assert conversation.turns == []
        assert not conversation.report["finished"]

    def test_the_end_of_the_call_ends_the_script_in_the_middle_of_a_word(self) -> None:
        """A caller whose call has ended says nothing more, and the report has the cause."""
        conversation = Conversation({"say": "2000"}, {"say": "200"}).run(500)
        conversation.caller.ended("normal_clearing", 500)
        conversation.run(5000)
        assert len(conversation.turns) == 1
        assert conversation.said[-1] < 500
        assert conversation.report["ended"] == "normal_clearing"


class TestBargeIn:
    STEPS = ({"say": "200"}, {"barge_in": "600", "after_ms": 1000})

    def test_it_comes_when_the_agent_has_spoken_for_long_enough_and_measures_the_stop(self) -> None:
        """A barge-in comes into the middle of a sentence, and the time until the caller hears silence is measured."""
        conversation = Conversation(*self.STEPS).run(500).agent_speaks(1240).run(2000)
        barge_in = conversation.turns[1]
        assert barge_in["kind"] == "barge_in"
        assert barge_in["began_ms"] == pytest.approx(WALL_MS + 1500 + 30, abs=1)
        assert barge_in["stop_ms"] == pytest.approx(1740 - 1530, abs=1)
        assert conversation.report["barge_in"] == {"stop_ms": barge_in["stop_ms"]}

    def test_pauses_inside_a_sentence_count_as_speech(self) -> None:
        """The agent's time to speak is counted from the start of its sentences, breath included."""
        conversation = Conversation(*self.STEPS).run(500).agent_speaks(400).run(300).agent_speaks(600).run(2000)
        assert conversation.turns[1]["began_ms"] == pytest.approx(WALL_MS + 1530, abs=1)

    def test_an_agent_that_speaks_too_briefly_is_not_waited_for(self) -> None:
        """The caller speaks in any case, and there is nothing whose stop could be measured."""
        conversation = Conversation(*self.STEPS).run(500).agent_speaks(400).run(3000)
        assert conversation.turns[1]["stop_ms"] is None
        assert conversation.turns[1]["began_ms"] == pytest.approx(WALL_MS + 900 + 700 + 30, abs=1)
        assert conversation.report["missed_steps"] == [2]

    def test_it_is_said_anyway_when_the_agent_never_speaks(self) -> None:
        """A barge-in that finds nobody speaking is a missed step, not a caller who waits for ever."""
        conversation = Conversation({"barge_in": "200", "timeout_s": 1}).run(3000)
        assert conversation.turns[0]["began_ms"] == pytest.approx(WALL_MS + 1030, abs=1)
        assert conversation.report["missed_steps"] == [1]

    def test_two_in_a_row_each_wait_for_their_time(self) -> None:
        """The second counts its time from the end of the first."""
        conversation = Conversation(
            {"backchannel": "200", "after_ms": 500}, {"barge_in": "200", "after_ms": 1000}
        ).agent_speaks(4000)
        first, second = conversation.turns
        assert second["began_ms"] - first["ended_ms"] > 1000

    def test_a_script_without_one_reports_none(self) -> None:
        """What was not tried is told from what failed."""
        report = Conversation({"say": "200"}).run(500).report
        assert report["barge_in"] is None
        assert report["backchannel"] is None


class TestBackchannel:
    STEPS = ({"say": "200"}, {"backchannel": "300", "after_ms": 1000}, {"wait_agent": True}, {"hang_up": True})

    def test_an_agent_that_goes_on_was_not_stopped_and_has_answered(self) -> None:
        """A hum is no question: the agent's going on is no answer to it, and no stop."""
        conversation = Conversation(*self.STEPS).run(500).agent_speaks(1200).run(200).agent_speaks(2000).run(1000)
        assert conversation.report["backchannel"] == {
            "stopped_agent": False,
            "longest_gap_ms": pytest.approx(200, abs=1),
        }
        assert conversation.turns[1]["latency_ms"] is None
        assert conversation.turns[0]["latency_ms"] == pytest.approx(270, abs=1)
        assert conversation.handset.did == ["hang_up"]

    def test_an_agent_that_falls_silent_was_stopped(self) -> None:
        """Silence after a hum is the mistake that this step looks for."""
        conversation = Conversation(*self.STEPS).run(500).agent_speaks(1200).run(1000)
        assert conversation.report["backchannel"]["stopped_agent"]

    def test_nothing_is_said_of_an_agent_that_was_silent(self) -> None:
        """Whether a silent agent would have stopped is not known, and is not claimed."""
        conversation = Conversation({"backchannel": "300", "timeout_s": 1}).run(3000)
        assert conversation.report["backchannel"] == {"stopped_agent": None, "longest_gap_ms": None}


class TestKeysAndPeople:
    def test_keys_are_pressed_one_after_the_other_with_pauses(self) -> None:
        """Each key has its tone and its gap, and a ``w`` is half a second more."""
        conversation = Conversation({"press": "1w2"}, {"hang_up": True})
        pressed: list[tuple[int, str]] = []
        while len(conversation.handset.did) < 3:
            before = len(conversation.handset.did)
            conversation.run(20)
            pressed += [(conversation.now_ms - 20, did) for did in conversation.handset.did[before:]]
        assert pressed == [(0, "press 1"), (700, "press 2"), (720, "hang_up")]

    def test_keys_of_the_other_side_are_remembered(self) -> None:
        """What the agent dials is in the report."""
        conversation = Conversation({"say": "200"})
        conversation.caller.digit("4", 0)
        conversation.caller.digit("2", 0)
        assert conversation.report["digits"] == "42"

    def test_a_person_is_somebody_heard_after_the_line_was_bridged(self) -> None:
        """The agent's own voice is not taken for the person it hands over to."""
        conversation = Conversation({"expect_person": True}, {"hang_up": True}).agent_speaks(1000).run(1000)
        assert not conversation.report["heard_person"]
        conversation.caller.bridged(conversation.now_ms)
        conversation.run(500)
        assert conversation.handset.did == []
        conversation.agent_speaks(100).run(100)
        assert conversation.report["heard_person"]
        assert conversation.handset.did == ["hang_up"]

    def test_a_person_who_never_comes(self) -> None:
        """A hand-over that never comes is a missed step, and the caller goes on."""
        conversation = Conversation({"expect_person": True, "timeout_s": 1}, {"hang_up": True}).run(2000)
        assert conversation.handset.did == ["hang_up"]
        assert conversation.report["missed_steps"] == [1]


class TestProtectedGreeting:
    """The caller speaks while an agent goes on that cannot be interrupted."""

    STEPS = ({"wait_s": 0.5}, {"say": "400"}, {"wait_agent": True}, {"hang_up": True})

    def test_the_rest_of_the_greeting_is_not_the_answer(self) -> None:
        """The latency counts from the caller's last word to what follows the greeting, and the report says why."""
        conversation = Conversation(*self.STEPS).agent_speaks(2000).run(1000)
        assert conversation.handset.did == []
        conversation.agent_speaks(600).run(1000)
        (turn,) = conversation.turns
        assert turn["answer"] == "finished_first"
        assert turn["began_ms"] == pytest.approx(WALL_MS + 530, abs=1)
        assert turn["latency_ms"] == pytest.approx(3000 - 930, abs=1)
        assert conversation.handset.did == ["hang_up"]
        assert conversation.report["missed_steps"] == []

    def test_an_agent_that_speaks_into_the_callers_words_is_said_to(self) -> None:
        """There is no latency, least of all a negative one; the script goes on after what the agent said."""
        conversation = Conversation(*self.STEPS).run(700).agent_speaks(900).run(1000)
        assert (conversation.turns[0]["answer"], conversation.turns[0]["latency_ms"]) == ("talked_over", None)
        assert conversation.handset.did == ["hang_up"]

    def test_an_answer_that_never_comes_is_none(self) -> None:
        """The report tells it from one that was talked over."""
        assert Conversation(*self.STEPS).run(3000).turns[0]["answer"] == "none"


class TestAcoustics:
    def test_what_the_phone_hears_comes_back_into_what_it_says(self) -> None:
        """``echo_db`` and ``echo_ms`` of the script, while the caller itself is silent."""
        document = {"steps": [{"wait_s": 10}], "echo_db": -20, "echo_ms": 100}
        caller = ScriptedCaller(parse_script(document), voices=Recordings())
        caller.connected(0)
        said = []
        for now_ms in range(0, 400, 20):
            said.append(caller.mouth(now_ms))
            caller.ear(VOICE if now_ms < 40 else SILENCE, now_ms)
        assert [tick for tick, pcm in enumerate(said) if any(pcm)] == [6, 7]
        assert said[6] == (4096 // 10).to_bytes(2, "little") * 160

    def test_noise_is_on_the_line_all_the_time(self) -> None:
        """``noise_dbfs`` of the script, while nobody says anything."""
        document = {"steps": [{"wait_s": 10}], "noise_dbfs": -40}
        caller = ScriptedCaller(parse_script(document), voices=Recordings())
        caller.connected(0)
        said = [caller.mouth(now_ms) for now_ms in range(0, 100, 20)]
        assert all(-43 < dbfs(pcm) < -37 for pcm in said)

    def test_without_an_echo_the_phone_says_what_it_says(self) -> None:
        """The common case."""
        conversation = Conversation({"wait_s": 10}).agent_speaks(200)
        assert conversation.said == []

    @pytest.mark.parametrize("burst", [True, False])
    def test_audio_that_stops_in_the_middle_of_a_word(self, burst: bool) -> None:
        """No frame comes for as long as was asked for; then all that was held back comes at once, or it is lost."""
        steps: list[dict[str, Any]] = [
            {"stop_audio_s": 0.2, "after_ms": 100, "burst": burst},
            {"say": "200"},
            {"hang_up": True},
        ]
        conversation = Conversation(*steps)
        frames = [len(conversation.caller.mouth(now_ms)) // 320 for now_ms in range(0, 400, 20)]
        assert frames == [1] * 5 + [0] * 10 + [11 if burst else 1] + [1] * 4
        (note,) = [fields for kind, fields in conversation.handset.notes if kind == "caller.audio_stops"]
        assert note == {"at_ms": WALL_MS + 100, "seconds": 0.2, "burst": burst}
        assert conversation.handset.did == ["hang_up"]


class TestCalled:
    def test_a_caller_who_is_called_is_busy(self) -> None:
        """Somebody who calls does not pick up as well."""
        handset = FakeHandset()
        caller = ScriptedCaller(parse_script({"steps": [{"hang_up": True}]}), voices=Recordings())
        caller.ring(handset, 0)
        caller.waiting(0)
        assert handset.did == ["reject busy"]
        assert caller.report()["greeting_ms"] is None

    def test_a_caller_without_a_handset_follows_its_script_all_the_same(self) -> None:
        """A script can be rehearsed without a line: keys and hang-up then go nowhere."""
        caller = ScriptedCaller(
            parse_script({"steps": [{"press": "1"}, {"say": "100"}, {"hang_up": True}]}), voices=Recordings()
        )
        for tick in range(100):
            caller.mouth(tick * 20)
        assert caller.report()["finished"]

    def test_a_person_picks_up_after_a_while_and_speaks(self) -> None:
        """The phone rings for as long as it was told, and the person then follows its script."""
        handset = FakeHandset()
        person = AnsweringPerson(
            parse_script({"steps": [{"say": "200"}]}), voices=Recordings(), answer_after_ms=500, clock=ManualClock()
        )
        person.ring(handset, 1000)
        for now_ms in range(1000, 2000, 20):
            person.waiting(now_ms)
            if now_ms < 1500:
                assert handset.did == []
        assert handset.did == ["answer"]
        person.connected(2000)
        assert any(any(person.mouth(now_ms)) for now_ms in range(2000, 3000, 20))

    def test_the_people_of_the_package_speak_at_the_lines_rate(self) -> None:
        """Recordings are resampled to the line they are played on."""
        person = AnsweringPerson(parse_script({"steps": [{"say": "person_hello"}]}), rate=16000)
        person.connected(0)
        assert {len(person.mouth(now_ms)) for now_ms in range(0, 1000, 20)} == {640}
