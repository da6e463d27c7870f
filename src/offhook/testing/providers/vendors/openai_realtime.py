"""OpenAI's Realtime API: ``/v1/realtime``, a model that hears and speaks, on a WebSocket.

The wire is that of the vendor's reference and of the official package (3.52). What the model says comes from a script
(:mod:`offhook.testing.providers.answers`), by the words that the engine of this machine recognises. Of instructions it
follows two, as a model would: "Say exactly the following words …: words" is said, and of an answer of which the
instructions quote the beginning in “ ” the rest is.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from offhook.speech.streams import AudioFormat
from offhook.testing.providers.answers import Answer
from offhook.testing.providers.session import (
    Accept,
    Close,
    Door,
    Force,
    Hear,
    Hush,
    Listen,
    Piece,
    Refuse,
    Retune,
    Send,
    Speak,
    SpeechBegan,
    SpeechEnded,
    Spoken,
    Vendor,
    Wake,
    Woke,
    as_object,
    to_json,
)
from offhook.testing.providers.vendors._speech import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.testing.providers.answers import Answers
    from offhook.testing.providers.session import Act, EngineEvent, Request

__all__ = ["VENDOR", "Realtime"]

_PCM = AudioFormat("pcm", 24_000)
_FORMATS = {"audio/pcm": _PCM, "audio/pcmu": AudioFormat("pcmu", 8000), "audio/pcma": AudioFormat("pcma", 8000)}
_EAGER_MS = {"low": 900.0, "medium": 600.0, "high": 300.0, "auto": 600.0}
"""What stands in for a judgement of the words: a silence."""
_EXACTLY = re.compile(r"^Say exactly .*?: (?P<words>.+)$", re.DOTALL)
_QUOTED = re.compile(r"“(?P<words>[^”]*)”")
_STAGES = {
    "session.update": "configure",
    "input_audio_buffer.append": "audio",
    "input_audio_buffer.commit": "flush",
    "input_audio_buffer.clear": "clear",
    "conversation.item.create": "item",
    "conversation.item.truncate": "truncate",
    "response.create": "ask",
    "response.cancel": "cancel",
}


@dataclass(slots=True)
class _Response:
    """One response on its way."""

    id: str
    item: str
    answer: Answer
    metadata: object
    beside: bool
    begun: bool = False
    sent_ms: float = 0.0
    output: list[dict[str, Any]] = field(default_factory=list)


class Realtime:
    """One session."""

    def __init__(self, connection: str, answers: Answers) -> None:
        self._id = f"sess_{connection}"
        self._answers = answers
        self._numbers = count(1)
        self._session: dict[str, Any] = {}
        self._input = self._output = _PCM
        self._detection: dict[str, Any] | None = {"type": "server_vad"}
        self._heard_ms = 0.0
        self._base_ms = 0.0
        """Where the ears began to listen, on the clock of the whole session."""
        self._item = ""
        self._messages: list[dict[str, Any]] = []
        self._audio_ms: dict[str, float] = {}
        self._responses: dict[str, _Response] = {}

    # -- the client ---------------------------------------------------------------------------------------------------

    def opened(self, request: Request) -> Iterator[Act]:
        """Check the key and the model."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if not (scheme.lower() == "bearer" and key.strip()) and not request.headers.get("api-key"):
            yield Refuse(401, {"error": {"message": "no key", "type": "invalid_request_error", "code": None}})
        elif not (request.one("model") or request.one("deployment")):
            yield Refuse(400, {"error": {"message": "model is needed", "type": "invalid_request_error", "code": None}})
        else:
            yield Accept()
            self._session = {"id": self._id, "object": "realtime.session", "type": "realtime"}
            self._session["model"] = request.one("model") or request.one("deployment")
            yield Send("begin", self._json("session.created", session=self._session))
            yield self._listen()

    def stage_of(self, message: str | bytes) -> str:
        """See :class:`~offhook.testing.providers.session.Session`."""
        return _STAGES.get(str((as_object(message) or {}).get("type")), "unknown")

    def received(self, message: str | bytes) -> Iterator[Act]:
        """A message of the client."""
        asked = as_object(message) or {}
        match self.stage_of(message):
            case "configure":
                yield from self._configure(asked)
            case "audio":
                yield from self._hear(asked)
            case "flush":
                yield Force()
            case "clear":
                yield Send("cleared", self._json("input_audio_buffer.cleared"))
                yield self._listen()
            case "item":
                yield from self._create(asked)
            case "truncate":
                yield from self._truncate(asked)
            case "ask":
                yield from self._ask(asked)
            case "cancel":
                if not self._responses:
                    yield self._error("response_cancel_not_active", "there is no active response", asked)
                yield from self._give_up("client_cancelled")
            case _:
                yield self._error("invalid_value", "unknown type of event", asked)

    def _configure(self, asked: dict[str, Any]) -> Iterator[Act]:
        session = _object(asked, "session")
        audio = _object(session, "audio")
        formats = [_object(_object(audio, way), "format").get("type", None) for way in ("input", "output")]
        if session.get("type") != "realtime" or any(one not in (None, *_FORMATS) for one in formats):
            yield self._error("invalid_value", "a session of the type realtime, with a known format, is needed", asked)
            return
        before = self._input
        self._input = _FORMATS.get(str(formats[0]), self._input)
        self._output = _FORMATS.get(str(formats[1]), self._output)
        if "turn_detection" in _object(audio, "input"):
            self._detection = audio["input"]["turn_detection"]
        self._session = _merged(self._session, session)
        yield Send("configured", self._json("session.updated", session=self._session))
        yield self._listen() if self._input != before else Retune(self._silences())

    def _hear(self, asked: dict[str, Any]) -> Iterator[Act]:
        try:
            audio = base64.b64decode(str(asked.get("audio", "")), validate=True)
        except (binascii.Error, ValueError):
            yield self._error("invalid_value", "audio in base64 is needed", asked)
            return
        self._heard_ms += len(audio) / self._input.bytes_per_ms
        yield Hear(audio)

    def _create(self, asked: dict[str, Any]) -> Iterator[Act]:
        item = _object(asked, "item")
        known = {"message": _message, "function_call_output": _result, "function_call": _call}.get(
            str(item.get("type"))
        )
        if known is None:
            yield self._error("invalid_value", "unknown type of item", asked)
            return
        self._messages.append({**known(item), "item": item.get("id") or self._new("item")})
        yield from self._added({**item, "id": self._messages[-1]["item"]})

    def _truncate(self, asked: dict[str, Any]) -> Iterator[Act]:
        item, at_ms = str(asked.get("item_id")), asked.get("audio_end_ms")
        length_ms = self._audio_ms.get(item)
        if length_ms is None or not isinstance(at_ms, int) or at_ms > length_ms + 1:
            yield self._error("invalid_value", f"audio of {at_ms} ms is not there to be truncated", asked)
            return
        for message in self._messages:
            if message["item"] == item:
                words = str(message.get("content") or "").split()
                message["content"] = " ".join(words[: round(len(words) * at_ms / max(1.0, length_ms))])
        fields = {"item_id": item, "content_index": 0, "audio_end_ms": at_ms}
        yield Send("truncated", self._json("conversation.item.truncated", **fields))

    # -- responses ----------------------------------------------------------------------------------------------------

    def _ask(self, asked: dict[str, Any]) -> Iterator[Act]:
        wanted = _object(asked, "response")
        beside = wanted.get("conversation") == "none"
        if not beside and any(not one.beside for one in self._responses.values()):
            code = "conversation_already_has_active_response"
            yield self._error(code, "there is an active response", asked)
            return
        yield from self._respond(wanted, beside=beside)

    def _respond(self, wanted: dict[str, Any], *, beside: bool) -> Iterator[Act]:
        instructions = str(wanted.get("instructions") or "")
        exactly, begun = _EXACTLY.match(instructions), _QUOTED.search(instructions)
        if exactly is not None:
            answer = Answer(text=exactly["words"].strip())
        else:
            rules = {"role": "system", "content": self._session.get("instructions", "")}
            answer = self._answers.next([rules, *self._messages])
            if begun is not None and answer.text.startswith(begun["words"]):
                answer = replace(answer, text=answer.text[len(begun["words"]) :].strip())
            if wanted.get("tool_choice") == "none":
                answer = replace(answer, tools=())
        response = _Response(self._new("resp"), self._new("item"), answer, wanted.get("metadata"), beside)
        self._responses[response.id] = response
        yield Send("created", self._json("response.created", response=_shown(response, "in_progress")))
        yield Wake(response.id, answer.first_ms)

    def _say(self, response: _Response) -> Iterator[Act]:
        response.begun = True
        if not response.answer.text:
            yield from self._finish(response)
            return
        item = {"id": response.item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        yield Send("reply", self._event("response.output_item.added", response, item=item))
        if not response.beside:
            self._messages.append({"role": "assistant", "content": response.answer.text, "item": response.item})
            yield from self._added(item)
        part = {"type": "audio", "transcript": ""}
        yield Send("reply", self._event("response.content_part.added", response, part=part))
        for word in re.findall(r"\s*\S+", response.answer.text):
            kind = "response.output_audio_transcript.delta"
            yield Send("text", self._event(kind, response, delta=word))
        yield Speak(response.id, response.answer.text, self._output)

    def _spoken(self, response: _Response, audio_ms: float) -> Iterator[Act]:
        self._audio_ms[response.item] = audio_ms
        words = response.answer.text
        content = [{"type": "output_audio", "transcript": words}]
        item = {"id": response.item, "type": "message", "role": "assistant", "status": "completed", "content": content}
        response.output.append(item)
        yield Send("spoken", self._event("response.output_audio.done", response))
        kind = "response.output_audio_transcript.done"
        yield Send("reply", self._event(kind, response, transcript=words))
        yield Send("reply", self._event("response.content_part.done", response, part=content[0]))
        yield Send("reply", self._event("response.output_item.done", response, item=item))
        yield from self._finish(response)

    def _finish(self, response: _Response) -> Iterator[Act]:
        for name, arguments in response.answer.tools:
            call, item = self._new("call"), self._new("item")
            asked = {"id": item, "type": "function_call", "call_id": call, "name": name, "arguments": arguments}
            response.output.append(asked)
            self._messages.append({**_call(asked), "item": item})
            names = {"item_id": item, "call_id": call, "name": name}
            added = {**asked, "arguments": ""}
            yield Send("tool", self._event("response.output_item.added", response, item=added))
            kind = "response.function_call_arguments"
            yield Send("tool", self._event(f"{kind}.delta", response, **names, delta=arguments))
            yield Send("tool", self._event(f"{kind}.done", response, **names, arguments=arguments))
            yield Send("tool", self._event("response.output_item.done", response, item=asked))
        del self._responses[response.id]
        status = {"length": "incomplete", "content_filter": "incomplete", "failed": "failed"}
        yield self._done(response, status.get(response.answer.finish or "", "completed"), response.answer.finish)

    def _give_up(self, reason: str) -> Iterator[Act]:
        """All responses are cancelled: what was said of them stays in the conversation."""
        if self._responses:
            yield Hush()
        for response in list(self._responses.values()):
            del self._responses[response.id]
            self._audio_ms[response.item] = response.sent_ms
            yield Wake(response.id, None)
            yield self._done(response, "cancelled", reason)

    def _done(self, response: _Response, status: str, reason: str | None) -> Send:
        return Send("done", self._json("response.done", response=_shown(response, status, reason)))

    # -- the engines --------------------------------------------------------------------------------------------------

    def happened(self, event: EngineEvent) -> Iterator[Act]:
        """What was heard, and what is said."""
        match event:
            case SpeechBegan(at_ms):
                self._item = self._new("item")
                fields: dict[str, Any] = {"audio_start_ms": round(self._base_ms + at_ms), "item_id": self._item}
                yield Send("speech_began", self._json("input_audio_buffer.speech_started", **fields))
                if (self._detection or {}).get("interrupt_response", True):
                    yield from self._give_up("turn_detected")
            case SpeechEnded(said, forced=forced):
                yield from self._turn(said.text, round(self._base_ms + said.ended_ms), forced=forced)
            case Piece(id_, audio) if id_ in self._responses:
                response = self._responses[id_]
                response.sent_ms += len(audio) / self._output.bytes_per_ms
                delta = base64.b64encode(audio).decode()
                yield Send("voice", self._event("response.output_audio.delta", response, delta=delta))
            case Spoken(id_, audio_ms) if id_ in self._responses:
                yield from self._spoken(self._responses[id_], audio_ms)
            case Woke(id_) if id_ in self._responses and not self._responses[id_].begun:
                yield from self._say(self._responses[id_])
            case _:
                return

    def _turn(self, words: str, ended_ms: int, *, forced: bool) -> Iterator[Act]:
        item = self._item or self._new("item")
        self._item = ""
        if not forced:
            kind = "input_audio_buffer.speech_stopped"
            yield Send("speech_ended", self._json(kind, audio_end_ms=ended_ms, item_id=item))
        committed = {"previous_item_id": self._messages[-1]["item"] if self._messages else None, "item_id": item}
        yield Send("committed", self._json("input_audio_buffer.committed", **committed))
        self._messages.append({"role": "user", "content": words, "item": item})
        content = [{"type": "input_audio", "transcript": None}]
        yield from self._added({"id": item, "type": "message", "role": "user", "content": content})
        kind = "conversation.item.input_audio_transcription"
        where: dict[str, Any] = {"item_id": item, "content_index": 0}
        if _object(_object(self._session, "audio"), "input").get("transcription"):
            yield Send("words", self._json(f"{kind}.delta", **where, delta=words))
            usage = {"type": "duration", "seconds": 0}
            yield Send("heard", self._json(f"{kind}.completed", **where, transcript=words, usage=usage))
        if not forced and (self._detection or {}).get("create_response", True):
            if any(not one.beside for one in self._responses.values()):
                return
            yield from self._respond({}, beside=False)

    def failure(self, code: int, text: str) -> Iterator[Act]:
        """An ``error``; then the socket is closed."""
        error = {"type": "server_error", "code": "server_error", "message": text, "param": None, "event_id": None}
        yield Send("error", self._json("error", error=error))
        yield Close(code if 1000 < code < 5000 else 1011, "server_error")

    # -- words --------------------------------------------------------------------------------------------------------

    def _listen(self) -> Listen:
        self._base_ms = self._heard_ms
        return self._silences()

    def _silences(self) -> Listen:
        detection = self._detection
        if detection is None:
            return Listen(self._input, end_ms=1e9, draft_ms=None)
        if detection.get("type") == "semantic_vad":
            return Listen(self._input, end_ms=_EAGER_MS.get(str(detection.get("eagerness")), 600.0), draft_ms=None)
        return Listen(self._input, end_ms=float(detection.get("silence_duration_ms", 500)), draft_ms=None)

    def _added(self, item: dict[str, Any]) -> Iterator[Act]:
        shown = {"object": "realtime.item", **item}
        yield Send("added", self._json("conversation.item.added", previous_item_id=None, item=shown))
        yield Send("added", self._json("conversation.item.done", previous_item_id=None, item=shown))

    def _error(self, code: str, text: str, asked: dict[str, Any]) -> Send:
        error = {"type": "invalid_request_error", "code": code, "message": text, "param": None}
        return Send("refused", self._json("error", error={**error, "event_id": asked.get("event_id")}))

    def _event(self, kind: str, response: _Response, **fields: Any) -> str:
        where = {"response_id": response.id, "item_id": response.item, "output_index": 0, "content_index": 0}
        return self._json(kind, **{**where, **fields})

    def _json(self, kind: str, **fields: Any) -> str:
        return to_json({"type": kind, "event_id": self._new("event"), **fields})

    def _new(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):04d}"


