"""``offhook bench media``: what a frame costs our media plane, beside a FastAPI server and a C server.

The FastAPI server is the one of :mod:`offhook.bench.peer`, and is measured twice: with the WebSockets that uvicorn
chose until its version 0.50, which most demonstrations were made and measured with, and with those it chooses now.

Each server is loaded by a C client in a closed loop: every connection has one frame on its way, so the server is always
busy, and each frame is one message received and one sent with mu-law decoded and encoded in between. The figure is the
server's CPU time (all threads, /proc/PID/task/*/schedstat) by the frames of the window. The servers take turns, so that
what else the machine does hits all of them; ratios are formed within a turn. Where there are two cores, the load has
one to itself and never sleeps, so that no server pays for waking it. A closed loop finds many sockets ready at once, as
a busy server does; with few calls a frame costs more, and there is CPU time to spare.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from offhook.bench.native import build
from offhook.bench.process import BenchFailed, ServerProcess, pin, two_cores
from offhook.errors import ConfigError
from offhook.installing import install

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BenchFailed", "MediaBenchResult", "ServerCost", "Window", "run_media_bench"]

OURS, PEER, NEWER_PEER, FLOOR = "offhook", "fastapi", "fastapi-sansio", "c"

_LABELS = {
    OURS: "offhook (uvicorn + picows)",
    PEER: "FastAPI demo, uvicorn before 0.50",
    NEWER_PEER: "FastAPI demo, uvicorn from 0.50 on",
    FLOOR: "C, epoll",
}
_PATH = "/media/bench"
_WARMUP_S = 0.5
_SPARE_S = 20.0
"""How much longer than its window a load may take, to connect and to leave."""
_FRAMES_PER_S = 50


@dataclass(frozen=True, slots=True)
class Window:
    """One measurement of one server, as the load reports it."""

    frames: int
    server_cpu_ns: int
    wall_ns: int
    client_cpu_ns: int

    @property
    def us_per_frame(self) -> float:
        """CPU time of the server for one frame in and out, in microseconds."""
        return self.server_cpu_ns / self.frames / 1000

    @property
    def busy(self) -> float:
        """The part of the window that the server computed, in cores."""
        return self.server_cpu_ns / self.wall_ns


@dataclass(frozen=True, slots=True)
class ServerCost:
    """What one server cost, one window per round."""

    name: str
    label: str
    note: str
    windows: tuple[Window, ...]

    @property
    def us_per_frame(self) -> float:
        """The median of the rounds."""
        return median(window.us_per_frame for window in self.windows)

    @property
    def calls_per_core(self) -> float:
        """How many calls of 50 frames a second would fill a core. A ceiling: computed, not driven."""
        return 1e6 / _FRAMES_PER_S / self.us_per_frame

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        each = [window.us_per_frame for window in self.windows]
        return {
            "name": self.name,
            "label": self.label,
            "note": self.note,
            "us_per_frame": {
                "median": round(median(each), 3),
                "min": round(min(each), 3),
                "max": round(max(each), 3),
                "rounds": [round(value, 3) for value in each],
            },
            "calls_per_core_ceiling": round(self.calls_per_core),
            "frames_per_s": round(median(window.frames / window.wall_ns * 1e9 for window in self.windows)),
            "server_busy": round(median(window.busy for window in self.windows), 3),
            "windows": [asdict(window) for window in self.windows],
        }


@dataclass(frozen=True, slots=True)
class MediaBenchResult:
    """All servers of one run."""

    rounds: int
    seconds: float
    connections: int
    pinned: bool
    machine: str
    servers: tuple[ServerCost, ...]

    def server(self, name: str) -> ServerCost:
        """The server called ``name``: ``offhook``, ``fastapi``, ``fastapi-sansio`` or ``c``."""
        return next(server for server in self.servers if server.name == name)

    def ratio(self, above: str, below: str) -> tuple[float, float, float]:
        """How many times the cost of ``below`` is the cost of ``above``: median, least and most of the rounds."""
        pairs = zip(self.server(above).windows, self.server(below).windows, strict=True)
        ratios = [one.us_per_frame / other.us_per_frame for one, other in pairs]
        return median(ratios), min(ratios), max(ratios)

    def to_dict(self) -> dict[str, Any]:
        """For programs; ``peer_over_offhook`` and the others of the kind are ratios of cost."""
        return {
            "bench": "media",
            "rounds": self.rounds,
            "seconds": self.seconds,
            "connections": self.connections,
            "pinned": self.pinned,
            "machine": self.machine,
            "servers": [server.to_dict() for server in self.servers],
            "ratios": {
                "peer_over_offhook": _ratio_dict(self.ratio(PEER, OURS)),
                "newer_peer_over_offhook": _ratio_dict(self.ratio(NEWER_PEER, OURS)),
                "offhook_over_c": _ratio_dict(self.ratio(OURS, FLOOR)),
            },
        }

    def table(self) -> str:
        """For people: plain text, at most 100 columns."""
        wide = max(len(server.label) for server in self.servers)
        lines = [
            f"{'CPU time for a frame in and out':{wide}}  {'median':>9}  {'min':>7}  {'max':>7}  {'to ours':>7}  "
            f"{'calls/core*':>11}"
        ]
        for server in self.servers:
            each = [window.us_per_frame for window in server.windows]
            lines.append(
                f"{server.label:{wide}}  {server.us_per_frame:6.2f} µs  {min(each):7.2f}  {max(each):7.2f}  "
                f"{self.ratio(server.name, OURS)[0]:6.2f}x  {server.calls_per_core:11.0f}"
            )
        peer, least, most = self.ratio(PEER, OURS)
        newer, floor = self.ratio(NEWER_PEER, OURS)[0], self.ratio(OURS, FLOOR)[0]
        lines += [
            "",
            f"FastAPI needs {peer:.1f} times the CPU time of ours ({least:.1f} to {most:.1f}), "
            f"{newer:.1f} times from uvicorn 0.50 on;",
            f"ours {floor:.1f} times that of C.",
            "* a ceiling at 50 frames a second and a core filled by media alone: computed, not driven.",
            f"{self.rounds} rounds of {self.seconds:g} s, {self.connections} connections, "
            + ("server and load each on its own core." if self.pinned else "server and load not kept to cores."),
            f"{self.machine}.",
        ]
        lines += [f"{server.label}: {server.note}" for server in self.servers if server.note]
        return "\n".join(lines)


def run_media_bench(
    *,
    rounds: int = 3,
    seconds: float = 3.0,
    connections: int = 100,
    progress: Callable[[str], None] = lambda line: None,
) -> MediaBenchResult:
    """Measure all four servers. Blocks for about ``rounds`` * 4 * (``seconds`` + 1) seconds.

    Args:
        rounds: how often each server is measured.
        seconds: how long each time.
        connections: calls at once.
        progress: told a line at each step.

    Raises:
        ConfigError: if a setting is out of range, or the machine lacks what the benchmark needs.
        BenchFailed: if a server or the load fails.
    """
    _check(rounds, seconds, connections)
    progress("compiling the load and the C server")
    load, bridge = build("wsload"), build("wsbridge")
    core, load_core = two_cores()
    commands = {
        OURS: [sys.executable, "-m", "offhook.bench.echo"],
        PEER: [sys.executable, "-m", "offhook.bench.peer", "websockets"],
        NEWER_PEER: [sys.executable, "-m", "offhook.bench.peer", "websockets-sansio"],
        FLOOR: [str(bridge)],
    }
    windows: dict[str, list[Window]] = {name: [] for name in commands}
    with ExitStack() as stack:
        servers: dict[str, ServerProcess] = {}
        for name, words in commands.items():
            progress(f"starting {_LABELS[name]}")
            servers[name] = stack.enter_context(ServerProcess(words, name=_LABELS[name], core=core))
        for turn in range(1, rounds + 1):
            for name, server in servers.items():
                window = _measure(load, server, seconds=seconds, connections=connections, core=load_core)
                windows[name].append(window)
                progress(f"round {turn} of {rounds}: {_LABELS[name]}: {window.us_per_frame:.2f} µs a frame")
    return MediaBenchResult(
        rounds=rounds,
        seconds=seconds,
        connections=connections,
        pinned=core is not None,
        machine=machine(),
        servers=tuple(ServerCost(name, _LABELS[name], servers[name].note, tuple(windows[name])) for name in commands),
    )


def _check(rounds: int, seconds: float, connections: int) -> None:
    if not (1 <= rounds <= 100 and 0.1 <= seconds <= 600 and 1 <= connections <= 1000):
        raise ConfigError(
            "expected 1 to 100 rounds of 0.1 to 600 seconds with 1 to 1000 connections, "
            f"got {rounds}, {seconds:g} and {connections}."
        )
    if not Path("/proc/self/schedstat").exists():
        raise ConfigError(
            f"expected Linux with /proc/PID/schedstat to measure CPU time with, got {platform.system()}.",
            fix="run the benchmark on Linux",
        )
    missing = [name for name in ("fastapi", "websockets") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"expected FastAPI and websockets for the server to compare with, found no {' and no '.join(missing)}.",
            fix=install("bench"),
        )


def _measure(load: Path, server: ServerProcess, *, seconds: float, connections: int, core: int | None) -> Window:
    words = [
        str(load),
        str(server.port),
        _PATH,
        str(connections),
        str(round(_WARMUP_S * 1000)),
        str(round(seconds * 1000)),
        str(server.pid),
    ]
    if core is not None:
        words.append("awake")
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        pin(process.pid, core)
        try:
            out, complaint = process.communicate(timeout=_WARMUP_S + seconds + _SPARE_S)
        except subprocess.TimeoutExpired:
            raise BenchFailed(f"expected the load on {server.name} to end, got no end.") from None
        finally:
            process.kill()  # does nothing to a process that has ended
    if process.returncode:
        why = complaint.decode(errors="replace").strip() or f"exit code {process.returncode}"
        raise BenchFailed(
            f"expected {server.name} to echo audio, got: {why}. It says: {server.complaints() or 'nothing'}"
        )
    window = Window(**json.loads(out))
    if not window.frames:
        raise BenchFailed(f"expected {server.name} to echo audio, got none.")
    return window


def _ratio_dict(ratio: tuple[float, float, float]) -> dict[str, float]:
    middle, least, most = ratio
    return {"median": round(middle, 3), "min": round(least, 3), "max": round(most, 3)}


def machine() -> str:
    model = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, Python {platform.python_version()}"
