"""``offhook check``: whether everything that an agent needs works."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rich.markup import escape

from offhook.agent.loading import load_agent
from offhook.cli.console import EXIT_FAILED, emit_json, out, stderr
from offhook.logs import log_to
from offhook.probing.agent import probe_agent

if TYPE_CHECKING:
    from offhook.probing.probe import Probe

__all__ = ["run_check"]


async def run_check(path: str, *, debug: bool, as_json: bool) -> int:
    """Ask everything once and print what came of it, each as soon as it is known; 1 if something does not work."""
    if debug:
        log_to(stderr.write, level=logging.DEBUG, texts=True)
    agent = load_agent(path)
    if not as_json:
        out.print(f"[bold]{escape(agent.name)}[/]\n[dim]  {'':<40}{'first':>9}{'again':>9}[/]")
    probes = await probe_agent(agent, _tell_nobody if as_json else _tell)
    wrong = [probe for probe in probes if probe.found is None]
    if as_json:
        emit_json({"agent": agent.name, "ok": not wrong, "probes": [probe.to_dict() for probe in probes]})
    elif wrong:
        out.print(f"[red]{len(wrong)} of {len(probes)} do not work[/]")
    else:
        out.print(f"[green]all {len(probes)} work[/]")
    return EXIT_FAILED if wrong else 0


def _tell_nobody(probe: Probe) -> None:
    """All are told at the end."""


def _tell(probe: Probe) -> None:
    sign = "[green]✓[/]" if probe.found is not None else "[red]✗[/]"
    what = f"{probe.role} {probe.name}"
    if probe.found is not None:
        times = f"{_ms(probe.found.first_ms):>9}{_ms(probe.found.again_ms):>9}"
        found = f"  [dim]{escape(probe.found.what)}[/]" if probe.found.what else ""
        line = f"{what:<40}{times}"
        out.print(f"{sign} {escape(line)}{found}" if found else f"{sign} {escape(what)}")
        return
    out.print(f"{sign} {escape(what)}")
    out.print(f"  [red]error:[/] {escape(probe.error or '')}")
    if probe.fix:
        out.print(f"  [green]fix:[/]   {escape(probe.fix)}")


def _ms(ms: float | None) -> str:
    return "" if ms is None else f"{ms:.0f} ms"
