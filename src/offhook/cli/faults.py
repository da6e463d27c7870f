"""``offhook providers faults``: every provider with every fault, each on a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from offhook.cli.console import EXIT_FAILED, emit_json, err, out
from offhook.errors import ConfigError
from offhook.faults.cases import CASES, HEALTHY, cases_of

if TYPE_CHECKING:
    from offhook.faults.verdict import Verdict

__all__ = ["run_faults"]


async def run_faults(only: str | None, *, as_json: bool) -> int:
    """Try all cases, or those of a role or a provider; 1 if something is not as it is to be."""
    from offhook.faults import running

    cases = cases_of(only)
    if not cases:
        known = sorted({name for case in CASES for name in (case.role, case.provider)})
        raise ConfigError(f"expected a role or a provider ({', '.join(known)}), got {only!r}.", fix="use one of these")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=as_json) as progress:
        task = progress.add_task("calls", total=len(cases))
        verdicts, told = await running.run_cases(cases, lambda _: progress.advance(task))
    ok = not told and all(verdict.ok for verdict in verdicts)
    if as_json:
        emit_json({"ok": ok, "cases": [verdict.to_dict() for verdict in verdicts], "told_in_the_log": len(told)})
        return 0 if ok else EXIT_FAILED
    for table in _tables(verdicts):
        out.print(table)
    for verdict in verdicts:
        if not verdict.ok:
            case = verdict.case
            what = f"{case.role} {case.provider} {case.fault}: {'; '.join(verdict.wrong)}"
            out.print(f"[red]✗[/] {escape(what)}")
    if told:
        out.print(f"[red]✗[/] {len(told)} lines of the log hold a key, or what was said")
    right = sum(verdict.ok for verdict in verdicts)
    out.print(f"{right} of {len(verdicts)} calls went on as stated; vendors and line are stand-ins on this machine")
    return 0 if ok else EXIT_FAILED


def _tables(verdicts: list[Verdict]) -> list[Table]:
    """A table for each role: a row for each fault, a column for each provider."""
    tables = []
    for role in dict.fromkeys(verdict.case.role for verdict in verdicts):
        of_role = [verdict for verdict in verdicts if verdict.case.role == role]
        providers = [*dict.fromkeys(verdict.case.provider for verdict in of_role)]
        table = Table(title=f"{role}: how many ms later the caller hears it", title_justify="left")
        table.add_column("it …", no_wrap=True)
        for provider in providers:
            table.add_column(provider, justify="right", no_wrap=True)
        for fault in dict.fromkeys(verdict.case.fault for verdict in of_role):
            cells = {verdict.case.provider: verdict for verdict in of_role if verdict.case.fault == fault}
            name = "works" if fault == HEALTHY else fault
            table.add_row(name, *(_cell(cells[provider]) if provider in cells else "" for provider in providers))
        tables.append(table)
    return tables


def _cell(verdict: Verdict) -> str:
    if not verdict.ok:
        return "[red]✗[/]"
    return "[green]✓[/]" if not verdict.later_ms or verdict.later_ms < 50 else f"{verdict.later_ms:.0f} [green]✓[/]"
