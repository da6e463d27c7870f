"""How many calls at once: what is told, and what is decided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.server.capacity import Capacity, CapacityOptions, CrowdOver
from offhook.speech.metering import EngineCost, EngineUse

RECOGNITION = EngineCost(engine="recognition", audio_ms=2700, answered_ms=150, busy_ms=150, processor_ms=150, at_once=1)
"""50 ms for each second: a usual turn (2.5 s, each 8 s) uses 17.5 ms of a second."""
VOICE = EngineCost(engine="voice", audio_ms=4000, answered_ms=40, busy_ms=160, processor_ms=160, at_once=1)
"""40 ms for each second: a usual answer (4 s) uses 20 ms of a second."""
PLENTY = 16.0


class Day:
    """A capacity, and the time that passes."""

    def __init__(self, *costs: EngineCost, max_calls: int = 400, cores: float = PLENTY, **options: Any) -> None:
        self.capacity = Capacity(max_calls, cores=cores, options=CapacityOptions(**options))
        self.capacity.measured(costs)
        self.now_ms = 0.0

    def goes_on(
        self, seconds: float, *, calls: int = 0, settled: int | None = None, late_ms: float = 0.0, busy_ms: float = 0.0
    ) -> list[CrowdOver]:
        """Tick four times a second; ``busy_ms`` is processor time for each second."""
        over = []
        for _ in range(round(seconds * 4)):
            self.now_ms += 250
            said = self.capacity.tick(
                self.now_ms,
                calls=calls,
                settled=calls if settled is None else settled,
                late_ms=late_ms,
                processor_ms=busy_ms / 4,
            )
            over += [] if said is None else [said]
        return over

    def recognised(self, took_ms: float, *, times: int = 1, audio_ms: float = 2700) -> None:
        """Words after so long."""
        for _ in range(times):
            self.capacity.asked("recognition")
            self.capacity.answered(EngineUse(engine="recognition", audio_ms=audio_ms, answered_ms=took_ms), self.now_ms)
            self.capacity.done("recognition", audio_ms)

    def full(self) -> bool:
        return self.capacity.full

    @property
    def limit(self) -> tuple[int, str]:
        limit = self.capacity.limit()
        return limit.calls, limit.by


def test_without_engines_and_with_processors_the_programs_own_limit_counts() -> None:
    """As for sessions that are no agents of ours."""
    day = Day(max_calls=3)
    assert day.limit == (3, "max_calls")
    assert [day.capacity.admit(0, calls) for calls in (0, 2, 3)] == [None, None, "max_calls"]


def test_the_busiest_engine_says_how_many_calls_there_is_room_for() -> None:
    """Sixty hundredths of an engine that does one thing at a time, by what a call is expected to use of it."""
    assert Day(RECOGNITION).limit == (34, "recognition")
    assert Day(RECOGNITION, VOICE).limit == (30, "voice")


def test_an_engine_that_does_several_at_a_time_has_room_for_more() -> None:
    """And one that does as many as there are says nothing about it."""
    two = EngineCost(**{**_fields(VOICE), "at_once": 2})
    assert Day(RECOGNITION, two).limit == (34, "recognition")
    elsewhere = EngineCost(**{**_fields(VOICE), "at_once": None, "processor_ms": 1.0})
    assert Day(elsewhere).limit == (400, "max_calls")


def test_processors_are_shared_by_everything_that_a_call_needs() -> None:
    """Recognition, voice and the rest: 17.5 + 20 + 5 ms of each second, of seven tenths of a core."""
    assert Day(RECOGNITION, VOICE, cores=1).limit == (16, "processor")


def test_processors_that_others_use_do_not_count() -> None:
    """An engine that takes longer than it computes waits for its turn on the processor."""
    slow = EngineCost(engine="voice", audio_ms=4000, answered_ms=160, busy_ms=320, processor_ms=160, at_once=None)
    alone = EngineCost(**{**_fields(slow), "busy_ms": 160.0})
    assert Day(alone, cores=2).limit[0] == 2 * Day(slow, cores=2).limit[0]


def test_there_is_always_room_for_one() -> None:
    """However slow everything is."""
    slow = EngineCost(engine="voice", audio_ms=1000, answered_ms=9000, busy_ms=9000, processor_ms=9000, at_once=1)
    assert Day(slow, cores=0.1).limit == (1, "processor")
    day = Day(RECOGNITION)
    day.recognised(9000, times=10)
    day.goes_on(1, calls=1)
    assert day.limit == (1, "recognition")
    assert day.capacity.admit(day.now_ms, 0) is None


def test_what_calls_use_is_learned_from_those_that_have_been_greeted() -> None:
    """They use half of what was assumed: in the end there is room for twice as many."""
    day = Day(RECOGNITION, prior_s=10)
    for _ in range(40):
        day.goes_on(8, calls=10, busy_ms=50)
        day.recognised(75, times=10, audio_ms=1200)
    assert 60 <= day.limit[0] <= 70
    young = Day(RECOGNITION)
    young.goes_on(40, calls=10, settled=0, busy_ms=50)
    assert young.limit == (34, "recognition")


def test_calls_that_use_more_than_was_assumed_leave_room_for_fewer() -> None:
    """Of the processors too: whatever the program does counts."""
    day = Day(cores=2, prior_s=30)
    assert day.limit[0] == 280
    day.goes_on(60, calls=10, busy_ms=500)
    assert day.limit[0] == pytest.approx(31, abs=5)
    assert day.limit[1] == "processor"


def test_callers_who_come_together_are_answered_one_after_the_other() -> None:
    """Or they would all speak at the same moment: 160 ms of the voice for each are 267 ms, at six tenths."""
    day = Day(RECOGNITION, VOICE)
    rings = [day.capacity.ring_ms(0) for _ in range(4)]
    assert rings == pytest.approx([0, 266.7, 533.3, 800], abs=0.1)
    assert day.capacity.ring_ms(900) == pytest.approx(166.7, abs=0.1)
    assert day.capacity.ring_ms(5000) == 0
    nobody_knows = Day()
    assert [nobody_knows.capacity.ring_ms(0) for _ in range(3)] == [0, 0, 0]


def test_a_phone_does_not_ring_for_long_because_of_others() -> None:
    """Whoever would have to wait for more than five seconds is told busy at once; but not when nobody else is there."""
    day = Day(RECOGNITION, VOICE)
    calls = 0
    while day.capacity.admit(0, calls) is None:
        day.capacity.ring_ms(0)
        calls += 1
    assert calls == 19
    assert day.capacity.refused == {"voice": 1}
    assert day.capacity.admit(0, 0) is None
    assert day.capacity.admit(300, calls) is None


def test_a_wait_that_grows_closes_the_door() -> None:
    """One in twenty may wait for longer than 250 ms and half of what the engine takes alone."""
    day = Day(RECOGNITION, cores=PLENTY)
    day.goes_on(1, calls=12)
    day.recognised(150 + 300, times=20)
    assert day.capacity.admit(day.now_ms, 12) is None
    day.recognised(150 + 400, times=2)
    assert day.capacity.admit(day.now_ms, 12) == "recognition"
    assert day.capacity.report(day.now_ms)["strain"] == "recognition"


def test_four_answers_are_too_few_to_judge_by() -> None:
    """One caller with a long story is no strain."""
    day = Day(RECOGNITION)
    day.goes_on(1, calls=12)
    day.recognised(3000, times=4)
    assert day.capacity.admit(day.now_ms, 12) is None


def test_those_who_wait_for_an_engine_are_seen_before_they_are_answered() -> None:
    """Four utterances in a queue are half a second for the fifth."""
    day = Day(RECOGNITION)
    for _ in range(3):
        day.capacity.asked("recognition")
    assert day.capacity.admit(0, 12) is None
    day.capacity.asked("recognition")
    assert day.capacity.admit(0, 12) == "recognition"
    for _ in range(4):
        day.capacity.done("recognition", 0)
    day.goes_on(4, calls=10)
    assert day.capacity.admit(day.now_ms, 10) is None


def test_a_loop_that_is_late_closes_the_door() -> None:
    """Everything of every call runs on it."""
    day = Day()
    day.goes_on(3, calls=5, late_ms=61)
    assert day.capacity.admit(day.now_ms, 5) == "event_loop"
    idle = Day()
    idle.goes_on(3, calls=0, late_ms=61)
    assert idle.capacity.admit(idle.now_ms, 0) is None


def test_a_strain_is_over_well_below_where_it_began() -> None:
    """Or the door would open and shut with every word."""
    day = Day(loop_late_ms=60)
    day.goes_on(3, calls=5, late_ms=61)
    day.goes_on(9, calls=5, late_ms=50)
    assert day.capacity.admit(day.now_ms, 5) == "event_loop"
    day.goes_on(20, calls=5, late_ms=30)
    assert day.capacity.admit(day.now_ms, 5) is None


def test_what_a_strain_has_taken_comes_back_call_by_call() -> None:
    """One for each three seconds without a strain, until nothing but the room counts."""
    day = Day(max_calls=30)
    day.goes_on(3, calls=20, late_ms=100)
    assert day.limit == (19, "event_loop")
    day.goes_on(8 + 3, calls=20)
    assert day.limit == (20, "event_loop")
    day.goes_on(3, calls=20)
    assert day.limit == (21, "event_loop")
    day.goes_on(60, calls=20)
    assert day.limit == (30, "max_calls")


def test_a_strain_that_goes_on_takes_what_calls_leave() -> None:
    """Calls that end are not replaced."""
    day = Day()
    day.goes_on(3, calls=20, late_ms=100)
    day.goes_on(1, calls=12, late_ms=100)
    assert day.limit == (12, "event_loop")


def test_full_begins_with_a_refusal_and_ends_with_room() -> None:
    """It ends when nobody was refused for a while, and says how many were."""
    day = Day(max_calls=2)
    for _ in range(3):
        assert day.capacity.admit(day.now_ms, 2) == "max_calls"
    assert day.full()
    assert day.goes_on(30, calls=2) == []
    assert day.full()
    assert day.goes_on(1, calls=1) == [CrowdOver(3)]
    assert not day.full()
    day.capacity.admit(day.now_ms, 2)
    assert day.goes_on(9, calls=1) == []
    assert day.goes_on(2, calls=1) == [CrowdOver(1)]
    assert day.capacity.refused == {"max_calls": 4}


def test_an_engine_that_was_not_measured_is_known_by_its_first_answer() -> None:
    """One of a provider, say, is not asked for nothing: what it takes while few calls are up is what it takes."""
    day = Day()
    day.capacity.asked("recognition")
    day.capacity.done("recognition", 1000)
    for _ in range(60):
        day.recognised(600)
        day.goes_on(1, calls=1)
    day.goes_on(1, calls=8)
    assert day.capacity.admit(day.now_ms, 8) is None
    day.recognised(1600, times=20)
    assert day.capacity.admit(day.now_ms, 8) == "recognition"


def test_an_engine_that_was_slow_at_the_start_is_measured_by_what_it_does_later() -> None:
    """Other programs start together with this one."""
    slow = EngineCost(**{**_fields(RECOGNITION), "answered_ms": 600.0})
    day = Day(slow)
    day.goes_on(1, calls=10)
    day.recognised(150, times=60)
    day.goes_on(10, calls=10)
    day.recognised(550, times=10)
    assert day.capacity.admit(day.now_ms, 10) == "recognition"


def test_a_start_in_a_bad_moment_is_made_up_for() -> None:
    """Everything took four times as long while other programs were busy: room comes back as the engine gets faster."""
    slow = EngineCost(**{**_fields(RECOGNITION), "answered_ms": 600.0, "busy_ms": 600.0})
    day = Day(slow, cores=2, prior_s=10)
    assert day.limit == (8, "recognition")
    assert day.capacity.report(0)["cores"] == 0.5
    for _ in range(40):
        day.goes_on(8, calls=8)
        day.recognised(150, times=8, audio_ms=2500)
    assert day.limit[0] >= 30
    assert day.capacity.report(0)["cores"] == pytest.approx(2, abs=0.2)


def test_the_first_sound_of_a_voice_does_not_depend_on_the_length() -> None:
    """What it takes alone is taken for every sentence."""
    day = Day(VOICE)
    day.goes_on(1, calls=10)
    for _ in range(10):
        day.capacity.answered(EngineUse(engine="voice", audio_ms=0.0, answered_ms=40 + 280), day.now_ms)
    assert day.capacity.admit(day.now_ms, 10) == "voice"


def test_the_report_tells_figures_only() -> None:
    """Of engines, of the loop and of processors."""
    day = Day(RECOGNITION, cores=2)
    day.goes_on(2, calls=3, late_ms=1)
    day.recognised(200, times=5)
    assert day.capacity.report(day.now_ms) == {
        "limit": 34,
        "by": "recognition",
        "full": False,
        "strain": None,
        "refused": {},
        "cores": 2.0,
        "processor_ms_per_call_s": pytest.approx(22, abs=1),
        "loop_late_p95_ms": 1.0,
        "engines": {
            "recognition": {
                "alone_ms": pytest.approx(140, abs=1),
                "added_p95_ms": 50.0,
                "waiting": 0,
                "busy_ms_per_call_s": pytest.approx(17.2, abs=0.1),
            }
        },
    }
    assert day.capacity.report(day.now_ms + 60_000)["loop_late_p95_ms"] is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["asked", "answered", "done", "tick", "admit"]),
            st.integers(0, 60),
            st.floats(0, 5000),
        ),
        max_size=80,
    )
)
def test_whatever_happens_one_call_has_room_and_max_calls_holds(steps: list[tuple[str, int, float]]) -> None:
    """A call alone is always taken, and never is one taken beside ``max_calls``."""
    day = Day(RECOGNITION, VOICE, max_calls=40, cores=2)
    for what, calls, ms in steps:
        match what:
            case "asked":
                day.capacity.asked("voice")
            case "answered":
                day.capacity.answered(EngineUse(engine="recognition", audio_ms=ms, answered_ms=ms), day.now_ms)
            case "done":
                day.capacity.done("voice", ms)
            case "tick":
                day.now_ms += ms
                day.capacity.tick(day.now_ms, calls=calls, settled=calls // 2, late_ms=ms / 10, processor_ms=ms / 2)
            case _:
                scarce = day.capacity.admit(day.now_ms, calls)
                assert calls > 0 or scarce is None
                assert calls < 40 or scarce is not None
        assert 1 <= day.capacity.limit().calls <= 40


def _fields(cost: EngineCost) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in cost.__slots__}
