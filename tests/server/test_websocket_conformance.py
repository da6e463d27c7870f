"""Our media socket and RFC 6455, case by case, on a real port; see ``websocket_cases``."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from picows import WSMsgType
from starlette.applications import Starlette
from tests.server.websocket_cases import SECTIONS, TEXTS, Case, is_text
from tests.server.websocket_client import RawWebSocket, close_frame

from offhook.carriers.audio_messages import audio_messages
from offhook.carriers.commands import StreamRequest
from offhook.server.http import media_http_protocol
from offhook.server.media import MediaLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


AUDIO = audio_messages(b"", b"")


class EchoStream:
    """Sends back what comes, as text or binary as it came."""

    def __init__(self, send: Any, close: Callable[[], None]) -> None:
        # Audio would pass picows by, so that every case is played with that way open.
        self.reader = AUDIO.reader(b"inbound", bytes(512), 320) if AUDIO is not None else None
        if self.reader is not None:
            self.reader.expected = 1
        self.receive = self.receive_slowly = send
        socket: Any = close
        self.receive_binary = lambda message: socket.__self__._transport.send(WSMsgType.BINARY, message)
        self._close = close

    def fail(self, failure: str, detail: str) -> None:
        self._close()

    def connection_lost(self) -> None: ...


class OpenGate:
    """Lets everybody in."""

    media_limits = MediaLimits()

    def admit(self, token: str) -> tuple[Any, StreamRequest]:
        return SimpleNamespace(id="v3:1"), StreamRequest(url="")

    def open_stream(self, call: Any, request: Any, *, send: Any, close: Callable[[], None]) -> Any:
        return EchoStream(send, close)


@pytest.fixture
async def echo_port(listen: Callable[..., Any]) -> AsyncIterator[int]:
    async with listen({"app": Starlette(), "http": media_http_protocol(OpenGate()), "ws": "none"}) as port:
        yield port


async def play(case: Case, port: int) -> str | None:
    """What was wrong, if anything."""
    client = await RawWebSocket.open(port)
    sends = (b"".join(case.sends),) if case.octets == 0 else case.sends
    for data in sends:
        await client.write(data, pieces_of=case.octets or None)
    if not case.closes and case.code == 1000:
        await client.write(close_frame(1000))
    try:
        answers, close = await asyncio.wait_for(client.read_to_close(), 5)
    except TimeoutError:
        return "the connection was not closed"
    finally:
        await client.close()
    if tuple(answers) != case.answers and not (case.lenient and not answers):
        return f"expected {len(case.answers)} answers, got {[(kind, data[:20]) for kind, data in answers]}"
    if close is None or int.from_bytes(close[:2], "big") != case.code:
        return f"expected the close code {case.code}, got {close!r}"
    return None


@pytest.mark.parametrize("section", SECTIONS)
async def test_every_case_of_a_section_passes(section: str, echo_port: int) -> None:
    """What is answered, and the code in the close frame, are what RFC 6455 says."""
    wrong = {}
    for case in SECTIONS[section]:
        if (what := await play(case, echo_port)) is not None:
            wrong[case.number] = what
    assert wrong == {}


def test_cases_are_those_of_the_suite() -> None:
    """Of its 247 none is missing; ours come on top."""
    numbers = [case.number for cases in SECTIONS.values() for case in cases]
    assert len(numbers) == len(set(numbers))
    assert len([number for number in numbers if " " not in number]) == 247


def test_which_texts_are_valid() -> None:
    """Non-characters are; surrogates, overlong forms, what is beyond the last plane, and halves are not."""
    valid = {group: [number for number, text in enumerate(texts, 1) if is_text(text)] for group, texts in TEXTS.items()}
    whole = {group: list(range(1, len(TEXTS[group]) + 1)) for group in (5, 7, 9, 22, 23)}
    assert valid == {**{group: [] for group in TEXTS}, **whole, 6: [2, 5, 7, 9, 11], 11: [1, 2, 3, 4]}
