"""When a caller who waits for an answer hears that it is being worked on."""

from __future__ import annotations

from offhook.agent.fillers import Fillers


def test_fillers_come_in_their_rhythm_one_after_the_other() -> None:
    """The first after a while of silence, every other a longer while after the one before was said."""
    fillers = Fillers(["one", "two"], first_s=3, tool_s=1.5, again_s=8)
    said = [(at, text) for at in range(40) if (text := fillers.tick(at * 1000.0, working=True, quiet=True))]
    assert said == [(3, "one"), (12, "two"), (21, "one"), (30, "two"), (39, "one")]


def test_speech_of_either_party_starts_the_wait_again() -> None:
    """Nobody is talked over, and what was just said is not followed by a filler at once."""
    fillers = Fillers(["one"], first_s=3, tool_s=1.5, again_s=8)
    assert fillers.tick(0.0, working=True, quiet=True) is None
    assert fillers.tick(2900.0, working=True, quiet=False) is None
    assert fillers.tick(3000.0, working=True, quiet=True) is None
    assert fillers.tick(5900.0, working=True, quiet=True) is None
    assert fillers.tick(6000.0, working=True, quiet=True) == "one"


def test_each_answer_is_waited_for_anew() -> None:
    """The first filler of the next one comes as soon as that of the last."""
    fillers = Fillers(["one", "two"], first_s=3, tool_s=1.5, again_s=8)
    for began in (0.0, 10_000.0):
        assert fillers.tick(began, working=True, quiet=True) is None
        assert fillers.tick(began + 3000, working=True, quiet=True) == "one"
        assert fillers.tick(began + 5000, working=False, quiet=True) is None


def test_a_tool_is_waited_for_less_long_before_the_first() -> None:
    """It began when the caller had waited already; the next ones come as ever."""
    fillers = Fillers(["one", "two"], first_s=3, tool_s=1.5, again_s=8)
    said = [(at, text) for at in range(20) if (text := fillers.tick(at * 500.0, working=True, quiet=True, using=True))]
    assert said == [(3, "one")]
    fillers = Fillers(["one", "two"], first_s=3, tool_s=1.5, again_s=8)
    assert fillers.tick(0.0, working=True, quiet=True) is None
    assert fillers.tick(2000.0, working=True, quiet=True, using=True) == "one"


def test_without_texts_the_caller_waits_in_silence() -> None:
    """As an agent may want it."""
    fillers = Fillers([], first_s=3, tool_s=1.5, again_s=8)
    assert [fillers.tick(at, working=True, quiet=True) for at in (0.0, 5000.0)] == [None, None]
