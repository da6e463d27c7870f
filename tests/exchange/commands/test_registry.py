"""A new command is one file and nothing else."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from offhook.exchange import commands
from offhook.exchange.commands.command import Command, Opening, alive
from offhook.exchange.commands.intake import Intake
from offhook.exchange.commands.registry import CARRIERS, Registry, families
from offhook.exchange.words.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.switchboard import Switchboard

FAMILY = """
from offhook.exchange.commands.command import Command, alive
from offhook.exchange.words import fields

def whistle(board, circuit, tune):
    return {"data": {"whistled": tune, "to": circuit.call_id}}

COMMANDS = (
    Command(
        name="whistle",
        parse=lambda body: fields.required_text(body, "tune"),
        do=whistle,
        permit=alive,
        idle={"echo": False},
    ),
)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A package of commands with one file in it."""
    folder = tmp_path / "commands_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "whistling.py").write_text(FAMILY)
    (folder / "shared.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("commands_of_a_test")
    for name in [name for name in sys.modules if name.startswith("commands_of_a_test")]:
        del sys.modules[name]


@pytest.fixture
def circuit(board: Switchboard) -> Circuit:
    """A leg that rings."""
    application = next(iter(board.directory.applications.values()))
    leg = board.new_leg(direction="inbound", from_="+15550150", to="+15550199", connection_id=application.id)
    return board.begin(leg, application, phone=None)


async def test_a_family_is_found_by_its_file(package: Any, board: Switchboard, circuit: Circuit) -> None:
    """It says what it parses, permits and does, and is given commands like any other."""
    intake = Intake(board, Registry(families(package)))
    assert intake.registry.names() == {"whistle"}
    reply = intake.perform(circuit, "whistle", {"tune": "high"})
    assert reply == {"data": {"whistled": "high", "to": circuit.call_id}}
    with pytest.raises(ApiError) as refusal:
        intake.perform(circuit, "whistle", {})
    assert refusal.value.code == "10004"


async def test_a_command_id_has_one_effect_on_a_leg_and_on_none(board: Switchboard, circuit: Circuit) -> None:
    """The window is the same for commands to a leg and for those that begin one; a refusal is not remembered."""
    done: list[str] = []

    def count(*_: object) -> dict[str, int]:
        done.append("x")
        return {"n": len(done)}

    registry = Registry(
        (Command(name="count", parse=dict, do=count, permit=alive), Opening(name="dial", parse=dict, do=count))
    )
    same = {"command_id": "x"}
    intake = Intake(board, registry)
    assert intake.perform(circuit, "count", {"command_id": "x"}) == intake.perform(
        circuit, "count", {"command_id": "x"}
    )
    assert intake.begin("dial", same) == intake.begin("dial", same) == {"n": 2}
    intake.perform(circuit, "count", {"command_id": ""})
    intake.perform(circuit, "count", {"command_id": 7})
    assert len(done) == 4


def test_what_is_not_played_is_told_from_what_does_not_exist() -> None:
    """501 for a command that only the carrier has, 404 for one that nobody has."""
    registry = Registry(families(commands))
    unplayed = CARRIERS - registry.names()
    assert "record_start" in unplayed
    for name, status in (*((name, 501) for name in unplayed), ("whistle", 404)):
        with pytest.raises(ApiError) as refusal:
            registry.command(name)
        assert refusal.value.status == status
    with pytest.raises(ApiError) as refusal:
        registry.opening("whistle")
    assert refusal.value.status == 404