def _object(values: object, name: str) -> dict[str, Any]:
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, dict) else {}


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """An object with what another one changes, objects within it likewise."""
    merged = {**one, **other}
    for name in one.keys() & other.keys():
        if isinstance(one[name], dict) and isinstance(other[name], dict):
            merged[name] = _merged(one[name], other[name])
    return merged


def _message(item: dict[str, Any]) -> dict[str, Any]:
    content = item.get("content")
    parts = (
        [str(part.get("text", "")) for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    )
    return {"role": str(item.get("role")), "content": " ".join(parts)}


def _result(item: dict[str, Any]) -> dict[str, Any]:
    return {"role": "tool", "content": str(item.get("output", ""))}


def _call(item: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [{"id": item.get("call_id"), "name": item.get("name")}]}


_ITEMS = {"message": _message, "function_call_output": _result, "function_call": _call}


def _shown(response: _Response, status: str, reason: str | None = None) -> dict[str, Any]:
    shown = {
        "id": response.id,
        "object": "realtime.response",
        "status": status,
        "status_details": None,
        "metadata": response.metadata,
        "output": response.output,
        "usage": None,
    }
    if status != "completed" and reason is not None:
        shown["status_details"] = {"type": status, "reason": reason}
    return shown


VENDOR = Vendor(
    "openai-realtime",
    (Door("realtime", "socket", "/v1/realtime", Realtime),),
    {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "{origin}/v1"},
)
