"""The agent's own words on the line, through the engines of a call: a part of the table that the bench makes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from offhook.bench.line_echo import Conversation, Path, caller, run_echo_bench
from offhook.speech.echo import EchoGuard

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(name="conversation")
def conversation_fixture(require: Callable[[bool, str], None]) -> Conversation:
    """An agent who says two things."""
    require(find_spec("onnxruntime") is not None, "onnxruntime")
    from offhook.speech.vad import load_model

    return Conversation("kal", load_model())


@pytest.mark.parametrize(
    "path",
    [
        Path(delay_ms=50.3, loss_db=20),
        Path(delay_ms=237.3, loss_db=20, noise_dbfs=-50, codec="PCMA"),
        Path(delay_ms=600, loss_db=20, noise_dbfs=-60, codec="G722", handset=True),
        Path(delay_ms=180, loss_db=25, moves_ms=40),
    ],
    ids=["near", "noisy", "handset", "moving"],
)
def test_the_agents_own_words_are_neither_speech_nor_a_turn(conversation: Conversation, path: Path) -> None:
    """Unguarded, they are."""
    heard = conversation.heard(path)
    assert conversation.listen(heard, None).turns
    outcome = conversation.listen(heard, EchoGuard())
    assert (outcome.began, outcome.paused, outcome.turns) == ([], [], [])


@pytest.mark.parametrize(("dbfs", "loss_db"), [(-15, 20), (-25, 30), (-35, 30)])
def test_a_caller_interrupts_over_an_echo(conversation: Conversation, dbfs: float, loss_db: float) -> None:
    """Within 20 ms of when they do on a line without one, and it is a turn."""
    says = [(conversation.speeches[1][0] + 800, caller("location", dbfs))]
    today = conversation.listen(conversation.heard(Path(loss_db=None), caller=says), None)
    heard = conversation.heard(Path(delay_ms=237.3, loss_db=loss_db), caller=says)
    guarded = conversation.listen(heard, EchoGuard())
    assert guarded.paused[0] <= today.paused[0] + 20
    assert len(guarded.turns) == len(today.turns) == 1


def test_the_bench_counts_both_and_prints_two_tables(conversation: Conversation) -> None:
    """Also as JSON."""
    bench = run_echo_bench(
        delays_ms=[100], losses_db=[20], noises_dbfs=[None], codecs=["PCMU"], levels_dbfs=[-20], callers=["location"],
        agents=["kal"],
    )  # fmt: skip
    (echo,) = bench.echo.values()
    assert (echo[0], echo[2]) == (1, [0, 0, 0])
    assert echo[1][2] > 0
    assert [missed for _, missed, _ in bench.talk.values()] == [0, 0]
    assert [table.row_count for table in bench.tables()] == [1, 2]
    assert set(bench.to_dict()) == {"echo", "double_talk"}
