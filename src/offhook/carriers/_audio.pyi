from asyncio import BufferedProtocol, WriteTransport
from collections.abc import Callable
from typing import final

@final
class AudioReader:
    expected: int
    way: Callable[[bytes, float], None]
    def __new__(cls, track: bytes, samples: bytes, frame_bytes: int, /) -> AudioReader: ...
    def take(self, message: bytes, /) -> bool: ...
    def settle(self) -> tuple[int, int, tuple[bytes, ...]] | None: ...

@final
class AudioFrames:
    spent: int
    def __new__(
        cls,
        protocol: BufferedProtocol,
        transport: WriteTransport,
        socket: int,
        send: Callable[[bytes], None],
        failed: Callable[[Exception], None],
        most_bytes: int,
        /,
    ) -> AudioFrames: ...
    def data_received(self, data: bytes, /) -> None: ...
    def send(self, message: bytes, /) -> None: ...
    def let(self, reader: AudioReader | None, allowed: int, /) -> None: ...

@final
class AudioWriter:
    open: bool
    def __new__(
        cls,
        head: bytes,
        tail: bytes,
        codes: bytes,
        unused_bits: int,
        frame_bytes: int,
        most_bytes: int,
        send: Callable[[bytes], None],
        otherwise: Callable[[bytes], None],
        /,
    ) -> AudioWriter: ...
    def audio(self, pcm: bytes, /) -> None: ...
