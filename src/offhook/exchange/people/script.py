"""A caller's script: what a person on the phone says and does, step by step.

A script is a TOML file, or the same as a table in JSON::

    name = "appointment"
    voice = "flite:rms"                     # for steps with `text`; the machine's own voice if absent
    echo_db = -30                           # what is heard comes back into what is said, this much louder,
    echo_ms = 200                           # this much later; no echo if absent
    noise_dbfs = -55                        # the line's own noise, of this level; none if absent

    [[steps]]
    wait_agent = true                       # until the agent has spoken and fallen silent
    quiet_ms = 700                          # for this long
    timeout_s = 15

    [[steps]]
    say = "book"                            # a recording by name, or a path; or: say = { text = "Hello?" }

    [[steps]]
    barge_in = "location"                   # said when the agent has spoken for after_ms
    after_ms = 1200

    [[steps]]
    backchannel = "mmhm"                    # the same, but the agent is to go on
    after_ms = 1500

    [[steps]]
    press = "12#"

    [[steps]]
    wait_s = 1.5

    [[steps]]
    stop_audio_s = 3                        # for so long no audio comes from this phone, though the call stays up;
    after_ms = 400                          # from then on; the script goes on meanwhile: the next words are cut
    burst = true                            # what was held back comes at once at the end; else it is lost

    [[steps]]
    expect_person = true                    # somebody else is put on the line and is heard
    timeout_s = 30

    [[steps]]
    hang_up = true

A script that ends without ``hang_up`` stays on the line.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from offhook.errors import ConfigError
from offhook.exchange.people.acoustics import EchoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Backchannel",
    "BargeIn",
    "ClipRef",
    "ExpectPerson",
    "HangUp",
    "Press",
    "Say",
    "Script",
    "Step",
    "StopAudio",
    "WaitAgent",
    "WaitSeconds",
    "load_script",
    "parse_script",
    "script_names",
]

MAX_ECHO_MS: Final = 5000.0

_KEYS: Final = re.compile(r"[0-9A-D*#wW]{1,64}")


@dataclass(frozen=True, slots=True)
class ClipRef:
    """Something to say: a recording (``name``: packaged, or a path), or ``text`` for a voice."""

    name: str | None = None
    text: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Say it at once."""

    clip: ClipRef


@dataclass(frozen=True, slots=True)
class WaitAgent:
    """Wait until the agent has spoken and then been silent for ``quiet_ms``."""

    quiet_ms: float = 700.0
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class WaitSeconds:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class BargeIn:
    """Say it when the agent has spoken for ``after_ms``, to be listened to."""

    clip: ClipRef
    after_ms: float = 1000.0
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Backchannel:
    """Say it when the agent has spoken for ``after_ms``, meaning: go on."""

    clip: ClipRef
    after_ms: float = 1000.0
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, one after the other; ``w`` waits 0.5 s, ``W`` 1 s."""

    keys: str


@dataclass(frozen=True, slots=True)
class StopAudio:
    """From ``after_ms`` on, let no audio through for a while; the script goes on at once."""

    seconds: float
    after_ms: float = 0.0
    burst: bool = False
    """Whether what was held back comes at once at the end; else it is lost."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up."""


@dataclass(frozen=True, slots=True)
class ExpectPerson:
    """Wait until another party is put on the line and is heard."""

    timeout_s: float = 30.0


Step = Say | WaitAgent | WaitSeconds | BargeIn | Backchannel | Press | StopAudio | HangUp | ExpectPerson


@dataclass(frozen=True, slots=True)
class Script:
    """The steps, in order."""

    steps: tuple[Step, ...]
    name: str = ""
    voice: str | None = None
    echo: EchoPath | None = None
    noise_dbfs: float | None = None

    def clips(self) -> tuple[ClipRef, ...]:
        """Everything that will be said, in order."""
        return tuple(step.clip for step in self.steps if isinstance(step, Say | BargeIn | Backchannel))


# -- reading ----------------------------------------------------------------------------------------------------------

_VERBS: Final[dict[str, type[Step]]] = {
    "say": Say,
    "wait_agent": WaitAgent,
    "wait_s": WaitSeconds,
    "barge_in": BargeIn,
    "backchannel": Backchannel,
    "press": Press,
    "stop_audio_s": StopAudio,
    "hang_up": HangUp,
    "expect_person": ExpectPerson,
}


def parse_script(document: Mapping[str, Any], *, name: str = "") -> Script:
    """Make a script of a table.

    Raises:
        ConfigError: something in it is not as described above; the message says in which step.
    """
    unknown = set(document) - {"name", "voice", "steps", "description", "echo_db", "echo_ms", "noise_dbfs"}
    if unknown:
        known = "name, voice, description, echo_db, echo_ms, noise_dbfs and steps"
        raise _wrong("the script", known, ", ".join(sorted(unknown)))
    steps = document.get("steps")
    if not isinstance(steps, list) or not steps:
        raise _wrong("the script", "at least one step, written [[steps]]", _kind(steps))
    voice = document.get("voice")
    if voice is not None and not isinstance(voice, str):
        raise _wrong("the script", "voice as text", _kind(voice))
    return Script(
        steps=tuple(_step(step, f"step {number}", voice) for number, step in enumerate(steps, start=1)),
        name=str(document.get("name", name)),
        voice=voice,
        echo=_echo(document),
        noise_dbfs=_level(document["noise_dbfs"], "noise_dbfs") if "noise_dbfs" in document else None,
    )


