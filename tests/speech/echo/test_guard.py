"""The agent's own words on the line, found and taken out, without engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.speech.echo import LONGEST_MS, EchoGuard, Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AH = {700.0: 1.0, 1200.0: 0.6, 2500.0: 0.2}
EE = {300.0: 1.0, 2200.0: 0.5, 2900.0: 0.3}
FRAME = 160


def power(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    return float(np.square(samples).mean())


def samples(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, np.int16).astype(np.float64)


def decibels(part: bytes, whole: bytes) -> float:
    return float(10 * np.log10((power(part) + 1e-3) / (power(whole) + 1e-3)))


class Call:
    """A call whose line returns what is sent."""

    def __init__(self, *, delay_ms: float = 200.0, loss_db: float = 20.0, noise: float = 0.0) -> None:
        self.guard = EchoGuard()
        self.delay = round(delay_ms * 8)
        self.gain = 10 ** (-loss_db / 20)
        self.noise = noise
        self.line = np.zeros(60 * 8000)
        self.now_ms = 0.0
        self.random = np.random.default_rng(7)

    def say(self, pcm: bytes, at_ms: float | None = None) -> None:
        """The agent says something; all of it is sent at once."""
        at = round((self.now_ms if at_ms is None else at_ms) * 8)
        self.guard.sent(pcm, at / 8)
        self.line[at : at + len(pcm) // 2] += samples(pcm)

    def hear(self, ms: float, caller: bytes = b"") -> tuple[bytes, bytes]:
        """Time passes: what came, and what the guard made of it, with what it still holds at the end left out."""
        came, given = b"", []
        voice = samples(caller.ljust(round(ms * 16), b"\0"))
        for at in range(0, round(ms * 8), FRAME):
            begin = round(self.now_ms * 8) - self.delay
            echo = np.zeros(FRAME)
            if begin + FRAME > 0:
                part = self.line[max(0, begin) : begin + FRAME]
                echo[FRAME - len(part) :] = part
            piece = self.gain * echo + voice[at : at + FRAME] + self.random.normal(0, self.noise or 1e-9, FRAME)
            pcm = np.clip(np.rint(piece), -32768, 32767).astype(np.int16).tobytes()
            self.now_ms += 20
            came += pcm
            given += self.guard.hear(pcm, self.now_ms)
        return came, b"".join(heard.pcm for heard in given)


@pytest.fixture(name="words")
def words_fixture(speech: Any) -> bytes:
    """What the agent says."""
    pcm: bytes = speech.clip("person_hello", 8000)
    return pcm[: len(pcm) // 320 * 320]


@pytest.fixture(name="reply")
def reply_fixture(speech: Any) -> bytes:
    """What the caller says."""
    pcm: bytes = speech.clip("location", 8000)
    return pcm[: len(pcm) // 320 * 320]


@pytest.mark.parametrize("delay_ms", [50, 237, 600, 1050])
@pytest.mark.parametrize("loss_db", [6, 20, 45])
def test_the_agents_own_words_are_not_heard(words: bytes, delay_ms: float, loss_db: float) -> None:
    """Nothing of an echo gets through, from its first sound on, at any delay and strength."""
    call = Call(delay_ms=delay_ms, loss_db=loss_db)
    call.hear(300)
    call.say(words)
    came, given = call.hear(4500)
    assert power(came) > 1
    assert power(given) < max(power(came) / 300, 6**2)
    assert call.guard.delay_ms == pytest.approx(delay_ms, abs=1.5)


def test_the_delay_and_the_loss_are_known_once_an_echo_was_heard(words: bytes) -> None:
    """Before that, there is none."""
    call = Call(delay_ms=320, loss_db=26)
    assert (call.guard.delay_ms, call.guard.loss_db) == (None, None)
    call.say(words)
    call.hear(3000)
    assert call.guard.delay_ms == pytest.approx(320, abs=1)
    assert call.guard.loss_db == pytest.approx(26, abs=2)


def test_an_echo_is_replaced_by_the_noise_of_the_line(words: bytes) -> None:
    """Voice activity and word evidence, which learn the noise, hear no hole in it."""
    call = Call(noise=60)
    call.hear(500)
    call.say(words)
    _, before = call.hear(200)
    came, given = call.hear(2500)
    assert power(came) > 3 * power(before)
    frames = [power(given[at : at + 640]) for at in range(0, len(given) - 639, 640)]
    assert max(frames) < 2.5 * 60**2
    assert min(frames) > 60**2 / 2


def test_an_echo_is_replaced_by_silence_while_no_noise_is_known(words: bytes) -> None:
    """A call whose first sound is an echo."""
    loud = next(at for at in range(0, len(words), 320) if power(words[at : at + 320]) > 2000**2)
    call = Call(delay_ms=0, loss_db=3)
    call.say(words[loud:])
    came, given = call.hear(200)
    assert power(came) > 500**2
    assert not any(given)


def test_an_echo_as_weak_as_the_noise_is_taken_out_too(words: bytes) -> None:
    """It is found by being found twice at the same delay."""
    call = Call(loss_db=32, noise=45)
    call.hear(500)
    for _ in range(3):
        call.say(words)
        call.hear(3300)
    assert call.guard.delay_ms == pytest.approx(200, abs=1.5)


def test_a_caller_is_heard_whole_while_there_is_no_echo(words: bytes, reply: bytes) -> None:
    """Over a talking agent what is heard passes sample by sample, two pieces late at most."""
    call = Call(loss_db=200)
    call.say(words * 2)
    call.hear(1000)
    for at in range(0, len(reply), 320):
        _, given = call.hear(20, reply[at : at + 320])
        assert len(given) in (0, 320, 960)
    quiet = Call(loss_db=200)
    quiet.say(words * 2)
    quiet.hear(1000)
    came, given = quiet.hear(2000, reply)
    loud = [at for at in range(0, len(came), 320) if power(came[at : at + 320]) > 100**2]
    assert all(given[at : at + 320] == came[at : at + 320] for at in loud)


@pytest.mark.parametrize("loss_db", [20, 30])
def test_a_caller_over_an_echo_is_heard_without_it(words: bytes, reply: bytes, loss_db: float) -> None:
    """What gets through is the caller's voice, 10 dB and more above what is left of the echo."""
    call = Call(loss_db=loss_db)
    call.say(words * 2)
    call.hear(2000)
    _, given = call.hear(len(reply) / 16, reply)
    _, rest = call.hear(60)
    given = (given + rest)[-len(reply) - 960 :]
    best = max(
        -decibels((samples(reply) - samples(given[at : at + len(reply)])).astype(np.int16).tobytes(), reply)
        for at in range(0, len(given) - len(reply) + 1, 320)
    )
    assert best > 10


