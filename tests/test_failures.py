"""docs/failures.md: what happens when something fails, and how long anything is waited for."""

from __future__ import annotations

from pathlib import Path

from offhook.waits import ALL

PAGE = Path(__file__).parent.parent / "docs" / "failures.md"


def test_the_page_shows_every_wait_as_it_is() -> None:
    """Its limit and its outcome, in the order of the module; none is left out, and none is made up."""
    table = PAGE.read_text(encoding="utf-8").split("## How long anything is waited for")[1]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert rows == [f"| {wait.name} | {wait.limit_s:g} s | {wait.outcome} |" for wait in ALL]
