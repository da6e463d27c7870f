"""What an agent is: its name, its voice, what it can do and when it gives up. It holds nothing of any call."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from offhook.agent.checks import (
    check_handler,
    check_realtime,
    check_without_realtime,
    checked_knowledge,
    checked_llm,
    checked_mcp,
    kind_of_function,
    plain,
)
from offhook.agent.handover import Handover
from offhook.agent.options import Limits, TurnOptions
from offhook.agent.work import uninterrupted
from offhook.errors import ConfigError, kind_of
from offhook.speech.text import Pronunciations, Wording

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from offhook.agent.speech_to_speech import SpeechToSpeech
    from offhook.dialog.acts import Answer
    from offhook.dialog.base import Dialog
    from offhook.dialog.model import Instructions
    from offhook.models.base import LanguageModel
    from offhook.speech.base import SpeechToText, VoiceActivity
    from offhook.speech.batch_voice import AnyVoice
    from offhook.speech.streams import StreamingSpeechToText
    from offhook.speech.text import Cutting
    from offhook.tools.base import Tools
    from offhook.tools.knowledge import Knowledge
    from offhook.tools.mcp import MCPServer
    from offhook.tools.toolbox import Toolbox

    Hears = SpeechToText | StreamingSpeechToText | str

__all__ = ["Agent", "Texts"]

SURE_BESIDE_A_MODEL = 0.8
"""Where a language model can answer, too, an intent answers only if it is as sure as this: the caller's words are
nearly one of its examples."""

HandlerT = TypeVar("HandlerT", bound="Callable[..., Answer]")
ToolT = TypeVar("ToolT", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What an agent says of its own accord."""

    clarify: str = "Sorry, I did not get that. Could you say it another way?"
    """When it is not sure what the caller wants."""
    fillers: Sequence[str] = ("One moment, please.", "I am still looking into it.", "Thank you for waiting.")
    """One after the other, while its own code takes long; none: the caller waits in silence."""
    unfinished: str = "I am sorry, this takes longer than it should. Is there anything else in the meantime?"
    """When code that must finish has not, after its time."""
    apology: str = "I am sorry, something went wrong on my side. Could you try that again?"
    """When its own code failed, or gave no answer in its time."""
    silence_reminder: str = "Are you still there?"
    """When nobody has spoken for a while."""
    goodbye: str = "Thank you for calling. Goodbye."
    """Before it ends the call because of silence or because the call has lasted too long."""
    handover_waiting: str = "I am still trying to reach somebody."
    """From time to time, while it rings at the person whom it hands over to; empty: nothing."""
    handover_failed: str = "I am sorry, nobody can take your call right now. Can I help you with anything else?"
    """When it could not reach the person it wanted to hand over to."""
    yes_or_no: str = "Sorry, was that a yes or a no?"
    """When the answer to a tool's question was neither."""
    no_handover: str = "I am sorry, I cannot help you with that. Is there anything else?"
    """When it would hand over, but has nobody to hand over to."""

    def __post_init__(self) -> None:
        if isinstance(self.fillers, str):
            raise ConfigError("expected a list of fillers, got one text.", fix='fillers=["One moment, please."]')


@dataclass(frozen=True, slots=True)
class _Intent:
    name: str
    examples: tuple[str, ...]
    reply: str | Callable[..., Any]


