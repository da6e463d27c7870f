"""What happens to audio at the caller's end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.audio.frames import dbfs
from offhook.exchange.people.acoustics import Echo, EchoPath, Noise, Uplink

SILENCE = bytes(320)


def frame(value: int) -> bytes:
    return value.to_bytes(2, "little") * 160


class TestEcho:
    @given(st.integers(0, 6000), st.sampled_from([8000, 16000]))
    def test_it_comes_back_after_the_delay_to_the_sample(self, delay_samples: int, rate: int) -> None:
        """What a tick gives to the ear sounds in the 20 ms of the next tick's mouth, and the delay later comes back."""
        echo = Echo(EchoPath(0.0, delay_samples * 1000 / rate), rate)
        size = rate // 50
        rng = np.random.default_rng(1)
        heard = rng.integers(-9000, 9000, 10 * size).astype("<i2").tobytes()
        back = b""
        for tick in range(40):
            back += echo.said(bytes(2 * size))
            echo.heard(heard[tick * 2 * size : (tick + 1) * 2 * size].ljust(2 * size, b"\0"))
        expected = bytes(2 * (size + delay_samples)) + heard
        assert back == expected[: len(back)].ljust(len(back), b"\0")

    @pytest.mark.parametrize("gain_db", [-20.0, -30.0, -45.0])
    def test_it_is_as_much_softer_as_was_asked_for(self, gain_db: float) -> None:
        """Levels are those of the path, whatever is said meanwhile is as loud as before."""
        echo = Echo(EchoPath(gain_db, 0.0), 8000)
        echo.said(SILENCE)
        echo.heard(frame(16000))
        assert dbfs(echo.said(SILENCE)) == pytest.approx(dbfs(frame(16000)) + gain_db, abs=0.1)
        echo.heard(SILENCE)
        assert echo.said(frame(5)) == frame(5)


class TestNoise:
    @pytest.mark.parametrize("rate", [8000, 16000])
    def test_it_has_the_level_that_was_asked_for_and_never_repeats(self, rate: int) -> None:
        """On a line of either rate, and in every frame."""
        noise = Noise(-50.0, rate)
        silence = bytes(rate // 25)
        frames = [noise.said(silence) for _ in range(100)]
        assert dbfs(b"".join(frames)) == pytest.approx(-50.0, abs=0.3)
        assert len(set(frames)) == len(frames)

    def test_what_is_said_stays_in_it(self) -> None:
        """It is added; what is too loud is clipped, not turned over."""
        assert dbfs(Noise(-60.0, 8000).said(frame(16000))) == pytest.approx(dbfs(frame(16000)), abs=0.1)
        loud = np.frombuffer(Noise(-10.0, 8000).said(frame(32767)), "<i2")
        assert loud.max() == 32767
        assert loud.mean() > 16000

    def test_it_is_the_same_in_every_call(self) -> None:
        """So that a call that was a failure can be made again."""
        assert Noise(-50.0, 8000).said(SILENCE) == Noise(-50.0, 8000).said(SILENCE)


class TestUplink:
    def test_what_is_said_arrives_while_nothing_stops_it(self) -> None:
        """A frame in, the same frame out."""
        assert Uplink().send(frame(1), 0) == frame(1)

    def test_while_it_is_stopped_nothing_arrives_and_what_was_said_is_lost(self) -> None:
        """The first time is stopped, the last is not."""
        uplink = Uplink()
        uplink.stop(20, 60, burst=False)
        assert [uplink.send(frame(n), 20 * n) for n in range(5)] == [frame(0), b"", b"", frame(3), frame(4)]

    def test_held_back_audio_comes_at_once_and_in_order(self) -> None:
        """Nothing is lost: the burst holds every frame, then one comes per tick again."""
        uplink = Uplink()
        uplink.stop(20, 60, burst=True)
        arrived = [uplink.send(frame(n), 20 * n) for n in range(5)]
        assert arrived == [frame(0), b"", b"", frame(1) + frame(2) + frame(3), frame(4)]

    def test_stops_that_overlap_are_one(self) -> None:
        """What any of them holds back is held back."""
        uplink = Uplink()
        uplink.stop(0, 40, burst=True)
        uplink.stop(20, 80, burst=False)
        arrived = [uplink.send(frame(n), 20 * n) for n in range(6)]
        assert arrived == [b"", b"", b"", b"", frame(0) + frame(1) + frame(4), frame(5)]
