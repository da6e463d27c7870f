"""The callers' scripts: what can be written, and what is said about mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.errors import ConfigError
from offhook.exchange.people.acoustics import EchoPath
from offhook.exchange.people.script import (
    Backchannel,
    BargeIn,
    ClipRef,
    ExpectPerson,
    HangUp,
    Press,
    Say,
    StopAudio,
    WaitAgent,
    WaitSeconds,
    load_script,
    parse_script,
    script_names,
)
from offhook.exchange.people.voices import Voices

if TYPE_CHECKING:
    from pathlib import Path


def test_every_step_can_be_written() -> None:
    """Each verb of the documentation is understood with all its words, and a script's voice is its default."""
    script = parse_script(
        {
            "name": "all",
            "voice": "flite:rms",
            "steps": [
                {"wait_agent": True, "quiet_ms": 500, "timeout_s": 3},
                {"say": "hours"},
                {"say": {"text": "Hello?"}},
                {"say": {"text": "Hello?", "voice": "espeak"}},
                {"barge_in": "location", "after_ms": 1200},
                {"backchannel": "mmhm", "after_ms": 900, "timeout_s": 5},
                {"press": "12#wW"},
                {"wait_s": 1.5},
                {"stop_audio_s": 3},
                {"stop_audio_s": 3, "after_ms": 400, "burst": True},
                {"expect_person": True},
                {"hang_up": True},
            ],
        }
    )
    assert script.steps == (
        WaitAgent(500, 3),
        Say(ClipRef("hours")),
        Say(ClipRef(text="Hello?", voice="flite:rms")),
        Say(ClipRef(text="Hello?", voice="espeak")),
        BargeIn(ClipRef("location"), 1200),
        Backchannel(ClipRef("mmhm"), 900, 5),
        Press("12#wW"),
        WaitSeconds(1.5),
        StopAudio(3),
        StopAudio(3, 400, burst=True),
        ExpectPerson(),
        HangUp(),
    )
    assert script.echo is None
    assert script.clips()[0] == ClipRef("hours")
    assert len(script.clips()) == 5


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"say": "hours"}, {"shout": "hours"}], "in step 2, got shout"),
        ([{"say": "hours", "press": "1"}], "exactly one of .* in step 1, got say and press"),
        ([{}], "in step 1, got an empty table"),
        (["say"], "expected a table in step 1, got str"),
        ([{"say": ""}], r"expected the name of a recording.* in step 1 \(say\)"),
        ([{"say": {"text": "  "}}], r"in step 1 \(say\), got dict"),
        ([{"say": {"text": "Hi", "speed": 2}}], r"expected text and voice in step 1 \(say\), got speed"),
        ([{"say": "hours", "after_ms": 5}], r"expected nothing else in step 1 \(say\), got after_ms"),
        ([{"barge_in": "hours", "quiet_ms": 5}], r"expected after_ms, timeout_s in step 1 \(barge_in\), got quiet_ms"),
        ([{"barge_in": "hours", "after_ms": -5}], r"a number of 0 or more in step 1 \(barge_in\): after_ms, got -5"),
        ([{"wait_s": "long"}], r"a number of 0 or more in step 1 \(wait_s\), got str"),
        ([{"wait_s": True}], "got True"),
        ([{"stop_audio_s": 1, "burst": 1}], r"expected true or false in step 1 \(stop_audio_s\): burst, got 1"),
        ([{"press": 12}], r"keys of .* in quotes in step 1 \(press\), got 12"),
        ([{"press": "1x"}], "got '1x'"),
        ([{"hang_up": "now"}], r"expected true in step 1 \(hang_up\), got str"),
        ([], "at least one step"),
        (None, "got nothing"),
    ],
)
def test_a_mistake_is_told_with_the_number_of_its_step(steps: Any, message: str) -> None:
    """The error says what was expected at which step."""
    with pytest.raises(ConfigError, match=message):
        parse_script({"steps": steps})