class Agent:
    """An agent that answers the phone.

    Args:
        name: who it is, for people who look at its calls.
        greeting: what it says first; ``""`` to let the caller begin.
        tts: a voice of :func:`offhook.speech.engines.load_tts`, such as ``"flite:rms"``, or one of your own, that says
            a sentence or holds a connection; ``None``: the best here. Where it does not work another one of those here
            speaks; a list: the first of these that works.
        stt: a recogniser of :func:`offhook.speech.engines.load_stt`, such as ``"moonshine"``, or one of your own, of
            whole utterances or streaming; ``None``: the one that is installed; a list: the first of these that works.
        vad: your own voice activity detector; likewise.
        dialog: what decides the answers, in place of intents.
        instructions: what a language model is told to be and do, or a function of the call that returns it.
        llm: the language model, by name (``"openai:gpt-5-mini"``) or one of your own; a list: where the first does not
            answer, the next one does. With intents, too, a sure one answers and the model takes the rest. For what else
            can be set: ``dialog=ModelDialog(…)``.
        knowledge: what the model can look up: a file or a folder of documents, several of them, or a
            :class:`~offhook.Knowledge`.
        realtime: a speech-to-speech model, which hears and speaks in place of ``stt``, ``llm`` and ``tts``, by name
            (``"openai:gpt-realtime"``) or one of your own; a list: where the first does not work, the next one does.
        mcp: MCP servers whose tools the model may use: addresses, commands (``"stdio:python tools.py"``), or
            :class:`~offhook.MCPServer`.
        texts: what it says of its own accord.
        limits: when it stops waiting.
        turn_taking: how turns are taken.
        pronounce: how names are said that a voice would not know, by the name: ``{"Leicester": "lester"}``.
        cutting: how long the sentences are that a voice is given, and how long the rest of one is waited for.

    Raises:
        ConfigError: an empty name; a dialog and a model; instructions for nobody; a model that nobody knows; a
            pronunciation of nothing, or two of one name.
    """

    def __init__(
        self,
        name: str,
        greeting: str,
        *,
        tts: AnyVoice | str | Sequence[AnyVoice | str] | None = None,
        stt: Hears | Sequence[Hears] | None = None,
        vad: VoiceActivity | None = None,
        dialog: Dialog | None = None,
        instructions: Instructions = "",
        llm: str | LanguageModel | Sequence[str | LanguageModel] | None = None,
        realtime: str | SpeechToSpeech | Sequence[str | SpeechToSpeech] | None = None,
        knowledge: str | os.PathLike[str] | Knowledge | Sequence[str | os.PathLike[str]] | None = None,
        mcp: Sequence[str | MCPServer] = (),
        texts: Texts | None = None,
        limits: Limits | None = None,
        turn_taking: TurnOptions | None = None,
        pronounce: Mapping[str, str] | None = None,
        cutting: Cutting | None = None,
    ) -> None:
        if not name.strip():
            raise ConfigError("expected a name for the agent, got an empty one.", fix='Agent(name="Front desk", …)')
        self.name = name
        self.greeting = greeting
        self.tts = tts
        self.stt = stt
        self.vad = vad
        self.texts = texts or Texts()
        self.limits = limits or Limits()
        self.turn_taking = turn_taking or TurnOptions()
        self._pronunciations = Pronunciations(pronounce)
        self._cutting = cutting
        self.handing_over: Handover | None = None
        """When and where to hand over; ``None``: never. Set by :meth:`handover`."""
        self.on_digit: Callable[..., Any] | None = None
        """What is called when the caller presses a key; set by :meth:`digit`."""
        self.tools: Tools | None = None
        """What a dialog may use, as :meth:`tool` has added it; ``None``: nothing. One's own may be set."""
        self._toolbox: Toolbox | None = None
        self.realtime = realtime
        """The speech-to-speech models, as they were given; ``None``: it hears, thinks and speaks in three steps."""
        check_realtime(realtime, stt=stt, tts=tts, vad=vad, llm=llm, dialog=dialog)
        self._knowledge = checked_knowledge(knowledge, llm or realtime)
        self._mcp = checked_mcp(mcp, llm or realtime)
        self._given_dialog = dialog
        self.instructions: Instructions = instructions
        """What a model is told to be and do."""
        self._llm = checked_llm(llm, instructions if realtime is None else "", dialog)
        self._built_dialog: Dialog | None = None
        self._intents: dict[str, _Intent] = {}

    def __repr__(self) -> str:
        model = " and a language model" if self._llm is not None else ""
        if self.realtime is not None:
            return f"<Agent {self.name!r}: a realtime model>"
        return f"<Agent {self.name!r}: {len(self._intents)} intents{model}>"

    # -- definition ---------------------------------------------------------------------------------------------------

    @overload
    def intent(
        self, name: str, examples: Sequence[str], *, must_finish: bool = False
    ) -> Callable[[HandlerT], HandlerT]: ...

    @overload
    def intent(self, name: str, examples: Sequence[str], *, reply: str) -> None: ...

    def intent(
        self, name: str, examples: Sequence[str], *, reply: str | None = None, must_finish: bool = False
    ) -> Callable[[HandlerT], HandlerT] | None:
        """Add something callers may want; as a decorator of the function that answers, or with a fixed ``reply``.

        The function is called with the call, or with the call and what was heard, and returns what to say, or yields it
        sentence by sentence, or returns ``None`` to say nothing, or a :class:`~offhook.Reply` to hand over or hang up
        after it, or yields acts (:mod:`offhook.dialog.acts`). It is cancelled when the caller speaks on.

        Args:
            name: of the intent, once per agent.
            examples: how callers put it, a few different ways.
            reply: what to say, where no function is needed.
            must_finish: let the function run to its end even if the caller speaks on or hangs up: see
                :func:`offhook.agent.uninterrupted`. For an ``async def`` that books, pays or writes.

        Raises:
            ConfigError: the name is taken, an example is missing or shared, or the function cannot be called so.
        """
        check_without_realtime(self.realtime, "intents", "write what it should do into its instructions")
        phrases = self._checked(name, examples)
        if reply is not None:
            self._add(_Intent(name, phrases, reply))
            return None

        def add(handler: HandlerT) -> HandlerT:
            check_handler(handler, f"intent {name!r}", "(call) or (call, heard)", (1, 2))
            if must_finish and not inspect.iscoroutinefunction(handler):
                raise ConfigError(
                    f"expected an async def for intent {name!r} that must finish, got a {kind_of_function(handler)}.",
                    fix="write it as async def, or leave must_finish out",
                )
            self._add(_Intent(name, phrases, _to_the_end(handler) if must_finish else handler))
            return handler

        return add

    @overload
    def tool(self, function: ToolT) -> ToolT: ...

    @overload
    def tool(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        timeout_s: float | None = None,
        confirm: str | None = None,
        must_finish: bool = False,
    ) -> Callable[[ToolT], ToolT]: ...

    def tool(
        self,
        function: ToolT | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        timeout_s: float | None = None,
        confirm: str | None = None,
        must_finish: bool = False,
    ) -> ToolT | Callable[[ToolT], ToolT]:
        """Add a function that the model may use; as a decorator, with or without arguments.

        What the model is told of it is its name, its docstring and its annotated parameters; a parameter annotated as
        :class:`~offhook.Call` gets the call. A plain ``def`` runs in a thread. What it returns is what the model is
        told: a text, or anything that can be written as JSON. :exc:`~offhook.tools.ToolError` tells the model what to
        do instead. A :class:`~offhook.HandOver` or :class:`~offhook.HangUp` is done once the model has spoken.

        Args:
            function: the function.
            name: as the model calls it; ``None``: the function's.
            description: what it is for; ``None``: its docstring.
            timeout_s: how long it may take; ``None``: as :data:`~offhook.waits.TOOL` says.
            confirm: what the caller is asked before, with the arguments in braces; it is used if they say yes, only.
            must_finish: let it run to its end even if the caller speaks on or hangs up. For an ``async def``.

        Raises:
            ConfigError: it cannot be a tool, or there is one of that name.
        """

        def add(function: ToolT) -> ToolT:
            if must_finish and not inspect.iscoroutinefunction(function):
                raise ConfigError(
                    f"expected an async def for a tool that must finish, got a {kind_of_function(function)}.",
                    fix="write it as async def, or leave must_finish out",
                )
            kept = _to_the_end(function) if must_finish else function
            self._add_tool(kept, name=name, description=description, timeout_s=timeout_s, confirm=confirm)
            self._built_dialog = None
            return function

        return add if function is None else add(function)

    def digit(self, handler: HandlerT) -> HandlerT:
        """Decorate the function that is called, with the call and the digit, when the caller presses a key.

        It answers as the function of an intent does, but is not cancelled when the caller speaks on: it is no turn. It
        is not called while the caller is being handed over, nor during the last goodbye.

        Raises:
            ConfigError: there is one already, or the function cannot be called so.
        """
        check_without_realtime(self.realtime, "a function for digits", "the model is told of keys: say what they do")
        if self.on_digit is not None:
            raise ConfigError("expected one function for digits, got a second.", fix="handle all digits in one")
        check_handler(handler, "digits", "(call, digit)", (2,))
        self.on_digit = handler
        return handler

    def handover(
        self,
        to: str,
        *,
        below_confidence: float = 0.5,
        after_misses: int = 2,
        message: str = "I will connect you to a colleague. One moment, please.",
        ring_s: int = 30,
    ) -> None:
        """Hand a caller over to a person after ``after_misses`` answers in a row below ``below_confidence``.

        This holds for intents and for a dialog of one's own alike, by the confidence that its replies carry.

        Args:
            to: E.164 number or SIP URI.
            below_confidence: 0..1; an answer less certain than this is a miss.
            after_misses: at each miss before this one the caller hears what the dialog says to it, and where it says
                nothing, as intents do, is asked again.
            message: said before, unless the reply or the function that hands over has said something itself: a caller
                hears one announcement.
            ring_s: how long it may ring there before the caller is told that nobody answers.

        Raises:
            ConfigError: a value that cannot work.
        """
        self.handing_over = Handover(
            to=to, below_confidence=below_confidence, after_misses=after_misses, message=message, ring_s=ring_s
        )
        self._built_dialog = None

    # -- use ----------------------------------------------------------------------------------------------------------

    @property
    def dialog(self) -> Dialog:
        """What decides the answers: the one given, or one of all intents and the language model. Shared by all calls.

        Raises:
            ConfigError: there is none of them, or no key for the model.
            EngineMissing: what asks the model is not installed.
        """
        if self._given_dialog is not None:
            return self._given_dialog
        if self._built_dialog is None:
            self._built_dialog = self._build_dialog()
        return self._built_dialog

    @property
    def llm(self) -> tuple[str | LanguageModel, ...]:
        """The language models that it was given, in their order; none where it has a dialog of its own."""
        return tuple(self._llm or ())

    @functools.cached_property
    def wording(self) -> Wording:
        """How its texts are said: cleaned, cut into sentences, and put into words in its language. For all calls."""
        return Wording(language=self.turn_taking.language, pronounce=self._pronunciations, cutting=self._cutting)

    def _build_dialog(self) -> Dialog:
        if not self._intents and self._llm is None:
            raise ConfigError(
                f"expected agent {self.name!r} to have an intent or a dialog, got neither.",
                fix='add @agent.intent("opening hours", examples=["when are you open"]) before a function',
            )
        model = self._build_model() if self._llm is not None else None
        if not self._intents and model is not None:
            return model
        from offhook.dialog.intents import Intent, IntentDialog

        below = self.handing_over.below_confidence if self.handing_over else 0.5
        return IntentDialog(
            [Intent(intent.name, intent.examples, intent.reply) for intent in self._intents.values()],
            below_confidence=below if model is None else max(below, SURE_BESIDE_A_MODEL),
            otherwise=model,
        )

    def _build_model(self) -> Dialog:
        from offhook.dialog.model import ModelDialog

        assert self._llm is not None, "only asked for where there is a model"
        return ModelDialog(
            self._llm,
            self.instructions,
            tools=self.tools_for_the_model(),
            first_s=self.limits.model_first_s,
            next_s=self.limits.model_next_s,
        )

    def tools_for_the_model(self) -> Tools | None:
        """The program's, and the two of the house that a model should not be without: it can end a call, and hand it
        over where it is said to whom. One of the program's own of that name takes its place."""
        from offhook.tools.built_in import hand_over, hang_up

        if self.tools is None or self.tools is self._toolbox:
            for function in (hang_up, *((hand_over,) if self.handing_over is not None else ())):
                if self._toolbox is None or function.__name__ not in self._toolbox:
                    self._add_tool(function)
            knowledge, toolbox = self._knowledge, self._toolbox
            if knowledge is not None and toolbox is not None and knowledge.tool.spec.name not in toolbox:
                toolbox.add(knowledge.tool)
                toolbox.preparing.append(knowledge.warm_up)
            if toolbox is not None:
                toolbox.preparing += [functools.partial(server.add_to, toolbox) for server in self._mcp]
                self._mcp = ()
        return self.tools

    def _add_tool(self, function: Callable[..., Any], **options: Any) -> None:
        from offhook.tools.tool import tool_of
        from offhook.tools.toolbox import Toolbox

        tool = tool_of(function, **options)
        if self._toolbox is None:
            self.tools = self._toolbox = Toolbox(ask_again=self.texts.yes_or_no)
        self._toolbox.add(tool)

    # -- checks -------------------------------------------------------------------------------------------------------

    def _checked(self, name: str, examples: Sequence[str]) -> tuple[str, ...]:
        if self._given_dialog is not None:
            raise ConfigError("expected intents or a dialog, got both.", fix="leave one out")
        if name in self._intents:
            raise ConfigError(f"expected one intent named {name!r}, got a second.", fix="give it another name")
        if isinstance(examples, str) or not examples or not all(isinstance(e, str) and e.strip() for e in examples):
            raise ConfigError(
                f"expected a list of example phrases for intent {name!r}, got {kind_of(examples)}.",
                fix='examples=["when are you open", "what are your opening hours"]',
            )
        return tuple(examples)

    def _add(self, intent: _Intent) -> None:
        mine = {plain(example) for example in intent.examples}
        for other in self._intents.values():
            shared = mine.intersection(plain(example) for example in other.examples)
            if shared:
                raise ConfigError(
                    f"expected different examples for intents {other.name!r} and {intent.name!r}, "
                    f"got {min(shared)!r} in both.",
                    fix="remove it from one of them",
                )
        self._intents[intent.name] = intent
        self._built_dialog = None


def _to_the_end(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    async def run(*arguments: object, **named: object) -> object:
        with uninterrupted():
            return await handler(*arguments, **named)

    return run
