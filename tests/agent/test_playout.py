"""What is sent when, and what was heard."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.agent.playout import Audio, Mark, Playout, PlayoutOptions
from offhook.audio.formats import PCM_8K, PCM_16K, PCMA, PCMU, AudioFormat
from offhook.speech.streams import Word
from offhook.speech.text import Spoken

MS = 16

TEXT = "one two three four"


def pcm(ms: float) -> bytes:
    return b"\1\2" * round(ms * MS / 2)


def lengths(messages: list[Audio | Mark]) -> list[float]:
    return [len(message.data) / MS for message in messages if isinstance(message, Audio)]


def marks(messages: list[Audio | Mark]) -> list[str]:
    return [message.name for message in messages if isinstance(message, Mark)]


def speech(ms: float = 1000, text: str = "one two three four") -> Playout:
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain(text))
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
    playout = Playout(PCM_8K)
    assert list(playout.due(0)) == []
    playout.begin(Spoken.plain("hello there"))
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
    assert sent[2].data == pcm(5) + bytes(15 * MS)


def test_after_a_gap_audio_is_not_sent_faster_to_catch_up() -> None:
    """When audio comes late, the lead counts from when it came."""
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("hello"))
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
    playout = Playout(PCM_8K)
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
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("count"))
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
    heard += b"".join(message.data for message in again if isinstance(message, Audio))
    assert bytes(heard).rstrip(b"\0") == audio.rstrip(b"\0")


def test_words_are_heard_in_proportion_to_the_time() -> None:
    """Of the sentence that was interrupted, as many words as its share of time allows; nothing of those after it."""
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("We open at nine."))
    playout.feed(pcm(1000))
    playout.begin(Spoken.plain("On Saturday we open at ten."))
    playout.feed(pcm(1000))
    playout.begin(Spoken.plain("Goodbye."))
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
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("This sentence is much longer than what has come of it."))
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
    playout.begin(Spoken.plain("more"))
    playout.resume()
    assert list(playout.due(300)) == []
    assert playout.heard_text(300) == "one"
    assert playout.heard_ms(300) == 120


def test_a_sentence_without_sound_is_never_heard() -> None:
    """A voice is silent about a script that it cannot read: what it did not say is in no transcript."""
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("mute"))
    playout.begin(Spoken.plain("hello"))
    playout.feed(pcm(400))
    playout.begin(Spoken.plain("mute too"))
    playout.finish()
    assert playout.text == "hello"
    sent = list(playout.due(0))
    assert playout.heard_text(0) == ""
    playout.mark_returned(marks(sent)[-1], 400)
    assert playout.heard_text(400) == "hello"


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
            size = min(budget * MS, len(head.data))
            self.heard += head.data[:size]
            budget -= size // MS
            rest = head.data[size:]
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
    playout = Playout(PCM_8K, PlayoutOptions(lead_ms=300))
    carrier = Carrier()
    playout.begin(Spoken.plain("words"))
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
    """What its voice has not said was not to be said, and is known; the next sentence is whole."""
    playout = Playout(PCM_8K)
    assert playout.cut() is None
    playout.begin(Spoken.plain("one two three four"))
    playout.feed(pcm(600))
    rest = playout.cut()
    assert rest is not None
    assert rest.text == "four"
    assert playout.cut() is None
    playout.begin(Spoken.plain("five"))
    playout.feed(pcm(300))
    playout.finish()
    assert playout.text == "one two three five"
    assert playout.fed_ms == 900
    assert playout.heard_text(0) == ""


@pytest.mark.parametrize(("letter_ms", "rest"), [(30.0, ""), (60.0, "four"), (100.0, "three four"), (2000.0, TEXT)])
def test_how_far_a_voice_got_is_guessed_by_how_it_speaks(letter_ms: float, rest: str) -> None:
    """As if it had spoken somewhat quicker: a word that is left out is better than one that is said twice."""
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain(TEXT))
    playout.feed(pcm(700))
    spoken = playout.cut(letter_ms)
    assert ("" if spoken is None else spoken.text) == rest


def test_a_sentence_broken_off_before_its_first_word_is_not_in_the_text() -> None:
    """A breath is no word."""
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("extraordinarily long"))
    playout.feed(pcm(20))
    playout.cut()
    assert playout.text == ""


@pytest.mark.parametrize("written", [PCMU, PCM_8K])
def test_a_sentence_of_which_only_silence_was_sent_can_be_said_anew(written: AudioFormat) -> None:
    """And none of which anything was, or may have been; or whose words are known, so that it can be gone on with."""
    sound, silence = tone_of(written), written.silence
    playout = Playout(written, FINE)
    playout.begin(Spoken.plain("one"))
    playout.feed(sound)
    assert playout.unheard()
    (name,) = marks(list(playout.due(0)))
    assert not playout.unheard()
    playout.begin(Spoken.plain("two three"))
    playout.feed(silence + sound)
    assert playout.unheard()
    playout.mark_returned(name, 20)
    list(playout.due(20))
    assert playout.unheard()
    timed = deepcopy(playout)
    timed.time_words([Word("two", 0, 100)])
    assert not timed.unheard()
    playout.void()
    playout.begin(Spoken.plain("four"))
    playout.feed(sound)
    assert playout.unheard()
    playout.finish()
    assert playout.text == "one four"
    assert playout.fed_ms == 60
    assert not playout.unheard()


def test_a_sentence_whose_beginning_was_heard_is_not_said_anew() -> None:
    """Whatever that was."""
    playout = Playout(PCMU, FINE)
    playout.begin(Spoken.plain("one"))
    playout.feed(PCMU.silence * 3)
    for now_ms in (0, 20):
        (name,) = marks(list(playout.due(now_ms)))
        playout.mark_returned(name, now_ms + 20)
    assert not playout.unheard()


def tone_of(written: AudioFormat) -> bytes:
    return b"\x20" * written.frame_bytes


FINE = PlayoutOptions(first_ms=20, chunk_ms=20, lead_ms=20)
"""A frame at a time."""


def heard_text(playout: Playout, until_ms: float) -> str:
    """What was heard of a :data:`FINE` one that plays for so long."""
    now = 0.0
    while now < until_ms:
        names = marks(list(playout.due(now)))
        now += 20
        for name in names:
            playout.mark_returned(name, now)
    playout.pause(now)
    assert playout.heard_ms(now) == until_ms
    return playout.heard_text(now)


@pytest.mark.parametrize("written", [PCMU, PCMA, PCM_8K, PCM_16K])
def test_time_is_counted_the_same_whatever_the_audio_is_written_in(written: AudioFormat) -> None:
    """Pieces, marks, what was heard, and the silence that fills the last frame."""
    playout = Playout(written)
    codes = bytes(range(100)) * int(written.bytes_per_ms)
    audio = codes[: int(90 * written.bytes_per_ms)]
    playout.begin(Spoken.plain("one two three"))
    playout.feed(audio)
    playout.finish()
    sent = list(playout.due(0))
    sizes = [len(message.data) / written.bytes_per_ms for message in sent if isinstance(message, Audio)]
    assert sizes == [20, 80]
    silence = written.silence[: int(10 * written.bytes_per_ms)]
    assert b"".join(message.data for message in sent if isinstance(message, Audio)) == audio + silence
    assert playout.fed_ms == 100
    playout.mark_returned(marks(sent)[0], 20)
    assert playout.heard_ms(50) == 50
    assert playout.heard_text(50) == "one two"
    assert playout.left_ms(50) == 50


def test_words_are_heard_to_the_word_where_the_voice_tells_their_times() -> None:
    """In the middle of a speech too, after a sentence of which it tells none."""
    playout = Playout(PCMU, FINE)
    playout.begin(Spoken.plain("Untimed words."))
    playout.feed(bytes(8 * 500))
    playout.begin(Spoken.plain("We open at nine."))
    playout.time_words([Word("We", 0, 100), Word("open", 100, 200)])
    playout.feed(bytes(8 * 400))
    playout.time_words([Word("at", 900, 1000), Word("nine", 1000, 1500)])
    playout.feed(bytes(8 * 1100))
    playout.finish()
    times = (540, 560, 660, 1440, 1460, 1740, 1760)
    assert {at_ms: heard_text(deepcopy(playout), at_ms) for at_ms in times} == {
        540: "Untimed words.",
        560: "Untimed words. We",
        660: "Untimed words. We open",
        1440: "Untimed words. We open",
        1460: "Untimed words. We open at",
        1740: "Untimed words. We open at",
        1760: "Untimed words. We open at nine.",
    }


def left_of(playout: Playout) -> str:
    """What is not said of a sentence that breaks off."""
    rest = playout.cut()
    return rest.text if rest is not None else ""


def test_what_is_left_of_a_sentence_that_breaks_off_is_known_by_the_times_of_its_words() -> None:
    """A word that is not whole, and was not sent, is not said: all of it is left."""
    playout = Playout(PCMU)
    playout.begin(Spoken.plain("one two three four"))
    playout.time_words([Word("one", 0, 200), Word("two", 200, 400), Word("three", 400, 700), Word("four", 700, 900)])
    playout.feed(bytes(8 * 600))
    assert left_of(playout) == "three four"
    assert playout.fed_ms == 400
    assert playout.text == "one two"
    playout.begin(Spoken.plain("three four"))
    playout.feed(bytes(8 * 500))
    playout.finish()
    assert playout.text == "one two three four"


def test_a_word_that_breaks_off_after_half_of_it_was_sent_is_not_said_again() -> None:
    """And one of which less was sent is."""
    for sent_ms, rest in ((520, "three"), (400, "two three")):
        playout = Playout(PCMU, PlayoutOptions(chunk_ms=20, lead_ms=sent_ms))
        playout.begin(Spoken.plain("one two three"))
        playout.time_words([Word("one", 0, 300), Word("two", 300, 700)])
        playout.feed(bytes(8 * 600))
        assert sum(len(message.data) for message in playout.due(0) if isinstance(message, Audio)) == 8 * sent_ms
        assert left_of(playout) == rest
        assert playout.fed_ms == sent_ms


def test_a_sentence_that_breaks_off_before_any_word_is_whole_is_left_whole() -> None:
    """What there was of it is not heard."""
    playout = Playout(PCM_8K)
    playout.begin(Spoken.plain("one two"))
    playout.time_words([Word("one", 0, 300)])
    playout.feed(pcm(200))
    assert left_of(playout) == "one two"
    assert (playout.text, playout.fed_ms) == ("", 0)


def test_a_sentence_of_silence_says_nothing() -> None:
    """What was not sent of it is dropped."""
    playout = Playout(PCMU, FINE)
    playout.begin(Spoken.plain("one two"))
    playout.time_words([Word("one", 0, 300)])
    playout.feed(PCMU.silence * 100)
    list(playout.due(0))
    playout.void()
    assert (playout.text, playout.fed_ms) == ("", 20)
    playout.begin(Spoken.plain("one two"))
    playout.feed(bytes(8 * 400))
    playout.finish()
    assert playout.text == "one two"
    assert heard_text(playout, 420) == "one two"
