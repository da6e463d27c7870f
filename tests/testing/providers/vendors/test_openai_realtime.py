"""OpenAI's Realtime API, as a stand-in speaks it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.testing.providers.vendors.sessions import kinds, refused, request, said, sent, told

from offhook.speech.streams import PCMU, AudioFormat
from offhook.testing.providers import Answer
from offhook.testing.providers.answers import Answers
from offhook.testing.providers.session import (
    Close,
    Force,
    Hear,
    Listen,
    Piece,
    Request,
    Retune,
    Speak,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    Spoken,
    Wake,
    Woke,
)
from offhook.testing.providers.vendors.openai_realtime import Realtime

G711 = {"type": "audio/pcmu"}
ASK = {"type": "response.create", "event_id": "a1"}


def opened(*answers: str | Answer, **settings: Any) -> Realtime:
    session = Realtime("c", Answers(*answers))
    list(session.opened(request("model=gpt-realtime", "Bearer k")))
    if settings:
        told(session, update(**settings))
    return session


def update(input: Any = None, output: Any = None, **fields: Any) -> dict[str, Any]:  # noqa: A002
    audio = {"input": {"format": G711, **(input or {})}, "output": {"format": G711, **(output or {})}}
    return {"type": "session.update", "session": {"type": "realtime", "audio": audio, **fields}}


def append(size: int) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(size)).decode()}


def item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": {"type": kind, **fields}}


def response_of(acts: Any) -> str:
    """The id of the response that is created."""
    return str(next(one["response"]["id"] for one in sent(acts) if one["type"] == "response.created"))


def types(acts: Any) -> list[str]:
    return [one["type"] for one in sent(acts)]


def errors(acts: Any) -> list[str]:
    return [one["error"]["code"] for one in sent(acts) if one["type"] == "error"]


def run(session: Realtime, id_: str, audio: bytes = b"\x10" * 800) -> list[Any]:
    """A response, from the thought to its end."""
    acts = list(session.happened(Woke(id_)))
    if any(isinstance(act, Speak) for act in acts):
        acts += session.happened(Piece(id_, audio))
        acts += session.happened(Spoken(id_, len(audio) / 8))
    return acts


def test_a_client_needs_a_key_and_a_model() -> None:
    """In the header of either kind; Azure calls the model a deployment."""
    for query, headers in (
        ("", {"authorization": "Bearer k"}),
        ("model=m", {}),
        ("model=m", {"authorization": "Basic k"}),
    ):
        values = {"model": ("m",)} if query else {}
        assert refused(Realtime("c", Answers()).opened(Request("/", values, headers))) in (400, 401)
    azure = Request("/", {"deployment": ("m",)}, {"api-key": "k"})
    assert kinds(Realtime("c", Answers()).opened(azure)) == ["Accept", "begin", "Listen"]


def test_the_format_of_the_audio_and_the_silences_are_set() -> None:
    """Other silences alone do not begin anew."""
    session = opened()
    acts = told(session, update(input={"turn_detection": {"type": "server_vad", "silence_duration_ms": 300}}))
    assert [act for act in acts if isinstance(act, Listen)] == [Listen(PCMU, end_ms=300, draft_ms=None)]
    assert sent(acts)[0]["session"]["audio"]["input"]["format"] == G711
    words = {"type": "semantic_vad", "eagerness": "high"}
    assert told(session, update(input={"turn_detection": words}))[1] == Retune(Listen(PCMU, end_ms=300, draft_ms=None))
    (retuned,) = [act for act in told(session, update(input={"turn_detection": None})) if isinstance(act, Retune)]
    assert retuned.listen.end_ms > 1e6
    assert errors(told(session, {"type": "session.update", "session": {}})) == ["invalid_value"]
    assert errors(told(session, update(input={"format": {"type": "audio/mp3"}}))) == ["invalid_value"]


def test_audio_is_heard_and_counted_over_the_whole_session() -> None:
    """Also where the input is cleared."""
    session = opened(answers=True)
    assert told(session, append(800)) == [Hear(bytes(800))]
    assert errors(told(session, {"type": "input_audio_buffer.append", "audio": "?"})) == ["invalid_value"]
    assert kinds(told(session, {"type": "input_audio_buffer.clear"})) == ["cleared", "Listen"]
    (began,) = sent(session.happened(SpeechBegan(50)))
    assert began["audio_start_ms"] == 150
    assert told(session, {"type": "input_audio_buffer.commit"}) == [Force()]


def test_a_turn_is_told_and_answered() -> None:
    """In the order of the reference."""
    session = opened("We open at nine.", input={"transcription": {"model": "m"}})
    list(session.happened(SpeechBegan(500)))
    assert list(session.happened(SpeechPaused(said("When"), 100))) == []
    acts = list(session.happened(SpeechEnded(said("When are you open?"))))
    assert types(acts) == [
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
    ]
    acts = run(session, response_of(acts))
    assert [kind for kind in types(acts) if "delta" not in kind] == [
        "response.output_item.added",
        "conversation.item.added",
        "conversation.item.done",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert "".join(one["delta"] for one in sent(acts) if "transcript.delta" in one["type"]) == "We open at nine."
    (audio,) = [one["delta"] for one in sent(acts) if one["type"] == "response.output_audio.delta"]
    assert base64.b64decode(audio) == b"\x10" * 800
    assert list(session.happened(Woke("resp_none"))) == []


def test_a_turn_is_not_answered_where_that_is_not_wanted() -> None:
    """Nor where it is committed by hand, or something is being answered already."""
    session = opened(input={"turn_detection": {"type": "server_vad", "create_response": False}})
    assert "response.created" not in types(session.happened(SpeechEnded(said("Hello."))))
    session = opened(input={"transcription": None, "turn_detection": {"interrupt_response": False}})
    acts = list(session.happened(SpeechEnded(said("Hello."), forced=True)))
    assert types(acts)[0] == "input_audio_buffer.committed"
    assert "response.created" not in types(acts)
    told(session, ASK)
    assert types(session.happened(SpeechBegan(0))) == ["input_audio_buffer.speech_started"]
    assert "response.created" not in types(session.happened(SpeechEnded(said("Hello."))))


def test_a_caller_who_begins_to_speak_cancels_what_is_being_answered() -> None:
    """And what is not there yet never comes."""
    session = opened("one two three four")
    id_ = response_of(told(session, ASK))
    list(session.happened(Woke(id_)))
    list(session.happened(Piece(id_, b"\x10" * 480)))
    acts = list(session.happened(SpeechBegan(0)))
    assert kinds(acts)[:3] == ["speech_began", "Hush", "Wake"]
    (done,) = [one["response"] for one in sent(acts) if one["type"] == "response.done"]
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
    assert list(session.happened(Piece(id_, b"\x10"))) == []
    assert list(session.happened(Spoken(id_, 1))) == []


def test_what_was_said_is_truncated_to_what_was_heard() -> None:
    """Not to more than there was."""
    session = opened("one two three four", output={"format": {"type": "audio/pcm", "rate": 24000}})
    id_ = response_of(told(session, ASK))
    acts = run(session, id_, b"\x10" * 4800)
    (speak,) = [act for act in acts if isinstance(act, Speak)]
    assert speak.audio == AudioFormat("pcm", 24000)
    (at,) = [one["item"]["id"] for one in sent(acts) if one["type"] == "response.output_item.added"]
    cut = {"type": "conversation.item.truncate", "item_id": at, "content_index": 0}
    assert errors(told(session, {**cut, "audio_end_ms": 5000})) == ["invalid_value"]
    assert errors(told(session, {**cut, "audio_end_ms": "5"})) == ["invalid_value"]
    assert errors(told(session, {**cut, "item_id": "item_none", "audio_end_ms": 5})) == ["invalid_value"]
    told(session, item("message", role="user", content=[{"type": "input_text", "text": "Go on."}]))
    assert types(told(session, {**cut, "audio_end_ms": 300})) == ["conversation.item.truncated"]
    assert [message["content"] for message in session._messages] == ["one two", "Go on."]


def test_tools_are_asked_for_and_their_results_taken() -> None:
    """With or without words before."""
    session = opened(Answer(text="Yes.", tools=(("book", '{"day":1}'),)), "Booked.")
    acts = run(session, response_of(told(session, ASK)))
    (call,) = [one for one in sent(acts) if one["type"] == "response.function_call_arguments.done"]
    assert (call["name"], call["arguments"]) == ("book", '{"day":1}')
    acts = told(session, item("function_call_output", call_id=call["call_id"], output="done"))
    assert types(acts) == ["conversation.item.added", "conversation.item.done"]
    acts = run(session, response_of(told(session, ASK)))
    assert sent(acts)[-1]["response"]["status"] == "completed"
    told(session, item("function_call", call_id="c", name="book", arguments="{}"))
    told(session, item("message", role="user", content="words"))
    assert errors(told(session, item("picture"))) == ["invalid_value"]
    session = opened(Answer(tools=(("book", "{}"),)))
    acts = run(session, response_of(told(session, {**ASK, "response": {"tool_choice": "none", "instructions": "x"}})))
    assert types(acts) == ["response.done"]


@pytest.mark.parametrize(("finish", "status"), [("length", "incomplete"), ("failed", "failed"), ("stop", "completed")])
def test_a_response_ends_as_its_script_says(finish: str, status: str) -> None:
    """Cut off, failed, or as usual."""
    session = opened(Answer(text="One.", finish=finish))
    done = sent(run(session, response_of(told(session, ASK))))[-1]["response"]
    assert done["status"] == status
    assert (done["status_details"] is None) == (status == "completed")


def test_it_follows_two_kinds_of_instructions() -> None:
    """To say exactly something, and to go on after something."""
    session = opened("one two three", "one two three")
    exactly = "Say exactly the following words, as they are: Good day: sir."
    acts = run(session, response_of(told(session, {**ASK, "response": {"instructions": exactly}})))
    assert [act.text for act in acts if isinstance(act, Speak)] == ["Good day: sir."]
    for quoted, spoken in (("one two", "three"), ("four", "one two three")):
        wanted = {**ASK, "response": {"instructions": f"They have heard “{quoted}”. Go on."}}
        acts = run(session, response_of(told(session, wanted)))
        assert [act.text for act in acts if isinstance(act, Speak)] == [spoken]


def test_a_response_beside_the_conversation_is_no_part_of_it() -> None:
    """And may be made beside another."""
    session = opened("one", "two")
    one = response_of(told(session, ASK))
    assert errors(told(session, ASK)) == ["conversation_already_has_active_response"]
    beside = {**ASK, "response": {"conversation": "none", "metadata": {"tag": "x"}}}
    acts = told(session, beside)
    assert sent(acts)[0]["response"]["metadata"] == {"tag": "x"}
    other = response_of(acts)
    assert kinds(run(session, other))[-1] == "done"
    assert session._messages == []
    run(session, one)
    assert [message["content"] for message in session._messages] == ["one"]


def test_a_response_is_cancelled_where_there_is_one() -> None:
    """Before it has begun to speak, too."""
    session = opened("one")
    assert errors(told(session, {"type": "response.cancel", "event_id": "c1"})) == ["response_cancel_not_active"]
    id_ = response_of(told(session, ASK))
    acts = told(session, {"type": "response.cancel"})
    assert Wake(id_, None) in acts
    assert sent(acts)[-1]["response"]["status_details"]["reason"] == "client_cancelled"


def test_what_it_does_not_know_is_an_error() -> None:
    """By the id of the event that caused it."""
    (error,) = sent(told(opened(), {"type": "nothing", "event_id": "e1"}))
    assert (error["type"], error["error"]["event_id"]) == ("error", "e1")
    session = opened()
    assert errors(session.received(b"\x00")) == ["invalid_value"]
    assert session.stage_of(json.dumps(ASK)) == "ask"


def test_a_failure_is_told_and_ends_the_session() -> None:
    """With a code that a socket may be closed with."""
    for code, closed in ((1013, 1013), (401, 1011)):
        acts = list(opened().failure(code, "no"))
        assert errors(acts) == ["server_error"]
        assert acts[-1] == Close(closed, "server_error")
