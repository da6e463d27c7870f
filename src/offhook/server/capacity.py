"""How many calls at once: the pure decision whether one more can be taken without a call suffering from it.

Three things are known. What the engines take when nothing else is asked of them (measured at the start) and how much of
them a call uses (assumed at first, learned from the calls that are up) say how many calls there is room for: that holds
before the first caller of a crowd has said a word. How much longer the engines take *now*, and how late the event loop
is, say whether that was true: an engine anywhere, and whatever else the machine does, shows there. And the program says
how many it wants at most.

A crowd must not fill the machine before its first words are heard, nor may the door open and shut with every word: so
room is counted by what calls are expected to use, a strain ends well below where it began, and what it has taken away
comes back call by call. And callers who come at the same moment hear the same greeting and would all speak at the same
moment: a phone rings a little longer, so that their words come one after the other.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.speech.metering import EngineCost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.speech.metering import EngineName, EngineUse

__all__ = ["Capacity", "CapacityOptions", "CrowdOver", "Limit", "Scarce"]

Scarce = Literal["recognition", "voice", "processor", "event_loop", "max_calls"]
"""What there is too little of for one more call."""

_LEAD_IN_MS = 300.0
"""What recognition costs beside the length of the audio, as audio."""
_LEAST_SAMPLES = 5
_LEARN = 0.1
_FEW_CALLS = 2
_COMPUTES_HERE = 0.1
"""An engine that uses less of a processor while it is busy waits for another machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityOptions:
    """When there is room for one more call."""

    added_wait_ms: float = 250.0
    """How much longer than alone the words of the caller, or the first sound of a sentence, may take: 19 of 20 are
    sooner. A slow engine may be late by half of what it takes alone besides."""
    loop_late_ms: float = 60.0
    """The same of the event loop: everything of every call runs on it."""
    window_ms: float = 8000.0
    """How far back is looked."""
    engine_share: float = 0.6
    """How much of the time an engine that does one thing at a time may be busy: with more the waits grow steeply."""
    processor_share: float = 0.7
    """How much of the processor calls may use."""
    turn_s: float = 8.0
    """How often a caller says something, until it is known better."""
    said_s: float = 2.5
    """How long that is."""
    answer_s: float = 4.0
    """How long the answer is."""
    call_ms: float = 5.0
    """Processor time that a second of a call takes beside recognition and voice."""
    longest_ring_ms: float = 5000.0
    """A phone rings no longer than this because others were answered just before."""
    settle_ms: float = 12_000.0
    """A call that is younger says nothing about how much calls use: it is being greeted."""
    prior_s: float = 300.0
    """After so many seconds of calls, what is learned counts as much as what was assumed."""
    forget_s: float = 300.0
    """After so long what was learned counts half."""
    regain_ms: float = 3000.0
    """After a strain there is room for one more call again, each time this has passed without one."""
    quiet_ms: float = 10_000.0
    """It is over when for so long nobody was refused and there is room."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls at once, and what it depends on."""

    calls: int
    by: Scarce


@dataclass(frozen=True, slots=True)
class CrowdOver:
    """There is room again after calls were refused."""

    refused: int


