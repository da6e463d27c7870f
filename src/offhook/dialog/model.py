"""A dialog that a language model holds: what it is told of the call, its answer as acts, and what happens where it has
none.

What becomes of an answer that is late, breaks off, is empty, refused or cut off is in docs/failures.md.
"""

from __future__ import annotations

import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from offhook.calls.deeds import HandOver
from offhook.dialog.acts import Say, Understood, UseTool, UseTools, answer_of
from offhook.dialog.context import Budget, fitted
from offhook.dialog.going_on import GoingOn
from offhook.dialog.history import Exchange, Memory, Turn
from offhook.dialog.intents import sure
from offhook.errors import AnswerInvalid, ConfigError, EngineError, EngineRefused, kind_of
from offhook.health import REST_S, Health
from offhook.logs import describe
from offhook.models.base import Finished, Rules, TextPiece, ToolCall, ToolResult
from offhook.models.loading import load_model
from offhook.waiting import WaitOver, close, each_within
from offhook.waits import MODEL_FIRST, MODEL_NEXT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

    from offhook.calls.call import Call
    from offhook.calls.deeds import Deed
    from offhook.dialog.acts import Act
    from offhook.dialog.base import Heard
    from offhook.models.base import LanguageModel, Message, ModelEvent, ToolSpec
    from offhook.tools.base import Tools

    Instructions = str | Callable[[Call], str | Awaitable[str]]
    """What the model is told to be and do: always the same, or made for each turn of a call."""

__all__ = ["GO_ON", "PREAMBLE", "ROUNDS", "ModelDialog"]

logger = logging.getLogger(__name__)

PREAMBLE: Final = """\
You are talking on the telephone. What you write is spoken by a voice, word for word: no markdown, no lists, no emoji, \
no links, no stage directions. Write numbers, times and abbreviations as they are said. Answer in one to three short \
sentences, then let the caller speak; ask one thing at a time. What the caller says reaches you through speech \
recognition and may be misheard: where it makes no sense, ask. An answer of yours that ends with “…” was cut off \
there: the caller has not heard the rest."""
"""What comes before the instructions, unless a dialog is given another one."""

GO_ON: Final = (
    "You have already begun to answer the caller's last words, and they hear this: “{said}” "
    "Go on right after it, and repeat nothing of it."
)
"""What is added to the rules where an answer has to be gone on with."""

ROUNDS: Final = 5
"""How many times in a turn a model may use tools; then it answers without."""

_LONGEST_ANSWER = 3_000
"""Letters: some minutes of speech. Nobody listens to more of it."""
_TOLD_OF_IT = 600
"""Letters of what was said that whoever goes on with it is told: the last ones."""
_STOPS = (".", "!", "?", "…", "。", "！", "？", "।", "\n")  # noqa: RUF001  (sentences of other scripts end so)
_BROKEN = ("refused", "length")
"""Ends after which what may be the beginning of a repeat is none of the answer."""
_CUT_OFF = "the caller spoke on before this was over: whether it was done is not known."


