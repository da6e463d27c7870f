"""What was sent, as long as its echo may come."""

from __future__ import annotations

import numpy as np
import pytest

from offhook.speech.echo.sent import Sent

LOUD = np.full(160, 1000, np.int16).tobytes()
SOFT = np.full(160, 20, np.int16).tobytes()


def test_audio_is_found_where_it_is_played() -> None:
    """Behind what is there already if that is longer, and silence lies around it."""
    sent = Sent()
    sent.add(LOUD, 1000, keep_from=0)
    sent.add(SOFT, 1100, keep_from=0)
    assert [*sent.raw(998, 1002)] == [0, 0, 1000, 1000]
    assert [*sent.raw(1159, 1161)] == [1000, 20]
    assert [*sent.raw(1319, 1322)] == [20, 0, 0]
    assert sent.white(1001, 1002)[0] == pytest.approx(50, rel=1e-4)


def test_what_is_far_from_all_that_was_sent_is_silence() -> None:
    """Before it, and after it."""
    sent = Sent()
    sent.add(LOUD, 1000, keep_from=0)
    for begin in (-500, 200_000):
        assert [*sent.raw(begin, begin + 3)] == [0, 0, 0]


def test_only_what_could_be_heard_sounds() -> None:
    """A signal below -61 dBFS leaves no echo that matters."""
    sent = Sent()
    sent.add(LOUD, 1000, keep_from=0)
    sent.add(SOFT, 1160, keep_from=0)
    assert sent.sound_end == 1160
    assert sent.sounds(1000, 1160)
    assert not sent.sounds(0, 1000)


def test_what_was_cut_was_not_sent() -> None:
    """What lies before is kept; cutting behind the end changes nothing."""
    sent = Sent()
    sent.add(LOUD, 1000, keep_from=0)
    sent.cut(5000)
    assert sent.sound_end == 1160
    sent.cut(1080)
    assert sent.sound_end == 1080
    assert [*sent.raw(1079, 1081)] == [1000, 0]


def test_what_may_come_back_is_kept_however_much_is_sent() -> None:
    """All before is forgotten, and only then."""
    sent = Sent()
    for number in range(1000):
        sent.add(LOUD, 160 * number, keep_from=160 * (number - 300))
    assert [*sent.raw(160 * 699, 160 * 699 + 1)] == [1000]
    assert not sent.sounds(0, 160)
