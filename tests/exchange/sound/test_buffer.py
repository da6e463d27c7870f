"""The carrier's playout buffer: what is played when, and when marks come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offhook.exchange.sound.buffer import Announcements, Cleared, PlayoutBuffer, Pulled

RATE = 8000
FRAME = 320  # bytes in 20 ms


def audio(ms: float, value: int = 1) -> bytes:
    return value.to_bytes(2, "little") * int(RATE * ms / 1000)


class TestPlaying:
    def test_nothing_is_played_while_nothing_is_queued(self) -> None:
        """An idle line is no underrun."""
        playout = PlayoutBuffer(RATE)
        assert playout.pull(0) == Pulled(None, ())
        assert playout.counters.underruns == 0

    def test_one_long_piece_is_played_a_frame_per_tick(self) -> None:
        """However much is sent at once, it is played in real time."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(60), 0)
        assert playout.queued_ms == 60
        assert [playout.pull(t).pcm for t in (0, 20, 40, 60)] == [audio(20), audio(20), audio(20), None]
        assert playout.counters.played_ms == 60

    def test_small_pieces_are_joined_across_their_edges(self) -> None:
        """Audio in pieces of 10 ms has no holes in it."""
        playout = PlayoutBuffer(RATE)
        for value in (1, 2, 3, 4):
            playout.add(audio(10, value), 0)
        assert playout.pull(0).pcm == audio(10, 1) + audio(10, 2)
        assert playout.pull(20).pcm == audio(10, 3) + audio(10, 4)

    def test_a_remainder_waits_one_tick_for_more_and_is_then_joined(self) -> None:
        """A frame is not padded while its second half may be on the way."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(30, 1), 0)
        assert playout.pull(0).pcm == audio(20, 1)
        assert playout.pull(20).pcm is None
        playout.add(audio(10, 2), 25)
        assert playout.pull(40).pcm == audio(10, 1) + audio(10, 2)
        assert playout.counters.padded == 0

    def test_a_remainder_that_nothing_follows_is_padded_with_silence(self) -> None:
        """The last few milliseconds of a sentence are heard, one tick later."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(30), 0)
        frames = [playout.pull(t).pcm for t in (0, 20, 40, 60)]
        assert frames == [audio(20), None, audio(10) + bytes(160), None]
        assert playout.counters.padded == 1

    def test_every_remainder_waits_its_own_tick(self) -> None:
        """The first one of all, and the next after one that was joined."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(10, 1), 0)
        assert playout.pull(0).pcm is None
        playout.add(audio(20, 2), 5)
        assert playout.pull(20).pcm == audio(10, 1) + audio(10, 2)
        assert playout.pull(40).pcm is None
        assert playout.pull(60).pcm == audio(10, 2) + bytes(160)

    def test_empty_audio_is_nothing(self) -> None:
        """A message without audio plays nothing, and holds back no mark."""
        playout = PlayoutBuffer(RATE)
        playout.add(b"", 0)
        assert playout.pull(0).pcm is None
        assert playout.mark("a", 0)

    def test_a_late_tick_plays_only_what_had_arrived_by_its_time(self) -> None:
        """A busy machine does not make the application look faster than it was."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20, 1), 0)
        playout.add(audio(20, 2), 30)
        assert playout.pull(0).pcm == audio(20, 1)
        assert playout.pull(20).pcm is None  # runs late, at 35 say: the audio is there, but was not at 20
        assert playout.counters.underruns == 1
        assert playout.pull(40).pcm == audio(20, 2)
        playout.add(audio(20, 3), 70)
        assert playout.pull(60).pcm is None
        assert playout.counters.underruns == 2


