"""``offhook bench``: benchmarks beside peers."""

from __future__ import annotations

from offhook.cli.console import emit_json, err, out

__all__ = ["run_media"]


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
