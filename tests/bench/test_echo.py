"""Our server of the benchmark: the media plane as it is, with an echo for an agent."""

from __future__ import annotations

from offhook.bench.echo import EchoGate
from offhook.carriers.media import MediaFormat
from offhook.carriers.telnyx.media import PlayAudio, TelnyxCarrierMedia
from offhook.server.frames import Allowance


def test_every_frame_comes_back_and_nothing_else_does() -> None:
    """The server that is measured does what the others do: one frame back for each, and no word more."""
    gate = EchoGate()
    carrier = TelnyxCarrierMedia("stream")
    sent: list[bytes] = []
    call, request = gate.admit("any token")
    stream = gate.open_stream(call, request, send=sent.append, close=lambda: None)
    frames = [bytes([code]) * 160 for code in (0x80, 0x00, 0xFF)]
    stream.receive(carrier.start(call_id="call", format=MediaFormat("PCMU", 8000)))
    for frame in frames:
        stream.receive(carrier.media("inbound", frame))
    stream.receive(carrier.mark("a mark"))
    stream.receive(carrier.dtmf("5", "2026-01-01T00:00:00Z"))
    stream.receive(carrier.stop(call_id="call"))
    stream.connection_lost()
    assert [carrier.receive(message) for message in sent] == [PlayAudio(frame) for frame in frames]
    assert stream.stopped


def test_the_load_may_send_as_fast_as_it_can() -> None:
    """With few connections each sends far more than a call does, and is not taken for a flood."""
    limits = EchoGate.media_limits
    fastest = 200_000.0  # frames per second: C on a core of its own, five times over
    allowance = Allowance(limits.burst_frames, limits.frames_per_s, 0.0)
    allowance.left -= limits.burst_frames + 1
    assert allowance.refill((limits.burst_frames + 1) / fastest)