class Capacity:
    """Whether one more call is taken. It is told everything, with the time in milliseconds of any one clock.

    Args:
        max_calls: how many the program wants at most.
        cores: how many processors there are for this process.
        options: when there is room.
    """

    def __init__(self, max_calls: int, *, cores: float, options: CapacityOptions | None = None) -> None:
        self.options = options or CapacityOptions()
        self.max_calls = max_calls
        self.refused: Counter[Scarce] = Counter()
        """Calls that were refused, by what there was too little of."""
        self.full = False
        """Whether calls are being refused."""
        self._cores = cores
        self._engines: dict[EngineName, _Engine] = {}
        self._processor = _Share(self.options.call_ms)
        self._late = _Waits()
        self._calls = 0
        self._settled_part = 0.0
        """The part of the calls that says how much calls use."""
        self._ticked_ms: float | None = None
        self._strain: Scarce | None = None
        self._strained_by: Scarce = "processor"
        self._ceiling: float = math.inf
        self._eased_ms = 0.0
        self._next_ms = 0.0
        self._refused_ms = 0.0
        self._refused_now = 0

    # -- what is told -------------------------------------------------------------------------------------------------

    def measured(self, costs: Iterable[EngineCost]) -> None:
        """What the engines take alone."""
        options = self.options
        processor_ms = options.call_ms
        for cost in costs:
            engine = self._engines[cost.engine] = _Engine(cost, options)
            processor_ms += engine.processor_ms
        self._processor = _Share(processor_ms)

    def asked(self, engine: EngineName) -> None:
        """A call asks something of an engine."""
        if (known := self._engines.get(engine)) is not None:
            known.waiting += 1

    def answered(self, use: EngineUse, now_ms: float) -> None:
        """An engine has answered."""
        known = self._engines.get(use.engine)
        if known is None:  # it was not measured: what it takes now is the best guess there is
            known = self._engines[use.engine] = _Engine(
                EngineCost(
                    engine=use.engine,
                    audio_ms=use.audio_ms,
                    answered_ms=use.answered_ms,
                    busy_ms=0.0,
                    processor_ms=0.0,
                    at_once=None,
                ),
                self.options,
            )
        known.answered(use, now_ms, alone=self._calls <= _FEW_CALLS)

    def done(self, engine: EngineName, audio_ms: float) -> None:
        """An engine is done with what a call has asked, whether that was wanted to the end or not."""
        if (known := self._engines.get(engine)) is not None:
            known.waiting = max(0, known.waiting - 1)
            known.share.used(known.rate * known.units(audio_ms) * self._settled_part)

    def tick(self, now_ms: float, *, calls: int, settled: int, late_ms: float, processor_ms: float) -> CrowdOver | None:
        """Time has passed: to be told a few times a second.

        Args:
            now_ms: the time.
            calls: how many are up.
            settled: of these, how many have been up for ``settle_ms``.
            late_ms: how much later the event loop came to this than it should.
            processor_ms: processor time that this process has used since the last tick.
        """
        options = self.options
        passed_ms = now_ms - self._ticked_ms if self._ticked_ms is not None else 0.0
        self._ticked_ms, self._calls = now_ms, calls
        if calls:
            self._late.add(now_ms, late_ms)
            self._settled_part = settled / calls
            self._processor.used(processor_ms * self._settled_part)
        for share in (self._processor, *(engine.share for engine in self._engines.values())):
            share.passed(passed_ms, settled, options)
        self._judge(now_ms, calls)
        quiet = now_ms - self._refused_ms >= options.quiet_ms
        if self.full and quiet and calls < self.limit().calls:
            self.full = False
            return CrowdOver(self._refused_now)
        return None

    # -- what is decided ----------------------------------------------------------------------------------------------

    def admit(self, now_ms: float, calls: int) -> Scarce | None:
        """Whether one more call is taken while ``calls`` are up: ``None``, or what there is too little of.

        The first refusal makes it :attr:`full`.
        """
        self._calls = calls
        self._judge(now_ms, calls)
        limit, spacing = self.limit(), self._spacing()
        if calls < limit.calls:
            if calls == 0 or spacing is None or self._next_ms - now_ms <= self.options.longest_ring_ms:
                self._calls += 1
                return None
            limit = Limit(calls, spacing[1])
        self.refused[limit.by] += 1
        self._refused_now = self._refused_now + 1 if self.full else 1
        self._refused_ms = now_ms
        self.full = True
        return limit.by

    def ring_ms(self, now_ms: float) -> float:
        """How long the phone of a call that was just admitted rings before it is answered."""
        begins_ms, spacing = max(now_ms, self._next_ms), self._spacing()
        self._next_ms = begins_ms + (spacing[0] if spacing is not None else 0.0)
        return begins_ms - now_ms

    def limit(self) -> Limit:
        """How many calls at once there is room for now. Never fewer than one."""
        limits = [Limit(self.max_calls, "max_calls"), self._room()]
        if not math.isinf(self._ceiling):
            limits.append(Limit(max(1, math.floor(self._ceiling)), self._strained_by))
        return min(limits, key=lambda limit: limit.calls)

    def report(self, now_ms: float) -> dict[str, object]:
        """What there is to tell, as plain values."""
        limit = self.limit()
        return {
            "limit": limit.calls,
            "by": limit.by,
            "full": self.full,
            "strain": self._strain,
            "refused": dict(self.refused),
            "cores": round(self._free_cores, 2),
            "processor_ms_per_call_s": round(self._processor.per_call_s, 1),
            "loop_late_p95_ms": _rounded(self._late.p95(now_ms, self.options.window_ms)),
            "engines": {
                name: {
                    "alone_ms": round(engine.alone_ms, 1),
                    "added_p95_ms": _rounded(engine.waits.p95(now_ms, self.options.window_ms)),
                    "waiting": engine.waiting,
                    "busy_ms_per_call_s": round(engine.share.per_call_s, 1),
                }
                for name, engine in self._engines.items()
            },
        }

    @property
    def _free_cores(self) -> float:
        """The processors, less what other programs use of them: an engine that computes here, and takes longer than it
        computes, has to share."""
        return self._cores * min((engine.speed for engine in self._engines.values()), default=1.0)

    def _room(self) -> Limit:
        """For how many calls there is room, by what a call uses."""
        options = self.options
        processor_ms = self._free_cores * 1000 * options.processor_share
        limits = [Limit(_calls(processor_ms, self._processor.per_call_s), "processor")]
        for name, engine in self._engines.items():
            if engine.at_once is not None:
                busy_ms = engine.at_once * 1000 * options.engine_share
                limits.append(Limit(_calls(busy_ms, engine.share.per_call_s), name))
        return min(limits, key=lambda limit: limit.calls)

    def _spacing(self) -> tuple[float, EngineName] | None:
        """How far apart calls begin, so that the busiest engine is done with one when the next one comes; and which."""
        spacings = [
            (engine.turn_ms / engine.at_once / self.options.engine_share, name)
            for name, engine in self._engines.items()
            if engine.at_once is not None
        ]
        return max(spacings, default=None)

    def _judge(self, now_ms: float, calls: int) -> None:
        """Whether the calls that are up wait already."""
        before, self._strain = self._strain, self._strained(now_ms, easier=self._strain is not None)
        if self._strain is not None:
            self._strained_by = self._strain
            self._ceiling = max(1.0, min(self._ceiling, calls - 1 if before is None else calls))
            self._eased_ms = now_ms
        elif not math.isinf(self._ceiling) and now_ms - self._eased_ms >= self.options.regain_ms:
            self._eased_ms = now_ms
            self._ceiling += 1
            if self._ceiling >= min(self.max_calls, self._room().calls):
                self._ceiling = math.inf

    def _strained(self, now_ms: float, *, easier: bool) -> Scarce | None:
        options = self.options
        part = 0.6 if easier else 1.0
        for name, engine in self._engines.items():
            allowed_ms = (options.added_wait_ms + engine.alone_ms / 2) * part
            added_ms = engine.waits.p95(now_ms, options.window_ms)
            if (added_ms is not None and added_ms > allowed_ms) or engine.queued_ms > allowed_ms:
                return name
        late_ms = self._late.p95(now_ms, options.window_ms)
        return "event_loop" if late_ms is not None and late_ms > options.loop_late_ms * part else None


