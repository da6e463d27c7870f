"""``offhook bench calls``: how many callers at once an agent answers with the engines of this machine.

An exchange and an agent run in processes of their own, and share the machine as they would on a developer's. Callers
arrive over a few seconds, ask one question after the other as recorded people, and hang up. What they report is
measured at their ears: no figure comes from the agent, but for how many calls it says it takes. Every answer is said
in other words, so that no voice has a recording of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from offhook.bench.process import BenchFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    import httpx
    from rich.table import Table

__all__ = ["AGENT", "CallsBenchResult", "Crowd", "Program", "judge", "run_calls_bench"]

AGENT = "offhook.bench.busy_desk:agent"

QUESTIONS = ("hours", "prices", "location")
"""What each caller asks, beginning with another one each."""
_CALL_LIMIT_S = 90.0
"""A caller who is not through by then is counted as one that missed what it waited for."""
_READY_LIMIT_S = 60.0
_POLL_S = 0.25
_QUIET_S = 3.0
"""Between one crowd and the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What came of so many callers at once."""

    offered: int
    admitted: int
    """Calls that were answered."""
    refused: int
    """Calls that were told busy."""
    failed: int
    """Calls that were neither, or ended before their callers had done everything."""
    turns: int
    """Questions that admitted callers asked, or would have asked."""
    answered: int
    """Of these: with an answer."""
    greeting_p50_ms: float | None
    turn_p50_ms: float | None
    """From the end of the question to the first sound of the answer, at the caller's ear."""
    turn_p95_ms: float | None
    limit: int | None
    """How many calls the agent took at once when the crowd was there, by itself."""

    @property
    def missed(self) -> int:
        """Questions of admitted callers without an answer."""
        return self.turns - self.answered


@dataclass(frozen=True, slots=True)
class CallsBenchResult:
    """All crowds."""

    crowds: tuple[Crowd, ...]
    cores: int
    load_before: float | None
    """The machine's load average when the bench began: what else it does changes every figure."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "cores": self.cores,
            "load_before": self.load_before,
            "crowds": [{**asdict(crowd), "missed": crowd.missed} for crowd in self.crowds],
        }

    def table(self) -> Table:
        """For people."""
        from rich.table import Table

        load = "" if self.load_before is None else f", load average {self.load_before:.1f} before"
        table = Table(title=f"Callers at once ({self.cores} cores{load})", title_justify="left")
        counted = ("callers", "taken", "busy", "failed", "answered", "missed")
        for name in (*counted, "greeting p50", "turn p50", "turn p95"):
            table.add_column(name, justify="right")
        for crowd in self.crowds:
            counts = (crowd.offered, crowd.admitted, crowd.refused, crowd.failed, crowd.answered, crowd.missed)
            times = (crowd.greeting_p50_ms, crowd.turn_p50_ms, crowd.turn_p95_ms)
            table.add_row(*map(str, counts), *("-" if ms is None else f"{ms:.0f} ms" for ms in times))
        return table


def judge(reports: Sequence[dict[str, Any]], *, questions: int, limit: int | None = None) -> Crowd:
    """What came of a crowd, by the exchange's reports of its calls."""
    refused = [report for report in reports if _cause(report) == "user_busy"]
    taken = [report for report in reports if report not in refused and report["caller"]["greeting_ms"] is not None]
    callers = [report["caller"] for report in taken]
    latencies = [turn["latency_ms"] for caller in callers for turn in caller["turns"] if turn["answer"] == "answered"]
    finished = sum(caller["finished"] for caller in callers)
    greetings = [caller["greeting_ms"] for caller in callers]
    return Crowd(
        offered=len(reports),
        admitted=len(taken),
        refused=len(refused),
        failed=len(reports) - len(refused) - finished,
        turns=questions * len(taken),
        answered=len(latencies),
        greeting_p50_ms=median(greetings) if greetings else None,
        turn_p50_ms=median(latencies) if latencies else None,
        turn_p95_ms=sorted(latencies)[int(0.95 * (len(latencies) - 1))] if latencies else None,
        limit=limit,
    )


def _cause(report: dict[str, Any]) -> object:
    return report["call"]["hangup_cause"]


