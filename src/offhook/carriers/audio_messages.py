"""The quick way of a call's audio between its socket and who hears it, for the media protocols of carriers.

Telnyx and others wrap G.711 in the same plain JSON, in one plain frame of the WebSocket. Where there was a C compiler
at installation, bytes of the socket become pcm in one step, and pcm becomes bytes of the socket in another. Elsewhere
all of it, and everywhere what is not plain, takes the slower way through :class:`~offhook.carriers.media.AppMedia`,
with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import BufferedProtocol, WriteTransport
    from collections.abc import Callable

    from offhook.carriers._audio import AudioFrames, AudioReader, AudioWriter

__all__ = ["COMPILED", "AudioMessages", "audio_frames", "audio_messages"]

try:
    from offhook.carriers import _audio
except ImportError:  # installed without a C compiler
    COMPILED = False
else:
    COMPILED = True


@dataclass(frozen=True, slots=True)
class AudioMessages:
    """How a carrier's messages of audio are read and written in one step."""

    head: bytes
    """What a message to the carrier holds before its audio in base64."""
    tail: bytes
    """What it holds after it."""

    def reader(self, track: bytes, samples: bytes, frame_bytes: int) -> AudioReader:
        """Takes the pieces of one track, as long as each is the one with the number ``expected``.

        The pcm of each, and where it begins in ms, go to its ``way``. What is anything else, or is written in an
        unusual way, is not taken: the slower way reads it, once ``settle`` has told it what was taken before. What is
        taken, and what is made of it, is what the slower way would.

        Args:
            track: as the carrier writes it.
            samples: the two bytes of pcm for each of the 256 codes.
            frame_bytes: of the pcm of a piece; others are not taken.
        """
        return _audio.AudioReader(track, samples, frame_bytes)

    def writer(
        self,
        codes: tuple[bytes, int],
        *,
        frame_bytes: int,
        most_bytes: int,
        send: Callable[[bytes], None],
        otherwise: Callable[[bytes], None],
    ) -> AudioWriter:
        """Sends pcm, as long as it is ``open``: :attr:`head`, the code of each sample in base64, :attr:`tail`.

        Args:
            codes: the code of each sample, by its 16 bits without the lowest, and how many of those do not count.
            frame_bytes: pcm is sent in whole frames of this size,
            most_bytes: and no more of it in one message.
            send: sends one message.
            otherwise: is given pcm that is neither, and all of it while the writer is not open.
        """
        return _audio.AudioWriter(self.head, self.tail, *codes, frame_bytes, most_bytes, send, otherwise)


def audio_messages(head: bytes, tail: bytes) -> AudioMessages | None:
    """The quick way, if it is compiled."""
    return AudioMessages(head, tail) if COMPILED else None


def audio_frames(
    protocol: BufferedProtocol,
    transport: WriteTransport,
    send: Callable[[bytes], None],
    failed: Callable[[Exception], None],
    *,
    max_message_bytes: int,
) -> AudioFrames | None:
    """What stands between a socket and the protocol of its WebSocket, the server's side, if it is compiled.

    What its ``data_received`` is given goes to the protocol, and what its ``send`` is given to ``send``, until its
    ``let(reader, allowed)`` is called. From then on bytes that are one whole plain frame (RFC 6455, 5.2) with a message
    that the reader takes go there, for a cost of 1, and 1 more for each KiB of text; and messages go straight to the
    socket. The first bytes that are anything else, or would cost more than is ``allowed``, end it. So call ``let`` only
    while the protocol waits for the first byte of a message, and may send. What was taken has cost ``spent``; reset it.

    Args:
        protocol: takes everything.
        transport: of the socket. Where it encrypts, all messages go to ``send``.
        send: sends a text message.
        failed: is given what the reader's ``way`` raises.
        max_message_bytes: larger messages go to the protocol.
    """
    if not COMPILED:
        return None
    plain = transport.get_extra_info("ssl_object") is None
    socket = transport.get_extra_info("socket").fileno() if plain else -1
    return _audio.AudioFrames(protocol, transport, socket, send, failed, max_message_bytes)
