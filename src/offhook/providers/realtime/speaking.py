"""What the model is asked to say on one call, one thing after the other, and what becomes of it.

A session makes one response at a time. Where it breaks off, hangs, or fails in one, another session takes over
(:mod:`~offhook.providers.realtime.sessions`), and what is owed is asked for again: what was not begun from its
beginning, the rest of what was.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Protocol

from offhook.agent.failures import InARow
from offhook.errors import EngineError, EngineUnavailable
from offhook.providers.realtime import protocol
from offhook.providers.realtime.mouth import Mouth
from offhook.providers.realtime.protocol import (
    ReplyAudio,
    ReplyBegan,
    ReplyItem,
    ReplyItemOver,
    ReplyOver,
    ReplyText,
    ToolAsked,
    Trouble,
)
from offhook.providers.realtime.replies import EXACTLY, GO_ON, Ask, Reply
from offhook.waiting import WaitOver
from offhook.waits import REALTIME, REALTIME_OF_SEVERAL

if TYPE_CHECKING:
    from offhook.agent.conversant import SpeechOutlet
    from offhook.audio.formats import AudioFormat
    from offhook.clock import Clock
    from offhook.providers.realtime.protocol import ModelEvent
    from offhook.providers.realtime.sessions import Sessions
    from offhook.providers.realtime.utterance import Utterance

__all__ = ["Speaking", "SpeakingWatcher"]

_BUSY = "conversation_already_has_active_response"
_FAILED = "failed"


class SpeakingWatcher(Protocol):
    """Who is told of what the model says. Called on the event loop."""

    def utterance_sent(self, reply: Reply, utterance: Utterance) -> None:
        """The caller begins to hear something."""
        ...

    def utterance_ended(self, reply: Reply, utterance: Utterance) -> None:
        """The caller has heard it, or has interrupted it."""
        ...

    def tools_asked(self, reply: Reply) -> None:
        """A response is over, and wants tools used."""
        ...

    def said_nothing(self) -> None:
        """The model has answered with nothing that can be heard, twice in a row where it was asked again."""
        ...


class Speaking:
    """What is said on one call.

    Args:
        sessions: of the call with its model.
        clock: what time it is.
        watcher: who is told.
        call_id: for the log.
    """

    def __init__(self, sessions: Sessions, *, clock: Clock, watcher: SpeakingWatcher, call_id: str) -> None:
        self._sessions = sessions
        self._clock = clock
        self._watcher = watcher
        self._call_id = call_id
        self._tags = count(1)
        self._asks: deque[Ask] = deque()
        self._asked: Ask | None = None
        """What was asked for, and has not begun."""
        self._replies: dict[str, Reply] = {}
        """Those of which something can still come, or be heard."""
        self._active: Reply | None = None
        """The one that the model is making."""
        self._turn_owed = False
        """Whether the model is to answer the caller of its own accord."""
        self._since_ms = 0.0
        """When it last did something of what it owes."""
        self._nothing = InARow()
        self._changed = asyncio.Event()
        self._closed = False
        self.mouth: Mouth | None = None
        """What plays it; from the time on when audio flows."""

    def begin(self, line: SpeechOutlet, given: AudioFormat) -> None:
        """Audio flows; the model's is written as ``given``."""
        self.mouth = Mouth(line, given, clock=self._clock, watcher=self)
        self._next()

    # -- what is asked for --------------------------------------------------------------------------------------------

    def ask(
        self,
        kind: str,
        text: str | None = None,
        *,
        instructions: str | None = None,
        protected: bool = False,
        beside: bool = False,
        tools: bool = True,
        optional: bool = False,
    ) -> Ask:
        """Have the model say ``text``, or what it wants to, after what is being said.

        Args:
            kind: as :class:`~offhook.agent.events.AgentSpeechBegan` calls it.
            text: the words; ``None``: its own.
            instructions: what to say, in place of the session's instructions.
            protected: the caller cannot interrupt it.
            beside: it is no part of the conversation.
            tools: whether it may use tools.
            optional: it may as well say nothing.
        """
        ask = Ask(
            tag=f"{kind}-{next(self._tags)}",
            kind=kind,
            text=text,
            instructions=instructions,
            protected=protected,
            beside=beside,
            tools=tools and text is None,
            optional=optional,
        )
        if self._closed:
            ask.end(heard_all=False)
            return ask
        self._asks.append(ask)
        self._next()
        return ask

    def expect_answer(self) -> None:
        """The caller has said something: the model answers of its own accord."""
        self._turn_owed = True
        self._since_ms = self._clock.now_ms()

    @property
    def busy(self) -> bool:
        """Whether something is being said, made, or asked for."""
        return bool(self._asks or self._asked or self._active or self._turn_owed or self._unheard)

    @property
    def audible(self) -> bool:
        """Whether the caller hears something."""
        return self.mouth is not None and self.mouth.current is not None and self.mouth.current.sent

    async def idle(self) -> None:
        """Wait until nothing is being said, made or asked for."""
        while self.busy:
            self._changed.clear()
            await self._changed.wait()

    @property
    def awaited(self) -> bool:
        """Whether the caller waits for the model, and hears nothing."""
        return (self._turn_owed or self._asked is not None or self._active is not None) and not self._unheard

    @property
    def protected(self) -> bool:
        """Whether something is being said, or about to be, that the caller cannot interrupt."""
        if self._asked is not None and self._asked.protected:
            return True
        unheard = self.mouth.unheard if self.mouth is not None else ()
        return any(reply.protected for reply, _ in unheard) or (self._active is not None and self._active.protected)

    @property
    def saying(self) -> str:
        """What is being said, and was not heard to its end."""
        unheard = self.mouth.unheard if self.mouth is not None else ()
        return " ".join(utterance.text for reply, utterance in unheard if not (reply.ask and reply.ask.beside)).strip()

    @property
    def _unheard(self) -> bool:
        return self.mouth is not None and self.mouth.current is not None

    def interrupt(self, *, cancel: bool) -> None:
        """Fall silent at once: what was not heard, made or asked for never will be.

        Args:
            cancel: the session does not do so of its own accord.
        """
        if self._active is not None:
            self._active.cut = True
            if cancel:
                self._sessions.send(protocol.cancel(self._active.id))
        if self._asked is not None:
            self._asked.dropped = True
        self._turn_owed = False
        waiting, self._asks = list(self._asks), deque()
        if self.mouth is not None:
            beside = {utterance.item for reply, utterance in self.mouth.unheard if reply.ask and reply.ask.beside}
            for cut in self.mouth.cut():
                if cut.item not in beside:
                    self._sessions.send(protocol.truncate(cut.item, cut.heard_ms))
        for ask in waiting:
            ask.end(heard_all=False)
        if self._asked is not None:
            self._asked.end(heard_all=False)
        self._changed.set()

    def _next(self) -> None:
        """Ask for the next thing, where the model is free, and somebody listens."""
        if self._asked is not None or self._active is not None or not self._asks or self.mouth is None:
            return
        if not self._sessions.there:
            return
        self._asked = ask = self._asks.popleft()
        self._since_ms = self._clock.now_ms()
        instructions = ask.instructions if ask.text is None else EXACTLY.format(text=ask.text)
        self._sessions.send(protocol.ask(ask.tag, instructions=instructions, beside=ask.beside, tools=ask.tools))

    # -- what the model tells -----------------------------------------------------------------------------------------

    def told(self, event: ModelEvent) -> None:
        """An event of the model."""
        match event:
            case ReplyBegan(id_, tag):
                self._began(id_, tag)
            case ReplyItem() | ReplyText() | ReplyAudio() | ReplyItemOver():
                self._spoken(event)
            case ToolAsked(id_):
                if (reply := self._replies.get(id_)) is not None:
                    reply.tools.append(event)
            case ReplyOver(id_, status):
                self._over(id_, status)
            case Trouble(code, about):
                self._trouble(code, about)
            case _:
                return
        self._since_ms = self._clock.now_ms()

    def _began(self, id_: str, tag: str) -> None:
        ask = None
        if self._asked is not None and tag == self._asked.tag:
            ask, self._asked = self._asked, None
        elif not tag:
            self._turn_owed = False
        self._active = reply = self._replies[id_] = Reply(id_, ask, self._clock.now_ms())
        if ask is not None and ask.dropped:
            reply.cut = True
            self._sessions.send(protocol.cancel(id_))

    def _spoken(self, event: ReplyItem | ReplyText | ReplyAudio | ReplyItemOver) -> None:
        """Something of a response, unless that is not wanted any more."""
        reply, mouth = self._replies.get(event.reply), self.mouth
        if reply is None or reply.cut or mouth is None:
            return
        utterance = reply.utterances.get(event.item)
        if utterance is None:
            utterance = reply.utterances[event.item] = mouth.begin(reply, event.item)
        match event:
            case ReplyText():
                utterance.words(event.text)
            case ReplyAudio():
                mouth.feed(utterance, event.audio)
            case ReplyItemOver():
                mouth.finish(utterance)

    def _over(self, id_: str, status: str) -> None:
        reply = self._replies.get(id_)
        if reply is None:
            return
        if status == _FAILED and not reply.cut:
            self._sessions.restart(EngineUnavailable("expected the model to answer, got a failure."))
            return
        if self._active is reply:
            self._active = None
        reply.over = True
        if self.mouth is not None:
            for utterance in reply.utterances.values():
                self.mouth.finish(utterance)
        if not reply.cut:
            self._sessions.worked()
            if reply.tools:
                self._watcher.tools_asked(reply)
            elif not reply.spoke and not (reply.ask is not None and reply.ask.optional):
                self._silent(reply)
        self._settle(reply)
        self._next()
        self._changed.set()

    def _silent(self, reply: Reply) -> None:
        """A response in which nothing is said, nor done: it is asked for once more."""
        if self._nothing.failed():
            self._watcher.said_nothing()
        else:
            ask, reply.ask = reply.ask, None
            self._again(ask)

    def _trouble(self, code: str, about: str) -> None:
        ask = self._asked
        if ask is None or about != ask.tag:
            return
        self._asked = None
        if ask.dropped:
            self._next()
        elif code == _BUSY:
            self._asks.appendleft(ask)  # it answers the caller just now, and is asked again after that
        else:
            self._asks.appendleft(ask)
            self._sessions.restart(EngineError(f"expected the model to answer, got {code}."))

    # -- what is heard (UtteranceWatcher) -----------------------------------------------------------------------------

    def utterance_sent(self, reply: Reply, utterance: Utterance) -> None:
        """The caller begins to hear it."""
        self._nothing.worked()
        self._watcher.utterance_sent(reply, utterance)

    def utterance_ended(self, reply: Reply, utterance: Utterance) -> None:
        """The caller has heard it, or not."""
        if utterance.interrupted:
            reply.cut = True
        self._watcher.utterance_ended(reply, utterance)
        self._settle(reply)
        self._changed.set()

    def _settle(self, reply: Reply) -> None:
        if not (reply.heard or reply.cut):
            return
        if reply.over:
            self._replies.pop(reply.id, None)
        if reply.ask is not None:
            reply.ask.end(heard_all=not reply.cut)

    # -- time, and other sessions -------------------------------------------------------------------------------------

    def tick(self, now_ms: float) -> None:
        """Time has passed: what is due is sent, and a model that does nothing is noticed."""
        if self.mouth is not None:
            self.mouth.send()
        owes = self._asked is not None or self._active is not None or self._turn_owed
        wait = REALTIME_OF_SEVERAL if self._sessions.several else REALTIME
        if owes and self.mouth is not None and now_ms - self._since_ms >= wait.limit_s * 1000:
            self._since_ms = now_ms
            self._sessions.restart(WaitOver(wait, wait.limit_s, call_id=self._call_id))

    def broke(self) -> None:
        """The session is over: of what it was saying there is what there is."""
        if self._active is not None:
            for utterance in self._active.utterances.values():
                utterance.break_off()

    def anew(self, *, heard: bool) -> None:
        """Another session is in use. What was owed is asked again.

        Args:
            heard: whether it knows the caller's last words; else it is sent the audio of them, and answers that of its
                own accord.
        """
        self._since_ms = self._clock.now_ms()
        if self._asked is not None and not self._asked.dropped:
            self._asks.appendleft(self._asked)
        active, self._asked, self._active = self._active, None, None
        if active is not None and not active.cut:
            self._go_on_with(active)
        elif self._turn_owed and heard:
            self._again(None)
        self._turn_owed = False
        self._next()
        self._changed.set()

    def _go_on_with(self, reply: Reply) -> None:
        """A response that was broken off: the rest of it."""
        said = " ".join(utterance.text for utterance in reply.utterances.values()).strip()
        ask, reply.ask, reply.over = reply.ask, None, True
        if ask is not None and ask.text is not None:
            ask.text = " ".join(ask.text.split()[len(said.split()) :])
            if ask.text:
                self._again(ask)
            else:
                ask.end(heard_all=True)
        else:
            self._again(ask, instructions=GO_ON.format(said=said) if said else None)
        self._settle(reply)

    def _again(self, ask: Ask | None, *, instructions: str | None = None) -> None:
        """Ask for the same once more, before anything else; ``None``: to answer the caller."""
        ask = ask or Ask(tag="", kind="reply")
        ask.tag = f"{ask.kind}-{next(self._tags)}"
        ask.instructions = instructions or ask.instructions
        self._asks.appendleft(ask)

    def close(self) -> None:
        """The conversation is over: whatever is asked for from now on is not said."""
        self._closed = True
        self.interrupt(cancel=False)
        for reply in self._replies.values():
            if reply.ask is not None:
                reply.ask.end(heard_all=False)