class Program:
    """An ``offhook …`` in a process of its own, whose ``--json`` events are read; ended on exit.

    Raises:
        BenchFailed: on entry, if it is not ready in time.
    """

    def __init__(self, *words: str, ready: str, env: dict[str, str] | None = None) -> None:
        self._words = words
        self._ready = ready
        self._env = env or {}
        self._folder = tempfile.TemporaryDirectory(prefix="offhook-bench-")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # A file, not a pipe: nobody has to read while calls are up.
        with (self._path("out")).open("wb") as out, (self._path("err")).open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "offhook", *self._words, "--json"],
                env={**os.environ, **self._env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def _path(self, name: str) -> Path:
        return Path(self._folder.name) / name

    def port(self) -> int:
        """Where it listens, once it does."""
        assert self._process is not None, "the program is entered first"
        deadline = time.monotonic() + _READY_LIMIT_S
        while time.monotonic() < deadline:
            for line in self._path("out").read_text().splitlines():
                if line.endswith("}") and (event := json.loads(line)).get("type") == self._ready:
                    return int(event["port"])
            if self._process.poll() is not None:
                break
            time.sleep(_POLL_S)
        said = self._path("err").read_text().strip().splitlines()
        raise BenchFailed(f"expected offhook {self._words[0]} to get ready, got: {said[-1] if said else 'nothing'}")


def run_calls_bench(
    crowds: Sequence[int],
    *,
    over_s: float,
    agent: str = AGENT,
    env: dict[str, str] | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> CallsBenchResult:
    """Let each crowd of so many callers come to an agent of its own kind, one crowd after the other.

    Args:
        crowds: how many callers.
        over_s: over how many seconds they arrive.
        agent: who answers.
        env: more settings of the agent.
        progress: told what is being done.

    Raises:
        BenchFailed: the exchange or the agent did not get ready.
    """
    import httpx

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with ExitStack() as stack:
        exchange = stack.enter_context(Program("exchange", "up", "--port", "0", ready="exchange.started"))
        http = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{exchange.port()}", trust_env=False, timeout=30)
        )
        variables = http.get("/exchange/env").json()
        results = []
        for count in crowds:
            # Each crowd meets an agent that has just begun: it knows no more of its callers than on its first day.
            settings = {**variables, **(env or {})}
            with Program("serve", agent, "--port", "0", ready="server.ready", env=settings) as desk:
                port = desk.port()
                _lead_webhooks(http, variables, port)
                progress(f"{count} callers in {over_s:g} s …")
                results.append(_run_crowd(http, port, count, over_s))
            time.sleep(_QUIET_S)
    return CallsBenchResult(tuple(results), os.cpu_count() or 1, load)


def _lead_webhooks(http: httpx.Client, variables: dict[str, str], port: int) -> None:
    reply = http.patch(
        f"/v2/call_control_applications/{variables['TELNYX_CONNECTION_ID']}",
        json={"webhook_event_url": f"http://127.0.0.1:{port}/webhooks/telnyx"},
        headers={"authorization": f"Bearer {variables['TELNYX_API_KEY']}"},
    )
    reply.raise_for_status()


def _run_crowd(http: httpx.Client, agent_port: int, count: int, over_s: float) -> Crowd:
    import httpx

    calls = []
    began = time.monotonic()
    for index in range(count):
        time.sleep(max(0.0, began + index * over_s / count - time.monotonic()))
        body = {"from": f"+1555{2000000 + index}", "script": _script(index)}
        reply = http.post("/exchange/calls", json=body)
        reply.raise_for_status()
        calls.append(reply.json()["call"])
    health = httpx.get(f"http://127.0.0.1:{agent_port}/healthz", trust_env=False, timeout=30).json()
    limit = health.get("capacity", {}).get("limit")
    waiting, deadline = list(calls), time.monotonic() + _CALL_LIMIT_S
    reports: dict[str, dict[str, Any]] = {}
    while waiting and time.monotonic() < deadline:
        time.sleep(1.0)
        for call in tuple(waiting):
            report = http.get(f"/exchange/calls/{call}").json()
            reports[call] = report
            if report["call"]["hangup_cause"] is not None:
                waiting.remove(call)
    for call in waiting:
        http.post(f"/exchange/calls/{call}/hangup", json={})
        reports[call] = http.get(f"/exchange/calls/{call}").json()
    return judge([reports[call] for call in calls], questions=len(QUESTIONS), limit=limit)


def _script(index: int) -> dict[str, Any]:
    """A caller who waits for the agent to finish before asking the next thing, as people do."""
    steps: list[dict[str, Any]] = []
    for at in range(len(QUESTIONS)):
        steps += [{"wait_agent": True, "timeout_s": 12}, {"say": QUESTIONS[(index + at) % len(QUESTIONS)]}]
    return {"name": "bench", "steps": [*steps, {"wait_agent": True, "timeout_s": 12}, {"hang_up": True}]}
