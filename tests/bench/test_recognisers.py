"""The bench of recognisers over the network measures what it says."""

from __future__ import annotations

import json
import sys

import pytest

from offhook.bench.process import BenchFailed
from offhook.bench.recogniser_load import CLIENTS
from offhook.bench.recognisers import ClientCost, RecognisersBenchResult, _measure, run_recognisers_bench

RESULT = RecognisersBenchResult(
    streams=40,
    seconds=5.0,
    clients=(
        ClientCost("pace", (0.2, 0.3, 0.25), 0, None),
        ClientCost("deepgram", (1.0, 0.9, 1.3), 200, {"median": 7.4, "max": 12.6}),
    ),
    machine="a machine",
)


def test_pacing_is_taken_off() -> None:
    """Of the median."""
    assert RESULT.own_ms("deepgram") == pytest.approx(0.75)
    assert RESULT.to_dict()["clients"][1]["cpu_ms_per_call_s"] == 0.75
    json.dumps(RESULT.to_dict())


def test_the_table_is_for_people() -> None:
    """With what pacing itself takes."""
    lines = RESULT.table().splitlines()
    assert lines[1].split()[-3:] == ["0.25", "0.20", "0.30"]
    assert lines[2].split()[2:] == ["0.75", "0.65", "1.05", "7", "ms,", "13", "most"]
    assert all(len(line) <= 100 for line in lines)


def test_a_client_that_cannot_be_measured_is_told_of() -> None:
    """With the last line that it said."""
    with pytest.raises(BenchFailed, match=r"ConnectionRefusedError|URLError"):
        _measure(sys.executable, "deepgram", 9, 1, 0.1, None)


@pytest.mark.slow
def test_every_client_hears_words_and_is_noticed_when_it_leaves() -> None:
    """Two callers, half a second, once; of LiveKit only where it is installed."""
    result = run_recognisers_bench(streams=2, seconds=1.0, rounds=1)
    assert {client.name for client in result.clients} == set(CLIENTS) - {"livekit"}
    for client in result.clients:
        assert (client.events > 0) == (client.name != "pace")
        assert (client.close_ms is not None) == (client.name not in ("pace", "speech"))
        assert client.cpu_ms > 0
