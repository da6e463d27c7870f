"""Chat completions, as OpenAI and most other hosts of language models have them: ``/v1/chat/completions``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from offhook.testing.providers.session import (
    Accept,
    Close,
    Door,
    End,
    Refuse,
    Send,
    Vendor,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.answers import Answer, Answers
    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "ChatCompletion"]

_PIECE_CHARS = 12
"""Arguments of tools come in pieces of this length."""


class ChatCompletion:
    """One request, answered as a whole or as a stream of server-sent events."""

    def __init__(self, connection: str, answers: Answers) -> None:
        self._id = f"chatcmpl-{connection}"
        self._answers = answers
        self._accepted = False
        self._model = ""

    def opened(self, request: Request) -> Iterator[Act]:
        """Answer it."""
        asked = as_object(request.body.decode(errors="replace"))
        if not request.headers.get("authorization", "").lower().startswith("bearer "):
            yield _refuse(401, "You didn't provide an API key.", "invalid_api_key")
        elif asked is None or not isinstance(asked.get("messages"), list) or not asked["messages"]:
            yield _refuse(400, "messages is needed, a list of at least one", None)
        elif not isinstance(asked.get("model"), str):
            yield _refuse(400, "you must provide a model parameter", None)
        else:
            self._model = asked["model"]
            answer = self._answers.next(asked["messages"])
            asked_words = len(str(asked["messages"]).split())
            if asked.get("stream") is True:
                options = asked.get("stream_options")
                usage = isinstance(options, dict) and options.get("include_usage") is True
                yield from self._stream(answer, asked_words, usage=usage)
            else:
                yield from self._whole(answer, asked_words)

    def stage_of(self, message: str | bytes) -> str:
        """A request says nothing more."""
        return "unknown"

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A request says nothing more."""
        yield from ()

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """Nothing does."""
        yield from ()

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """Another response, or an event with an error, after which the response ends."""
        if not self._accepted:
            yield _refuse(500, text, "server_error")
            return
        error = {"error": {"message": text, "type": "server_error", "code": str(code), "param": None}}
        yield Send("error", f"data: {to_json(error)}\n\n")
        yield Close(code, text)

    def _stream(self, answer: Answer, asked_words: int, *, usage: bool) -> Iterator[Act]:
        self._accepted = True
        yield Accept({"content-type": "text/event-stream; charset=utf-8", "x-request-id": self._id})
        pieces = [*_text_pieces(answer), *_tool_pieces(answer)]
        after_ms = answer.first_ms
        yield self._event("role", {"role": "assistant", "content": "" if answer.text else None}, after_ms=after_ms)
        for number, (stage, delta) in enumerate(pieces):
            yield self._event(stage, delta, after_ms=answer.piece_ms if number else 0.0)
        yield self._event("finish", {}, finish=_finish(answer))
        if usage:
            chunk = {**self._chunk(), "choices": [], "usage": _usage(asked_words, len(pieces))}
            yield Send("usage", f"data: {to_json(chunk)}\n\n")
        yield Send("done", "data: [DONE]\n\n")
        yield End()

    def _whole(self, answer: Answer, asked_words: int) -> Iterator[Act]:
        self._accepted = True
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.tools:
            message["tool_calls"] = [_tool(number, *tool) for number, tool in enumerate(answer.tools)]
        completion = {
            **self._chunk("chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": _finish(answer)}],
            "usage": _usage(asked_words, len(answer.text.split())),
        }
        yield Accept({"content-type": "application/json", "x-request-id": self._id})
        yield Send("whole", to_json(completion), after_ms=answer.first_ms)
        yield End()

    def _chunk(self, kind: str = "chat.completion.chunk") -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": 1_767_225_600, "model": self._model}

    def _event(self, stage: str, delta: dict[str, Any], *, finish: str | None = None, after_ms: float = 0.0) -> Send:
        chunk = {**self._chunk(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return Send(stage, f"data: {to_json(chunk)}\n\n", after_ms)


def _text_pieces(answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    """A word each, with the white space before it."""
    for word in re.findall(r"\s*\S+|\s+$", answer.text):
        yield "text", {"content": word}


def _tool_pieces(answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of a tool first, then its arguments in pieces; only the first fragment says what it belongs to."""
    for index, (name, arguments) in enumerate(answer.tools):
        first = {**_tool(index, name, ""), "index": index}
        yield "tool", {"tool_calls": [first]}
        for at in range(0, len(arguments), _PIECE_CHARS):
            part = {"index": index, "function": {"arguments": arguments[at : at + _PIECE_CHARS]}}
            yield "tool", {"tool_calls": [part]}


def _tool(index: int, name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"call_{index + 1}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.tools else "stop")


def _usage(asked: int, answered: int) -> dict[str, int]:
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _refuse(status: int, text: str, code: str | None) -> Refuse:
    error = {"message": text, "type": "invalid_request_error", "code": code, "param": None}
    return Refuse(status, {"error": error})


VENDOR = Vendor(
    "openai-chat",
    (Door("chat", "http", "/v1/chat/completions", ChatCompletion),),
    {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "{origin}/v1"},
)