def test_a_caller_is_noticed_within_60_ms(words: bytes, reply: bytes) -> None:
    """The first pieces are held until the third has come, and then they all come."""
    call = Call()
    call.say(words * 2)
    call.hear(2000)
    loud = next(at for at in range(0, len(reply), 320) if power(reply[at : at + 320]) > 1000**2)
    _, given = call.hear(80, reply[loud : loud + 1280])
    assert power(given) > power(reply[loud : loud + 1280]) / 3


def test_after_a_caller_has_stopped_the_echo_is_not_heard(words: bytes, reply: bytes) -> None:
    """Its end can be told, although the agent goes on."""
    call = Call()
    call.say(words * 3)
    call.hear(2000)
    call.hear(2000, reply)
    came, given = call.hear(2500)
    assert power(came) > 30
    assert power(given) < power(came) / 100


@pytest.mark.parametrize("moves_ms", [-60, 40, 120, 700])
def test_a_delay_that_changes_is_found_again(words: bytes, moves_ms: float) -> None:
    """Jitter buffers grow and shrink; far moves are found by a longer look."""
    call = Call(delay_ms=240)
    call.say(words * 4)
    call.hear(2500)
    call.delay += round(moves_ms * 8)
    call.hear(700)
    came, given = call.hear(2000)
    assert power(given) < power(came) / 50
    assert call.guard.delay_ms == pytest.approx(240 + moves_ms, abs=1.5)


