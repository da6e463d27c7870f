"""A plugin by name: ``azure.STT``, ``deepgram``, ``cartesia.TTS(voice=…, model=sonic-3)``."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal

from offhook.errors import ConfigError, EngineMissing, kind_of
from offhook.installing import install, install_package

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Kind", "PluginName", "checked", "load", "parse"]

Kind = Literal["STT", "TTS", "LLM", "RealtimeModel"]
"""The class of a plugin that does what is wanted, as LiveKit calls it."""

_ROOMS: Final[Mapping[Kind, str]] = {"STT": "stt", "TTS": "tts", "LLM": "llm", "RealtimeModel": "llm"}
"""Where in ``livekit.agents`` the class of each kind is."""
_FIX: Final = '"livekit:deepgram.STT", "livekit:cartesia.TTS(voice=…)"'
_NAME = re.compile(r"(?P<plugin>[a-z][a-z0-9_]*)(?P<path>(\.[A-Za-z_]\w*)*)(\((?P<options>.*)\))?", re.DOTALL)
_OPTION = re.compile(r"\s*(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PluginName:
    """What a name says: the plugin, where in it the class is, and what the class is made with."""

    plugin: str
    path: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)


def parse(name: str) -> PluginName:
    """Read a name. A value is JSON where it is any, else text; one with a comma in it is quoted.

    Raises:
        ConfigError: it is none.
    """
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise ConfigError(f"expected a plugin of LiveKit's by name, got {name!r}.", fix=_FIX)
    options: dict[str, object] = {}
    for part in _parts(match["options"] or ""):
        option = _OPTION.fullmatch(part)
        if option is None:
            raise ConfigError(f"expected options of a plugin as name=value, got {part.strip()!r}.", fix=_FIX)
        options[option["name"]] = _value(option["value"])
    return PluginName(match["plugin"], tuple(filter(None, match["path"].split("."))), options)


def _parts(options: str) -> list[str]:
    """What stands between the commas that are not within quotes."""
    parts = re.findall(r"""(?:"(?:[^"\\]|\\.)*"|[^,"])+|"[^,]*""", options)
    return [part for part in parts if part.strip()]


def _value(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


def load(name: str, kind: Kind) -> Any:
    """The plugin's object of this kind, made with what the name says and what the environment holds.

    Raises:
        ConfigError: the name is none, there is no such class, or it cannot be made.
        EngineMissing: LiveKit, or the plugin, is not installed.
    """
    wanted = parse(name)
    need()
    module = f"livekit.plugins.{wanted.plugin}"
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        package = f"livekit-plugins-{wanted.plugin.replace('_', '-')}"
        raise EngineMissing(
            f"expected LiveKit's plugin {wanted.plugin}, found no such package.", fix=install_package(package)
        ) from None
    for part in wanted.path or (kind,):
        found = getattr(found, part, None)
    base = _base(kind)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigError(f"expected {kind} of LiveKit's plugin {wanted.plugin}, got {name!r}.", fix=_FIX)
    try:
        return found(**wanted.options)
    except (TypeError, ValueError) as error:
        # Nobody has been asked anything yet: it is about the options and the environment.
        raise ConfigError(f"expected {name} to be made, got {type(error).__name__}.", fix=str(error)) from None


def checked(given: object, kind: Kind) -> Any:
    """``given``, if it is a plugin's object of this kind; the one that it names, if it is text.

    Raises:
        ConfigError: it is neither, or as :func:`load`.
        EngineMissing: as :func:`load`.
    """
    if isinstance(given, str):
        return load(given, kind)
    need()
    if not isinstance(given, _base(kind)):
        raise ConfigError(f"expected {kind} of a plugin of LiveKit's, got {kind_of(given)}.", fix=_FIX)
    return given


def need() -> None:
    """See that LiveKit's framework for agents is there.

    What plugins log themselves is not shown, unless somebody has set a level for it: it may hold what was said. What
    goes wrong is told by whoever uses them.

    Raises:
        EngineMissing: it is not installed.
    """
    if find_spec("livekit") is None or find_spec("livekit.agents") is None:
        raise EngineMissing("expected livekit-agents, found no such package.", fix=install("livekit"))
    logger = logging.getLogger("livekit")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL + 1)


def _base(kind: Kind) -> Any:
    return getattr(import_module(f"livekit.agents.{_ROOMS[kind]}"), kind)
