"""The agent's own words coming back on the line, as its ear takes them: ``offhook bench echo``.

Recorded people play the agent and the caller, faster than real time: what the agent says goes through a codec, a path
(delay, loss, a handset's band and overdrive), the line's noise and the codec again, and what is heard through the
engines of a call: voice activity, word evidence and turn-taking. Whatever is taken for words counts as a turn, as with
a recogniser that makes words of anything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from importlib import resources
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from offhook.agent.cascade.decisions import DraftTranscript, DropDraft, PauseAgent, SpeechBegan, TurnEnded
from offhook.agent.cascade.turns import TurnTaking
from offhook.agent.options import Limits
from offhook.audio.codecs import make_decoder, make_encoder
from offhook.audio.resample import resample
from offhook.audio.wav import read_wav
from offhook.speech.echo import EchoGuard, Heard
from offhook.speech.hum import WordEvidence
from offhook.speech.windows import WINDOW_MS, Batcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from rich.table import Table

    from offhook.speech.windows import Model

    Floats = NDArray[np.float32]

__all__ = ["AGENTS", "CALLERS", "CODECS", "Conversation", "EchoBench", "Outcome", "Path", "caller", "run_echo_bench"]

AGENTS = {"kal": ("person_hello", "person_more"), "slt": ("book", "bicycle2", "long_story")}
"""Who plays the agent, and what is said. The second is the voice of the callers, too: the harder case."""
CALLERS = ("location", "prices", "hours", "bicycle")
CODECS = {"PCMU": 8000, "PCMA": 8000, "G722": 16000}

_PER_MS = 8
_FRAME = 320
_BETWEEN_MS = 900
_CHUNK_MS = 100
_LEAD_MS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """How sound comes back. ``loss_db`` of ``None``: not at all; ``noise_dbfs`` of ``None``: a line without noise."""

    delay_ms: float = 200.0
    loss_db: float | None = 20.0
    noise_dbfs: float | None = None
    codec: str = "PCMU"
    handset: bool = False
    """Band-limited, with a short response of its own, and overdriven."""
    moves_ms: float = 0.0
    """By how much the delay grows in the middle of the call."""


@dataclass(slots=True)
class Outcome:
    """What was taken for what. Times are in milliseconds of the call."""

    began: list[float] = field(default_factory=list)
    """Sounds that were taken for the caller's speech."""
    paused: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)


class Conversation:
    """What an agent says in a call, and what comes back.

    Args:
        agent: one of :data:`AGENTS`.
        model: of voice activity (:func:`offhook.speech.vad.load_model`).
    """

    def __init__(self, agent: str, model: Model) -> None:
        self._model = model
        self.speeches: list[tuple[float, bytes]] = []
        at_ms = 1000.0
        for name in AGENTS[agent]:
            pcm = _clip(name)
            self.speeches.append((at_ms, pcm))
            at_ms += len(pcm) / 2 / _PER_MS + _BETWEEN_MS
        self.length_ms = at_ms + 1000

    def heard(self, path: Path, *, caller: Sequence[tuple[float, Floats]] = ()) -> bytes:
        """What the agent's side hears of it, with callers who speak at a time; 8 kHz."""
        line = np.zeros(round(self.length_ms) * _PER_MS, np.float32)
        for at_ms, pcm in self.speeches:
            _mix(line, _coded(pcm, path.codec), at_ms)
        line = _returned(line, path)
        for at_ms, samples in caller:
            _mix(line, samples, at_ms)
        if path.noise_dbfs is not None:
            line += np.random.default_rng(1).normal(0, 32768 * 10 ** (path.noise_dbfs / 20), len(line))
        return _pcm(_coded(_pcm(line), path.codec))

    def listen(self, heard: bytes, guard: EchoGuard | None) -> Outcome:
        """What an agent takes it for, who goes on talking whatever it hears."""
        outcome = Outcome()
        turns = TurnTaking(limits=Limits(silence_s=1000))
        evidence = WordEvidence()
        batcher = Batcher(self._model, slots=1)
        windows = batcher.open()
        sends = deque(self._sends())
        edges = deque(self._edges())
        pushed_ms = 0.0
        for end in range(_FRAME, len(heard) + 1, _FRAME):
            now_ms = end / 2 / _PER_MS
            while edges and edges[0][0] <= now_ms:
                begins = edges.popleft()[1]
                _note(turns, turns.agent_speaks(now_ms) if begins else turns.agent_listens(now_ms), now_ms, outcome)
            while guard is not None and sends and sends[0][0] <= now_ms:
                guard.sent(sends[0][1], sends.popleft()[0])
            piece = heard[end - _FRAME : end]
            for at_ms, pcm, _ in [Heard(now_ms, piece)] if guard is None else guard.hear(piece, now_ms):
                before = evidence.words_ms
                after = evidence.push(pcm)
                _note(turns, turns.frame(at_ms, after - before if after >= before else after), now_ms, outcome)
                pushed_ms += len(pcm) / 2 / _PER_MS
                due = windows.push(pcm)
                while due:
                    (probability,) = batcher.run([(windows, windows.take())])
                    ended_ms = at_ms - pushed_ms + windows.taken * WINDOW_MS
                    _note(turns, turns.window(ended_ms, probability), now_ms, outcome)
                    due = windows.push(b"")
            _note(turns, turns.tick(now_ms), now_ms, outcome)
        return outcome

    def _sends(self) -> Iterator[tuple[float, bytes]]:
        for began_ms, pcm in self.speeches:
            size = _CHUNK_MS * 2 * _PER_MS
            for at in range(0, len(pcm), size):
                yield max(began_ms, began_ms + at / 2 / _PER_MS + _CHUNK_MS - _LEAD_MS), pcm[at : at + size]

    def _edges(self) -> Iterator[tuple[float, bool]]:
        for began_ms, pcm in self.speeches:
            yield began_ms, True
            yield began_ms + len(pcm) / 2 / _PER_MS, False


