"""Who hears whom, tick by tick."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.resample import Resampler
from offhook.errors import CodecError
from offhook.exchange.sound.junction import Party

RATE = 8000


def frame(value: int, rate: int = RATE) -> bytes:
    return int(value).to_bytes(2, "little", signed=True) * (rate // 50)


def level(pcm: bytes | None) -> int:
    """The steady level of a frame; 0 for none."""
    return 0 if pcm is None else int(np.frombuffer(pcm, "<i2")[0])


def parties(count: int) -> list[Party]:
    return [Party(RATE) for _ in range(count)]


class TestEdges:
    def test_an_edge_leads_one_way(self) -> None:
        """Who is heard does not hear."""
        one, other = parties(2)
        other.listen_to(one)
        one.say(frame(5), 20)
        other.say(frame(7), 20)
        assert other.hear(20) == frame(5)
        assert one.hear(20) is None
        assert (one.heard, one.hearers) == ((), (other,))
        assert (other.heard, other.hearers) == ((one,), ())

    def test_nobody_hears_itself_unless_there_is_an_edge(self) -> None:
        """Mix-minus: in a conference everybody hears the sum of the others."""
        room = parties(3)
        for party in room:
            for other in room:
                if party is not other:
                    party.listen_to(other)
        for value, party in zip((1, 10, 100), room, strict=True):
            party.say(frame(value), 20)
        assert [level(party.hear(20)) for party in room] == [110, 101, 11]
        room[0].listen_to(room[0])
        for value, party in zip((1, 10, 100), room, strict=True):
            party.say(frame(value), 40)
        assert level(room[0].hear(40)) == 111

    def test_a_gain_belongs_to_the_edge_and_not_to_the_party(self) -> None:
        """One hears it softer, another as it is; asked again, the gain changes and the edge stays one."""
        one, near, far = parties(3)
        near.listen_to(one)
        far.listen_to(one, -20.0)
        one.say(frame(1000), 20)
        assert (level(near.hear(20)), level(far.hear(20))) == (1000, 100)
        far.listen_to(one, 6.0206)
        one.say(frame(1000), 40)
        assert level(far.hear(40)) == pytest.approx(2000, abs=1)
        assert far.heard == (one,)

    @pytest.mark.parametrize("gain_db", [24.1, -96.1, float("nan"), float("inf")])
    def test_a_gain_out_of_range_is_refused_and_changes_nothing(self, gain_db: float) -> None:
        """-96 dB is silence in 16 bits, and +24 dB is louder than any telephone."""
        one, other = parties(2)
        with pytest.raises(CodecError):
            other.listen_to(one, gain_db)
        assert other.heard == one.hearers == ()

    @pytest.mark.parametrize("gain_db", [24.0, -96.0])
    def test_the_limits_of_a_gain_are_allowed(self, gain_db: float) -> None:
        """They are part of the range."""
        one, other = parties(2)
        other.listen_to(one, gain_db)
        assert other.heard == (one,)

    def test_a_rate_that_cannot_be_changed_is_refused_and_changes_nothing(self) -> None:
        """No half of an edge is left behind."""
        one, other = Party(RATE), Party(12000)
        with pytest.raises(CodecError):
            one.listen_to(other)
        assert one.heard == other.hearers == ()

    def test_be_heard_by_replaces_all_who_hear_it(self) -> None:
        """Edges to others go, edges that stay keep what they have."""
        one, stays, goes, comes = parties(4)
        stays.listen_to(one)
        goes.listen_to(one)
        one.be_heard_by({comes: -20.0, stays: 0.0})
        one.say(frame(1000), 20)
        assert [level(party.hear(20)) for party in (stays, goes, comes)] == [1000, 0, 100]

    def test_who_leaves_is_heard_by_nobody_and_hears_nobody(self) -> None:
        """All edges from it and to it are gone, those of others stay."""
        one, other, third = parties(3)
        one.listen_to(one)
        one.listen_to(other)
        other.listen_to(one)
        other.listen_to(third)
        one.leave()
        one.leave()
        assert (one.heard, one.hearers, other.heard, other.hearers) == ((), (), (third,), ())

    def test_stopping_what_never_began_is_nothing(self) -> None:
        """It takes no edge of anybody else."""
        one, other, third = parties(3)
        third.listen_to(one)
        other.stop_listening_to(one)
        assert one.hearers == (third,)


class TestTicks:
    def test_a_frame_is_heard_in_its_own_tick_only(self) -> None:
        """A party that stops talking is silent at once, not a loop of its last frame."""
        one, other = parties(2)
        other.listen_to(one)
        one.say(frame(5), 20)
        assert other.hear(20) == frame(5)
        assert other.hear(40) is None

    def test_a_party_says_at_most_one_frame_a_tick(self) -> None:
        """Of a burst the last frame counts; ``None`` takes it back."""
        one, other = parties(2)
        other.listen_to(one)
        one.say(frame(5), 20)
        one.say(frame(6), 20)
        assert other.hear(20) == frame(6)
        one.say(None, 20)
        assert other.hear(20) is None

    def test_an_edge_that_goes_between_talking_and_hearing_is_not_heard(self) -> None:
        """Removal counts at once, in the middle of a tick too, and so does an edge that comes."""
        one, other, third = parties(3)
        other.listen_to(one)
        one.say(frame(5), 20)
        other.stop_listening_to(one)
        third.listen_to(one)
        assert other.hear(20) is None
        assert third.hear(20) == frame(5)


class TestRates:
    @pytest.mark.parametrize(("rate", "other_rate"), [(8000, 16000), (16000, 8000), (8000, 48000), (24000, 8000)])
    def test_a_rate_is_changed_once_per_edge_with_the_resamplers_delay_and_no_more(
        self, rate: int, other_rate: int
    ) -> None:
        """What comes out is what one resampler makes of it, its last two milliseconds included, then nothing."""
        one, other = Party(rate), Party(other_rate)
        other.listen_to(one)
        assert other.hear(-20) is None
        at = np.arange(rate // 5) / rate
        pcm = (8000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()
        size = rate // 25
        heard = []
        for tick in range(12):
            said = pcm[tick * size : (tick + 1) * size]
            one.say(said or None, tick * 20)
            heard.append(other.hear(tick * 20))
        assert b"".join(part for part in heard if part) == Resampler(rate, other_rate).process(pcm + bytes(size))
        assert heard[10] is not None
        assert heard[11] is None

    def test_a_change_of_gain_does_not_tear_the_audio(self) -> None:
        """The edge keeps the resampler with what it remembers."""
        one, other = Party(8000), Party(16000)
        other.listen_to(one)
        one.say(frame(1000), 0)
        other.hear(0)
        other.listen_to(one, 0.0)
        one.say(frame(1000), 20)
        heard = np.frombuffer(other.hear(20) or b"", "<i2")
        assert np.all(np.abs(heard - 1000) <= 2)


_edges = st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=25)
_gains = st.sampled_from([-20.0, -6.0, 0.0, 6.0])
_said = st.lists(st.one_of(st.none(), st.integers(-32768, 32767)), min_size=5, max_size=5)


class TestProperties:
    @given(_edges, _said, st.randoms(use_true_random=False))
    def test_the_order_in_which_edges_come_and_go_does_not_matter(
        self, edges: set[tuple[int, int]], said: list[int | None], random: object
    ) -> None:
        """Two junctions with the same edges sound the same, however they came to have them."""
        kept = sorted(edges)
        gone = [(source, sink) for source in range(5) for sink in range(5) if (source, sink) not in edges]
        straight, shuffled = parties(5), parties(5)
        for source, sink in kept:
            straight[sink].listen_to(straight[source])
        steps = [(True, pair) for pair in kept] + [(True, pair) for pair in gone]
        random.shuffle(steps)  # type: ignore[attr-defined]
        later = [(False, pair) for pair in gone]
        random.shuffle(later)  # type: ignore[attr-defined]
        for comes, (source, sink) in [*steps, *later]:
            if comes:
                shuffled[sink].listen_to(shuffled[source])
            else:
                shuffled[sink].stop_listening_to(shuffled[source])
        for room in (straight, shuffled):
            for party, value in zip(room, said, strict=True):
                party.say(None if value is None else frame(value), 20)
        assert [party.hear(20) for party in straight] == [party.hear(20) for party in shuffled]

    @given(st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), _gains, max_size=25), _said)
    def test_everybody_hears_the_clipped_sum_of_its_edges(
        self, edges: dict[tuple[int, int], float], said: list[int | None]
    ) -> None:
        """N parties are within saturation, each counts with its edge's gain, and who has no edge is not heard."""
        room = parties(5)
        for (source, sink), gain_db in edges.items():
            room[sink].listen_to(room[source], gain_db)
        for party, value in zip(room, said, strict=True):
            party.say(None if value is None else frame(value), 20)
        for sink, party in enumerate(room):
            heard = party.hear(20)
            voices = [
                min(32767, max(-32768, value * 10 ** (gain_db / 20)))
                for (source, to), gain_db in edges.items()
                if to == sink and (value := said[source]) is not None
            ]
            assert (heard is None) == (not voices)
            expected = min(32767, max(-32768, sum(voices)))
            assert level(heard) == pytest.approx(expected, abs=len(voices) + 0.01)
