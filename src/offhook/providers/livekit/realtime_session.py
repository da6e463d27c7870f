"""One session with a realtime model of LiveKit's plugins, as :class:`~offhook.providers.realtime.session.ModelSession`
is one with OpenAI's.

What is sent are messages of OpenAI's protocol, since that is what conversations with models are written in here; what
of it a plugin can do is done by its own methods. What comes are the same typed events.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from offhook.errors import EngineUnavailable
from offhook.providers.livekit.failures import failure
from offhook.providers.livekit.llm import tool_of
from offhook.providers.livekit.surroundings import begin
from offhook.providers.realtime.protocol import (
    TAG,
    CallerBegan,
    CallerEnded,
    CallerHeard,
    CallerTurn,
    Ready,
    ReplyAudio,
    ReplyBegan,
    ReplyItem,
    ReplyItemOver,
    ReplyOver,
    ReplyText,
    ToolAsked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from offhook.errors import OffhookError
    from offhook.providers.realtime.protocol import ModelEvent

__all__ = ["LiveKitSession"]

RATE: Final = 24_000


class LiveKitSession:
    """One session.

    Args:
        model: whose plugin it is of: a :class:`~offhook.providers.livekit.realtime.LiveKitRealtime`.
        first: what is sent before anything else.
        watcher: is told (:class:`~offhook.providers.realtime.session.SessionWatcher`).
    """

    def __init__(self, model: Any, first: Sequence[str], watcher: Any) -> None:
        self.model = model
        self.ready = False
        self.expires_at_s: float | None = None
        self.sent_ms = 0.0
        self._watcher = watcher
        self._session: Any = None
        self._over = False
        self._asked: asyncio.Queue[str] = asyncio.Queue()
        self._tags: deque[str] = deque()
        self._turns = 0
        self._replies = 0
        self._tasks: set[asyncio.Task[None]] = set()
        for message in first:
            self._asked.put_nowait(message)
        self._start(self._run())

    # -- for whoever has the conversation -----------------------------------------------------------------------------

    def audio(self, audio: bytes) -> None:
        """A piece of the caller's audio: pcm at 24 kHz."""
        self.sent_ms += len(audio) / (2 * RATE / 1000)
        if self._session is not None and not self._over and audio:
            from livekit import rtc

            self._session.push_audio(rtc.AudioFrame(audio, RATE, 1, len(audio) // 2))

    def send(self, messages: Iterable[str]) -> None:
        """Say something else, after what was sent before."""
        for message in messages:
            self._asked.put_nowait(message)

    def close(self) -> None:
        """It is not needed any more."""
        self._over = True
        for task in self._tasks:
            task.cancel()

    # -- what is asked of it ------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        session = None
        plugin = self.model.plugin
        try:
            session = await begin(plugin, plugin.session)
            session.on("input_speech_started", self._began)
            session.on("input_speech_stopped", self._ended)
            session.on("input_audio_transcription_completed", self._heard)
            session.on("generation_created", self._generates)
            session.on("error", self._failed)
            session.on("session_reconnected", self._anew)
            await self._do(session, json.loads(await self._asked.get()))
            self._session, self.ready = session, True
            self._tell(Ready())
            while True:
                await self._do(session, json.loads(await self._asked.get()))
        except Exception as error:
            self._lost(failure(plugin, error))
        finally:
            if session is not None:
                await session.aclose()

    async def _do(self, session: Any, asked: dict[str, Any]) -> None:
        match asked["type"]:
            case "session.update":
                changed = asked["session"]
                if "instructions" in changed:
                    await session.update_instructions(changed["instructions"])
                if changed.get("tools"):
                    await session.update_tools([tool_of(**tool) for tool in changed["tools"]])
            case "response.create":
                response = asked["response"]
                self._tags.append(response["metadata"][TAG])
                session.generate_reply(
                    **({"instructions": response["instructions"]} if "instructions" in response else {})
                )
            case "response.cancel":
                session.interrupt()
            case "conversation.item.truncate":
                session.truncate(message_id=asked["item_id"], modalities=["audio"], audio_end_ms=asked["audio_end_ms"])
            case "conversation.item.create":
                await self._add(session, asked["item"])
            case "input_audio_buffer.clear":
                session.clear_audio()

    async def _add(self, session: Any, item: dict[str, Any]) -> None:
        from livekit.agents.llm import FunctionCallOutput

        context = session.chat_ctx.copy()
        if item["type"] == "message":
            context.add_message(role=item["role"], content=item["content"][0]["text"])
        else:
            context.items.append(
                FunctionCallOutput(call_id=item["call_id"], output=item["output"], is_error=False, name="")
            )
        await session.update_chat_ctx(context)

    # -- what it tells ------------------------------------------------------------------------------------------------

    def _began(self, _: object) -> None:
        self._turns += 1
        self._tell(CallerBegan(self._turn, self.sent_ms))

    def _ended(self, _: object) -> None:
        self._tell(CallerEnded(self._turn, self.sent_ms))
        self._tell(CallerTurn(self._turn))

    def _heard(self, told: Any) -> None:
        if told.is_final:
            self._tell(CallerHeard(self._turn, told.transcript.strip()))

    @property
    def _turn(self) -> str:
        return f"turn-{self._turns}"

    def _generates(self, created: Any) -> None:
        self._replies += 1
        reply = f"reply-{self._replies}"
        tag = self._tags.popleft() if created.user_initiated and self._tags else ""
        self._tell(ReplyBegan(reply, tag))
        self._start(self._reply(reply, created))

    async def _reply(self, reply: str, created: Any) -> None:
        async def functions() -> None:
            async for call in created.function_stream:
                self._tell(ToolAsked(reply, call.call_id, call.name, call.arguments))

        used = asyncio.create_task(functions())
        try:
            async for message in created.message_stream:
                await self._message(reply, message)
            await used
        finally:
            used.cancel()
        self._tell(ReplyOver(reply, "completed", ""))

    async def _message(self, reply: str, message: Any) -> None:
        item = message.message_id
        self._tell(ReplyItem(reply, item))

        async def words() -> None:
            async for text in message.text_stream:
                self._tell(ReplyText(reply, item, str(text)))

        told = asyncio.create_task(words())
        try:
            async for frame in message.audio_stream:
                self._tell(ReplyAudio(reply, item, bytes(frame.data)))
            await told
        finally:
            told.cancel()
        self._tell(ReplyItemOver(reply, item))

    def _failed(self, told: Any) -> None:
        if not told.recoverable:
            self._lost(failure(self.model.plugin, told.error))

    def _anew(self, _: object) -> None:
        """The plugin has lost its connection, and made another by itself, which knows less than it should."""
        self._lost(EngineUnavailable("expected the model to go on, got another connection."))

    def _tell(self, event: ModelEvent) -> None:
        if not self._over:
            self._watcher.told(self, event)

    def _lost(self, error: OffhookError) -> None:
        if self._over:
            return
        self.close()
        self.ready = False
        self._watcher.lost(self, error)

    def _start(self, running: Any) -> None:
        task = asyncio.create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._lost(EngineUnavailable(f"expected the model to go on, got {type(error).__name__}."))
