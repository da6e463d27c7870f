"""One track of what a carrier sends: nothing missing, and nothing that is not of the codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.codecs import make_decoder
from offhook.calls.media.counters import StreamCounters
from offhook.calls.media.inbound import Inbound
from offhook.carriers.media import MediaReceived

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_lost_piece_is_made_up_for(new_bench: Callable[..., Any]) -> None:
    """20 ms are heard in its place."""
    bench = new_bench()
    bench.start()
    bench.feed(*(bench.piece(number) for number in (1, 3, 4, 5, 6, 6)))
    assert [entry[2] for entry in bench.saw[1:]] == [0, 20, 40, 60, 80, 100]
    counters = bench.stream.counters
    assert (counters.received, counters.lost, counters.late) == (6, 1, 1)


def test_a_payload_that_is_not_of_the_codec_is_made_up_for(new_bench: Callable[..., Any]) -> None:
    """Half a sample of L16 costs 20 ms of audio, not the call."""
    bench = new_bench(codec="L16", sample_rate=16000)
    bench.start("L16", 16000)
    bench.feed(bench.piece(1, bytes(640)), bench.piece(2, bytes(641)), bench.piece(3, bytes(640)))
    assert [entry[1:] for entry in bench.saw[1:]] == [(640, 0), (640, 20), (640, 40)]
    assert bench.stream.counters.ignored["not of the codec"] == 1
    assert bench.stream.counters.lost == 1


def test_numbers_that_begin_anew_are_counted(new_bench: Callable[..., Any]) -> None:
    """They are no loss."""
    bench = new_bench()
    bench.start()
    bench.feed(bench.piece(1), bench.piece(1000))
    assert (bench.stream.counters.restarts, bench.stream.counters.lost) == (1, 0)


@given(st.lists(st.integers(min_value=1, max_value=60), max_size=60))
def test_whatever_comes_the_audio_never_goes_back(numbers: list[int]) -> None:
    """Pieces in any order, twice or not at all: each that is heard begins after the one before it."""
    inbound = Inbound(make_decoder("PCMU", 8000), StreamCounters())
    heard: list[float] = []
    inbound.way = lambda _, at_ms: heard.append(at_ms)
    for number in numbers:
        inbound.take(MediaReceived("inbound", number, (number - 1) * 20, bytes([255] * 160)))
    assert heard == sorted(set(heard)) or inbound._reorder.counters.restarts
    assert not heard or inbound.ends_ms == heard[-1] + 20
