"""The bench of acknowledgements measures what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.bench import ack

if TYPE_CHECKING:
    import pytest


async def test_both_servers_are_measured_and_sorted() -> None:
    """As many webhooks each, without those that warm it up."""
    took_ms = await ack.measure(100)
    assert set(took_ms) == {"without", "with"}
    for each in took_ms.values():
        assert len(each) == 50
        assert each == sorted(each)
        assert each[0] > 0


def test_it_prints_percentiles(capsys: pytest.CaptureFixture[str]) -> None:
    """Of both, and how the journal is forced to the disk."""
    assert ack.main(["50", "commit"]) == 0
    said = capsys.readouterr().out
    assert "OFFHOOK_JOURNAL_SYNC=commit" in said
    assert said.count("p50") == said.count("p99") == 2