def test_mistakes_outside_the_steps_are_told_too() -> None:
    """A word that no script has is refused, and not passed over."""
    with pytest.raises(ConfigError, match="got colour"):
        parse_script({"steps": [{"hang_up": True}], "colour": "red"})
    with pytest.raises(ConfigError, match="expected voice as text"):
        parse_script({"steps": [{"hang_up": True}], "voice": 3})


def test_a_caller_can_have_an_echo() -> None:
    """How loud and how late what is heard comes back; 200 ms unless said otherwise."""
    steps = [{"hang_up": True}]
    assert parse_script({"steps": steps, "echo_db": -30}).echo == EchoPath(-30.0, 200.0)
    assert parse_script({"steps": steps, "echo_db": -45, "echo_ms": 600}).echo == EchoPath(-45.0, 600.0)


def test_a_line_can_have_noise() -> None:
    """Of a level; none unless it is asked for."""
    steps = [{"hang_up": True}]
    assert parse_script({"steps": steps}).noise_dbfs is None
    assert parse_script({"steps": steps, "noise_dbfs": -55}).noise_dbfs == -55.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise_dbfs": 3}, "noise_dbfs, got 3"),
        ({"noise_dbfs": "loud"}, "noise_dbfs, got str"),
        ({"echo_ms": 200}, "echo_db with echo_ms"),
        ({"echo_db": 3}, "a number of -96 to 0"),
        ({"echo_db": True}, "a number of -96 to 0"),
        ({"echo_db": "loud"}, "a number of -96 to 0"),
        ({"echo_db": -30, "echo_ms": -1}, "echo_ms, got -1"),
        ({"echo_db": -30, "echo_ms": 5001}, "at most 5000"),
    ],
)
def test_an_echo_that_no_line_has_is_refused(options: dict[str, Any], message: str) -> None:
    """Louder than what was heard, before it was heard, or after the call."""
    with pytest.raises(ConfigError, match=message):
        parse_script({"steps": [{"hang_up": True}], **options})


class TestFiles:
    @pytest.mark.parametrize("name", script_names())
    async def test_every_script_that_comes_with_the_package_can_be_performed(self, name: str) -> None:
        """The package's own scripts have their name and all that they say."""
        script = load_script(name)
        assert script.name == name
        await Voices().prepare(script)

    def test_recordings_are_found_beside_the_file(self, tmp_path: Path) -> None:
        """A script and its recordings can be moved together."""
        path = tmp_path / "mine.toml"
        path.write_text('steps = [{say = "hello.wav"}, {say = "hours"}, {press = "1"}]')
        script = load_script(str(path))
        assert script.name == "mine"
        assert script.clips() == (ClipRef(str(tmp_path / "hello.wav")), ClipRef("hours"))

    def test_an_unknown_name_is_told_with_the_known_ones(self) -> None:
        """A misspelt name is not taken for a file."""
        with pytest.raises(ConfigError, match=r"\(caller, person\), got 'callr'"):
            load_script("callr")

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        """A path is a path: the error is that of the file."""
        with pytest.raises(ConfigError, match="No such file"):
            load_script(str(tmp_path / "none.toml"))

    def test_a_voice_that_is_not_text(self) -> None:
        """Values of another type are refused with their step and their verb."""
        with pytest.raises(ConfigError, match=r"voice as text in step 1 \(say\), got 3"):
            parse_script({"steps": [{"say": {"text": "Hello?", "voice": 3}}]})

    def test_a_file_that_is_not_toml(self, tmp_path: Path) -> None:
        """A file that cannot be read is an error of the configuration, with TOML's reason."""
        (tmp_path / "bad.toml").write_text("steps = [")
        with pytest.raises(ConfigError, match="expected TOML"):
            load_script(str(tmp_path / "bad.toml"))

    def test_steps_of_another_shape_in_a_file(self, tmp_path: Path) -> None:
        """A file is checked as strictly as what is written in Python."""
        (tmp_path / "bad.toml").write_text('steps = ["hang_up"]')
        with pytest.raises(ConfigError, match="step 1"):
            load_script(str(tmp_path / "bad.toml"))
        (tmp_path / "bad.toml").write_text("steps = 3")
        with pytest.raises(ConfigError, match="at least one step"):
            load_script(str(tmp_path / "bad.toml"))
