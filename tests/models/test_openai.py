"""The client of chat models, on real sockets: what it asks and reads, how it ends, and how it fails."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from offhook.errors import ConfigError, EngineError, EngineMissing, EngineRefused, EngineUnavailable
from offhook.models.base import (
    AssistantMessage,
    CallerMessage,
    Finished,
    Rules,
    TextPiece,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from offhook.models.openai import OpenAIModel, _connections, aclose_connections
from offhook.waits import MODEL_READY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from offhook.models.base import Message, ModelEvent

CANARY = "canary-4711"
ASK: list[Message] = [Rules("You are brief."), CallerMessage("When are you open?")]


@pytest.fixture(autouse=True)
def installed(require: Any) -> None:
    """The SDK is there."""
    require(find_spec("openai") is not None, "the extra openai")


def model_at(server: Any, **more: Any) -> OpenAIModel:
    return OpenAIModel("m", base_url=server.base_url, **more)


async def answer_of(model: OpenAIModel, messages: Any = ASK, **more: Any) -> list[ModelEvent]:
    return [event async for event in model.stream(messages, **more) if event != TextPiece("")]


async def take_all(stream: AsyncIterator[ModelEvent], events: list[ModelEvent]) -> None:
    async for event in stream:
        events.append(event)  # noqa: PERF401  # what came before a failure counts


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def says(*pieces: str, finish: str | None = "stop") -> Callable[[Any], Any]:
    async def reply(reply: Any) -> None:
        await reply.head()
        await reply.words(*pieces)
        await reply.done(finish)

    return reply


def refuses(status: int, error: dict[str, Any] | None = None, **headers: str) -> Callable[[Any], Any]:
    return lambda reply: reply.refuse(status, {"message": CANARY, **(error or {})}, **headers)


# -- what it asks and reads -----------------------------------------------------------------------------------------


async def test_an_answer_comes_piece_by_piece(chat_server: Any) -> None:
    """Each as soon as the server has sent it, and the end last."""
    go_on = asyncio.Event()

    async def reply(reply: Any) -> None:
        await reply.head()
        await reply.chunk({"role": "assistant", "content": ""})
        await reply.words("At ")
        await go_on.wait()
        await reply.words("nine.")
        await reply.chunk(finish="stop")
        await reply.data('{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}')
        await reply.done(None)

    chat_server.replies = [reply]
    events = model_at(chat_server, api_key="k").stream(ASK)
    assert [await anext(events), await anext(events)] == [TextPiece(""), TextPiece("At ")]
    go_on.set()
    rest = [event async for event in events]
    assert text_of(rest) == "nine."
    assert rest[-1] == Finished(reason="stop", tokens_in=7, tokens_out=2)
    (asked,) = chat_server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer k"
    assert asked.body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "You are brief."},
            {"role": "user", "content": "When are you open?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_tool_is_offered_called_and_its_result_told(chat_server: Any) -> None:
    """With the numbers that we give to calls, whatever the model's ids."""

    async def calls(reply: Any) -> None:
        await reply.head()
        function = {"name": "weather", "arguments": '{"city":'}
        await reply.chunk({"tool_calls": [{"index": 0, "id": "call_x", "type": "function", "function": function}]})
        await reply.chunk({"tool_calls": [{"index": 0, "function": {"arguments": ' "Paris"}'}}]})
        await reply.done("tool_calls")

    chat_server.replies = [calls, says("Sunny.")]
    model = model_at(chat_server)
    spec = ToolSpec("weather", "What the weather is.", {"type": "object", "properties": {}})
    events = await answer_of(model, tools=[spec])
    call = ToolCall("call_x", "weather", '{"city": "Paris"}')
    assert events == [call, Finished(reason="tools")]
    told = [*ASK, AssistantMessage(tool_calls=(call,)), ToolResult("call_x", "21 degrees")]
    assert text_of(await answer_of(model, told, tools=[spec])) == "Sunny."
    first, second = (asked.body for asked in chat_server.asked)
    assert first["tools"][0]["function"]["name"] == "weather"
    assert second["messages"][2]["tool_calls"][0]["id"] == second["messages"][3]["tool_call_id"] == "call00001"