class TestUnderruns:
    def test_the_silence_before_the_first_audio_is_no_hole(self) -> None:
        """However soon it comes after the first tick."""
        playout = PlayoutBuffer(RATE)
        playout.pull(0)
        playout.add(audio(20), 10)
        assert playout.counters.underruns == 0

    def test_a_queue_that_runs_dry_in_the_middle_of_speech_is_counted(self) -> None:
        """A gap that a listener hears inside an utterance is an underrun."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        playout.pull(20)
        playout.add(audio(20), 25)
        assert playout.counters.underruns == 1

    def test_a_pause_of_more_than_200_ms_is_a_new_utterance(self) -> None:
        """Who is silent for longer has ended a sentence, and is not counted as late."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        playout.pull(20)
        playout.add(audio(20), 221)
        assert playout.counters.underruns == 0

    def test_audio_after_a_clear_is_a_new_utterance(self) -> None:
        """What was cut off on purpose did not run dry."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        playout.pull(20)
        playout.clear()
        playout.add(audio(20), 25)
        assert playout.counters.underruns == 0

    def test_up_to_200_ms_it_is_the_rest_of_a_starved_utterance(self) -> None:
        """The limit itself counts as a hole."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        playout.pull(20)
        playout.add(audio(20), 220)
        assert playout.counters.underruns == 1

    def test_a_hole_counts_once_however_the_audio_after_it_is_cut(self) -> None:
        """Two pieces that come after one hole are one underrun."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        playout.pull(20)
        playout.add(audio(10), 25)
        playout.add(audio(10), 26)
        assert playout.counters.underruns == 1

    def test_each_hole_counts(self) -> None:
        """Two holes are two underruns."""
        playout = PlayoutBuffer(RATE)
        for start_ms in (0, 40, 80):
            playout.add(audio(20), start_ms)
            playout.pull(start_ms)
            playout.pull(start_ms + 20)
        assert playout.counters.underruns == 2

    def test_audio_that_is_too_late_for_several_ticks_is_one_hole(self) -> None:
        """It is counted when the tick finds it late, not again in the next tick, nor when more of it comes."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.add(audio(20), 70)
        playout.pull(0)
        for late_ms in (20, 40, 60):  # all of them run at 75, say
            assert playout.pull(late_ms).pcm is None
        playout.add(audio(20), 76)
        assert playout.counters.underruns == 1

    def test_a_clear_while_audio_plays_ends_the_utterance(self) -> None:
        """What the application sends next begins anew, and the silence before it is no hole."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(60), 0)
        playout.pull(0)
        playout.clear()
        assert playout.pull(20).pcm is None
        playout.add(audio(20), 25)
        assert playout.counters.underruns == 0
        assert playout.pull(40).pcm == audio(20)

    def test_a_clear_forgets_that_a_remainder_has_waited(self) -> None:
        """The remainder of the next utterance waits its own tick for more."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(30), 0)
        playout.pull(0)
        playout.pull(20)
        playout.clear()
        playout.add(audio(10), 30)
        assert playout.pull(40).pcm is None
        assert playout.pull(60).pcm == audio(10) + bytes(160)