def test_a_path_that_changes_at_the_same_delay_is_fitted_again(words: bytes) -> None:
    """What a new filter at the known delay explains is the echo still."""
    call = Call()
    call.say(words * 4)
    call.hear(3000)
    call.gain = -2.5 * call.gain
    call.hear(700)
    came, given = call.hear(2000)
    assert power(given) < power(came) / 50


def test_an_echo_that_is_gone_is_not_taken_out_of_what_a_caller_says(words: bytes, reply: bytes) -> None:
    """Where the prediction makes it worse, what came is what is given."""
    call = Call(loss_db=10)
    call.say(words * 3)
    call.hear(3000)
    call.gain = 0.0
    soft = (samples(reply) / 4).astype(np.int16).tobytes()
    came, given = call.hear(2000, soft)
    pieces = {given[at : at + 320] for at in range(0, len(given), 320)}
    loud = [at for at in range(0, len(came), 320) if power(came[at : at + 320]) > 200**2]
    assert sum(came[at : at + 320] in pieces for at in loud) > len(loud) / 3


def test_nothing_is_touched_while_no_echo_can_come(words: bytes, reply: bytes) -> None:
    """Before the agent speaks, and when all that it said must have come back, each piece passes at once, as it is."""
    call = Call()
    assert call.guard.hear(reply[3200:3520], 20) == [Heard(20, reply[3200:3520])]
    call.now_ms = 20
    call.say(words)
    call.hear(len(words) / 16 + LONGEST_MS + 400)
    for at in range(0, len(reply), 320):
        call.now_ms += 20
        assert call.guard.hear(reply[at : at + 320], call.now_ms) == [Heard(call.now_ms, reply[at : at + 320])]


def test_what_is_held_when_no_echo_can_come_any_more_is_heard(words: bytes, reply: bytes) -> None:
    """A caller who begins at the end of the echo loses nothing."""
    loud = next(at for at in range(0, len(reply), 320) if power(reply[at : at + 320]) > 1000**2)
    for known in (False, True):
        for begins in range(-4, 5):
            call = Call(loss_db=20 if known else 200)
            call.say(words)
            end_ms = len(words) / 16 + (200 + 150 if known else LONGEST_MS) + 240
            call.hear(round(end_ms / 20) * 20 + begins * 20)
            came, given = call.hear(800, reply[loud : loud + 6400])
            assert power(given) > power(came) * 0.8


def test_a_sound_where_the_agent_is_silent_around_the_known_delay_passes_at_once(words: bytes, reply: bytes) -> None:
    """It cannot be the echo, and need not be compared."""
    call = Call()
    call.say(words)
    call.hear(4500)
    call.say(words)
    loud = next(at for at in range(0, len(reply), 320) if power(reply[at : at + 320]) > 1000**2)
    _, given = call.hear(40, reply[loud : loud + 640])
    assert given == reply[loud : loud + 640]


def test_what_was_cleared_does_not_come_back(words: bytes, reply: bytes) -> None:
    """After a clear, the rest of what was sent explains nothing; a second clear changes nothing."""
    call = Call(loss_db=20)
    call.say(words * 3)
    call.hear(2000)
    call.guard.cleared(call.now_ms)
    call.guard.cleared(call.now_ms)
    call.line[round(call.now_ms * 8) :] = 0
    call.hear(1000)
    assert call.guard.hear(reply[6400:6720], call.now_ms + 20) == [Heard(call.now_ms + 20, reply[6400:6720])]


