"""The media benchmark: its arithmetic, its table, and one short run of it."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from offhook.bench import media
from offhook.bench.media import BenchFailed, MediaBenchResult, ServerCost, Window, run_media_bench
from offhook.errors import ConfigError


def cost(name: str, *us_per_frame: float, note: str = "") -> ServerCost:
    windows = tuple(Window(1000, round(us * 1_000_000), round(us * 1_250_000), 1) for us in us_per_frame)
    return ServerCost(name, f"the {name} server", note, windows)


@pytest.fixture
def result() -> MediaBenchResult:
    return MediaBenchResult(
        rounds=3,
        seconds=2.0,
        connections=100,
        pinned=True,
        machine="a machine",
        servers=(
            cost("offhook", 10, 12, 11),
            cost("fastapi", 60, 66, 88, note="on asyncio"),
            cost("fastapi-sansio", 40, 36, 44),
            cost("c", 5, 4, 5),
        ),
    )


def test_a_frame_costs_the_servers_cpu_time_by_the_frames() -> None:
    """Not by the time that went by: a server that idles is not slow."""
    window = Window(frames=200_000, server_cpu_ns=2_000_000_000, wall_ns=4_000_000_000, client_cpu_ns=0)
    assert window.us_per_frame == 10
    assert window.busy == 0.5


def test_the_median_of_the_rounds_counts(result: MediaBenchResult) -> None:
    """One round in which the machine was busy does not decide."""
    assert result.server("offhook").us_per_frame == 11
    assert result.server("offhook").calls_per_core == pytest.approx(1e6 / 50 / 11)


def test_ratios_are_formed_within_a_round(result: MediaBenchResult) -> None:
    """What else the machine does in a round hits both servers of it."""
    assert result.ratio("fastapi", "offhook") == (6, 5.5, 8)
    assert result.ratio("offhook", "c") == (2.2, 2, 3)


def test_the_table_fits_a_terminal(result: MediaBenchResult) -> None:
    """It says the ratio with its range, what each server ran on, and how the cores were shared."""
    table = result.table()
    assert max(map(len, table.splitlines())) <= 100
    assert "6.0 times the CPU time of ours (5.5 to 8.0), 4.0 times from uvicorn 0.50 on" in table
    assert "the fastapi server: on asyncio" in table
    assert "each on its own core" in table


def test_the_result_is_json(result: MediaBenchResult) -> None:
    """Every round is kept beside the median, so that others can judge the spread."""
    told = json.loads(json.dumps(result.to_dict()))
    assert told["ratios"]["peer_over_offhook"] == {"median": 6, "min": 5.5, "max": 8}
    assert told["ratios"]["newer_peer_over_offhook"] == {"median": 4, "min": 3, "max": 4}
    assert [server["name"] for server in told["servers"]] == ["offhook", "fastapi", "fastapi-sansio", "c"]
    assert told["servers"][0]["us_per_frame"] == {"median": 11, "min": 10, "max": 12, "rounds": [10, 12, 11]}
    assert told["servers"][0]["server_busy"] == 0.8


@pytest.mark.parametrize("setting", [{"rounds": 0}, {"seconds": 0.01}, {"connections": 0}, {"connections": 1001}])
def test_a_setting_out_of_range_is_refused(setting: dict[str, Any]) -> None:
    """Rounds, calls and seconds have limits, and are checked before anything runs."""
    with pytest.raises(ConfigError, match="expected 1 to 100 rounds"):
        run_media_bench(**setting)


def test_a_machine_without_the_peer_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison without the other side is refused with the extra that brings it."""
    monkeypatch.setattr(media, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="no fastapi and no websockets") as caught:
        run_media_bench()
    assert "[bench]" in str(caught.value.fix)


def test_a_machine_without_schedstat_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU time is measured by the scheduler or not at all."""
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(ConfigError, match="schedstat"):
        run_media_bench()


@pytest.fixture
def all_servers(require: Any) -> None:
    """Needs what a whole run needs."""
    require(shutil.which("cc") is not None, "a C compiler")
    require(Path("/proc/self/schedstat").exists(), "Linux with /proc/PID/schedstat")
    require(find_spec("fastapi") is not None, "fastapi")


@pytest.mark.slow
def test_all_servers_echo_and_are_measured(all_servers: None) -> None:
    """The load compares the audio, so a run that ends is a run in which every server did the work."""
    lines: list[str] = []
    result = run_media_bench(rounds=1, seconds=0.2, connections=5, progress=lines.append)
    assert [server.name for server in result.servers] == ["offhook", "fastapi", "fastapi-sansio", "c"]
    assert all(0.5 < server.us_per_frame < 5000 for server in result.servers)
    assert "uvicorn ws=websockets on" in result.server("fastapi").note
    assert "uvicorn ws=websockets-sansio on" in result.server("fastapi-sansio").note
    assert sum(line.startswith("round 1 of 1") for line in lines) == 4


def test_a_server_that_fails_is_named(all_servers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: the path opens nothing, so the first server refuses the handshake."""
    monkeypatch.setattr(media, "_PATH", "/elsewhere")
    with pytest.raises(BenchFailed, match=r"expected offhook .* got: wsload: expected HTTP/1\.1 101"):
        run_media_bench(rounds=1, seconds=0.2, connections=1)