class ModelDialog:
    """Answers with a language model (:class:`~offhook.dialog.base.Dialog`). One for all calls of an agent.

    Args:
        models: a model, or the name of one (``"openai:gpt-5-mini"``); or several: where the first does not answer, the
            next one does. What one call has learned of them holds for all.
        instructions: what the model is told to be and do; or a function of the call that returns it, called for each
            turn.
        tools: what it may use.
        preamble: what it is told of the telephone, before the instructions; ``""`` for nothing.
        rounds: how many times in a turn it may use tools. Then it answers without.
        budget: how much of a long call it is told (:mod:`offhook.dialog.context`).
        first_s: how long a model may take to begin, where another one is left; ``None``: as
            :data:`~offhook.waits.MODEL_FIRST` says.
        next_s: and to go on; as :data:`~offhook.waits.MODEL_NEXT` says.
        speculative: whether it begins to answer before it is clear that the caller has finished, and throws that away
            where they go on. It is sooner, and costs more tokens.

    Raises:
        ConfigError: no model, or one that cannot be asked; a number that cannot work.
        EngineMissing: what asks it is not installed.
    """

    def __init__(
        self,
        models: str | LanguageModel | Sequence[str | LanguageModel],
        instructions: Instructions = "",
        *,
        tools: Tools | None = None,
        preamble: str = PREAMBLE,
        rounds: int = ROUNDS,
        budget: Budget | None = None,
        first_s: float | None = None,
        next_s: float | None = None,
        speculative: bool = True,
    ) -> None:
        named: list[Any] = [*models] if isinstance(models, (list, tuple)) else [models]
        if not named or rounds < 0:
            raise ConfigError(
                f"expected a model or more, and rounds of 0 or more, got {len(named)} models and {rounds} rounds.",
                fix='ModelDialog("openai:gpt-5-mini", "You are …")',
            )
        self._models: list[LanguageModel] = [load_model(one) if isinstance(one, str) else one for one in named]
        self._health: Health[LanguageModel] = Health(now_s=time.monotonic)
        self._instructions = instructions
        self._tools = tools
        self._preamble = preamble
        self._rounds = rounds
        self._budget = budget or Budget()
        self._first_s = first_s
        self._next_s = next_s
        self.speculative = speculative
        """See :class:`~offhook.dialog.base.Dialog`."""
        self._memories: WeakKeyDictionary[Call, Memory] = WeakKeyDictionary()

    @property
    def models(self) -> tuple[LanguageModel, ...]:
        """Those that are asked, in their order."""
        return tuple(self._models)

    async def warm_up(self) -> None:
        """Have the models and the tools ready, so that the first call does not wait for it."""
        for each in (*self._models, self._tools):
            warm_up = getattr(each, "warm_up", None)
            if warm_up is not None:
                await warm_up()

    async def respond(self, call: Call, heard: Heard, /) -> AsyncIterator[Act]:
        """Answer: see :class:`offhook.dialog.base.Dialog`.

        A tool that hands over, or hangs up, is the last of the turn; who hangs up says goodbye before, if nothing was
        said. How sure it is follows from how sure the recogniser was; a model that refuses has not understood.

        Raises (while iterating):
            AnswerInvalid: the instructions are none.
            EngineError: no model answers.
            WaitOver: likewise.
            Exception: what the instructions raise.
        """
        answer = _Answer(
            call=call,
            rules=await self._rules(call),
            turn=Turn(call.transcript, self._memories.setdefault(call, Memory()), heard),
        )
        yield Understood(None, sure(1.0, heard.confidence))
        rounds = self._rounds
        deed: Deed | None = None
        while True:
            specs = tuple(self._tools.specs) if self._tools is not None and rounds > 0 else ()
            rounds -= 1
            answer.begin()
            async with aclosing(self._pieces(answer, specs)) as pieces:
                async for piece in pieces:
                    yield Say(piece)
            if answer.refused:
                yield Understood(None, 0.0)
                return
            if not answer.calls:
                break
            uses = UseTools(tuple(UseTool(used.name, used.arguments) for used in answer.calls))
            try:
                yield uses
            finally:
                self._remember(answer, uses.uses)
            deed = next((use.outcome.deed for use in uses.uses if use.outcome is not None and use.outcome.deed), deed)
            if deed is not None:
                rounds = 0
            if deed is not None and (isinstance(deed, HandOver) or answer.spoke):
                break
        if deed is not None:
            yield deed

    # -- what it is told ----------------------------------------------------------------------------------------------

    async def _rules(self, call: Call) -> str:
        told = self._instructions
        instructions = told if isinstance(told, str) else await answer_of(told, call)
        if not isinstance(instructions, str):
            raise AnswerInvalid(
                f"expected instructions of the model as a text, got {kind_of(instructions)}.",
                fix='return what it is told to be and do: "You are …"',
            )
        return "\n\n".join(text for text in (self._preamble, instructions.strip()) if text)

    def _messages(self, answer: _Answer) -> list[Message]:
        rules = answer.rules
        if answer.said:
            rules = f"{rules}\n\n{GO_ON.format(said=answer.said[-_TOLD_OF_IT:].strip())}".strip()
        told: list[Message] = [Rules(rules), *answer.turn.messages()]
        return fitted(told if rules else told[1:], self._budget)

    def _remember(self, answer: _Answer, uses: Sequence[UseTool]) -> None:
        """What came of the tools, also where the answer was given up meanwhile; nothing, if they were not begun."""
        if not any(use.begun or use.outcome is not None for use in uses):
            return
        texts = [use.outcome.text if use.outcome is not None else _CUT_OFF for use in uses]
        results = tuple(ToolResult(used.id, text) for used, text in zip(answer.calls, texts, strict=True))
        exchange = Exchange(answer.turn.now, answer.said, tuple(answer.calls), results)
        self._memories.setdefault(answer.call, Memory()).add(exchange)

    # -- its answer ---------------------------------------------------------------------------------------------------

    async def _pieces(self, answer: _Answer, tools: Sequence[ToolSpec]) -> AsyncGenerator[str]:
        """The words of one round, by the first model that has some; the rest of it is in ``answer``.

        A model that fails is gone on with by the next one; one that is alone goes on itself, once, and so does one that
        is cut off at its most tokens.
        """
        models = self._health.order(self._models)
        alone = len(models) == 1
        while True:
            model = models.pop(0)
            left = bool(models)
            try:
                async with aclosing(self._one(model, answer, tools, left=left)) as pieces:
                    async for piece in pieces:
                        yield piece
                if answer.reason == "length" and answer.said and not answer.calls:
                    async with aclosing(self._one(model, answer, (), left=left)) as rest:
                        async for piece in rest:
                            yield piece
                answer.check(model)
            except Exception as error:
                again = alone and not isinstance(error, EngineRefused | WaitOver)
                self._failed(model, error, answer, left=left or again)
                if not (left or again):
                    raise
                if again:
                    alone, models = False, [model]
                continue
            if self._health.worked(model):
                logger.warning("the model %s works again", _name(model))
            if not (answer.refused and left):
                return

    async def _one(
        self, model: LanguageModel, answer: _Answer, tools: Sequence[ToolSpec], *, left: bool
    ) -> AsyncGenerator[str]:
        """The words of one model, and nothing that was said before."""
        going_on = GoingOn(answer.said)
        call_id = answer.call.id
        events: AsyncIterator[ModelEvent] = model.stream(self._messages(answer), tools=tools, call_id=call_id)
        if left:
            events = each_within(
                MODEL_FIRST, MODEL_NEXT, events, first_s=self._first_s, following_s=self._next_s, call_id=call_id
            )
        answer.reason, answer.calls = None, []
        try:
            async for event in events:
                match event:
                    case TextPiece(text):
                        text = answer.add(going_on.push(text))
                        if text:
                            yield text
                        if answer.too_long:
                            answer.reason = "stop"
                            return
                    case ToolCall() if tools:
                        answer.calls.append(event)
                    case Finished():
                        answer.reason = event.reason
        finally:
            await close(events)
        if answer.reason not in _BROKEN and (text := answer.add(going_on.flush())):
            yield text

    def _failed(self, model: LanguageModel, error: Exception, answer: _Answer, *, left: bool) -> None:
        after = "another try is made" if left else "nobody is left to answer"
        if not isinstance(error, WaitOver):  # which has told of itself
            logger.error(
                "call %s: the model %s failed, and %s: %s", answer.call.id, _name(model), after, describe(error)
            )
        if self._health.failed(model, for_good=isinstance(error, EngineRefused)) and len(self._models) > 1:
            logger.warning("the model %s is left alone for %g s: others answer", _name(model), REST_S)