async def test_one_connection_carries_one_answer_after_the_other(chat_server: Any) -> None:
    """For all models of a worker."""
    chat_server.replies = [says("One.")]
    for model in (model_at(chat_server), model_at(chat_server)):
        for _ in range(2):
            assert text_of(await answer_of(model)) == "One."
    assert chat_server.connections == 1


async def test_what_a_model_is_asked_for_besides_can_be_set(chat_server: Any) -> None:
    """And more fields of the body."""
    chat_server.replies = [says("Yes.")]
    await answer_of(model_at(chat_server, temperature=0.3, max_tokens=50, extra={"top_p": 0.5}))
    body = chat_server.asked[0].body
    assert (body["temperature"], body["max_tokens"], body["top_p"]) == (0.3, 50, 0.5)


# -- how it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["before the head", "before a word", "in the middle", "between two pieces"])
async def test_closing_an_answer_ends_the_request_at_once(chat_server: Any, after: str) -> None:
    """The server's socket is closed within 50 ms, however far it has got."""
    model = model_at(chat_server)
    # The best of three: a machine that does something else for a moment is not what this is about.
    assert min([await closed_after_s(chat_server, model, after) for _ in range(3)]) < 0.05


async def closed_after_s(server: Any, model: OpenAIModel, after: str) -> float:
    """Give an answer up; returns how long it takes until the server sees that."""
    there = asyncio.Event()

    async def reply(reply: Any) -> None:
        if after != "before the head":
            await reply.head()
        if after in ("in the middle", "between two pieces"):
            await reply.words("At ", "nine ")
        there.set()
        await asyncio.wait_for(reply.asked.closed.wait(), 10)

    server.replies = [reply]
    events = model.stream(ASK)
    taken = 0

    async def take() -> None:
        nonlocal taken
        async for _ in events:
            taken += 1

    if after == "between two pieces":
        assert await anext(events) == TextPiece("At ")
        await there.wait()
        began_s = asyncio.get_running_loop().time()
        await events.aclose()
    else:
        taking = asyncio.create_task(take())
        await there.wait()
        while after == "in the middle" and taken < 2:
            await asyncio.sleep(0)
        began_s = asyncio.get_running_loop().time()
        taking.cancel()
        await asyncio.wait([taking])
    asked = server.asked[-1]
    await asyncio.wait_for(asked.closed.wait(), 5)
    return float(asked.closed_at_s - began_s)


async def test_an_answer_that_is_given_up_costs_the_next_one_nothing(chat_server: Any) -> None:
    """Its connection is gone, and another one is made."""

    async def slow(reply: Any) -> None:
        await reply.head()
        await reply.words("At ")
        await reply.asked.closed.wait()

    chat_server.replies = [slow, says("Fine.")]
    model = model_at(chat_server)
    events = model.stream(ASK)
    await anext(events)
    await events.aclose()
    assert text_of(await answer_of(model)) == "Fine."


# -- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {}, EngineRefused),
        (403, {}, EngineRefused),
        (404, {}, EngineRefused),
        (429, {"code": "insufficient_quota"}, EngineRefused),
        (400, {}, EngineError),
        (429, {}, EngineUnavailable),
        (500, {}, EngineUnavailable),
        (503, {}, EngineUnavailable),
    ],
)
async def test_a_refusal_is_told_without_the_hosts_own_words(
    chat_server: Any, caplog: pytest.LogCaptureFixture, status: int, error: dict[str, Any], kind: type[EngineError]
) -> None:
    """Nor the key, nor what was said: neither in the error nor in our log."""
    caplog.set_level(logging.DEBUG, "offhook")
    chat_server.replies = [refuses(status, error, retry_after="7")]
    with pytest.raises(kind) as failed:
        await answer_of(model_at(chat_server, api_key=f"key-{CANARY}"), [CallerMessage(CANARY)], call_id="v3:call")
    assert f"status {status}" in failed.value.message
    assert failed.value.call_id == "v3:call"
    assert failed.value.__cause__ is None
    assert CANARY not in str(failed.value) + repr(failed.value) + caplog.text
    if isinstance(failed.value, EngineUnavailable):
        assert failed.value.retry_after_s == 7.0
    assert len(chat_server.asked) == 1


