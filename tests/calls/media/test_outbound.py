"""What we send: whole frames, in messages that the carrier takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = bytes(320)


def test_commands_are_sent_in_order(new_bench: Callable[..., Any]) -> None:
    """Audio, marks and clears."""
    bench = new_bench()
    bench.start()
    out = bench.stream.outbound
    out.audio(FRAME * 5)
    out.mark("m")
    out.clear()
    assert bench.sent == [b"audio 800", b"mark m", b"clear"]


def test_a_message_is_no_longer_than_the_carrier_takes(new_bench: Callable[..., Any]) -> None:
    """What is longer becomes several."""
    bench = new_bench()
    bench.start()
    bench.stream.outbound.audio(FRAME * 1501)
    assert bench.sent == [b"audio 240000", b"audio 160"]


def test_a_message_with_opus_holds_one_packet(new_bench: Callable[..., Any]) -> None:
    """One frame of 20 ms."""
    bench = new_bench(codec="OPUS", sample_rate=16000)
    bench.start()
    bench.stream.outbound.audio(bytes(640 * 3))
    assert 2 <= len(bench.sent) <= 3  # a coder may hold its first frame back


@pytest.mark.parametrize("size", [0, 300, 330, 640_001])
def test_half_a_frame_is_a_mistake(new_bench: Callable[..., Any], size: int) -> None:
    """Pieces below 20 ms stutter."""
    bench = new_bench()
    bench.start()
    with pytest.raises(ValueError, match=f"expected whole frames of 320 bytes, got {size}"):
        bench.stream.outbound.audio(bytes(size))


def test_what_is_written_in_the_codec_already_goes_out_untouched(new_bench: Callable[..., Any]) -> None:
    """A byte a sample, in messages as long as the carrier takes."""
    bench = new_bench(codec="PCMA")
    out = bench.stream.outbound
    out.encoded(bytes(160))
    bench.start()
    out.encoded(bytes(800))
    out.encoded(bytes(160 * 1501))
    assert bench.sent == [b"audio 800", b"audio 240000", b"audio 160"]
    assert bench.stream.counters.unsent == 1
    for size in (0, 150):
        with pytest.raises(ValueError, match=f"expected whole frames of 160 bytes, got {size}"):
            out.encoded(bytes(size))