class _Answer:
    """What a model has answered to a turn, so far."""

    def __init__(self, *, call: Call, rules: str, turn: Turn) -> None:
        self.call = call
        self.rules = rules
        self.turn = turn
        self.begin()
        self.spoke = False
        """Whether the caller has been told anything in this turn."""

    def begin(self) -> None:
        """Another round begins."""
        self.said = ""
        self.calls: list[ToolCall] = []
        self.reason: str | None = None

    @property
    def refused(self) -> bool:
        """Whether the model will not answer, and has said nothing."""
        return self.reason == "refused" and not self.said

    @property
    def too_long(self) -> bool:
        """Whether it is more than anybody listens to."""
        over = len(self.said) - _LONGEST_ANSWER
        return over > _TOLD_OF_IT or (over >= 0 and self.said.rstrip(" \"')").endswith(_STOPS))

    def add(self, text: str) -> str:
        """Words are said. Blanks are not, where there were no words."""
        text = text if self.said else text.lstrip()
        self.said += text
        self.spoke = self.spoke or bool(text)
        return text

    def check(self, model: LanguageModel) -> None:
        """See whether it is an answer at all.

        Raises:
            EngineError: there is nothing in it, and the caller has heard nothing; or it was refused in the middle.
        """
        if self.reason == "refused" and self.said:
            raise EngineError(f"expected {_name(model)} to answer to the end, got a refusal in the middle.")
        silent = not (self.said or self.calls or self.refused)
        if silent and not self.spoke and not self.turn.spoken_to():
            raise EngineError(f"expected an answer of {_name(model)}, got an empty one.")


def _name(model: LanguageModel) -> str:
    return str(getattr(model, "name", type(model).__name__))