async def test_a_connection_that_breaks_before_there_is_an_answer_is_made_anew(chat_server: Any) -> None:
    """Once: a host closes what was not used for a while, and just then it may be used."""

    async def drop(reply: Any) -> None:
        reply.cut()

    chat_server.replies = [says("One."), drop, says("Two.")]
    model = model_at(chat_server)
    assert [text_of(await answer_of(model)) for _ in range(2)] == ["One.", "Two."]
    assert chat_server.connections == 2
    chat_server.replies = [drop]
    with pytest.raises(EngineUnavailable):
        await answer_of(model)
    assert len(chat_server.asked) == 5


async def test_nobody_listens_there(chat_server: Any) -> None:
    """As the host is not there, and worth another try."""
    await chat_server.stop()
    with pytest.raises(EngineUnavailable, match="got no connection"):
        await answer_of(model_at(chat_server))


async def test_an_answer_that_breaks_off_is_a_failure_after_its_words(chat_server: Any) -> None:
    """What had come by then was given."""

    async def drop(reply: Any) -> None:
        await reply.head()
        await reply.words("At nine")
        reply.cut()

    chat_server.replies = [drop, says("At ni", finish=None)]
    for told in (("", "At nine"), ("At ni",)):
        events: list[ModelEvent] = []
        with pytest.raises(EngineUnavailable):
            await take_all(model_at(chat_server).stream(ASK), events)
        assert text_of(events) in told


@pytest.mark.parametrize("data", ['{"error": {"message": "canary-4711"}}', "no json canary-4711", "[]"])
async def test_what_is_no_chunk_is_a_failure(chat_server: Any, data: str) -> None:
    """An error in the middle, what is no JSON, and JSON that is no object."""

    async def reply(reply: Any) -> None:
        await reply.head()
        await reply.words("At ")
        await reply.data(data)
        await reply.done()

    chat_server.replies = [reply]
    with pytest.raises(EngineError) as failed:
        await answer_of(model_at(chat_server))
    assert CANARY not in str(failed.value)


async def test_a_host_that_will_not_hear_it_refuses(chat_server: Any) -> None:
    """Where what was said is filtered the request is not wrong."""
    chat_server.replies = [refuses(400, {"code": "content_filter"})]
    assert await answer_of(model_at(chat_server)) == [Finished(reason="refused")]


