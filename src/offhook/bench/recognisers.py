"""``offhook bench providers``: what a call's audio costs on its way to a recogniser, or from a voice, over the network.

Stand-ins in a process of their own hear what a script says; callers are in another process
(:mod:`offhook.bench.recogniser_load`), a new one for each client, so that none pays for another's modules. The figure
is the CPU time of the callers' process by call and second, less what pacing alone takes. Beside ours are a WebSocket
as most programs write one, and LiveKit's plugin, where an interpreter that has it is named.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from offhook.bench.media import machine
from offhook.bench.process import BenchFailed, ServerProcess, pin, two_cores

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ClientCost", "RecognisersBenchResult", "run_recognisers_bench"]

_LABELS = {
    "pace": "pacing alone",
    "assemblyai": "offhook: assemblyai",
    "deepgram": "offhook: deepgram",
    "flux": "offhook: deepgram:flux",
    "telnyx": "offhook: telnyx",
    "aura": "offhook: voice deepgram",
    "cartesia": "offhook: voice cartesia",
    "elevenlabs": "offhook: voice elevenlabs",
    "rime": "offhook: voice rime",
    "speech": "offhook: voice openai",
    "telnyx-voice": "offhook: voice telnyx",
    "plain": "websockets, a task each way",
    "livekit": "LiveKit's Deepgram plugin",
}
_LOAD = Path(__file__).with_name("recogniser_load.py")
_TEXTS = ("I would like to book a table", "for two on Friday at eight")
_SPARE_S = 60.0


@dataclass(frozen=True, slots=True)
class ClientCost:
    """What one client cost, one figure a round: CPU milliseconds by call and second, pacing included."""

    name: str
    rounds_ms: tuple[float, ...]
    events: int
    close_ms: dict[str, float] | None
    """How long after its stream was closed the far end knew: ``median`` and ``max``, the worst of the rounds."""

    @property
    def cpu_ms(self) -> float:
        """The median of the rounds."""
        return median(self.rounds_ms)


@dataclass(frozen=True, slots=True)
class RecognisersBenchResult:
    """All clients of one run."""

    streams: int
    seconds: float
    clients: tuple[ClientCost, ...]
    machine: str

    def client(self, name: str) -> ClientCost:
        """The client of this name."""
        return next(client for client in self.clients if client.name == name)

    def own_ms(self, name: str) -> float:
        """What a client costs without pacing: CPU milliseconds by call and second."""
        return self.client(name).cpu_ms - self.client("pace").cpu_ms

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        clients = [
            {**asdict(client), "cpu_ms_per_call_s": round(self.own_ms(client.name), 3)} for client in self.clients
        ]
        return {
            "bench": "providers",
            "streams": self.streams,
            "seconds": self.seconds,
            "machine": self.machine,
            "clients": clients,
        }

    def table(self) -> str:
        """For people: plain text, at most 100 columns."""
        wide = max(len(_LABELS[client.name]) for client in self.clients)
        lines = [f"{'CPU ms by call and second':{wide}}  {'median':>7}  {'min':>6}  {'max':>6}  {'closed after':>16}"]
        pace_ms = self.client("pace").cpu_ms
        for client in self.clients:
            less_ms = 0.0 if client.name == "pace" else pace_ms
            each = [round_ms - less_ms for round_ms in client.rounds_ms]
            closed = client.close_ms
            told = "" if closed is None else f"{closed['median']:.0f} ms, {closed['max']:.0f} most"
            lines.append(
                f"{_LABELS[client.name]:{wide}}  {median(each):7.2f}  {min(each):6.2f}  {max(each):6.2f}  {told:>16}"
            )
        lines += [
            "",
            f"{self.streams} streams of 20 ms frames in real time, {self.seconds:g} s each; pacing taken off.",
            f"{self.machine}.",
        ]
        return "\n".join(lines)


def run_recognisers_bench(
    *,
    streams: int = 40,
    seconds: float = 5.0,
    rounds: int = 3,
    livekit_python: Path | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> RecognisersBenchResult:
    """Measure all clients, in turn. Blocks for about ``rounds`` * 13 * (``seconds`` + 4) seconds.

    Args:
        streams: calls at once.
        seconds: how long each time.
        rounds: how often each client is measured.
        livekit_python: an interpreter that has ``livekit-plugins-deepgram``; ``None``: LiveKit is left out.
        progress: told a line at each step.

    Raises:
        BenchFailed: the stand-ins or a client fail.
    """
    pythons = {name: sys.executable for name in _LABELS if name != "livekit"}
    if livekit_python is not None:
        pythons["livekit"] = str(livekit_python)
    costs: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    far_core, load_core = two_cores()
    words = [sys.executable, "-m", "offhook.testing.providers", *_TEXTS]
    with ServerProcess(words, name="stand-ins", core=far_core) as far:
        for turn in range(1, rounds + 1):
            for name, python in pythons.items():
                result = _measure(python, name, far.port, streams, seconds, load_core)
                costs[name].append(result)
                progress(f"round {turn} of {rounds}: {_LABELS[name]}: {result['cpu_ms_per_call_s']:.2f} ms")
    return RecognisersBenchResult(
        streams, seconds, tuple(_cost(name, results) for name, results in costs.items()), machine()
    )


def _cost(name: str, results: list[dict[str, Any]]) -> ClientCost:
    closes = [result["close_ms"] for result in results if result["close_ms"] is not None]
    return ClientCost(
        name,
        tuple(result["cpu_ms_per_call_s"] for result in results),
        sum(result["events"] for result in results),
        {key: max(close[key] for close in closes) for key in ("median", "max")} if closes else None,
    )


def _measure(python: str, name: str, port: int, streams: int, seconds: float, core: int | None) -> dict[str, Any]:
    words = [python, str(_LOAD), name, str(port), str(streams), f"{seconds:g}"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        pin(process.pid, core)
        try:
            out, complaint = process.communicate(timeout=seconds + _SPARE_S)
        except subprocess.TimeoutExpired:
            raise BenchFailed(f"expected {_LABELS[name]} to end, got no end.") from None
        finally:
            process.kill()  # does nothing to a process that has ended
    if process.returncode:
        why = (complaint.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise BenchFailed(f"expected {_LABELS[name]} to be measured, got: {why}")
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    if name != "pace" and not result["events"]:
        raise BenchFailed(f"expected words or sounds of {_LABELS[name]}, got none.")
    return result
