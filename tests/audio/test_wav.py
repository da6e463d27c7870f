"""WAV files."""

from __future__ import annotations

import io
import os
import struct
import wave
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhook.audio.wav import WavFile, read_wav, write_wav
from offhook.errors import CodecError

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Shorter channels are silent at their end."""
    path = tmp_path / "call.wav"
    write_wav(path, 16000, b"\1\0\2\0\3\0", b"\4\0")
    assert read_wav(path) == (16000, [b"\1\0\2\0\3\0", b"\4\0\0\0\0\0"])
    write_wav(str(path), 8000, b"")
    assert read_wav(str(path)) == (8000, [b""])


def test_others_read_what_we_write(tmp_path: Path, av: Any) -> None:
    """FFmpeg finds our two channels where we have put them."""
    path = tmp_path / "call.wav"
    left, right = struct.pack("<300h", *range(300)), struct.pack("<300h", *range(0, -300, -1))
    write_wav(path, 8000, left, right)
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        assert (stream.rate, stream.channels, stream.codec_context.name) == (8000, 2, "pcm_s16le")
        data = b"".join(frame.to_ndarray().tobytes() for frame in file.decode(stream))
    assert data[0::4] == left[0::2]
    assert data[3::4] == right[1::2]


@pytest.mark.parametrize("channels", [0, 65])
def test_a_file_has_at_least_one_channel_and_not_too_many(tmp_path: Path, channels: int) -> None:
    """A file without channels, or with more than 64, is refused before it is made."""
    with pytest.raises(CodecError, match=f"got {channels}"):
        write_wav(tmp_path / "x.wav", 8000, *[b""] * channels)
    assert not list(tmp_path.iterdir())


def test_a_bad_rate_or_half_a_sample_is_not_written(tmp_path: Path) -> None:
    """What cannot be written leaves no file behind."""
    with pytest.raises(CodecError, match="got 0 Hz"):
        write_wav(tmp_path / "x.wav", 0, b"")
    with pytest.raises(CodecError, match="got 1 bytes"):
        write_wav(tmp_path / "x.wav", 8000, b"\0")
    assert not list(tmp_path.iterdir())


def test_other_sample_sizes_are_refused_with_what_came(tmp_path: Path) -> None:
    """Only 16-bit PCM is read, and the error says what the file has instead."""
    path = tmp_path / "8bit.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 10)
    with pytest.raises(CodecError, match="got format 1 with 8 bits and 1 channels at 8000 Hz"):
        read_wav(path)


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content


def test_a_file_with_other_chunks_and_the_extensible_format_is_read(tmp_path: Path) -> None:
    """As editors and FFmpeg write them: notes before the data, an odd one padded, the format behind a GUID."""
    guid = b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    described = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 8000, 32000, 4, 16, 22, 16, 3) + guid
    body = b"WAVE" + chunk(b"fmt ", described) + chunk(b"LIST", b"odd") + b"\0" + chunk(b"data", b"\1\0\2\0")
    path = tmp_path / "edited.wav"
    path.write_bytes(chunk(b"RIFF", body))
    assert read_wav(path) == (8000, [b"\1\0", b"\2\0"])


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "without a RIFF/WAVE header"),
        (b"OggS" + bytes(40), "without a RIFF/WAVE header"),
        (chunk(b"RIFF", b"WAVE" + chunk(b"data", bytes(4))), "without a format or without data"),
        (chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", bytes(4)) + chunk(b"data", b"")), "without a format or without data"),
        (chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", bytes(16)) + chunk(b"data", b"")), "format 0 with 0 bits"),
    ],
)
def test_what_is_no_wav_file_is_refused_with_what_it_is(tmp_path: Path, content: bytes, got: str) -> None:
    """The error says what the file looks like, and how to convert it."""
    path = tmp_path / "other.wav"
    path.write_bytes(content)
    with pytest.raises(CodecError, match=got) as refused:
        read_wav(path)
    assert "ffmpeg" in str(refused.value.fix)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    """A file that is not there is Python's own error, as for every file."""
    with pytest.raises(FileNotFoundError):
        read_wav(tmp_path / "none.wav")


def test_a_recording_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    """The header may promise more than was written: whole samples of all channels are kept."""
    path = tmp_path / "cut.wav"
    write_wav(path, 8000, b"\1\0" * 100, b"\2\0" * 100)
    path.write_bytes(path.read_bytes()[:-7])
    assert read_wav(path) == (8000, [b"\1\0" * 98, b"\2\0" * 98])


def _valid() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(64))
    return buffer.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.integers(0, 45), st.binary(min_size=1, max_size=6)).map(
            lambda damage: _valid()[: damage[0]] + damage[1] + _valid()[damage[0] + len(damage[1]) :]
        ),
        st.integers(0, 108).map(lambda end: _valid()[:end]),
    )
)
def test_garbage_is_a_codec_error_or_whole_channels(tmp_path: Path, content: bytes) -> None:
    """No content of a file leads to any other error, or to channels of different length."""
    path = tmp_path / "garbage.wav"
    path.write_bytes(content)
    try:
        rate, channels = read_wav(path)
    except CodecError:
        return
    assert rate > 0
    assert channels
    assert len({len(channel) for channel in channels}) == 1


# -- one that grows ---------------------------------------------------------------------------------------------------


def test_a_file_that_grows_is_whole_when_it_is_closed(tmp_path: Path) -> None:
    """Until then it has another name."""
    path = tmp_path / "call.wav"
    file = WavFile(path, 8000, 2)
    file.write(b"\x01\x00\x02\x00" * 10)
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav.part"]
    file.write(b"\x03\x00\x04\x00")
    file.close()
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav"]
    assert read_wav(path) == (8000, [b"\x01\x00" * 10 + b"\x03\x00", b"\x02\x00" * 10 + b"\x04\x00"])
    with wave.open(str(path)) as judge:
        assert (judge.getnframes(), judge.getframerate(), judge.getnchannels()) == (11, 8000, 2)


def test_a_file_that_nothing_was_added_to_is_one_without_sound(tmp_path: Path) -> None:
    """A call that was never answered for example."""
    path = tmp_path / "call.wav"
    WavFile(path, 8000, 1).close()
    assert read_wav(path) == (8000, [b""])


def test_what_could_not_be_written_is_silence_of_the_same_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows is at its time; so is the end."""
    path = tmp_path / "call.wav"
    file = WavFile(path, 8000, 1)
    file.write(b"\x01\x00")
    whole = os.pwrite

    def full(*_: object) -> int:
        raise OSError(28, "")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="28"):
        file.write(b"\x02\x00\x02\x00")
    monkeypatch.setattr(os, "pwrite", whole)
    file.write(b"\x03\x00")
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="28"):
        file.write(b"\x04\x00")
    monkeypatch.setattr(os, "pwrite", whole)
    file.close()
    assert read_wav(path) == (8000, [b"\x01\x00" + bytes(4) + b"\x03\x00" + bytes(2)])


def test_a_file_whose_folder_is_gone_cannot_be_finished(tmp_path: Path) -> None:
    """Nothing is left open."""
    folder = tmp_path / "calls"
    folder.mkdir()
    file = WavFile(folder / "call.wav", 8000, 1)
    file.write(b"\x01\x00")
    (folder / "call.wav.part").unlink()
    folder.rmdir()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            file.close()