def _note(turns: TurnTaking, decisions: Sequence[object], now_ms: float, outcome: Outcome) -> None:
    drafts = []
    for decision in decisions:
        match decision:
            case SpeechBegan():
                outcome.began.append(now_ms)
            case PauseAgent():
                outcome.paused.append(now_ms)
            case TurnEnded():
                outcome.turns.append(now_ms)
            case DraftTranscript(draft):
                drafts.append(draft)
            case DropDraft():
                drafts.clear()
    for draft in drafts:
        _note(turns, turns.transcript(now_ms, draft, "some words of it", 0.7), now_ms, outcome)


# -- sound ------------------------------------------------------------------------------------------------------------


def caller(name: str, dbfs: float) -> Floats:
    """What a caller says, at this level while there is sound; 8 kHz."""
    samples = np.frombuffer(_clip(name), np.int16).astype(np.float32)
    return samples * np.float32(32768 * 10 ** (dbfs / 20) / _level(samples))


def _clip(name: str) -> bytes:
    with resources.as_file(resources.files("offhook.exchange") / "clips" / f"{name}.wav") as path:
        rate, channels = read_wav(path)
    pcm = resample(channels[0], rate, 8000)
    return pcm[: len(pcm) // _FRAME * _FRAME]


def _level(samples: Floats) -> float:
    """RMS of what is not silence."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    powers = np.square(frames).mean(axis=1)
    return float(np.sqrt(powers[powers > powers.max() / 1000].mean()))


def _mix(line: Floats, samples: Floats, at_ms: float) -> None:
    at = round(at_ms * _PER_MS)
    line[at : at + len(samples)] += samples[: max(0, len(line) - at)]


def _pcm(samples: Floats) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16).tobytes()


def _coded(pcm: bytes, codec: str) -> Floats:
    rate = CODECS[codec]
    wide = resample(pcm, 8000, rate)
    encoder, decoder = make_encoder(codec, rate), make_decoder(codec, rate)
    step = rate // 50 * 2
    coded = b"".join(decoder.decode(encoder.encode(wide[at : at + step])) for at in range(0, len(wide), step))
    return np.frombuffer(resample(coded, rate, 8000), np.int16).astype(np.float32)


def _returned(line: Floats, path: Path) -> Floats:
    if path.loss_db is None:
        return np.zeros_like(line)
    echo = line * np.float32(10 ** (-path.loss_db / 20))
    if path.handset:
        response = np.zeros(80)
        response[0] = 1
        response[1:] = np.random.default_rng(3).normal(0, 0.25, 79) * np.exp(-np.arange(79) / 15)
        echo = np.convolve(echo, response / np.linalg.norm(response))[: len(echo)].astype(np.float32)
        hertz = np.fft.rfftfreq(len(echo), 1 / 8000)
        band = np.clip((hertz - 200) / 150, 0, 1) * np.clip((3500 - hertz) / 300, 0, 1)
        echo = np.fft.irfft(np.fft.rfft(echo) * band, len(echo)).astype(np.float32)
        most = 2 * _level(echo)
        echo = most * np.tanh(echo / most)
    middle = len(echo) // 2
    delayed = _delayed(echo, path.delay_ms)
    delayed[middle:] = _delayed(echo, path.delay_ms + path.moves_ms)[middle:]
    return delayed


def _delayed(samples: Floats, delay_ms: float) -> Floats:
    """Later, by fractions of a sample too."""
    whole, part = divmod(delay_ms * _PER_MS, 1)
    taps = np.arange(-16, 17)
    kernel = np.sinc(taps - part) * np.hamming(33)
    delayed = np.zeros(len(samples) + round(whole), np.float32)
    delayed[round(whole) :] = np.convolve(samples, kernel, "same")
    return delayed[: len(samples)]


# -- the bench --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class EchoBench:
    """What the bench found."""

    echo: dict[tuple[float, float | None], tuple[int, list[int], list[int]]] = field(default_factory=dict)
    """By loss and noise: calls; sounds begun, pauses and turns of the agent's own without the guard; and with it."""
    talk: dict[tuple[float, float | None], tuple[int, int, list[float]]] = field(default_factory=dict)
    """By the caller's level and the loss: interruptions, missed ones, and by how much the others came later, in ms,
    than with no echo and no guard."""

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        echo = [
            {"loss_db": loss, "noise_dbfs": noise, "calls": calls, "without": without, "with": guarded}
            for (loss, noise), (calls, without, guarded) in self.echo.items()
        ]
        talk = [
            {"caller_dbfs": level, "loss_db": loss, "calls": calls, "missed": missed, "later_ms": sorted(later)}
            for (level, loss), (calls, missed, later) in self.talk.items()
        ]
        return {"echo": echo, "double_talk": talk}

    def tables(self) -> Iterator[Table]:
        """For people."""
        from rich.table import Table

        table = Table(title="The agent's own words: taken for speech / pauses / turns")
        for column in ("loss dB", "noise dBFS", "calls", "unguarded", "guarded"):
            table.add_column(column, justify="right")
        for (loss, noise), (calls, without, guarded) in self.echo.items():
            shown = "none" if noise is None else f"{noise:g}"
            table.add_row(f"{loss:g}", shown, f"{calls}", " / ".join(map(str, without)), " / ".join(map(str, guarded)))
        yield table
        table = Table(title="Interruptions over an echo, against no echo and no guard")
        for column in ("caller dBFS", "loss dB", "calls", "missed", "later: median ms", "90 %", "most"):
            table.add_column(column, justify="right")
        for (level, back), (calls, missed, later) in self.talk.items():
            ranked = sorted(later)
            shown = "no echo" if back is None else f"{back:g}"
            figures = (median(ranked), ranked[int(len(ranked) * 0.9)], ranked[-1])
            table.add_row(f"{level:g}", shown, f"{calls}", f"{missed}", *(f"{figure:.0f}" for figure in figures))
        yield table


def run_echo_bench(
    *,
    delays_ms: Sequence[float] = (50.0, 237.3, 600.0),
    losses_db: Sequence[float] = (20.0, 30.0, 45.0),
    noises_dbfs: Sequence[float | None] = (None, -60.0, -50.0),
    codecs: Sequence[str] = tuple(CODECS),
    levels_dbfs: Sequence[float] = (-15.0, -25.0, -35.0),
    callers: Sequence[str] = CALLERS,
    agents: Sequence[str] = tuple(AGENTS),
    progress: Callable[[str], None] = lambda line: None,
) -> EchoBench:
    """All delays, losses, noises, codecs and agents, the path plain and through a handset; then callers who interrupt.

    Raises:
        EngineMissing: onnxruntime is not installed.
    """
    from offhook.speech.vad import load_model

    model = load_model()
    bench = EchoBench()
    conversations = [Conversation(agent, model) for agent in agents]
    for loss in losses_db:
        for noise in noises_dbfs:
            progress(f"echo of -{loss:g} dB, noise {noise} dBFS")
            calls, without, guarded = 0, [0, 0, 0], [0, 0, 0]
            for conversation in conversations:
                for at, codec in enumerate(codecs):
                    for delay in delays_ms:
                        handset = bool((at + calls) % 2)
                        path = Path(delay_ms=delay, loss_db=loss, noise_dbfs=noise, codec=codec, handset=handset)
                        heard = conversation.heard(path)
                        _count(without, conversation.listen(heard, None))
                        _count(guarded, conversation.listen(heard, EchoGuard()))
                        calls += 1
            bench.echo[loss, noise] = calls, without, guarded
    for level in levels_dbfs:
        for back in (None, *(loss for loss in losses_db if loss <= 30)):
            progress(f"a caller at {level:g} dBFS over an echo of {back} dB")
            bench.talk[level, back] = _interruptions(conversations, callers, level, back)
    return bench


def _count(into: list[int], outcome: Outcome) -> None:
    for at, events in enumerate((outcome.began, outcome.paused, outcome.turns)):
        into[at] += len(events)


def _interruptions(
    conversations: Sequence[Conversation], callers: Sequence[str], level: float, loss: float | None
) -> tuple[int, int, list[float]]:
    calls, missed = 0, 0
    later: list[float] = []
    for conversation in conversations:
        for number, name in enumerate(callers):
            for began_ms, pcm in conversation.speeches:
                at_ms = began_ms + min(350.0 + 173 * number, len(pcm) / 2 / _PER_MS - 900)
                says = [(at_ms, caller(name, level))]
                today = conversation.listen(conversation.heard(Path(loss_db=None), caller=says), None)
                heard = conversation.heard(Path(delay_ms=237.3, loss_db=loss), caller=says)
                guarded = conversation.listen(heard, EchoGuard())
                paused_ms = [ms for ms in guarded.paused if ms >= at_ms]
                if not today.paused:
                    continue  # a caller who is not noticed at all
                calls += 1
                if not paused_ms or not guarded.turns:
                    missed += 1
                else:
                    later.append(paused_ms[0] - today.paused[0])
    return calls, missed, later
