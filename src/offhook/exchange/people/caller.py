"""A person who follows a script, and measures what it is like to talk to the agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.audio.frames import FRAME_MS, frame_bytes
from offhook.clock import Clock, SystemClock
from offhook.exchange.people.acoustics import Echo, Noise, Uplink
from offhook.exchange.people.hearing import HOLE_MS, Hearing, Sound, answer, backchannel, stop_ms
from offhook.exchange.people.script import (
    Backchannel,
    BargeIn,
    ExpectPerson,
    HangUp,
    Press,
    Say,
    Script,
    Step,
    StopAudio,
    WaitAgent,
    WaitSeconds,
)
from offhook.exchange.people.voices import Clip, Voices

if TYPE_CHECKING:
    from offhook.exchange.people.phones import Handset

__all__ = ["AnsweringPerson", "MeasuredTurn", "ScriptedCaller"]

Kind = Literal["turn", "barge_in", "backchannel"]

_KEY_MS = 200.0
_WAITS_MS = {"w": 500.0, "W": 1000.0}


@dataclass(slots=True)
class MeasuredTurn:
    """Something the caller has said. Times are monotonic, of the first and the last speech sample."""

    said: str
    kind: Kind
    speech: Sound


class ScriptedCaller:
    """Calls, follows its script, hangs up when the script says so. A function of the ticks: no clock, no tasks.

    Args:
        script: the steps.
        voices: where the clips are; text in the script must be prepared in it (``await voices.prepare(script)``).
        rate: Hz of the audio.
        clock: read once for the wall time of the report.

    Raises:
        ConfigError: something the script says is not there.
    """

    def __init__(
        self, script: Script, *, voices: Voices | None = None, rate: int = 8000, clock: Clock | None = None
    ) -> None:
        self.rate = rate
        self.script = script
        self.turns: list[MeasuredTurn] = []
        voices = voices or Voices()
        self._clips = {ref: voices.clip(ref, rate=rate) for ref in script.clips()}
        clock = clock or SystemClock()
        self._wall_ms = clock.wall_ms() - clock.now_ms()
        self._silence = bytes(frame_bytes(rate))
        self._handset: Handset | None = None
        self._hearing = Hearing(rate)
        self._echo = None if script.echo is None else Echo(script.echo, rate)
        self._noise = None if script.noise_dbfs is None else Noise(script.noise_dbfs, rate)
        self._uplink = Uplink()
        self._speech = b""
        self._offset = 0
        self._index = 0
        self._step_began_ms: float | None = None
        self._last_said = Sound(0.0, 0.0)  # what the agent is to answer
        self._keys = ""
        self._next_key_ms = 0.0
        self._connected_ms: float | None = None
        self._bridged_ms: float | None = None
        self._digits = ""
        self._missed: list[int] = []
        self._heard_speaking = False
        self._over = False
        self._cause: str | None = None

    # -- Phone ---------------------------------------------------------------------------------------------------------

    def ring(self, handset: Handset, now_ms: float) -> None:
        """Somebody who calls this phone finds it busy: its owner is about to call."""
        handset.reject("busy")

    def placed(self, handset: Handset, now_ms: float) -> None:
        """The call is placed; the script begins when it is answered."""
        self._handset = handset

    def waiting(self, now_ms: float) -> None:
        """Wait."""

    def connected(self, now_ms: float) -> None:
        """Begin the script."""
        self._connected_ms = now_ms
        self._last_said = Sound(now_ms, now_ms)

    def bridged(self, now_ms: float) -> None:
        """From now on, who is heard is somebody else."""
        self._bridged_ms = now_ms

    def mouth(self, now_ms: float) -> bytes:
        """Go on with the script, then say the next 20 ms."""
        said = self._say_next(now_ms)
        if self._echo is not None:
            said = self._echo.said(said)
        if self._noise is not None:
            said = self._noise.said(said)
        return self._uplink.send(said, now_ms)

    def _say_next(self, now_ms: float) -> bytes:
        if not (self._over or self._speech or self._keys):
            self._advance(now_ms)
        if self._keys and now_ms >= self._next_key_ms:
            self._press_next(now_ms)
        if not self._speech:
            return self._silence
        frame = self._speech[self._offset : self._offset + len(self._silence)]
        self._offset += len(frame)
        if self._offset >= len(self._speech):
            self._fall_silent()
        return frame.ljust(len(self._silence), b"\0")

    def ear(self, pcm: bytes, now_ms: float) -> None:
        """Listen."""
        if self._echo is not None:
            self._echo.heard(pcm)
        self._hearing.hear(pcm, now_ms)
        speaking = self._hearing.speaking(now_ms + FRAME_MS)
        if speaking != self._heard_speaking:
            self._heard_speaking = speaking
            if speaking:
                self._note("caller.hears_speech", self._hearing.stretch_began_ms())
            else:
                self._note("caller.hears_silence", self._hearing.sounds[-1].ended_ms)

    def digit(self, digit: str, now_ms: float) -> None:
        """Remember the key."""
        self._digits += digit

    def ended(self, cause: str, now_ms: float) -> None:
        """The call is over, whatever the script still holds."""
        self._cause = cause
        self._over = True
        self._speech, self._keys = b"", ""

    # -- the script ----------------------------------------------------------------------------------------------------

    def _advance(self, now_ms: float) -> None:
        """Do every step that can be done now."""
        while self._index < len(self.script.steps):
            step = self.script.steps[self._index]
            if self._step_began_ms is None:
                self._step_began_ms = now_ms
            if not self._done(step, now_ms, self._step_began_ms):
                return
            self._index += 1
            self._step_began_ms = None
            if self._over or self._speech or self._keys:
                return

    def _done(self, step: Step, now_ms: float, began_ms: float) -> bool:
        """Whether the step is over; does what it has to do."""
        match step:
            case Say(clip):
                self._say(self._clips[clip], "turn", now_ms)
            case BargeIn(clip) | Backchannel(clip):
                return self._cut_in(step, now_ms, began_ms)
            case WaitSeconds(seconds):
                return now_ms - began_ms >= seconds * 1000
            case WaitAgent():
                return self._wait_agent(step, now_ms, began_ms)
            case ExpectPerson():
                return self._person_heard() or self._timed_out(step.timeout_s, now_ms, began_ms)
            case Press(keys):
                self._keys = keys
                self._next_key_ms = now_ms
            case StopAudio(seconds, after_ms, burst):
                from_ms = now_ms + after_ms
                self._uplink.stop(from_ms, from_ms + seconds * 1000, burst=burst)
                self._note("caller.audio_stops", from_ms, seconds=seconds, burst=burst)
            case HangUp():
                self._over = True
                if self._handset is not None:
                    self._handset.hang_up()
        return True

    def _wait_agent(self, step: WaitAgent, now_ms: float, began_ms: float) -> bool:
        hearing = self._hearing
        if hearing.quiet_ms(now_ms) >= step.quiet_ms and answer(hearing.sounds, self._last_said).kind != "none":
            self._last_said = Sound(now_ms, now_ms)
            return True
        return self._timed_out(step.timeout_s, now_ms, began_ms)

    def _cut_in(self, step: BargeIn | Backchannel, now_ms: float, began_ms: float) -> bool:
        """Say the clip when the agent has spoken for long enough since the step began."""
        hearing = self._hearing
        stretch_began_ms = hearing.stretch_began_ms()
        if stretch_began_ms is None or not hearing.speaking(now_ms):
            # It spoke, but not for as long as the script wants: the moment is gone, and waiting would only confuse it.
            too_short = hearing.first_after(began_ms) is not None and hearing.quiet_ms(now_ms) >= 2 * HOLE_MS
            if not too_short and not self._timed_out(step.timeout_s, now_ms, began_ms):
                return False
            if too_short:
                self._miss(now_ms)
        elif now_ms - max(stretch_began_ms, began_ms) < step.after_ms:
            return False
        self._say(self._clips[step.clip], "barge_in" if isinstance(step, BargeIn) else "backchannel", now_ms)
        return True

    def _person_heard(self) -> bool:
        return self._bridged_ms is not None and any(
            sound.began_ms >= self._bridged_ms for sound in self._hearing.sounds[-50:]
        )

    def _timed_out(self, timeout_s: float, now_ms: float, began_ms: float) -> bool:
        if now_ms - began_ms < timeout_s * 1000:
            return False
        self._miss(now_ms)
        return True

    def _miss(self, now_ms: float) -> None:
        """What the step waits for did not come; the script goes on, and the report says so."""
        self._missed.append(self._index + 1)
        self._note("caller.waited_in_vain", now_ms, step=self._index + 1)

    def _say(self, clip: Clip, kind: Kind, now_ms: float) -> None:
        self._speech, self._offset = clip.pcm, 0
        if clip.speech is None:
            return
        starts_ms = now_ms - FRAME_MS  # the frame handed out now was spoken in the 20 ms before
        turn = MeasuredTurn(clip.said, kind, Sound(starts_ms + clip.speech.began_ms, starts_ms + clip.speech.ended_ms))
        self.turns.append(turn)
        if kind != "backchannel":
            self._last_said = turn.speech
        self._note("caller.speech_started", turn.speech.began_ms, said=turn.said, kind=kind)

    def _fall_silent(self) -> None:
        self._speech = b""
        if self.turns:
            turn = self.turns[-1]
            self._note("caller.speech_ended", turn.speech.ended_ms, said=turn.said, kind=turn.kind)

    def _press_next(self, now_ms: float) -> None:
        key, self._keys = self._keys[0], self._keys[1:]
        self._next_key_ms = now_ms + _WAITS_MS.get(key, _KEY_MS)
        if key not in _WAITS_MS and self._handset is not None:
            self._handset.press(key)

    def _note(self, type: str, at_ms: float | None, **fields: object) -> None:  # noqa: A002  (the word of the timeline)
        if self._handset is not None and at_ms is not None:
            self._handset.note(type, at_ms=self._wall(at_ms), **fields)

    # -- the report ----------------------------------------------------------------------------------------------------

    def report(self) -> dict[str, object]:
        """What was said and how the agent behaved, measured at this ear; times are epoch milliseconds.

        ``missed_steps`` are the steps (from 1) that waited in vain; ``barge_in`` and ``backchannel`` are those of the
        first such turn, or ``None``.
        """
        turns = [self._turn_report(index) for index in range(len(self.turns))]
        sounds = self._hearing.sounds
        greeting_ms = sounds[0].began_ms - self._connected_ms if sounds and self._connected_ms is not None else None
        return {
            "script": self.script.name,
            "turns": turns,
            "greeting_ms": _rounded(greeting_ms),
            "barge_in": _first(turns, "barge_in", "stop_ms"),
            "backchannel": _first(turns, "backchannel", "stopped_agent", "longest_gap_ms"),
            "heard_person": self._person_heard(),
            "heard_began_ms": self._wall(sounds[0].began_ms) if sounds else None,
            "heard_ended_ms": self._wall(sounds[-1].ended_ms) if sounds else None,
            "digits": self._digits,
            "missed_steps": list(self._missed),
            "finished": self._index >= len(self.script.steps) and not self._speech and not self._keys,
            "ended": self._cause,
        }

    def _turn_report(self, index: int) -> dict[str, object]:
        turn, sounds = self.turns[index], self._hearing.sounds
        report: dict[str, object] = {
            "said": turn.said,
            "kind": turn.kind,
            "began_ms": self._wall(turn.speech.began_ms),
            "ended_ms": self._wall(turn.speech.ended_ms),
            "answer": None,
            "latency_ms": None,
        }
        if turn.kind == "backchannel":
            outcome = backchannel(sounds, turn.speech, heard_until_ms=self._hearing.heard_until_ms or 0.0)
            report["stopped_agent"] = None if outcome is None else outcome.stopped_agent
            report["longest_gap_ms"] = None if outcome is None else _rounded(outcome.longest_gap_ms)
            return report
        later = [other.speech.began_ms for other in self.turns[index + 1 :] if other.kind != "backchannel"]
        answered = answer(sounds, turn.speech, until_ms=later[0] if later else None)
        report["answer"], report["latency_ms"] = answered.kind, _rounded(answered.latency_ms)
        if turn.kind == "barge_in":
            report["stop_ms"] = _rounded(stop_ms(sounds, turn.speech))
        return report

    def _wall(self, now_ms: float) -> float:
        return round(now_ms + self._wall_ms, 3)


class AnsweringPerson(ScriptedCaller):
    """Somebody who is called: picks up after a while, follows a script, and stays until it hangs up or the call ends.

    Args:
        script: what the person says and does once connected.
        voices: where the clips of the script are; text in it must be prepared.
        answer_after_ms: how long it rings.
        rate: Hz of the audio.
        clock: whose wall time the report is in.
    """

    def __init__(
        self,
        script: Script,
        *,
        voices: Voices | None = None,
        answer_after_ms: float = 1500.0,
        rate: int = 8000,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(script, voices=voices, rate=rate, clock=clock)
        self._answer_after_ms = answer_after_ms
        self._answer_at_ms: float | None = None

    def ring(self, handset: Handset, now_ms: float) -> None:
        """Decide when to pick up."""
        self.placed(handset, now_ms)
        self._answer_at_ms = now_ms + self._answer_after_ms

    def waiting(self, now_ms: float) -> None:
        """Pick up when it is time."""
        if self._answer_at_ms is not None and now_ms >= self._answer_at_ms and self._handset is not None:
            self._answer_at_ms = None
            self._handset.answer()


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def _first(turns: list[dict[str, object]], kind: str, *fields: str) -> dict[str, object] | None:
    for turn in turns:
        if turn["kind"] == kind:
            return {field: turn[field] for field in fields}
    return None
