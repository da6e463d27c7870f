"""``offhook bench``: benchmarks beside peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.cli.console import emit_json, err, out

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_calls", "run_echo", "run_media", "run_providers", "run_turns"]


def run_media(*, rounds: int, seconds: float, connections: int, as_json: bool) -> None:
    """Measure the media plane and print the table."""
    from offhook.bench.media import run_media_bench

    result = run_media_bench(
        rounds=rounds, seconds=seconds, connections=connections, progress=lambda line: err.print(f"[dim]{line}[/]")
    )
    if as_json:
        emit_json(result.to_dict())
    else:
        out.print(result.table())


def run_calls(*, callers: list[int], over_s: float, as_json: bool) -> None:
    """Let crowds of callers come to an agent with the engines of this machine, and print the table."""
    from offhook.bench.calls import run_calls_bench

    result = run_calls_bench(callers, over_s=over_s, progress=lambda line: err.print(f"[dim]{line}[/]"))
    if as_json:
        emit_json(result.to_dict())
    else:
        out.print(result.table())


def run_echo(*, as_json: bool) -> None:
    """Let an agent hear itself, and callers over it, and print the tables."""
    from offhook.bench.line_echo import run_echo_bench

    result = run_echo_bench(progress=lambda line: err.print(f"[dim]{line}[/]"))
    if as_json:
        emit_json(result.to_dict())
    else:
        for table in result.tables():
            out.print(table)


def run_providers(*, streams: int, seconds: float, rounds: int, livekit: Path | None, as_json: bool) -> None:
    """Measure recognisers over the network, and print the table."""
    from offhook.bench.recognisers import run_recognisers_bench

    result = run_recognisers_bench(
        streams=streams,
        seconds=seconds,
        rounds=rounds,
        livekit_python=livekit,
        progress=lambda line: err.print(f"[dim]{line}[/]"),
    )
    if as_json:
        emit_json(result.to_dict())
    else:
        out.print(result.table())


def run_turns(*, calls: int, turns: int, livekit: Path | None, as_json: bool) -> None:
    """Measure our share of a turn, and print the table."""
    from offhook.bench.turns import run_turns_bench

    result = run_turns_bench(
        calls=calls, turns=turns, livekit_python=livekit, progress=lambda line: err.print(f"[dim]{line}[/]")
    )
    if as_json:
        emit_json(result.to_dict())
    else:
        out.print(result.table())