class _Waits:
    """How long was waited lately."""

    def __init__(self) -> None:
        self._waits: deque[tuple[float, float]] = deque()

    def add(self, now_ms: float, waited_ms: float) -> None:
        self._waits.append((now_ms, waited_ms))

    def p95(self, now_ms: float, window_ms: float) -> float | None:
        """What 19 of 20 stay below; ``None`` if too little is known."""
        waits = self._waits
        while waits and waits[0][0] < now_ms - window_ms:
            waits.popleft()
        if len(waits) < _LEAST_SAMPLES:
            return None
        return sorted(waited for _, waited in waits)[math.ceil(0.95 * len(waits)) - 1]


class _Share:
    """How much of something a call uses, in milliseconds for each second of it: assumed, then learned."""

    def __init__(self, assumed: float) -> None:
        self._assumed = assumed
        self._used_ms = 0.0
        self._call_s = 0.0
        self.per_call_s = assumed

    def used(self, ms: float) -> None:
        self._used_ms += ms

    def passed(self, passed_ms: float, calls: int, options: CapacityOptions) -> None:
        kept = 0.5 ** (passed_ms / 1000 / options.forget_s)
        self._used_ms *= kept
        self._call_s = self._call_s * kept + calls * passed_ms / 1000
        self.per_call_s = (self._used_ms + self._assumed * options.prior_s) / (self._call_s + options.prior_s)


class _Engine:
    """What is known of one engine. A unit is a second of audio; for the first sound of a voice, a sentence."""

    def __init__(self, cost: EngineCost, options: CapacityOptions) -> None:
        self.at_once = cost.at_once
        self.waits = _Waits()
        self.waiting = 0
        self._reads = cost.engine == "recognition"
        units = self.units(cost.audio_ms)
        self._rate = cost.busy_ms / units
        self._speed = cost.processor_ms / max(cost.busy_ms, 0.1)
        self._alone = self._measured = cost.answered_ms / (units if self._reads else 1.0)
        self._typical = self.units(options.said_s * 1000 if self._reads else options.answer_s * 1000)
        self.share = _Share(self._rate * self._typical / options.turn_s)
        self.processor_ms = cost.processor_ms / units * self._typical / options.turn_s

    def units(self, audio_ms: float) -> float:
        """How much work so much audio is."""
        return (audio_ms + _LEAD_IN_MS) / 1000 if self._reads else max(audio_ms, 1.0) / 1000

    @property
    def rate(self) -> float:
        """How long the engine is busy with a unit. The start may have been a bad moment to measure it."""
        return self._rate * self._alone / max(self._measured, 0.1)

    @property
    def speed(self) -> float:
        """The part of a processor that it gets. One that is somewhere else says nothing about those here."""
        if self._speed < _COMPUTES_HERE:
            return 1.0
        return min(1.0, self._speed * self._measured / max(self._alone, 0.1))

    @property
    def alone_ms(self) -> float:
        """How long a usual answer takes when nothing else is asked."""
        return self._alone * (self._typical if self._reads else 1.0)

    @property
    def turn_ms(self) -> float:
        """How long the engine is busy with a usual turn."""
        return self.rate * self._typical

    @property
    def queued_ms(self) -> float:
        """How long one that is asked now waits for those before it."""
        if self.at_once is None:
            return 0.0
        return self.turn_ms * (self.waiting / self.at_once - 1)

    def answered(self, use: EngineUse, now_ms: float, *, alone: bool) -> None:
        units = self.units(use.audio_ms) if self._reads else 1.0
        self.waits.add(now_ms, use.answered_ms - self._alone * units)
        quick = use.answered_ms / units
        if alone or quick < self._alone:
            self._alone += _LEARN * (quick - self._alone)


def _calls(there_is_ms: float, per_call_s: float) -> int:
    return max(1, math.floor(there_is_ms / max(per_call_s, 0.01)))


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)
