"""What is sent when, and what was heard."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.agent.cascade.playout import Audio, Mark, Playout, PlayoutOptions, heard_words

RATE = 8000
MS = RATE * 2 // 1000


def pcm(ms: float) -> bytes:
    return b"\1\2" * round(ms * MS / 2)


def lengths(messages: list[Audio | Mark]) -> list[float]:
    return [len(message.pcm) / MS for message in messages if isinstance(message, Audio)]


def marks(messages: list[Audio | Mark]) -> list[str]:
    return [message.name for message in messages if isinstance(message, Mark)]


def speech(ms: float = 1000, text: str = "one two three four") -> Playout:
    playout = Playout(RATE)
    playout.begin(text)
    playout.feed(pcm(ms))
    playout.finish()
    return playout


def test_the_first_piece_is_20_ms_and_every_other_100_ms_up_to_400_ms_ahead() -> None:
    """The caller hears something at once, and a pause never has to throw away more than 400 ms."""
    playout = speech()
    sent = list(playout.due(5000))
    assert lengths(sent) == [20, 100, 100, 100]
    assert list(playout.due(5010)) == []
    assert lengths(list(playout.due(5020))) == [100]
    assert lengths(list(playout.due(5120))) == [100]
    assert playout.waiting_ms == 480


def test_a_mark_follows_every_piece() -> None:
    """Marks have names of their own, in every speech."""
    sent = list(speech().due(0)) + list(speech().due(0))
    assert [type(message) for message in sent] == [Audio, Mark] * 8
    assert len(set(marks(sent))) == 8


def test_audio_is_sent_as_it_comes_and_small_pieces_wait_while_there_is_time() -> None:
    """A piece smaller than 100 ms is sent only if the caller would hear a gap, or at the end."""
    playout = Playout(RATE)
    assert list(playout.due(0)) == []
    playout.begin("hello there")
    playout.feed(pcm(25))
    assert lengths(list(playout.due(0))) == [20]
    playout.feed(pcm(155))
    assert lengths(list(playout.due(0))) == [100]
    assert list(playout.due(0)) == []
    assert lengths(list(playout.due(40))) == [60]
    playout.finish()
    assert list(playout.due(40)) == []


def test_the_tail_is_padded_to_a_whole_frame() -> None:
    """The wire takes whole 20 ms frames."""
    playout = speech(25)
    sent = list(playout.due(0))
    assert lengths(sent) == [20, 20]
    assert isinstance(sent[2], Audio)
    assert sent[2].pcm == pcm(5) + bytes(15 * MS)


def test_after_a_gap_audio_is_not_sent_faster_to_catch_up() -> None:
    """When audio comes late, the lead counts from when it came."""
    playout = Playout(RATE)
    playout.begin("hello")
    playout.feed(pcm(100))
    list(playout.due(0))
    playout.feed(pcm(2000))
    assert sum(lengths(list(playout.due(5000)))) == 400


def test_what_was_heard_is_what_marks_say_and_the_clock_in_between_but_never_past_the_next_mark() -> None:
    """A mark that is out is a bound."""
    playout = speech()
    assert playout.heard_ms(0) == 0
    first, second, *_ = marks(list(playout.due(0)))
    assert playout.heard_ms(10) == 10
    assert playout.heard_ms(500) == 20
    playout.mark_returned(first, 60)
    assert playout.heard_ms(50) == 20
    assert playout.heard_ms(100) == 60
    assert playout.heard_ms(900) == 120
    assert playout.left_ms(900) == 880
    playout.mark_returned(second, 160)
    assert playout.heard_ms(160) == 120


def test_a_mark_that_is_lost_is_made_up_by_the_next() -> None:
    """A returned mark says that everything before it was played too."""
    playout = speech()
    third = marks(list(playout.due(0)))[2]
    playout.mark_returned(third, 220)
    assert playout.heard_ms(220) == 220


def test_a_speech_is_done_when_its_last_mark_is_back() -> None:
    """Neither when all is sent nor when all should have been played."""
    playout = speech(100)
    assert not playout.done(0)
    first, last = marks(list(playout.due(0)))
    playout.mark_returned(first, 30)
    assert not playout.done(1000)
    playout.mark_returned(last, 1000)
    assert playout.done(1000)
    assert playout.heard_text(1000) == "one two three four"


def test_a_speech_is_done_2_s_after_its_end_if_the_carrier_returns_no_marks() -> None:
    """A hang-up that waits for the last word does not wait for ever."""
    playout = speech(100)
    list(playout.due(1000))
    assert not playout.done(3099)
    assert playout.done(3100)


def test_an_open_speech_is_not_done() -> None:
    """More can come until it is finished; then nothing said at all is done."""
    playout = Playout(RATE)
    assert not playout.done(9999)
    playout.finish()
    assert playout.done(0)
    assert playout.text == ""


def test_marks_that_return_after_a_pause_were_not_played() -> None:
    """A clear returns all marks: they say nothing."""
    playout = speech()
    out = marks(list(playout.due(0)))
    playout.mark_returned(out[0], 20)
    playout.pause(70)
    assert playout.paused
    for name in out:
        playout.mark_returned(name, 90)
    assert playout.heard_ms(2000) == 60
    assert list(playout.due(2000)) == []
    assert not playout.done(9999)
    playout.pause(3000)
    assert playout.heard_ms(3000) == 60


def test_a_resumed_speech_goes_on_from_what_was_heard() -> None:
    """Nothing is lost and nothing is said twice; the first piece is short again."""
    playout = Playout(RATE)
    playout.begin("count")
    audio = bytes(range(250)) * (640 * MS // 250)
    playout.feed(audio)
    playout.finish()
    heard = bytearray()
    first = list(playout.due(0))
    playout.mark_returned(marks(first)[0], 20)
    playout.pause(60)
    heard += audio[: 60 * MS]
    playout.resume()
    assert not playout.paused
    now = 500.0
    again: list[Audio | Mark] = []
    while not playout.done(now):
        messages = list(playout.due(now))
        again += messages
        for name in marks(messages):
            playout.mark_returned(name, now)
        now += 20
    assert lengths(again)[:2] == [20, 100]
    heard += b"".join(message.pcm for message in again if isinstance(message, Audio))
    assert bytes(heard).rstrip(b"\0") == audio.rstrip(b"\0")


def test_words_are_heard_in_proportion_to_the_time() -> None:
    """Of the sentence that was interrupted, as many words as its share of time allows; nothing of those after it."""
    playout = Playout(RATE)
    playout.begin("We open at nine.")
    playout.feed(pcm(1000))
    playout.begin("On Saturday we open at ten.")
    playout.feed(pcm(1000))
    playout.begin("Goodbye.")
    playout.feed(pcm(500))
    playout.finish()
    assert playout.text == "We open at nine. On Saturday we open at ten. Goodbye."
    assert playout.heard_text(0) == ""
    now = 0.0
    while playout.heard_ms(now) < 1560:
        for name in marks(list(playout.due(now))):
            playout.mark_returned(name, now)
        now += 20
    assert playout.heard_text(now) == "We open at nine. On Saturday we"


def test_a_sentence_whose_audio_is_not_complete_is_measured_by_its_letters() -> None:
    """What has come of it so far is not taken for the whole, neither before nor after it is stopped."""
    playout = Playout(RATE)
    playout.begin("This sentence is much longer than what has come of it.")
    playout.feed(pcm(400))
    for name in marks(list(playout.due(0))):
        playout.mark_returned(name, 400)
    assert playout.heard_text(400) == "This"
    playout.stop(400)
    assert playout.heard_text(400) == "This"


def test_a_stopped_speech_is_done_and_sends_nothing_more() -> None:
    """What was heard of it stays known."""
    playout = speech()
    first = marks(list(playout.due(0)))[0]
    playout.mark_returned(first, 20)
    playout.stop(250)
    assert playout.done(250)
    assert not playout.paused
    playout.feed(pcm(100))
    playout.begin("more")
    playout.resume()
    assert list(playout.due(300)) == []
    assert playout.heard_text(300) == "one"
    assert playout.heard_ms(300) == 120


def test_a_sentence_without_sound_is_never_heard() -> None:
    """A voice is silent about a script that it cannot read: what it did not say is in no transcript."""
    playout = Playout(RATE)
    playout.begin("mute")
    playout.begin("hello")
    playout.feed(pcm(400))
    playout.begin("mute too")
    playout.finish()
    assert playout.text == "hello"
    sent = list(playout.due(0))
    assert playout.heard_text(0) == ""
    playout.mark_returned(marks(sent)[-1], 400)
    assert playout.heard_text(400) == "hello"


def test_half_a_word_heard_is_a_word_heard() -> None:
    """Less than half is none."""
    assert heard_words("aaa bbb", 0.25) == "aaa"
    assert heard_words("aaa bbb", 0.24) == ""
    assert heard_words("aaa bbb", 0.75) == "aaa bbb"
    assert heard_words("", 0.5) == ""
    assert heard_words("aaa", -1) == ""


class Carrier:
    """Plays what it is sent in real time, as a carrier does."""

    def __init__(self) -> None:
        self.queue: list[Audio | Mark] = []
        self.heard = bytearray()

    def step(self, playout: Playout, now: float) -> None:
        """Take what is due and play 20 ms."""
        self.queue += playout.due(now)
        budget = 20
        while self.queue:
            head = self.queue[0]
            if isinstance(head, Mark):
                playout.mark_returned(head.name, now + 20)
                self.queue.pop(0)
                continue
            if not budget:
                return
            size = min(budget * MS, len(head.pcm))
            self.heard += head.pcm[:size]
            budget -= size // MS
            rest = head.pcm[size:]
            if rest:
                self.queue[0] = Audio(rest)
            else:
                self.queue.pop(0)

    def clear(self, playout: Playout, now: float) -> None:
        returned, self.queue = marks(self.queue), []
        for name in returned:
            playout.mark_returned(name, now)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=8),
    st.lists(st.integers(1, 40), max_size=6),
    st.integers(0, 30),
)
def test_whatever_happens_every_sound_is_heard_once_and_in_order(
    pieces: list[int], pauses: list[int], latency_frames: int
) -> None:
    """With pauses at any time and audio in any pieces, the ear hears the speech, up to 20 ms again per pause."""
    playout = Playout(RATE, PlayoutOptions(lead_ms=300))
    carrier = Carrier()
    playout.begin("words")
    total = b"".join((i % 251 + 1).to_bytes(2, "little") for i in range(sum(pieces) * MS // 2))
    at = 0
    now = 0.0
    clears = 0
    for steps in [latency_frames, *pauses]:
        for _ in range(steps):
            if pieces:
                size = pieces.pop() * MS
                playout.feed(total[at : at + size])
                at += size
                if not pieces:
                    playout.finish()
            carrier.step(playout, now)
            now += 20
            assert playout.heard_ms(now) <= len(total) / MS + 20
        playout.pause(now)
        carrier.clear(playout, now)
        assert playout.heard_ms(now) <= len(carrier.heard) / MS + 20
        clears += 1
        now += 60
        playout.resume()
    playout.feed(total[at:])
    playout.finish()
    for _ in range(400):
        carrier.step(playout, now)
        now += 20
    assert playout.done(now)
    assert playout.heard_text(now) == "words"
    heard_frames = [bytes(carrier.heard[i : i + 20 * MS]) for i in range(0, len(carrier.heard), 20 * MS)]
    padded = total + bytes(-len(total) % (20 * MS))
    wanted = [padded[i : i + 20 * MS] for i in range(0, len(padded), 20 * MS)]
    assert [frame for frame in wanted if frame not in heard_frames] == []
    assert len(heard_frames) - len(wanted) <= clears


def test_a_sentence_that_is_broken_off_is_as_long_as_what_there_is_of_it() -> None:
    """What its voice has not said was not to be said; the next sentence is whole."""
    playout = Playout(RATE)
    playout.cut()
    playout.begin("one two three four")
    playout.feed(pcm(600))
    playout.cut()
    playout.cut()
    playout.begin("five")
    playout.feed(pcm(300))
    playout.finish()
    assert playout.text == "one two five"
    assert playout.fed_ms == 900
    assert playout.heard_text(0) == ""


def test_a_sentence_broken_off_before_its_first_word_is_not_in_the_text() -> None:
    """A breath is no word."""
    playout = Playout(RATE)
    playout.begin("extraordinarily long")
    playout.feed(pcm(20))
    playout.cut()
    assert playout.text == ""