def script_names() -> tuple[str, ...]:
    """The scripts that come with the package."""
    folder = resources.files("offhook.exchange") / "scripts"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_script(name: str) -> Script:
    """The packaged script of this name, or the one in this file. Paths to recordings in it are as seen from the file.

    Raises:
        ConfigError: there is none, it is not TOML, or a step in it is wrong.
    """
    if re.fullmatch(r"[a-z0-9_-]+", name):
        if name not in script_names():
            raise ConfigError(
                f"expected a script that comes with offhook ({', '.join(script_names())}), got {name!r}.",
                fix=f"give a path to a file of your own: ./{name}.toml",
            )
        text = (resources.files("offhook.exchange") / "scripts" / f"{name}.toml").read_text(encoding="utf-8")
        return parse_script(tomllib.loads(text), name=name)
    path = Path(name)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"expected a script at {path}, got: {error.strerror}.", fix="check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"expected TOML in {path}, got: {error}.", fix="correct the file") from None
    return parse_script(_beside(document, path.parent), name=path.stem)


def _beside(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The document with relative paths of recordings made to start at ``folder``."""
    steps = document.get("steps")
    for step in steps if isinstance(steps, list) else ():
        for verb in ("say", "barge_in", "backchannel"):
            clip = step.get(verb) if isinstance(step, dict) else None
            if isinstance(clip, str) and clip.endswith(".wav"):
                step[verb] = str(folder / clip)
    return document


def _wrong(where: str, expected: str, got: str) -> ConfigError:
    return ConfigError(f"expected {expected} in {where}, got {got}.", fix="correct the script")


def _kind(value: object) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, int | float) else type(value).__name__


def _step(step: object, where: str, voice: str | None) -> Step:
    if not isinstance(step, dict):
        raise _wrong(where, "a table", _kind(step))
    verbs = [key for key in step if key in _VERBS]
    if len(verbs) != 1:
        got = " and ".join(verbs) if verbs else ", ".join(map(str, step)) or "an empty table"
        raise _wrong(where, f"exactly one of {', '.join(_VERBS)}", got)
    verb = verbs[0]
    options = {key: value for key, value in step.items() if key != verb}
    cls = _VERBS[verb]
    known = {field.name: field.type for field in fields(cls) if field.name not in ("clip", "keys", "seconds")}
    extra = sorted(set(options) - set(known))
    if extra:
        allowed = ", ".join(sorted(known)) or "nothing else"
        raise _wrong(f"{where} ({verb})", allowed, ", ".join(extra))
    arguments: dict[str, Any] = {
        key: _option(value, known[key], f"{where} ({verb}): {key}") for key, value in options.items()
    }
    arguments |= _ARGUMENT[cls](step[verb], f"{where} ({verb})", voice)
    return cls(**arguments)


def _echo(document: Mapping[str, Any]) -> EchoPath | None:
    if "echo_db" not in document:
        if "echo_ms" in document:
            raise _wrong("the script", "echo_db with echo_ms", "echo_ms alone")
        return None
    gain_db = _level(document["echo_db"], "echo_db")
    delay_ms = _positive(document.get("echo_ms", 200.0), "the script: echo_ms")
    if delay_ms > MAX_ECHO_MS:
        raise _wrong("the script: echo_ms", f"at most {MAX_ECHO_MS:.0f}", _kind(delay_ms))
    return EchoPath(gain_db, delay_ms)


def _level(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -96 <= value <= 0:
        raise _wrong(f"the script: {name}", "a number of -96 to 0", _kind(value))
    return float(value)


def _option(value: object, kind: object, where: str) -> float | bool:
    if kind != "bool":
        return _positive(value, where)
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", _kind(value))
    return value


def _positive(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise _wrong(where, "a number of 0 or more", _kind(value))
    return float(value)


def _clip(value: object, where: str, voice: str | None) -> dict[str, Any]:
    if isinstance(value, str) and value:
        return {"clip": ClipRef(name=value)}
    if isinstance(value, dict) and isinstance(value.get("text"), str) and value["text"].strip():
        extra = sorted(set(value) - {"text", "voice"})
        if extra:
            raise _wrong(where, "text and voice", ", ".join(extra))
        own = value.get("voice", voice)
        if own is not None and not isinstance(own, str):
            raise _wrong(where, "voice as text", _kind(own))
        return {"clip": ClipRef(text=value["text"], voice=own)}
    raise _wrong(where, "the name of a recording, a path, or { text = … }", _kind(value))


def _flag(value: object, where: str, voice: str | None) -> dict[str, Any]:
    if value is not True:
        raise _wrong(where, "true", _kind(value))
    return {}


def _keys(value: object, where: str, voice: str | None) -> dict[str, Any]:
    if not isinstance(value, str) or not _KEYS.fullmatch(value):
        raise _wrong(
            where, "keys of 0-9 A-D * # w W, in quotes", repr(value) if isinstance(value, str) else _kind(value)
        )
    return {"keys": value}


def _seconds(value: object, where: str, voice: str | None) -> dict[str, Any]:
    return {"seconds": _positive(value, where)}


_ARGUMENT: Final[dict[type[Step], Callable[[object, str, str | None], dict[str, Any]]]] = {
    Say: _clip,
    WaitAgent: _flag,
    WaitSeconds: _seconds,
    BargeIn: _clip,
    Backchannel: _clip,
    Press: _keys,
    StopAudio: _seconds,
    HangUp: _flag,
    ExpectPerson: _flag,
}
