"""Who may speak: the turn-taking of a phone conversation, without audio, engines or a clock.

:class:`TurnTaking` is told what is heard and what the agent does, with the time at which it happened, and answers with
decisions that its session carries out:

* **A turn.** Speech begins and ends by voice activity. After a short silence the words are recognised on a guess
  (:class:`DraftTranscript`), so that recognition hides behind the rest of the wait; if speech goes on the guess is
  dropped, and if the silence lasts the turn is over (:class:`TurnEnded`). Where the recogniser ends turns itself, its
  word counts in place of a silence, or as well (:mod:`~.turn_end`). Words that may be the whole of a turn are told as
  soon as they are known (:class:`MayBeTurn`, :class:`NotTheTurn`).
* **Speaking over the agent**, in two stages. As soon as something said sounds like words the agent falls silent
  (:class:`PauseAgent`); a hummed "mm-hm" does not even do that. When the words are known, or the caller talks on, the
  agent either gives up the floor (:class:`Yield`) or goes on where it stopped (:class:`Resume`).
* **Silence** is answered by a reminder, and in the end by a goodbye.

Audio may come late, and seconds of it at once. How long somebody spoke, and was silent, is counted in what was heard;
what follows is decided now, never in the past.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from offhook.agent.cascade.decisions import (
    DraftTranscript,
    DropDraft,
    Ignore,
    PauseAgent,
    Resume,
    SpeechBegan,
    TurnEnded,
    Yield,
)
from offhook.agent.cascade.floor import AgentState, Floor
from offhook.agent.cascade.judging import is_complete, judge, silences
from offhook.agent.cascade.turn_end import TurnEnd
from offhook.agent.cascade.utterance import Utterance, Voice
from offhook.agent.options import Limits, TurnOptions
from offhook.agent.silence import Silence

if TYPE_CHECKING:
    from offhook.agent.cascade.decisions import Decision, IgnoreReason

__all__ = ["AgentState", "TurnTaking"]

_UNHEARD_MS = 120.0
"""A silence is taken to go on for so long after the last that was heard: voice activity of what comes is known in that
time. Beyond it, audio is late, and nobody knows what is in it."""
_BEHIND_MS = 300.0
"""Audio that comes later than this is late: nobody is reminded, and what began so long before the agent spoke was not
said over it."""
_REST_MS = 300.0
"""What comes late, and was said so soon after a turn that was cut off when audio stopped, is the rest of it."""

_NOTHING: tuple[Decision, ...] = ()


class TurnTaking:
    """The turn-taking machine of one conversation.

    All times are in milliseconds on one clock, whatever its start. Every method returns the decisions that follow, in
    the order in which they are to be carried out. Times may run a little out of order between methods: voice activity
    is known later than the audio it is about.

    Args:
        options: how turns are taken.
        limits: how long a silence may be.
        now_ms: when the conversation begins.
    """

    def __init__(self, options: TurnOptions | None = None, *, limits: Limits | None = None, now_ms: float = 0) -> None:
        self.options = options or TurnOptions()
        self.limits = limits or Limits()
        self._voice = Voice.QUIET
        self._utterance: Utterance | None = None
        self._drafts = 0
        self._floor = Floor(now_ms, barge_in=self.options.barge_in)
        self._silence = Silence(self.limits, now_ms)
        self._end = TurnEnd(self.options, self.limits)
        self._word_frames: deque[tuple[float, float]] = deque()
        self._now_ms = now_ms
        self._heard_ms: float | None = None  # until when voice activity is known
        self._stopped = False
        self._cut_off: TurnEnded | None = None

    @property
    def agent(self) -> AgentState:
        """What the agent was last said to do."""
        return self._floor.agent

    @property
    def agent_paused(self) -> bool:
        """Whether the agent has been silenced and has neither yielded nor gone on."""
        return self._floor.paused

    @property
    def caller_speaking(self) -> bool:
        """Whether the caller has begun something that is neither finished nor dismissed."""
        return self._utterance is not None

    # -- what is heard ------------------------------------------------------------------------------------------------

    def frame(self, at_ms: float, words_ms: float) -> tuple[Decision, ...]:
        """A piece of the caller's audio that ended at ``at_ms`` holds ``words_ms`` of what sounds like words."""
        if words_ms <= 0 or self._silence.over:
            return _NOTHING
        self._is(at_ms)
        if self._utterance is not None:
            self._utterance.words_ms += words_ms
            return self._consider_pause(at_ms)
        frames = self._word_frames
        frames.append((at_ms, words_ms))
        while frames and frames[0][0] <= at_ms - self.options.preroll_ms:
            frames.popleft()
        return _NOTHING

    def window(self, at_ms: float, probability: float, *, length_ms: float = 32.0) -> tuple[Decision, ...]:
        """The ``length_ms`` of audio that ended at ``at_ms`` hold speech with ``probability``."""
        if self._silence.over:
            return _NOTHING
        self._is(at_ms)
        self._heard_ms = at_ms
        self._stopped = False
        match self._voice:
            case Voice.QUIET if probability >= self.options.silence_below:
                return self._begin(at_ms, length_ms, probability)
            case Voice.TALKING if probability >= self.options.silence_below:
                return self._talk_on(at_ms)
            case Voice.TALKING:
                self._voice = Voice.TRAILING
            case Voice.TRAILING if probability > self.options.speech_above:
                return (*self._drop_draft(), *self._talk_on(at_ms))
        if self._utterance is not None:
            self._utterance.silent_ms += length_ms
        return self._settle(at_ms)

    def audio_stopped(self, at_ms: float) -> tuple[Decision, ...]:
        """No audio comes any more, whether the line is lost or the carrier has stopped to send.

        What the caller was saying is over where it was heard last, unless they are heard to go on before its words are
        known and the silence has lasted.
        """
        self._is(at_ms)
        self._stopped = True
        if self._voice is not Voice.TALKING:
            return _NOTHING
        self._voice = Voice.TRAILING
        return self._settle(at_ms)

    def transcript(
        self,
        at_ms: float,
        draft: int,
        text: str,
        confidence: float,
        *,
        complete: bool = False,
        answer: bool = False,
        ended: bool = False,
    ) -> tuple[Decision, ...]:
        """The words of a draft. Those of a draft that was dropped are ignored.

        Every draft that is not dropped has to be answered, by an empty text if recognition failed.

        Args:
            at_ms: when they became known.
            draft: which draft.
            text: the words; empty if there are none.
            confidence: how certain they are, in 0..1.
            complete: they make sense as they are, and nothing is likely to follow.
            answer: the agent has just asked, or is about to have asked, a question: even "okay" answers it.
            ended: the recogniser takes them for the whole of a turn.
        """
        utterance = self._utterance
        if self._silence.over or utterance is None or utterance.draft != draft:
            return _NOTHING
        self._is(at_ms)
        utterance.text = text.strip()
        utterance.confidence = confidence
        utterance.complete = complete
        utterance.answer = answer
        utterance.ended = ended
        return self._settle(at_ms)

    # -- what a recogniser that hears along tells of its own accord ---------------------------------------------------

    def recogniser_hears(self, *, ends_turns: bool) -> None:
        """Another recogniser hears from now on; whether it says when a turn is over."""
        self._end.hears(ends_turns=ends_turns)

    def words_so_far(self, at_ms: float, text: str, confidence: float, *, answer: bool = False) -> tuple[Decision, ...]:
        """What is being said seems to be ``text`` until now; ``answer`` as in :meth:`transcript`.

        Words are evidence: one that is no listener's word silences the agent.
        """
        if self._silence.over:
            return _NOTHING
        self._is(at_ms)
        utterance = self._utterance
        if utterance is None:
            if self._end.by_recogniser and text:
                self._silence.begins(self._now_ms)  # somebody is there, if very softly
            return _NOTHING
        utterance.live = text
        utterance.answer = answer
        if utterance.text is None:
            utterance.confidence = confidence
        return (*self._consider_pause(at_ms), *self._settle(at_ms))

    def turn_may_be_over(
        self, at_ms: float, text: str, confidence: float, *, answer: bool = False
    ) -> tuple[Decision, ...]:
        """The recogniser believes that ``text`` is all of a turn, and is not sure."""
        decisions = self.words_so_far(at_ms, text, confidence, answer=answer)
        utterance = self._utterance
        if utterance is None or (utterance.over_agent and not utterance.yielded):
            return decisions
        return (*decisions, *self._may_be_turn(utterance))

    def turn_goes_on(self, at_ms: float) -> tuple[Decision, ...]:
        """It was not."""
        self._is(at_ms)
        return self._utterance.not_the_turn() if self._utterance is not None else _NOTHING

    def turn_over(self, at_ms: float, text: str, confidence: float, *, answer: bool = False) -> tuple[Decision, ...]:
        """The recogniser says that a turn is over, and ``text`` is all of it: that decides, where it is to decide.

        It may have heard what voice activity has not: what is said while nobody speaks is a turn as well. An empty text
        says that it was decided upon already.
        """
        self._is(at_ms)
        self._end.ended()
        if self._silence.over or not self._end.by_recogniser or not text:
            return _NOTHING
        decisions: list[Decision] = []
        if self._utterance is None:
            if self._floor.agent is AgentState.SPEAKING:
                return _NOTHING  # an echo, or somebody else in the room
            self._utterance = Utterance(at_ms, at_ms, over_agent=False)
            self._voice = Voice.TRAILING
            decisions.append(SpeechBegan(at_ms))
        utterance = self._utterance
        if utterance.draft is not None and utterance.text is None:
            decisions.append(DropDraft(utterance.draft))
        utterance.text, utterance.confidence, utterance.answer = text, confidence, answer
        if utterance.over_agent and self._floor.guarded:
            return (*decisions, *self._dismiss("protected", text))
        return (*decisions, *self._settle_words(text, over=True))

    def digit(self, at_ms: float) -> None:
        """The caller pressed a key: they are there."""
        self._is(at_ms)
        self._silence.begins(self._now_ms)
        self._silence.broken()

    # -- what the agent does ------------------------------------------------------------------------------------------

    def agent_speaks(self, at_ms: float, *, protected: bool = False, hello: bool = False) -> tuple[Decision, ...]:
        """The agent is about to be heard: call it before the first sound leaves.

        The decisions can include :class:`PauseAgent` at once, if the caller is speaking already. ``protected`` speech
        is not interrupted. ``hello``: the call has just begun, and a hello over it is no turn.
        """
        self._is(at_ms)
        self._floor.speaks(self._now_ms, protected=protected, hello=hello)
        if self._silence.over or self._utterance is None:
            return _NOTHING
        return self._consider_pause(at_ms)

    def agent_thinks(self, at_ms: float) -> tuple[Decision, ...]:
        """The agent works on an answer and cannot be heard; it is not paused any more, if it was."""
        return self._agent_quiet(at_ms, AgentState.THINKING)

    def agent_listens(self, at_ms: float) -> tuple[Decision, ...]:
        """The agent has said everything it wanted to; it is not paused any more, if it was."""
        return self._agent_quiet(at_ms, AgentState.LISTENING)

    def tick(self, at_ms: float) -> tuple[Decision, ...]:
        """Time has passed."""
        if self._silence.over:
            return _NOTHING
        self._is(at_ms)
        if self._voice is not Voice.QUIET:
            return self._settle(at_ms)
        if not self._stopped and self._unheard_ms(at_ms) > _BEHIND_MS:
            return _NOTHING  # the caller may have spoken already
        if self._floor.agent is not AgentState.LISTENING:
            return _NOTHING
        decision = self._silence.tick(at_ms)
        return _NOTHING if decision is None else (decision,)

    # -- the caller's voice -------------------------------------------------------------------------------------------

    def _begin(self, at_ms: float, length_ms: float, probability: float) -> tuple[Decision, ...]:
        began_ms = at_ms - length_ms
        frames = self._word_frames
        words_ms = sum(words for end_ms, words in frames if end_ms > began_ms - self.options.preroll_ms)
        if probability <= self.options.speech_above and words_ms < self.options.words_ms:
            return _NOTHING
        frames.clear()
        self._voice = Voice.TALKING
        over_agent = self._floor.agent is AgentState.SPEAKING and began_ms > self._floor.since_ms - _BEHIND_MS
        self._utterance = utterance = Utterance(began_ms, at_ms, over_agent, words_ms)
        cut_off, self._cut_off = self._cut_off, None
        if cut_off is not None and began_ms - cut_off.speech_ended_ms <= _REST_MS:
            utterance.began_ms, utterance.answered = cut_off.speech_began_ms, cut_off.text
        began = SpeechBegan(began_ms, goes_on=utterance.answered is not None)
        return (began, *self._consider_pause(at_ms))

    def _talk_on(self, at_ms: float) -> tuple[Decision, ...]:
        utterance = self._open()
        utterance.ended_ms = at_ms
        utterance.silent_ms = 0.0
        self._voice = Voice.TALKING
        if at_ms - utterance.began_ms >= self.options.max_utterance_ms:
            self._voice = Voice.CUT
        return (*self._consider_pause(at_ms), *self._settle(at_ms))

    def _consider_pause(self, at_ms: float) -> tuple[Decision, ...]:
        """Stage one of speaking over the agent: does this sound like an interruption?"""
        utterance = self._open()
        if not self._floor.interruptible or not silences(utterance, self._floor, self.options):
            return _NOTHING
        self._floor.pause(self._now_ms)
        utterance.yielded = False  # if it was, then to something said before
        return (PauseAgent(utterance.began_ms),)

    def _settle(self, at_ms: float) -> tuple[Decision, ...]:
        """Decide what can be decided by now about what the caller is saying."""
        utterance = self._utterance
        if utterance is None:
            return _NOTHING
        if self._voice is Voice.TALKING:
            return self._yield_to_talker()
        silence_ms, end, stopped = self._silence_ms(at_ms), self._end, self._stopped
        cut = self._voice is Voice.CUT
        silent = cut or silence_ms >= self.options.endpoint_ms
        if utterance.over_agent and self._floor.guarded:
            return self._dismiss("protected", utterance.text or "") if silent else _NOTHING
        late = silence_ms >= end.silence_ms(stopped=stopped)
        over = cut or late or (silent and utterance.ended)
        if late and not utterance.ended and not stopped:
            end.missed()
        if utterance.draft is None:
            if not over and silence_ms < end.draft_ms(words=bool(utterance.live), stopped=stopped):
                return self._settle_live(silence_ms, silent)
            if utterance.ended_ms - utterance.began_ms < self.options.min_speech_ms and not utterance.live:
                return self._dismiss("noise")
            return self._ask_draft()
        if utterance.text is None:
            gave_up = silent and self._floor.paused_for_ms(self._now_ms) >= self.options.false_interruption_ms
            return self._dismiss("unintelligible") if gave_up else _NOTHING
        if end.by_voice:
            over = over or is_complete(utterance, silence_ms, self.options)
        return self._settle_words(utterance.text, over or (silent and not utterance.text))

    def _settle_live(self, silence_ms: float, silent: bool) -> tuple[Decision, ...]:
        """Decide by words that the recogniser tells all along: it is for it to say that they are the turn."""
        utterance = self._open()
        undecided = utterance.over_agent and not utterance.yielded  # a listener's "okay" may have more to it
        if not utterance.live or silence_ms < self.options.draft_ms or (undecided and not silent):
            return _NOTHING
        return self._settle_words(utterance.live, over=False) if undecided else self._may_be_turn(utterance)

    def _may_be_turn(self, utterance: Utterance) -> tuple[Decision, ...]:
        """The words so far may be all of it."""
        words = utterance.live and judge(utterance, utterance.live, self._floor, self.options) is None
        return utterance.may_be_turn(utterance.live) if words else _NOTHING

    def _silence_ms(self, at_ms: float) -> float:
        """For how long the caller is known to be silent by now."""
        utterance = self._open()
        if self._stopped:
            return at_ms - utterance.ended_ms
        unheard_ms = self._unheard_ms(at_ms)
        return utterance.silent_ms + (unheard_ms if unheard_ms <= _UNHEARD_MS else 0.0)

    def _unheard_ms(self, at_ms: float) -> float:
        return at_ms - self._heard_ms if self._heard_ms is not None else 0.0

    def _settle_words(self, text: str, over: bool) -> tuple[Decision, ...]:
        """Stage two of speaking over the agent, and the end of every turn: the words are known."""
        utterance = self._open()
        decisions: list[Decision] = []
        if (no_turn := judge(utterance, text, self._floor, self.options)) is not None:
            return self._dismiss(no_turn.reason, no_turn.text) if over or no_turn.clear else _NOTHING
        if not utterance.yielded:
            decisions += self._yield()
        if not over:
            return (*decisions, *utterance.may_be_turn(text)) if text else tuple(decisions)
        self._close()
        self._silence.broken()
        turn = TurnEnded(text, utterance.confidence, utterance.began_ms, utterance.ended_ms, self._stopped)
        self._cut_off = turn if turn.cut_off else None
        return (*decisions, *utterance.not_the_turn(text), turn)

    def _yield_to_talker(self) -> tuple[Decision, ...]:
        if not self._floor.paused or self._floor.paused_for_ms(self._now_ms) < self.options.yield_ms:
            return _NOTHING
        return tuple(self._yield())

    def _yield(self) -> list[Decision]:
        """Give the floor to the caller, if the agent has it and may lose it."""
        self._open().yielded = True
        return [Yield()] if self._floor.give_up() else []

    def _ask_draft(self) -> tuple[Decision, ...]:
        self._drafts += 1
        self._open().draft = self._drafts
        return (DraftTranscript(self._drafts),)

    def _drop_draft(self) -> tuple[Decision, ...]:
        utterance = self._open()
        draft, utterance.draft, utterance.text = utterance.draft, None, None
        dropped = (DropDraft(draft),) if draft is not None else _NOTHING
        return (*utterance.not_the_turn(), *dropped)

    def _dismiss(self, reason: IgnoreReason, text: str = "") -> tuple[Decision, ...]:
        """It is no turn, whatever its words."""
        utterance = self._open()
        dropped = self._drop_draft() if utterance.text is None else utterance.not_the_turn()
        self._close()
        kind = Resume if self._floor.go_on() else Ignore
        return (*dropped, kind(reason, text, utterance.began_ms, utterance.ended_ms))

    def _close(self) -> None:
        self._utterance = None
        self._voice = Voice.QUIET
        self._silence.begins(self._now_ms)

    def _is(self, at_ms: float) -> None:
        """What is heard may be of before, but nothing is decided before now."""
        self._now_ms = max(self._now_ms, at_ms)

    def _open(self) -> Utterance:
        assert self._utterance is not None, "only asked for while the caller is speaking"
        return self._utterance

    # -- the agent ----------------------------------------------------------------------------------------------------

    def _agent_quiet(self, at_ms: float, state: AgentState) -> tuple[Decision, ...]:
        self._is(at_ms)
        self._floor.falls_silent(state)
        self._silence.begins(self._now_ms)
        return _NOTHING
