"""OpenAI's Realtime protocol, as it is generally available: what is sent, and what comes as typed events. Pure.

Compatible hosts still use names of the beta here and there: the events that carry audio and words are taken by both.
Wire: https://platform.openai.com/docs/api-reference/realtime, and the types of the official package (3.52).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from offhook.providers.reading import audio_in, number, object_of, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "TAG",
    "CallerBegan",
    "CallerEnded",
    "CallerHeard",
    "CallerTurn",
    "CallerWords",
    "ModelEvent",
    "Ready",
    "ReplyAudio",
    "ReplyBegan",
    "ReplyItem",
    "ReplyItemOver",
    "ReplyOver",
    "ReplyText",
    "ToolAsked",
    "Trouble",
    "append",
    "ask",
    "cancel",
    "clear_input",
    "read",
    "said",
    "tool_result",
    "truncate",
    "update",
]

TAG: Final = "offhook"
"""The name of the metadata that says which response is an answer to which request."""


# -- what comes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The session is there, or is as it was asked to be. ``expires_at_s``: when it ends, seconds since the epoch."""

    expires_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class CallerBegan:
    """The caller has begun to speak; ``at_ms`` of the audio that the session was sent."""

    item: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class CallerEnded:
    """The caller has stopped."""

    item: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """What the caller said is a turn of the conversation."""

    item: str


@dataclass(frozen=True, slots=True)
class CallerWords:
    """More words of a turn."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class CallerHeard:
    """All words of a turn; ``""`` if they were not understood, which says nothing of what the model understood."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyBegan:
    """A response begins. ``tag`` is that of :func:`ask`; ``""``: the session answers the caller of its own accord."""

    reply: str
    tag: str


@dataclass(frozen=True, slots=True)
class ReplyItem:
    """Something that is said begins."""

    reply: str
    item: str


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """A piece of its audio."""

    reply: str
    item: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of its words."""

    reply: str
    item: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyItemOver:
    """There is no more audio of it."""

    reply: str
    item: str


@dataclass(frozen=True, slots=True)
class ToolAsked:
    """The model wants a tool used."""

    reply: str
    call: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ReplyOver:
    """A response is over. ``status`` is ``completed``, ``cancelled``, ``incomplete`` or ``failed``."""

    reply: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong. ``about`` is the id of the event that caused it, where one did."""

    code: str
    about: str


ModelEvent: TypeAlias = (
    Ready
    | CallerBegan
    | CallerEnded
    | CallerTurn
    | CallerWords
    | CallerHeard
    | ReplyBegan
    | ReplyItem
    | ReplyAudio
    | ReplyText
    | ReplyItemOver
    | ToolAsked
    | ReplyOver
    | Trouble
)


def read(message: str | bytes, provider: str) -> ModelEvent | None:
    """What a message says; ``None``: nothing that matters here.

    Raises:
        EngineError: it is none.
    """
    values = object_of(message, provider)
    kind = text(values, "type")
    match kind:
        case "session.created" | "session.updated":
            expires = number(_object(values, "session"), "expires_at")
            return Ready(expires or None)
        case "error":
            error = _object(values, "error")
            return Trouble(text(error, "code") or text(error, "type"), text(error, "event_id"))
    if kind.startswith("response."):
        return _of_reply(kind, values, provider)
    return _of_caller(kind, values)


def _of_caller(kind: str, values: dict[str, Any]) -> ModelEvent | None:
    item = text(values, "item_id")
    match kind:
        case "input_audio_buffer.speech_started":
            return CallerBegan(item, number(values, "audio_start_ms"))
        case "input_audio_buffer.speech_stopped":
            return CallerEnded(item, number(values, "audio_end_ms"))
        case "input_audio_buffer.committed":
            return CallerTurn(item)
        case "conversation.item.input_audio_transcription.delta":
            return CallerWords(item, text(values, "delta"))
        case "conversation.item.input_audio_transcription.completed":
            return CallerHeard(item, text(values, "transcript").strip())
        case "conversation.item.input_audio_transcription.failed":
            return CallerHeard(item, "")
    return None


def _of_reply(kind: str, values: dict[str, Any], provider: str) -> ModelEvent | None:
    item, reply = text(values, "item_id"), text(values, "response_id")
    match kind:
        case "response.output_audio.delta" | "response.audio.delta":
            return ReplyAudio(reply, item, audio_in(values.get("delta"), provider))
        case "response.output_audio_transcript.delta" | "response.audio_transcript.delta":
            return ReplyText(reply, item, text(values, "delta"))
        case "response.output_audio.done" | "response.audio.done":
            return ReplyItemOver(reply, item)
        case "response.function_call_arguments.done":
            return ToolAsked(reply, text(values, "call_id"), text(values, "name"), text(values, "arguments"))
        case "response.created":
            response = _object(values, "response")
            return ReplyBegan(text(response, "id"), text(_object(response, "metadata"), TAG))
        case "response.output_item.added":
            added = _object(values, "item")
            return ReplyItem(reply, text(added, "id")) if text(added, "type") == "message" else None
        case "response.done":
            response = _object(values, "response")
            details = _object(response, "status_details")
            return ReplyOver(text(response, "id"), text(response, "status"), text(details, "reason"))
    return None


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


# -- what is sent -----------------------------------------------------------------------------------------------------


def update(session: Mapping[str, object]) -> str:
    """Change the session: only what is named."""
    return _json("session.update", session={"type": "realtime", **session})


def append(audio: bytes) -> str:
    """A piece of the caller's audio."""
    # Base64 holds nothing that JSON would write otherwise.
    return f'{{"type":"input_audio_buffer.append","audio":"{base64.b64encode(audio).decode()}"}}'


def clear_input() -> str:
    """Forget what the caller has begun to say."""
    return '{"type":"input_audio_buffer.clear"}'


def ask(tag: str, *, instructions: str | None = None, beside: bool = False, tools: bool = True) -> str:
    """Ask for a response.

    Args:
        tag: comes back in :class:`ReplyBegan`, and in :class:`Trouble` where there is none.
        instructions: in place of the session's; ``None``: those.
        beside: it is no part of the conversation, and knows nothing of it.
        tools: whether it may use any.
    """
    response: dict[str, object] = {"metadata": {TAG: tag}}
    if instructions is not None:
        response["instructions"] = instructions
    if beside:
        response |= {"conversation": "none", "input": []}
    if not tools:
        response["tool_choice"] = "none"
    return _json("response.create", event_id=tag, response=response)


def cancel(reply: str) -> str:
    """Give a response up."""
    return _json("response.cancel", response_id=reply)


def truncate(item: str, heard_ms: int) -> str:
    """Of something that was said only so much was heard."""
    return _json("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=heard_ms)


def tool_result(call: str, output: str) -> str:
    """What came of a tool."""
    return _json("conversation.item.create", item={"type": "function_call_output", "call_id": call, "output": output})


def said(role: str, words: str) -> str:
    """Something that was said, in words: by ``user``, ``assistant``, or ``system``, who is us."""
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": words}]
    return _json("conversation.item.create", item={"type": "message", "role": role, "content": content})


def _json(kind: str, **fields: object) -> str:
    return msgspec.json.encode({"type": kind, **fields}).decode()
