"""``streaming_start`` and ``streaming_stop``: the call's audio over a WebSocket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.command import Command, keep_state
from offhook.exchange.words import errors, fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard
    from offhook.exchange.words.fields import StreamOptions

__all__ = ["COMMANDS", "StreamingStart", "StreamingStop", "parse_streaming_start", "parse_streaming_stop"]


@dataclass(frozen=True, slots=True)
class StreamingStart:
    """``actions/streaming_start``."""

    stream: StreamOptions
    client_state: str | None = None


def parse_streaming_start(body: Mapping[str, Any]) -> StreamingStart:
    """Check the body of ``streaming_start``."""
    stream = fields.stream(body, extras=True)
    if stream is None:
        raise errors.missing_parameter("stream_url")
    return StreamingStart(stream, fields.client_state(body))


def _streaming_start(board: Switchboard, circuit: Circuit, command: StreamingStart) -> None:
    if circuit.streams:
        raise errors.streaming_used()
    keep_state(circuit, command.client_state)
    board.open_stream(circuit, command.stream)


@dataclass(frozen=True, slots=True)
class StreamingStop:
    """``actions/streaming_stop``; without an id, whatever stream there is."""

    stream_id: str | None = None
    client_state: str | None = None


def parse_streaming_stop(body: Mapping[str, Any]) -> StreamingStop:
    """Check the body of ``streaming_stop``."""
    return StreamingStop(fields.text(body, "stream_id"), fields.client_state(body))


def _streaming_stop(_: Switchboard, circuit: Circuit, command: StreamingStop) -> None:
    known = command.stream_id is None or command.stream_id in circuit.streams
    if not circuit.streams or not known:
        raise errors.streaming_not_used()
    keep_state(circuit, command.client_state)
    assert circuit.line is not None
    circuit.line.close_stream()


COMMANDS = (
    Command(
        name="streaming_start",
        parse=parse_streaming_start,
        do=_streaming_start,
        idle={"dialogflow_config": None, "enable_dialogflow": False, "send_silence_when_idle": False},
    ),
    Command(name="streaming_stop", parse=parse_streaming_stop, do=_streaming_stop),
)
