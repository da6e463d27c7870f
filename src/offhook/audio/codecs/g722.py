"""G.722: 16 kHz speech in 64 kbit/s, a byte for two samples (ITU-T G.722).

RFC 3551 §4.5.2 gives it an RTP clock of 8000 Hz by an old mistake, and carriers announce 8000; the audio is 16 kHz.
"""

from __future__ import annotations

from offhook.audio.codecs._pyav import PyavDecoder, PyavEncoder
from offhook.audio.frames import frame_bytes
from offhook.errors import CodecError

__all__ = ["RATE", "G722Decoder", "G722Encoder"]

RATE = 16000
_FRAME_BYTES = frame_bytes(RATE)


class G722Decoder:
    """G.722 to pcm at 16 kHz. Every byte is two samples, so no payload is wrong.

    Raises:
        UnsupportedCodec: if this build of FFmpeg lacks G.722.
    """

    rate = RATE

    def __init__(self) -> None:
        self._decoder = PyavDecoder("G722", ("g722",), RATE)

    def decode(self, payload: bytes) -> bytes:
        """The pcm of ``payload``; none for an empty one."""
        return self._decoder.decode(payload) if payload else b""


class G722Encoder:
    """Pcm at 16 kHz to G.722. The codec itself delays by 22 samples, 1.4 ms.

    Raises:
        UnsupportedCodec: if this build of FFmpeg lacks G.722.
    """

    rate = RATE
    frame_per_payload = False

    def __init__(self) -> None:
        self._encoder = PyavEncoder("G722", ("g722",), RATE, {})

    def encode(self, pcm: bytes) -> bytes:
        """The payload for any number of whole 20 ms frames: 160 bytes for each.

        Raises:
            CodecError: if ``pcm`` is not whole frames. Part of a frame would stay in the encoder.
        """
        if len(pcm) % _FRAME_BYTES:
            raise CodecError(
                f"expected whole 20 ms frames of {_FRAME_BYTES} bytes for G722, got {len(pcm)} bytes",
                fix="cut the stream with Framer(16000)",
            )
        return b"".join(self._encoder.encode(pcm)) if pcm else b""