async def test_a_field_that_is_refused_is_left_out_from_then_on(
    chat_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked again at once without it, once for each field, and said once in the log."""
    complaint = {"param": "temperature", "message": f"{CANARY} does not support 0.3"}
    bound = {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}
    chat_server.replies = [refuses(400, complaint), refuses(400, bound), says("Yes.")]
    model = model_at(chat_server, temperature=0.3, max_tokens=9)
    for _ in range(2):
        assert text_of(await answer_of(model)) == "Yes."
    sent = [sorted({"temperature", "max_tokens", "max_completion_tokens"} & set(one.body)) for one in chat_server.asked]
    assert sent == [["max_tokens", "temperature"], ["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert CANARY not in caplog.text


async def test_a_field_that_stays_refused_is_a_failure(chat_server: Any) -> None:
    """Nothing is asked for ever."""
    chat_server.replies = [refuses(400, {"param": "top_p"})]
    with pytest.raises(EngineError):
        await answer_of(model_at(chat_server, extra={"top_p": 1}))
    assert len(chat_server.asked) == 1


# -- before the first call ------------------------------------------------------------------------------------------


async def test_a_connection_is_made_before_the_first_call(chat_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A host without a list of models is none the worse."""
    await model_at(chat_server).warm_up()
    assert [(asked.method, asked.path) for asked in chat_server.asked] == [("GET", "/v1/models")]
    assert caplog.records == []


@pytest.mark.parametrize(("status", "warned"), [(401, ["EngineRefused"]), (500, []), (200, [])])
async def test_a_key_that_is_refused_is_said_before_the_first_call(
    chat_server: Any, caplog: pytest.LogCaptureFixture, status: int, warned: list[str]
) -> None:
    """Any other answer shows that somebody is there."""
    chat_server.get_status = status
    await model_at(chat_server).warm_up()
    assert [name for name in ("EngineRefused", "EngineUnavailable") if name in caplog.text] == warned


async def test_a_host_that_does_not_answer_holds_nobody_up_before_the_first_call(
    chat_server: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls are taken without it."""
    monkeypatch.setattr("offhook.models.openai.MODEL_READY", replace(MODEL_READY, limit_s=0.05))
    chat_server.get_status = 0
    await model_at(chat_server).warm_up()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_models_that_are_asked_at_once_share_their_connections(chat_server: Any) -> None:
    """Though each has found none; and there may be none to close."""
    chat_server.replies = [says("Yes.")]
    await aclose_connections()
    answers = await asyncio.gather(*(answer_of(model_at(chat_server)) for _ in range(3)))
    assert [text_of(answer) for answer in answers] == ["Yes."] * 3
    connections = _connections[asyncio.get_running_loop()]
    await aclose_connections()
    assert connections.is_closed


async def test_a_host_that_is_not_there_is_said_before_the_first_call(
    chat_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """And calls are taken all the same."""
    await chat_server.stop()
    await model_at(chat_server).warm_up()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "other:m" in caplog.text


# -- where it is, and with which key --------------------------------------------------------------------------------


def test_a_model_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without the host; what follows the first colon is the model's own."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("GROQ_API_KEY", "k")
    models = [
        OpenAIModel("gpt-5-mini"),
        OpenAIModel("ft:gpt-4o:me"),
        OpenAIModel("groq:llama-3.3-70b"),
        OpenAIModel("llama3.2:3b", host="ollama"),
        OpenAIModel("llama3.2:3b", base_url="http://10.0.0.7:8000/v1/"),
        OpenAIModel("x", base_url="https://api.groq.com/openai/v1"),
    ]
    assert [model.name for model in models] == [
        "openai:gpt-5-mini",
        "openai:ft:gpt-4o:me",
        "groq:llama-3.3-70b",
        "ollama:llama3.2:3b",
        "other:llama3.2:3b",
        "groq:x",
    ]
    assert repr(models[0]) == "<OpenAIModel openai:gpt-5-mini>"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "gpt-5-mini"}, "OPENAI_API_KEY"),
        ({"model": "groq:x"}, "GROQ_API_KEY"),
        ({"model": " "}, "name of a model"),
        ({"model": "x", "host": "nobody"}, "nobody"),
        ({"model": "x", "base_url": "api.example.com"}, "http://"),
        ({"model": "x", "base_url": "https://"}, "http://"),
    ],
)
def test_what_cannot_be_asked_is_said_at_once(arguments: dict[str, Any], said: str) -> None:
    """Not in the first call."""
    with pytest.raises(ConfigError, match=said):
        OpenAIModel(**arguments)


async def test_the_address_of_the_environment_counts_and_needs_no_key(
    chat_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the SDK itself; a server of one's own may want none."""
    chat_server.replies = [says("Yes.")]
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.base_url + "/chat/completions")
    assert text_of(await answer_of(OpenAIModel("gpt-5-mini", temperature=0.1))) == "Yes."
    monkeypatch.setenv("OFFHOOK_GROQ_BASE_URL", chat_server.base_url)
    monkeypatch.setenv("GROQ_API_KEY", "groqs")
    await answer_of(OpenAIModel("groq:llama"))
    first, second = chat_server.asked
    assert (first.path, first.headers["authorization"]) == ("/v1/chat/completions", "Bearer none")
    assert first.body["messages"][0]["role"] == "developer"
    assert first.body["reasoning_effort"] == "minimal"
    assert "temperature" not in first.body
    assert second.headers["authorization"] == "Bearer groqs"


async def test_a_server_that_a_program_names_gets_nobodys_key(
    chat_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it told whose account at OpenAI this is."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "secret")
    chat_server.replies = [says("Yes.")]
    await answer_of(model_at(chat_server))
    assert "secret" not in str(chat_server.asked[0].headers)


def test_without_the_sdk_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the model is made."""
    monkeypatch.setattr("offhook.models.openai.find_spec", lambda name: None)
    with pytest.raises(EngineMissing) as missing:
        OpenAIModel("x", base_url="http://127.0.0.1:1/v1")
    assert "openai" in (missing.value.fix or "")
