"""G.722 against FFmpeg's codec used directly, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.audio.codecs import make_decoder, make_encoder
from offhook.errors import CodecError

if TYPE_CHECKING:
    from tests.audio.conftest import Judge, Lab

FRAME = 640


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + FRAME] for at in range(0, len(pcm), FRAME)]


def test_ffmpeg_decodes_what_we_encode(lab: Lab, judge: Judge) -> None:
    """A vowel up to 6.4 kHz comes through at 20 dB or more, as 64 kbit/s allow."""
    voice = lab.voice(16000, 400, top_hz=6400)
    encoder = make_encoder("G722", 8000)
    payloads = [encoder.encode(frame) for frame in frames(voice)]
    assert {len(payload) for payload in payloads} == {160}
    heard = judge.decode("g722", 16000, payloads)
    snr_db, delay = lab.aligned_snr_db(lab.samples(voice), lab.samples(heard), 60)
    assert snr_db >= 20
    assert delay <= 32  # 2 ms: the codec's own filter bank, no frame is held


def test_we_decode_what_ffmpeg_encodes(lab: Lab, judge: Judge) -> None:
    """A stream that FFmpeg has encoded sounds as FFmpeg decodes it."""
    voice = lab.voice(16000, 400, top_hz=6400)
    payload = b"".join(judge.encode("g722", 16000, voice))
    decoder = make_decoder("G722", 8000)
    heard = b"".join(decoder.decode(payload[at : at + 160]) for at in range(0, len(payload), 160))
    assert heard == judge.decode("g722", 16000, [payload])
    assert lab.aligned_snr_db(lab.samples(voice), lab.samples(heard), 60)[0] >= 20


def test_many_frames_at_once_are_the_same_as_one_by_one(lab: Lab) -> None:
    """How the audio is cut does not change the code."""
    voice = lab.voice(16000, 400)
    together, singly = make_encoder("G722", 16000), make_encoder("G722", 16000)
    assert together.encode(voice) == b"".join(map(singly.encode, frames(voice)))
    assert together.encode(b"") == b""


def test_calls_share_no_state(lab: Lab) -> None:
    """Two calls interleaved give what each gives alone."""
    one, other = frames(lab.voice(16000, 200, 125)), frames(lab.voice(16000, 200, 210))
    encoder_a, encoder_b, alone = (make_encoder("G722", 16000) for _ in range(3))
    decoder_a, decoder_b, decoder_alone = (make_decoder("G722", 16000) for _ in range(3))
    mixed = []
    for a, b in zip(one, other, strict=True):
        mixed.append(decoder_a.decode(encoder_a.encode(a)))
        decoder_b.decode(encoder_b.encode(b))
    assert mixed == [decoder_alone.decode(alone.encode(a)) for a in one]


@pytest.mark.parametrize("size", [2, 320, 639, 641])
def test_part_of_a_frame_is_refused(size: int) -> None:
    """It would stay in the encoder and come out with the next one."""
    with pytest.raises(CodecError, match=f"got {size} bytes"):
        make_encoder("G722", 16000).encode(bytes(size))


def test_an_empty_payload_is_no_audio_and_not_the_end() -> None:
    """A packet without audio leaves the decoder as it was."""
    decoder = make_decoder("G722", 16000)
    assert decoder.decode(b"") == b""
    assert len(decoder.decode(bytes(160))) == 640