@pytest.mark.parametrize("seconds", [3, 30])
def test_what_is_sent_long_before_it_is_played_is_known(words: bytes, seconds: float) -> None:
    """A program may send a whole announcement at once, and another one later."""
    call = Call()
    call.say((words * 10)[: round(seconds * 16000)])
    call.hear(1000)
    came, given = call.hear(seconds * 1000)
    assert power(given) < power(came) / 300
    call.hear(3000)
    call.say(words)
    came, given = call.hear(3000)
    assert power(given) < power(came) / 300


def test_times_that_are_rounded_and_a_clock_that_drifts_lose_no_echo(words: bytes) -> None:
    """Within a gap's length samples are counted; what all pieces of a second are late by is the clock's drift."""
    call = Call()
    call.say(words * 6)
    call.hear(2000)
    given = []
    for number, at in enumerate(range(round(call.now_ms * 8), round(call.now_ms * 8) + 5 * 8000, FRAME)):
        pcm = np.rint(call.gain * call.line[at - call.delay : at - call.delay + FRAME]).astype(np.int16).tobytes()
        given += call.guard.hear(pcm, round(at / 8 + 20 + number * 0.002) + number % 3)
    assert power(b"".join(heard.pcm for heard in given)) < 10


@pytest.mark.parametrize("gap_ms", [100, 1000, 4000])
def test_the_echo_after_audio_that_never_came_is_not_heard(words: bytes, gap_ms: float) -> None:
    """The times tell that it is missing."""
    call = Call()
    call.say(words * 4)
    call.hear(2000)
    call.now_ms += gap_ms
    came, given = call.hear(2000)
    assert power(given) < power(came) / 300


def test_what_was_sent_while_nothing_came_is_known_when_it_comes_at_last(words: bytes) -> None:
    """For fifteen seconds; after that it is forgotten, and nothing grows without end."""
    call = Call()
    call.hear(200)
    call.say(words * 3, 200)
    call.say(words, 11_000)
    came, given = call.hear(8000)
    assert power(given) < power(came) / 300
    for at_s in range(12, 120, 4):
        call.guard.sent(words, at_s * 1000)
    assert len(call.guard._sent._raw) <= 1 << 18
    assert not call.guard._sent.raw(-800, -400).any()


def test_the_pieces_come_back_in_order_and_with_their_times(words: bytes, reply: bytes) -> None:
    """Together they are as long as what came, but for what is held."""
    guard = EchoGuard()
    guard.sent(words, 0)
    given = []
    for number, at in enumerate(range(0, len(reply), 320)):
        given += guard.hear(reply[at : at + 320], number * 20 + 20)
        total = sum(len(heard.pcm) for heard in given)
        assert at + 320 - total in (0, 320, 640)
    assert [heard.at_ms for heard in given] == sorted(heard.at_ms for heard in given)


def test_a_piece_without_audio_passes(words: bytes) -> None:
    """While an echo may come, it is quiet, and no noise to put in an echo's place."""
    guard = EchoGuard()
    guard.sent(words, 0.0)
    assert guard.hear(b"", 20.0) == [Heard(20.0, b"")]


@given(
    st.lists(
        st.tuples(st.sampled_from(["sent", "hear", "cleared"]), st.integers(0, 400), st.integers(0, 3000)), max_size=40
    )
)
def test_any_order_of_any_pieces_is_taken(steps: list[tuple[str, int, int]]) -> None:
    """Lengths and times may be anything, as long as time does not go back; no audio is lost or made."""
    guard = EchoGuard()
    random = np.random.default_rng(2)
    now_ms = 0.0
    came = given = 0
    for what, size, wait_ms in steps:
        now_ms += wait_ms
        pcm = random.normal(0, 2000, size).astype(np.int16).tobytes()
        if what == "sent":
            guard.sent(pcm, now_ms)
        elif what == "cleared":
            guard.cleared(now_ms)
        else:
            came += size
            given += sum(len(heard.pcm) // 2 for heard in guard.hear(pcm, now_ms))
    assert 0 <= came - given <= 3 * 400
