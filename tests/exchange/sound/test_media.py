"""One media stream of a leg, the carrier's end, without the socket."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.frames import dbfs
from offhook.errors import UnsupportedCodec
from offhook.exchange.sound.media import StreamMedia, StreamSettings, announced_rate


class Bench:
    """A stream and what it notes."""

    def __init__(self, *, line_codec: str = "PCMU", line_rate: int = 8000, **settings: Any) -> None:
        self.notes: list[tuple[str, dict[str, object]]] = []
        settings.setdefault("bidirectional_mode", "rtp")
        self.media = StreamMedia(
            StreamSettings(stream_id="s-1", url="ws://127.0.0.1/", call_control_id="v3:x", **settings),
            line_codec=line_codec,
            line_rate=line_rate,
            note=self._note,
        )

    def _note(self, type: str, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        self.notes.append((type, fields))

    def tell(self, message: object, now_ms: float = 0.0) -> list[dict[str, Any]]:
        return [json.loads(answer) for answer in self.media.receive(json.dumps(message).encode(), now_ms)]

    def play(self, payload: bytes, now_ms: float = 0.0) -> list[dict[str, Any]]:
        return self.tell({"event": "media", "media": {"payload": base64.b64encode(payload).decode()}}, now_ms)

    def pull(self, count: int, start_ms: int = 0) -> bytes:
        size = self.media.playout.rate // 25
        return b"".join(self.media.pull(start_ms + 20 * tick)[0] or bytes(size) for tick in range(count))


def tone(rate: int, ms: int) -> bytes:
    at = np.arange(rate * ms // 1000) / rate
    return (8000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()


class TestOpening:
    def test_connected_and_start_tell_what_is_known(self) -> None:
        """The token comes before all else, and start has every field that the carrier documents."""
        bench = Bench(
            auth_token="t0ken",
            custom_parameters={"a": "b"},
            client_state="aGk=",
            tags=("x",),
            user_id="u",
            call_session_id="sess",
            from_="+15550101",
            to="+15550199",
        )
        connected, start = (json.loads(message) for message in bench.media.opening())
        assert connected == {"event": "connected", "version": "1.0.0", "x-telnyx-streaming-auth-token": "t0ken"}
        assert start == {
            "event": "start",
            "sequence_number": "1",
            "stream_id": "s-1",
            "start": {
                "user_id": "u",
                "call_control_id": "v3:x",
                "call_session_id": "sess",
                "from": "+15550101",
                "to": "+15550199",
                "tags": ["x"],
                "client_state": "aGk=",
                "custom_parameters": {"a": "b"},
                "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
            },
        }

    @pytest.mark.parametrize(
        ("codec", "asked", "rate"),
        [
            ("PCMU", 16000, 8000),
            ("G722", None, 8000),
            ("OPUS", None, 16000),
            ("OPUS", 8000, 8000),
            ("L16", 24000, 24000),
        ],
    )
    def test_the_rate_that_is_announced(self, codec: str, asked: int | None, rate: int) -> None:
        """Wideband codecs are announced at their rate, and those with a choice at the one asked for."""
        assert announced_rate(codec, asked) == rate
        bench = Bench(codec=codec, bidirectional_codec=codec, bidirectional_sampling_rate=asked)
        assert (bench.media.format.encoding, bench.media.format.sample_rate) == (codec, rate)

    @pytest.mark.parametrize(("codec", "asked"), [("AMR-WB", None), ("EVS", None), ("OPUS", 22050)])
    def test_where_transcoding_is_impossible_the_legs_own_codec_is_used(self, codec: str, asked: int | None) -> None:
        """A stream is not refused for a codec that this machine cannot encode; the journal says so."""
        bench = Bench(line_codec="PCMA", codec=codec, bidirectional_sampling_rate=asked)
        assert bench.media.format.encoding == "PCMA"
        assert bench.notes[0][0] == "stream.codec_impossible"

    def test_a_codec_that_cannot_be_decoded_is_refused(self) -> None:
        """Audio for the caller that could not be understood is refused before the first frame."""
        with pytest.raises(UnsupportedCodec):
            Bench(bidirectional_codec="EVS")


class TestTracks:
    def test_both_tracks_share_the_sequence_and_count_their_own_chunks(self) -> None:
        """One sequence orders all messages, a chunk number each track, and a leg's own payload is not coded again."""
        bench = Bench(track="both_tracks")
        bench.media.opening()
        frames = []
        for _ in range(2):
            frames.append(bench.media.frame("inbound", bytes(320), b"a" * 160))
            frames.append(bench.media.frame("outbound", bytes(320), b"b" * 160))
        messages = [json.loads(frame) for frame in frames]
        assert [message["sequence_number"] for message in messages] == ["2", "3", "4", "5"]
        assert [(message["media"]["track"], message["media"]["chunk"]) for message in messages] == [
            ("inbound", "1"),
            ("outbound", "1"),
            ("inbound", "2"),
            ("outbound", "2"),
        ]
        assert base64.b64decode(messages[0]["media"]["payload"]) == b"a" * 160  # the leg's own payload, not coded again

    @pytest.mark.parametrize(("codec", "rate"), [("PCMA", None), ("G722", None), ("OPUS", 16000), ("L16", 16000)])
    def test_the_streams_codec_is_its_own(self, codec: str, rate: int | None) -> None:
        """The application hears its own codec, whatever the leg has."""
        bench = Bench(codec=codec, bidirectional_sampling_rate=rate)
        decoder = make_decoder(codec, announced_rate(codec, rate))
        pcm = tone(8000, 400)
        decoded = b""
        for at in range(0, len(pcm), 320):
            message = json.loads(bench.media.frame("inbound", pcm[at : at + 320], b"not used"))
            decoded += decoder.decode(base64.b64decode(message["media"]["payload"]))
        assert len(decoded) == decoder.rate * 2 * 400 // 1000
        assert dbfs(decoded[len(decoded) // 2 :]) == pytest.approx(dbfs(pcm), abs=1.5)

    def test_l16_goes_out_in_the_byte_order_that_was_set(self) -> None:
        """What the real carrier sends is one setting, and both orders can be tried."""
        benches = [
            Bench(codec="L16", bidirectional_sampling_rate=8000, l16_byte_order=order) for order in ("little", "big")
        ]
        pcm = b"\x01\x02" * 160
        payloads = [json.loads(bench.media.frame("inbound", pcm, b""))["media"]["payload"] for bench in benches]
        assert [base64.b64decode(payload)[:2] for payload in payloads] == [b"\x01\x02", b"\x02\x01"]

    def test_audio_that_never_came_leaves_its_time_free(self) -> None:
        """The next frame has the next number and a later timestamp; the other track does not notice."""
        bench = Bench(track="both_tracks")
        bench.media.frame("inbound", bytes(320), b"a" * 160)
        bench.media.skip("inbound", 100)
        inbound = json.loads(bench.media.frame("inbound", bytes(320), b"a" * 160))["media"]
        outbound = json.loads(bench.media.frame("outbound", bytes(320), b"a" * 160))["media"]
        assert (inbound["chunk"], inbound["timestamp"]) == ("2", "120")
        assert (outbound["chunk"], outbound["timestamp"]) == ("1", "0")

    def test_dtmf_and_stop(self) -> None:
        """A key and the end have the fields that the carrier gives them."""
        bench = Bench(user_id="u")
        assert json.loads(bench.media.dtmf("5", "2026-01-01T00:00:00.000000Z"))["dtmf"] == {"digit": "5"}
        assert json.loads(bench.media.stop())["stop"] == {"user_id": "u", "call_control_id": "v3:x"}


class TestCommands:
    @pytest.mark.parametrize(("codec", "rate"), [("PCMU", None), ("PCMA", None), ("G722", None), ("L16", 16000)])
    def test_audio_in_the_applications_codec_is_played_on_the_line(self, codec: str, rate: int | None) -> None:
        """What the application sends is decoded as what it said it would send."""
        bench = Bench(bidirectional_codec=codec, bidirectional_sampling_rate=rate)
        encoder = make_encoder(codec, announced_rate(codec, rate))
        assert bench.play(encoder.encode(tone(encoder.rate, 400))) == []
        assert bench.media.playout.rate == encoder.rate
        frame = encoder.rate // 25
        pcm = bench.pull(24)
        assert len(pcm) == 24 * frame
        assert dbfs(pcm[10 * frame : 20 * frame]) == pytest.approx(dbfs(tone(8000, 400)), abs=1)
        assert dbfs(pcm[20 * frame :]) == -100.0

    def test_opus_is_one_packet_a_message(self) -> None:
        """Packets are not joined or cut: each message is decoded as one."""
        bench = Bench(bidirectional_codec="OPUS", bidirectional_sampling_rate=16000)
        encoder = make_encoder("OPUS", 16000)
        pcm = tone(16000, 400)
        for at in range(0, len(pcm), 640):
            bench.play(encoder.encode(pcm[at : at + 640]))
        assert dbfs(bench.pull(20)[3200:]) == pytest.approx(dbfs(pcm), abs=1.5)

    def test_marks_come_back_when_their_audio_was_played(self) -> None:
        """Two frames are heard before the mark behind them returns."""
        bench = Bench()
        bench.play(b"\x20" * 320)
        assert bench.tell({"event": "mark", "mark": {"name": "a"}}) == []
        assert [len(bench.media.pull(t)[1]) for t in (0, 20, 40)] == [0, 0, 1]

    def test_a_mark_behind_nothing_comes_back_at_once(self) -> None:
        """There is nothing to wait for."""
        assert Bench().tell({"event": "mark", "mark": {"name": "a"}})[0]["mark"] == {"name": "a"}

    def test_clear_gives_marks_back_and_is_noted(self) -> None:
        """The journal has what the caller did not hear."""
        bench = Bench()
        bench.play(b"\x20" * 1600)
        bench.tell({"event": "mark", "mark": {"name": "a"}})
        (answer,) = bench.tell({"event": "clear"})
        assert answer["event"] == "mark"
        assert bench.notes == [("stream.cleared", {"dropped_ms": 200, "marks": 1})]
        assert bench.media.counters()["dropped_ms"] == 200

    def test_a_new_socket_numbers_its_messages_from_the_start(self) -> None:
        """A stream that reconnects begins to count anew."""
        bench = Bench()
        bench.media.opening()
        bench.media.frame("inbound", bytes(320), bytes(160))
        assert json.loads(bench.media.opening()[1])["sequence_number"] == "1"

    @pytest.mark.parametrize(
        ("message", "code", "title"),
        [
            ({"event": "media", "media": {"payload": "not base64!"}}, 100004, "invalid_media"),
            ({"event": "mark"}, 100003, "malformed_frame"),
            (["media"], 100003, "malformed_frame"),
        ],
    )
    def test_what_is_wrong_is_answered_with_an_error(self, message: object, code: int, title: str) -> None:
        """Every mistake has the code and the title that the carrier documents."""
        bench = Bench()
        (answer,) = bench.tell(message)
        assert answer["event"] == "error"
        assert (answer["payload"]["code"], answer["payload"]["title"]) == (code, title)

    def test_more_than_30_s_in_one_message_are_refused(self) -> None:
        """30 s are taken and not a frame more, and the answer says both."""
        (answer,) = Bench().play(b"\xff" * (8 * 30_001))
        assert answer["payload"]["detail"] == "expected 20 ms to 30 s of audio, got 30.0 s"
        assert Bench().play(b"\xff" * 8 * 30_000) == []

    def test_audio_that_is_not_of_the_codec_is_refused(self) -> None:
        """Half a sample of L16 is no payload."""
        (answer,) = Bench(bidirectional_codec="L16").play(b"odd")
        assert answer["payload"]["code"] == 100004

    def test_what_is_not_understood_is_passed_over_and_noted_once(self) -> None:
        """Fifty unknown messages do not fill the journal."""
        bench = Bench()
        for _ in range(50):
            assert bench.tell({"event": "hello"}) == []
            bench.media.receive_binary()
        assert [note[1] for note in bench.notes] == [{"reason": "unknown event"}, {"reason": "binary message"}]


class TestMp3:
    @pytest.fixture
    def mp3(self) -> bytes:
        import av

        file = io.BytesIO()
        with av.open(file, "w", format="mp3") as container:
            stream: Any = container.add_stream("mp3", rate=24000, layout="mono")
            samples = np.frombuffer(tone(24000, 500), "<i2").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = 24000
            resampler = av.AudioResampler(format="s16p", layout="mono", rate=24000, frame_size=576)
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
        return file.getvalue()

    def test_a_whole_mp3_is_played(self, mp3: bytes) -> None:
        """In mp3 mode a message is a whole file."""
        bench = Bench(bidirectional_mode="mp3")
        assert bench.play(mp3) == []
        assert dbfs(bench.pull(20)[3200:]) == pytest.approx(dbfs(tone(8000, 400)), abs=1.5)

    def test_there_may_be_one_a_second(self, mp3: bytes) -> None:
        """The limit is the carrier's, and the millisecond it ends in counts."""
        bench = Bench(bidirectional_mode="mp3")
        bench.play(mp3, 0)
        (answer,) = bench.play(mp3, 999)
        assert answer["payload"] == {
            "code": 100005,
            "title": "rate_limit_reached",
            "detail": "expected at most one media message a second in mp3 mode, got more",
        }
        assert bench.play(mp3, 1000) == []

    def test_raw_audio_in_mp3_mode_is_refused_and_the_journal_says_why(self) -> None:
        """The trap of the API's default mode is explained where it is found."""
        bench = Bench(bidirectional_mode="mp3")
        (answer,) = bench.play(b"\xff" * 160)
        assert answer["payload"]["code"] == 100004
        assert bench.notes[0][1]["mode"] == "mp3"
        assert "mp3 mode" in answer["payload"]["detail"]