class TestMarks:
    def test_a_mark_comes_back_at_once_when_nothing_is_queued(self) -> None:
        """Nothing is before it that could still be heard."""
        playout = PlayoutBuffer(RATE)
        assert playout.mark("a", 0)
        assert playout.pending_marks == 0

    def test_a_mark_comes_back_when_the_audio_before_it_has_been_played_not_when_it_begins(self) -> None:
        """A mark says that its audio was heard, and is therefore not early."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(40), 0)
        assert not playout.mark("a", 0)
        assert [playout.pull(t).marks for t in (0, 20, 40)] == [(), (), ("a",)]

    def test_a_mark_waits_for_the_frame_that_is_being_played(self) -> None:
        """The frame on the line is not heard until its 20 ms are over."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        assert not playout.mark("a", 10)
        assert playout.pull(20).marks == ("a",)

    def test_a_mark_between_two_ticks_after_the_last_frame_comes_back_at_once(self) -> None:
        """What was heard to its end is over even before the next tick comes."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.pull(0)
        assert playout.mark("a", 20)

    def test_marks_keep_their_order_even_when_one_could_come_back_at_once(self) -> None:
        """The application counts on the order in which it set them."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(20), 0)
        playout.mark("a", 0)
        playout.pull(0)
        assert not playout.mark("b", 25)  # the tick that returns "a" is late
        assert playout.pull(20).marks == ("a", "b")

    def test_a_mark_inside_a_frame_comes_back_after_that_frame(self) -> None:
        """A frame is heard as a whole."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(10), 0)
        playout.mark("a", 0)
        playout.add(audio(30), 0)
        playout.mark("b", 0)
        assert [playout.pull(t).marks for t in (0, 20, 40)] == [(), ("a",), ("b",)]


class TestClear:
    def test_clear_empties_the_queue_and_gives_all_marks_back(self) -> None:
        """The application learns of every mark, although its audio was never heard."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(50), 0)
        playout.mark("a", 0)
        playout.add(audio(100), 0)
        playout.mark("b", 0)
        playout.pull(0)
        assert playout.clear() == Cleared(("a", "b"), 130.0)
        assert playout.pull(20) == Pulled(None, ())
        assert playout.counters.dropped_ms == 130
        assert playout.counters.clears == 1

    def test_what_clears_drop_is_summed_up(self) -> None:
        """Two clears are two clears, and their audio counts together."""
        playout = PlayoutBuffer(RATE)
        for _ in range(2):
            playout.add(audio(50), 0)
            playout.clear()
        assert playout.clear() == Cleared((), 0.0)
        assert (playout.counters.dropped_ms, playout.counters.clears) == (100, 3)

    def test_padding_is_counted_each_time(self) -> None:
        """Two remainders that nothing follows are two."""
        playout = PlayoutBuffer(RATE)
        for start_ms in (0, 1000):
            playout.add(audio(10), start_ms)
            playout.pull(start_ms)
            playout.pull(start_ms + 20)
        assert playout.counters.padded == 2

    def test_clear_forgets_the_part_of_a_piece_that_was_played(self) -> None:
        """Audio after a clear begins with its first sample."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(60, 1), 0)
        playout.pull(0)
        playout.clear()
        playout.add(audio(20, 2), 10)
        assert playout.pull(20).pcm == audio(20, 2)

    def test_a_mark_after_a_clear_does_not_count_what_was_dropped(self) -> None:
        """It waits for the new audio alone."""
        playout = PlayoutBuffer(RATE)
        playout.add(audio(60), 0)
        playout.pull(0)
        playout.clear()
        playout.add(audio(20), 10)
        playout.mark("a", 10)
        assert [playout.pull(t).marks for t in (20, 40)] == [(), ("a",)]


@given(
    st.lists(
        st.one_of(
            st.integers(1, 900).map(lambda samples: ("add", samples)),
            st.just(("mark", 0)),
            st.just(("pull", 0)),
            st.just(("clear", 0)),
        ),
        max_size=60,
    )
)
def test_whatever_is_sent_every_byte_and_every_mark_is_accounted_for(steps: list[tuple[str, int]]) -> None:
    """Audio is played once, in order, or dropped by a clear; marks come back once, in order, not before their audio."""
    playout = PlayoutBuffer(RATE)
    now_ms, sent, value = 0.0, 0, 0
    played: list[bytes] = []
    waiting: list[tuple[str, int]] = []  # marks and how many bytes were sent before them
    heard = dropped = 0
    for verb, samples in steps:
        if verb == "add":
            value = value % 1000 + 1
            playout.add(value.to_bytes(2, "little") * samples, now_ms)
            sent += 2 * samples
        elif verb == "mark":
            name = str(len(waiting))
            if playout.mark(name, now_ms):
                assert playout.queued_ms == 0
            else:
                waiting.append((name, sent))
        elif verb == "clear":
            cleared = playout.clear()
            dropped += round(cleared.dropped_ms * 16)
            assert list(cleared.marks) == [name for name, _ in waiting]
            waiting.clear()
        else:
            frame, marks = playout.pull(now_ms)
            for mark in marks:
                name, before = waiting.pop(0)
                assert mark == name
                assert before <= heard + dropped
            if frame is not None:
                assert len(frame) == FRAME
                played.append(frame)
                heard += FRAME
            now_ms += 20
    for _ in range(1 + sent // 2):
        frame, marks = playout.pull(now_ms)
        now_ms += 20
        for mark in marks:
            assert mark == waiting.pop(0)[0]
        if frame is None and not playout.queued_ms and not waiting:
            break
    assert not waiting
    assert playout.queued_ms == 0


class TestAnnouncements:
    def test_announcements_play_one_after_the_other_and_each_end_is_reported_when_it_was_heard(self) -> None:
        """Each has its own padded end, and its end is told when a listener has heard it."""
        queue = Announcements(RATE)
        queue.add("a", audio(30, 1))
        queue.add("b", audio(20, 2))
        assert queue.busy
        assert queue.pull() == (audio(20, 1), ())
        assert queue.pull() == (audio(10, 1) + bytes(160), ())
        assert queue.pull() == (audio(20, 2), ("a",))
        assert queue.busy
        assert queue.pull() == (None, ("b",))
        assert not queue.busy

    def test_an_empty_announcement_is_over_at_once(self) -> None:
        """Its end is told all the same."""
        queue = Announcements(RATE)
        queue.add("a", b"")
        assert queue.pull() == (None, ("a",))

    def test_stop_drops_all_of_them(self) -> None:
        """The one on the line and those that wait are all told as ended."""
        queue = Announcements(RATE)
        queue.add("a", audio(60))
        queue.add("b", audio(20))
        queue.pull()
        assert queue.stop() == ("a", "b")
        assert queue.pull() == (None, ())

    def test_stopping_the_current_one_lets_the_next_play_from_its_start(self) -> None:
        """What waits is not touched."""
        queue = Announcements(RATE)
        queue.add("a", audio(60, 1))
        queue.add("b", audio(20, 2))
        queue.pull()
        assert queue.stop(current_only=True) == ("a",)
        assert queue.pull() == (audio(20, 2), ())

    def test_the_current_one_is_the_one_whose_last_frame_is_being_played(self) -> None:
        """An announcement is current until it was heard, not until it was fetched."""
        queue = Announcements(RATE)
        queue.add("a", audio(20, 1))
        queue.add("b", audio(20, 2))
        queue.pull()
        assert queue.stop(current_only=True) == ("a",)
        assert queue.pull() == (audio(20, 2), ())

    def test_stopping_nothing_is_nothing(self) -> None:
        """A stop without an announcement is no error."""
        assert Announcements(RATE).stop(current_only=True) == ()
