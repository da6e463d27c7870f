"""The audio path of a leg, tick by tick, without sockets."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.frames import dbfs
from offhook.audio.wav import read_wav
from offhook.clock import ManualClock
from offhook.errors import UnsupportedCodec
from offhook.exchange.sound.line import Line
from offhook.exchange.sound.media import StreamSettings
from offhook.exchange.sound.pacer import Pacer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class ToneCaller:
    """A phone that hums a tone of its own and keeps what it hears."""

    def __init__(self, hz: float = 300.0, *, rate: int = 8000, dbfs: float = -20.0) -> None:
        self.rate = rate
        self.log: list[str] = []
        self.heard: list[bytes] = []
        self._step = 2 * np.pi * hz / rate
        self._level = 32768 * 10 ** (dbfs / 20)
        self._at = 0

    def waiting(self, now_ms: float) -> None:
        self.log.append("waiting")

    def connected(self, now_ms: float) -> None:
        self.log.append("connected")

    def bridged(self, now_ms: float) -> None:
        self.log.append("bridged")

    def mouth(self, now_ms: float) -> bytes:
        at = np.arange(self._at, self._at + self.rate // 50)
        self._at += self.rate // 50
        pcm: bytes = (self._level * np.sin(at * self._step)).astype("<i2").tobytes()
        return pcm

    def ear(self, pcm: bytes, now_ms: float) -> None:
        self.heard.append(pcm)

    def digit(self, digit: str, now_ms: float) -> None:
        self.log.append(f"{digit}@{now_ms:.0f}")

    def ended(self, cause: str, now_ms: float) -> None:
        self.log.append(f"ended {cause}")

    def ring(self, handset: Any, now_ms: float) -> None: ...

    def placed(self, handset: Any, now_ms: float) -> None: ...

    def report(self) -> dict[str, object]:
        return {}


class SilentCaller(ToneCaller):
    def mouth(self, now_ms: float) -> bytes:
        return bytes(self.rate // 25)


class Listener:
    """Writes down what lines report."""

    def __init__(self) -> None:
        self.log: list[tuple[str, ...]] = []

    def playback_ended(self, line: Line, playback_id: str, status: str) -> None:
        self.log.append(("playback_ended", playback_id, status))

    def stream_started(self, line: Line, stream_id: str) -> None:
        self.log.append(("started", stream_id))

    def stream_failed(self, line: Line, stream_id: str, reason: str) -> None:
        self.log.append(("failed", stream_id, reason))

    def stream_stopped(self, line: Line, stream_id: str) -> None:
        self.log.append(("stopped", stream_id))

    def line_failed(self, line: Line, error: str) -> None:
        self.log.append(("line_failed", error))

    def line_event(self, line: Line, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self.log.append(("event", type))


class Switch:
    """Lines on one clock that moves when it is told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.pacer = Pacer(self.clock)
        self.listener = Listener()

    def line(self, phone: ToneCaller, *, codec: str = "PCMU", recording: Path | None = None) -> Line:
        line = Line(
            call_id="v3:x",
            codec=codec,
            phone=phone,
            listener=self.listener,
            pacer=self.pacer,
            clock=self.clock,
            recording=recording,
        )
        line.begin()
        line.connect()
        return line

    def run(self, ms: int) -> None:
        for _ in range(ms // 20):
            self.clock.advance(20)
            self.pacer.tick(round(self.clock.now_ms()))


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    one = Switch()
    yield one
    one.pacer.close()


def loudest_hz(pcm: bytes, rate: int = 8000) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


class TestLife:
    async def test_a_phone_waits_until_it_is_connected(self, switch: Switch) -> None:
        """Before the answer a phone hears ringing and no audio; being connected or closed twice counts once."""
        phone = ToneCaller()
        line = Line(
            call_id="v3:x",
            codec="PCMU",
            phone=phone,
            listener=switch.listener,
            pacer=switch.pacer,
            clock=switch.clock,
        )
        line.begin()
        switch.run(40)
        line.connect()
        line.connect()
        switch.run(40)
        await line.close("normal_clearing")
        await line.close("normal_clearing")
        switch.run(40)
        assert phone.log == ["waiting", "waiting", "connected", "ended normal_clearing"]
        assert phone.heard == [bytes(320)] * 2

    async def test_nothing_begins_on_a_line_that_is_closed(self, switch: Switch) -> None:
        """Commands that arrive after the hang-up have no effect."""
        phone = ToneCaller()
        line = switch.line(phone)
        await line.close("timeout")
        line.begin()
        line.connect()
        line.open_stream(StreamSettings(stream_id="s", url="ws://127.0.0.1:1/"))
        switch.run(40)
        assert phone.heard == []
        assert switch.listener.log == []

    async def test_a_codec_that_cannot_be_both_coded_and_decoded_is_refused(self, switch: Switch) -> None:
        """A leg without a voice is refused before it exists."""
        with pytest.raises(UnsupportedCodec):
            switch.line(ToneCaller(), codec="AMR-WB")


class TestCodec:
    @pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
    async def test_everybody_hears_the_telephone_network(self, switch: Switch, codec: str) -> None:
        """Between two parties audio is coded once on each leg, as it would be on real ones."""
        one, other = ToneCaller(300), ToneCaller(1000)
        first, second = switch.line(one, codec=codec), switch.line(other, codec=codec)
        first.bridge(second)
        switch.run(200)
        coder, decoder = make_encoder(codec, 8000), make_decoder(codec, 8000)
        fresh = ToneCaller(300)
        once = decoder.decode(coder.encode(fresh.mouth(0)))
        assert first.rate == 8000
        assert other.heard[0] == decoder.decode(coder.encode(once))

    async def test_two_parties_hear_each_other_in_the_same_tick_and_not_themselves(self, switch: Switch) -> None:
        """A bridge adds no delay of its own, no echo and no change of level."""
        one, other = ToneCaller(300), ToneCaller(1000)
        first, second = switch.line(one), switch.line(other)
        first.bridge(second)
        switch.run(400)
        assert loudest_hz(b"".join(one.heard)) == pytest.approx(1000, abs=5)
        assert loudest_hz(b"".join(other.heard)) == pytest.approx(300, abs=5)
        assert dbfs(one.heard[0]) == pytest.approx(-23, abs=1)

    async def test_legs_of_different_codecs_and_phones_of_different_rates_understand_each_other(
        self, switch: Switch
    ) -> None:
        """Codecs and rates are converted between the legs, and every phone gets frames of its own rate."""
        narrow, wide = ToneCaller(300), ToneCaller(1000, rate=16000)
        first, second = switch.line(narrow, codec="PCMA"), switch.line(wide, codec="G722")
        assert (first.rate, second.rate) == (8000, 16000)
        second.bridge(first)
        switch.run(600)
        assert {len(pcm) for pcm in narrow.heard} == {320}
        assert {len(pcm) for pcm in wide.heard} == {640}
        assert loudest_hz(b"".join(narrow.heard[5:])) == pytest.approx(1000, abs=5)
        assert loudest_hz(b"".join(wide.heard[5:]), 16000) == pytest.approx(300, abs=5)

    async def test_a_narrow_phone_on_a_wide_line(self, switch: Switch) -> None:
        """The line's rate is the codec's, whatever the phone can do."""
        one, other = ToneCaller(300), ToneCaller(1000)
        switch.line(one, codec="G722").bridge(switch.line(other, codec="OPUS"))
        switch.run(600)
        assert loudest_hz(b"".join(one.heard[10:])) == pytest.approx(1000, abs=5)
        assert loudest_hz(b"".join(other.heard[10:])) == pytest.approx(300, abs=5)


class TestBridging:
    async def test_parties_are_told_and_part_again(self, switch: Switch) -> None:
        """A bridge made twice is one bridge, and is told once."""
        one, other = ToneCaller(), SilentCaller()
        first, second = switch.line(one), switch.line(other)
        first.bridge(second)
        first.bridge(second)
        switch.run(40)
        second.unbridge()
        second.unbridge()
        switch.run(40)
        assert one.log.count("bridged") == other.log.count("bridged") == 1
        assert [any(pcm) for pcm in other.heard] == [True, True, False, False]

    async def test_a_new_bridge_parts_the_old_one(self, switch: Switch) -> None:
        """A line has one peer: the one that was left hears silence."""
        phones = [ToneCaller(300), SilentCaller(), SilentCaller()]
        lines = [switch.line(phone) for phone in phones]
        lines[0].bridge(lines[1])
        lines[2].bridge(lines[0])
        switch.run(40)
        assert not any(phones[1].heard[0])
        assert any(phones[2].heard[0])

    async def test_closing_one_parts_them(self, switch: Switch) -> None:
        """The other party stays on its line, in silence."""
        one, other = ToneCaller(), SilentCaller()
        first, second = switch.line(one), switch.line(other)
        first.bridge(second)
        await first.close("normal_clearing")
        switch.run(40)
        assert [any(pcm) for pcm in other.heard] == [False, False]

    async def test_a_peer_that_is_not_connected_yet_is_silent(self, switch: Switch) -> None:
        """Nothing is heard from a phone that still rings."""
        phone = SilentCaller()
        first = switch.line(phone)
        ringing = Line(
            call_id="v3:y",
            codec="PCMU",
            phone=ToneCaller(),
            listener=switch.listener,
            pacer=switch.pacer,
            clock=switch.clock,
        )
        ringing.begin()
        first.bridge(ringing)
        switch.run(40)
        assert not any(phone.heard[1])

    async def test_a_key_pressed_reaches_the_peer(self, switch: Switch) -> None:
        """A key goes to who is bridged now, and is not kept for who comes later."""
        one, other = ToneCaller(), ToneCaller()
        first, second = switch.line(one), switch.line(other)
        first.dtmf_to_app("7")
        first.bridge(second)
        first.dtmf_to_app("5")
        assert other.log[-1] == "5@0"
        assert one.log[-1] == "bridged"


def tones(pcm: list[bytes], hz: tuple[int, ...] = (300, 700, 1100)) -> dict[int, float]:
    """How loud each of the tones is, in dB below full scale, after the first 100 ms; -100.0 for none."""
    samples = np.frombuffer(b"".join(pcm[5:]), "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples)) * 2 / len(samples) / 32768
    return {one: float(20 * np.log10(max(spectrum[round(one * len(samples) / 8000)], 1e-5))) for one in hz}


def heard(phone: ToneCaller) -> set[int]:
    """The tones that can be heard on this phone: 40 dB above what a codec adds."""
    return {hz for hz, db in tones(phone.heard).items() if db > -50}


class TestParties:
    """More than two parties, in audio, judged at each ear by the spectrum of what it heard."""

    @pytest.fixture
    def phones(self) -> list[ToneCaller]:
        return [ToneCaller(300), ToneCaller(700), ToneCaller(1100)]

    @pytest.fixture
    async def lines(self, switch: Switch, phones: list[ToneCaller]) -> list[Line]:
        return [switch.line(phone) for phone in phones]

    async def test_three_in_a_conference_hear_the_other_two(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """Everybody hears everybody but itself, each at its level."""
        for line in lines:
            for other in lines:
                if other is not line:
                    line.listen_to(other)
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{700, 1100}, {300, 1100}, {300, 700}]
        assert tones(phones[0].heard)[700] == pytest.approx(-20, abs=0.5)

    async def test_a_conference_of_codecs_and_rates(self, switch: Switch) -> None:
        """Each edge changes the rate where it must."""
        phones = [ToneCaller(300), ToneCaller(700), ToneCaller(1100)]
        lines = [switch.line(phone, codec=codec) for phone, codec in zip(phones, ("PCMU", "G722", "PCMA"), strict=True)]
        for line in lines:
            for other in lines:
                if other is not line:
                    line.listen_to(other)
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{700, 1100}, {300, 1100}, {300, 700}]

    async def test_a_muted_party_hears_and_is_not_heard(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """Mute takes the edges from a party, and only these."""
        for line in lines:
            for other in lines:
                if other is not line:
                    line.listen_to(other)
        for other in lines[:2]:
            other.stop_listening_to(lines[2])
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{700}, {300}, {300, 700}]

    async def test_a_monitor_hears_both_and_is_heard_by_nobody(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """Edges to it only."""
        lines[0].bridge(lines[1])
        for other in lines[:2]:
            lines[2].listen_to(other, supervise=True)
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{700}, {300}, {300, 700}]

    async def test_a_whisper_is_heard_on_one_side(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """The other side of the call does not notice, and the gain of the edge is kept."""
        lines[0].bridge(lines[1])
        for other in lines[:2]:
            lines[2].listen_to(other, supervise=True)
        lines[1].listen_to(lines[2], -10.0)
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{700}, {300, 1100}, {300, 700}]
        assert tones(phones[1].heard)[1100] == pytest.approx(-30, abs=1)

    async def test_on_hold_the_two_are_parted_and_taken_back(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """What was an edge each way is one again."""
        lines[0].bridge(lines[1])
        lines[0].part()
        switch.run(400)
        assert [heard(phone) for phone in phones[:2]] == [set(), set()]
        lines[1].bridge(lines[0])
        del phones[0].heard[:]
        switch.run(600)
        assert heard(phones[0]) == {700}

    async def test_a_bridge_taken_down_leaves_other_edges_alone(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """A supervisor stays when the party that is supervised loses its far side."""
        lines[0].bridge(lines[1])
        lines[2].listen_to(lines[0])
        lines[0].listen_to(lines[2])
        lines[1].unbridge()
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{1100}, set(), {300}]

    async def test_who_closes_is_gone_for_all(
        self, switch: Switch, phones: list[ToneCaller], lines: list[Line]
    ) -> None:
        """No edge leads to or from a line that is over, and keys do not reach it."""
        for line in lines:
            for other in lines:
                if other is not line:
                    line.listen_to(other)
        await lines[2].close("normal_clearing")
        lines[2].stop_listening_to(lines[0])
        switch.run(1100)
        lines[0].dtmf_to_app("5")
        assert [heard(phone) for phone in phones[:2]] == [{700}, {300}]
        assert phones[2].heard == []
        assert [any(entry.startswith("5@") for entry in phone.log) for phone in phones] == [False, True, False]

    async def test_a_supervisor_hears_what_the_carrier_says_to_the_party_and_others_do_not(
        self, switch: Switch, lines: list[Line], phones: list[ToneCaller]
    ) -> None:
        """An announcement is for the party of its line, and for whoever hears all of that line."""
        lines[1].listen_to(lines[0])
        lines[2].listen_to(lines[0], supervise=True)
        lines[0].play("p", ToneCaller(700, dbfs=-10).mouth(0) * 55)
        switch.run(1100)
        assert [heard(phone) for phone in phones] == [{700}, {300}, {300, 700}]
        lines[2].listen_to(lines[0])
        lines[0].play("q", ToneCaller(700, dbfs=-10).mouth(0) * 55)
        del phones[2].heard[:]
        switch.run(1100)
        assert heard(phones[2]) == {300}

    @pytest.mark.parametrize(
        ("target", "alone", "bridged"),
        [
            ("self", [True, False], [True, False]),
            ("opposite", [True, False], [False, True]),
            ("both", [True, False], [True, True]),
        ],
    )
    async def test_the_application_is_heard_where_its_stream_is_targeted(
        self, switch: Switch, target: Any, alone: list[bool], bridged: list[bool]
    ) -> None:
        """``self`` is the leg's own party, ``opposite`` whoever hears it; alone, the leg itself in every case."""
        phones = [SilentCaller(), SilentCaller()]
        lines = [switch.line(phone) for phone in phones]
        supervisor = SilentCaller()
        switch.line(supervisor).listen_to(lines[0], supervise=True)
        lines[0].open_stream(
            StreamSettings(
                stream_id="s", url="ws://127.0.0.1:1/", bidirectional_mode="rtp", bidirectional_target_legs=target
            )
        )
        stream = lines[0]._stream
        assert stream is not None
        stream.media.playout.add(b"\x00\x20" * 160 * 100, switch.clock.now_ms())
        switch.run(40)
        assert [any(phone.heard[1]) for phone in phones] == alone
        lines[0].bridge(lines[1])
        switch.run(40)
        assert [any(phone.heard[3]) for phone in phones] == bridged
        assert all(any(pcm) for pcm in supervisor.heard)
        lines[0].close_stream()
        switch.run(40)
        assert not any(any(phone.heard[5]) for phone in [*phones, supervisor])
        await lines[0].close("normal_clearing")


class TestTaps:
    async def test_a_tap_that_fails_is_said_and_the_line_goes_on(self, switch: Switch) -> None:
        """Whatever a tap does, the party is heard and hears."""

        class Full:
            def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
                raise OSError(28, "No space left on device")

            def missed(self, duration_ms: int) -> None: ...

            def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None: ...

        one, other = ToneCaller(), SilentCaller()
        first = switch.line(one)
        first.bridge(switch.line(other))
        first.add_tap(Full())
        switch.run(100)
        assert switch.listener.log == [("event", "tap.failed")]
        assert len(one.heard) == 5
        assert all(any(pcm) for pcm in other.heard)

    async def test_a_tap_gets_what_is_heard_until_it_is_taken_off(self, switch: Switch) -> None:
        """Outbound is what the party's ear gets, in the line's codec and as pcm."""

        class Keeps:
            def __init__(self) -> None:
                self.frames: list[bytes] = []

            def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
                raise AssertionError("not asked for")

            def missed(self, duration_ms: int) -> None: ...

            def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
                assert len(payload) == 160
                self.frames.append(pcm)

        phone, tap = ToneCaller(300), Keeps()
        line = switch.line(phone)
        line.bridge(switch.line(ToneCaller(700)))
        line.add_tap(tap, "outbound")
        switch.run(60)
        line.remove_tap(tap)
        switch.run(60)
        assert tap.frames == phone.heard[:3]
        assert any(tap.frames[2])


class TestFailure:
    async def test_a_line_whose_phone_raises_says_so_and_leaves_its_peer_in_peace(self, switch: Switch) -> None:
        """The listener ends the leg: no line is left up in silence."""

        class Broken(ToneCaller):
            def mouth(self, now_ms: float) -> bytes:
                raise RuntimeError("no microphone")

        phone = SilentCaller()
        switch.line(phone).bridge(switch.line(Broken()))
        switch.run(60)
        assert switch.listener.log == [("line_failed", "RuntimeError")]
        assert len(phone.heard) == 3

    async def test_a_phone_whose_audio_stops_sends_nothing_and_hears_on(self, switch: Switch) -> None:
        """No frame is made up for one that did not come; a burst goes to the taps whole; what is lost is told them."""

        class Uneven(ToneCaller):
            def mouth(self, now_ms: float) -> bytes:
                pcm = super().mouth(now_ms)
                return {20: b"", 40: pcm * 2, 60: b"", 80: b""}.get(round(now_ms), pcm)

        class Keeps:
            def __init__(self) -> None:
                self.log: list[str] = []

            def said(self, now_ms: int, pcm: bytes, payload: bytes) -> None:
                assert (len(pcm), len(payload)) == (320, 160)
                self.log.append(f"said {now_ms}")

            def missed(self, duration_ms: int) -> None:
                self.log.append(f"missed {duration_ms}")

            def heard(self, now_ms: int, pcm: bytes, payload: bytes) -> None: ...

        phone, peer, tap = Uneven(), SilentCaller(), Keeps()
        line = switch.line(phone)
        line.bridge(switch.line(peer))
        line.add_tap(tap)
        switch.run(120)
        assert tap.log == ["said 40", "said 40", "missed 40", "said 100", "said 120"]
        assert [any(pcm) for pcm in peer.heard] == [False, True, False, False, True, True]
        assert len(phone.heard) == 6


class TestAnnouncements:
    async def test_an_announcement_is_heard_and_its_end_reported_when_it_was_heard(self, switch: Switch) -> None:
        """Its end is told 20 ms after its last frame was fetched, when the phone has heard it."""
        phone = SilentCaller()
        line = switch.line(phone)
        line.play("p1", b"\x00\x20" * 480)
        switch.run(60)
        assert switch.listener.log == []
        switch.run(20)
        assert [any(pcm) for pcm in phone.heard] == [True, True, True, False]
        assert switch.listener.log == [("playback_ended", "p1", "completed")]

    async def test_it_is_mixed_with_the_peer(self, switch: Switch) -> None:
        """An announcement does not silence the other party."""
        one, other = SilentCaller(), ToneCaller(1000)
        first = switch.line(one)
        first.bridge(switch.line(other))
        first.play("p1", ToneCaller(300).mouth(0) * 20)
        switch.run(400)
        spectrum = np.abs(np.fft.rfft(np.frombuffer(b"".join(one.heard), "<i2").astype(float)))
        peaks = {int(index) * 8000 // 3200 for index in np.argsort(spectrum)[-2:]}
        assert peaks == {300, 1000}

    async def test_stopping_and_hanging_up_end_announcements(self, switch: Switch) -> None:
        """Each announcement has exactly one end, with the reason for it."""
        line = switch.line(SilentCaller())
        for playback_id in ("p1", "p2", "p3", "p4"):
            line.play(playback_id, b"\x00\x20" * 480)
        switch.run(20)
        line.stop_playback(current_only=True)
        assert switch.listener.log == [("playback_ended", "p1", "cancelled")]
        line.stop_playback()
        line.play("p5", b"\x00\x20" * 480)
        await line.close("normal_clearing")
        assert switch.listener.log[1:] == [
            ("playback_ended", "p2", "cancelled"),
            ("playback_ended", "p3", "cancelled"),
            ("playback_ended", "p4", "cancelled"),
            ("playback_ended", "p5", "call_hangup"),
        ]


class TestKeys:
    async def test_the_phone_hears_keys_when_their_tone_is_over(self, switch: Switch) -> None:
        """Keys keep the carrier's rhythm, and a second command waits for the first to end."""
        phone = SilentCaller()
        line = switch.line(phone)
        line.press("1w2", 100)
        line.press("3", 100)
        switch.run(2000)
        assert phone.log[1:] == ["1@100", "2@760", "3@900"]


class TestRecording:
    async def test_it_holds_what_was_said_and_heard_from_answer_to_hang_up(
        self, switch: Switch, tmp_path: Path
    ) -> None:
        """Left is what the phone said, right is what it heard, and both have the length of the call."""
        phone = ToneCaller(300)
        line = switch.line(phone, recording=tmp_path / "call.wav")
        line.bridge(switch.line(ToneCaller(1000)))
        switch.run(1500)
        await line.close("normal_clearing")
        rate, (left, right) = read_wav(tmp_path / "call.wav")
        assert rate == 8000
        assert len(left) == len(right) == 2 * 8 * 1500
        assert loudest_hz(left) == pytest.approx(300, abs=2)
        assert right == b"".join(phone.heard)

    async def test_a_recording_that_cannot_be_kept_is_said_and_does_not_keep_the_call(
        self, switch: Switch, tmp_path: Path
    ) -> None:
        """A folder that is not there, or a file that is gone, is no reason not to talk, nor to stay off the hook."""
        phone = ToneCaller(300)
        line = switch.line(phone, recording=tmp_path / "nowhere" / "call.wav")
        switch.run(1200)
        await line.close("normal_clearing")
        await asyncio.sleep(0)
        assert len(phone.heard) == 60
        assert phone.log[-1] == "ended normal_clearing"
        assert switch.listener.log == [("event", "recording.failed"), ("event", "recording.lost")]

    async def test_a_disk_that_hangs_is_not_waited_for(
        self, switch: Switch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The call ends on time, and the journal says that the recording is not finished."""
        frees = threading.Event()
        monkeypatch.setattr("offhook.audio.wav.WavFile.write", lambda self, data: frees.wait(30))
        monkeypatch.setattr("offhook.exchange.sound.line._RECORDING_GRACE_S", 0.01)
        phone = ToneCaller(300)
        line = switch.line(phone, recording=tmp_path / "call.wav")
        switch.run(1200)
        await line.close("normal_clearing")
        frees.set()
        assert phone.log[-1] == "ended normal_clearing"
        assert switch.listener.log == [("event", "recording.not_finished")]

    async def test_a_call_that_was_not_answered_leaves_no_file(self, switch: Switch, tmp_path: Path) -> None:
        """Ringing is not recorded."""
        line = Line(
            call_id="v3:x",
            codec="PCMU",
            phone=ToneCaller(),
            listener=switch.listener,
            pacer=switch.pacer,
            clock=switch.clock,
            recording=tmp_path / "call.wav",
        )
        line.begin()
        await line.close("timeout")
        assert list(tmp_path.iterdir()) == []


class TestStreams:
    async def test_a_stream_that_we_cannot_decode_fails_at_once(self, switch: Switch) -> None:
        """The application is told before a socket is opened for nothing."""
        line = switch.line(SilentCaller())
        line.open_stream(
            StreamSettings(stream_id="s", url="ws://127.0.0.1:1/", bidirectional_mode="rtp", bidirectional_codec="EVS")
        )
        assert switch.listener.log == [("event", "stream.codec_impossible"), ("failed", "s", "unsupported_codec")]
