"""The demonstration, run as a newcomer runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from offhook.audio.wav import read_wav
from offhook.demo.demonstration import DEMONSTRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_one_command_holds_a_conversation_and_keeps_it(tmp_path: Path, require: Callable[[bool, str], None]) -> None:
    """Five turns, an interruption, a back-channel, a hand-over to a person; a recording, a transcript, a timeline."""
    for package in ("onnxruntime", "moonshine_voice", "rapidfuzz"):
        require(find_spec(package) is not None, f"{package} (pip install 'offhook[local]')")
    done = subprocess.run(
        [sys.executable, "-m", "offhook", "demo", "--json", "--output", str(tmp_path)],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout.splitlines()[-1])
    assert story["demo"] == "front-desk"
    assert all(check["ok"] for check in story["checks"])

    assert story["call"]["state"] == "ended"
    assert story["call"]["codec"] == "PCMU"
    assert story["webhooks"]["delivered"] == story["webhooks"]["verified"] >= 6
    assert len(story["turns"]) >= 5
    assert all(turn["latency_ms"] > 0 and turn["agent"]["text"] for turn in story["turns"])
    assert [turn["agent"]["intent"] for turn in story["turns"][:5]] == [
        "opening hours", "booking", "booking", "prices", "location",
    ]  # fmt: skip
    (interrupted,) = [turn for turn in story["turns"] if turn["interrupted"]]
    assert interrupted["agent"]["text"].startswith(interrupted["agent"]["heard"].rstrip(" ."))
    assert len(interrupted["agent"]["heard"]) < len(interrupted["agent"]["text"])
    assert story["barge_in"]["stop_ms"] is not None
    assert story["backchannel"]["stopped_agent"] is False
    assert story["handover"]["bridged"]
    assert story["handover"]["person_heard"]

    rate, (caller, heard) = read_wav(Path(story["recording"]))
    assert rate == 8000
    for side in (caller, heard):
        samples = np.abs(np.frombuffer(side, "<i2").astype(int))
        assert samples.max() < 32_000, "clipped"
        assert samples.max() > 3000, "silent"

    events = [json.loads(line) for line in Path(story["timeline"]).read_text().splitlines()]
    assert {event["source"] for event in events} == {"exchange", "server", "agent"}
    assert [event["at_ms"] for event in events] == sorted(event["at_ms"] for event in events)
    transcript = json.loads((Path(story["recording"]).parent / "transcript.json").read_text())
    assert transcript["turns"] == story["turns"]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", [name for name in DEMONSTRATIONS if name != "front-desk"])
def test_the_other_demonstrations_go_well(name: str, tmp_path: Path, require: Callable[[bool, str], None]) -> None:
    """Each on stand-ins of the services, with everything that it checks."""
    for package in ("onnxruntime", "moonshine_voice", "rapidfuzz", "openai", "bm25s"):
        require(find_spec(package) is not None, f"{package} (pip install 'offhook[local,openai,knowledge]')")
    done = subprocess.run(
        [sys.executable, "-m", "offhook", "demo", name, "--json", "--output", str(tmp_path)],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    story = json.loads(done.stdout.splitlines()[-1])
    assert story["demo"] == name
    assert len(story["checks"]) >= 4
    assert all(check["ok"] for check in story["checks"])
    assert Path(story["recording"]).exists()
