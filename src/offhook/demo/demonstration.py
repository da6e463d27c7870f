"""What a demonstration is: an agent, a caller's script, what answers in place of other people's services, and what must
have happened in the end."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any, Final

from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from offhook.testing.providers import StandIns
    from offhook.testing.providers.journal import Entry

__all__ = ["DEMONSTRATIONS", "Check", "Demonstration", "Told", "find"]

DEMONSTRATIONS: Final = {
    "front-desk": "offhook.demo.front_desk",
    "dental": "offhook.demo.dental",
    "tools": "offhook.demo.tools",
    "realtime": "offhook.demo.realtime",
    "failover": "offhook.demo.failover",
}
"""By name: the module that has it as ``DEMONSTRATION``. The first is shown unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that a demonstration which went well shows. ``measured``: what was found, as people read it."""

    name: str
    ok: bool
    measured: str


@dataclass(frozen=True, slots=True)
class Told:
    """All that is known of a call once it is over."""

    story: Mapping[str, Any]
    """As :func:`offhook.cli.story.tell` tells it: docs/json.md."""
    events: Sequence[Mapping[str, Any]]
    """Of both ends, in their order."""
    services: Sequence[Entry] = ()
    """What the stand-ins were sent and have sent, in its order."""
    wall_offset_ms: float = 0.0
    """What is to be added to the times of ``services`` to have the times of ``events``."""

    def of(self, type_: str, **fields: object) -> list[Mapping[str, Any]]:
        """The events of a type with these values."""
        return [
            event
            for event in self.events
            if event["type"] == type_ and all(event.get(name) == value for name, value in fields.items())
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """One of them."""

    name: str
    summary: str
    """In a line."""
    agent: str
    """As ``module:name``."""
    check: Callable[[Told], list[Check]]
    """What is looked at when the call is over."""
    script: str
    """The caller's: a file beside ``agent``'s module."""
    stand_ins: Callable[[], StandIns] | None = None
    """What stands in for the services that the agent uses, not yet started; ``None``: it uses none."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """More of it for the agent's process."""
    meanwhile: Callable[[Mapping[str, Any], StandIns], None] | None = None
    """Called with every event of the call as it comes: to let something go wrong at the right moment."""

    def steps(self) -> dict[str, Any]:
        """The caller's script."""
        package = self.agent.partition(":")[0].rpartition(".")[0]
        return tomllib.loads((resources.files(package) / self.script).read_text(encoding="utf-8"))


def find(name: str) -> Demonstration:
    """The demonstration of this name.

    Raises:
        ConfigError: there is none.
    """
    if name not in DEMONSTRATIONS:
        known = ", ".join(DEMONSTRATIONS)
        raise ConfigError(f"expected a demonstration ({known}), got {name!r}.", fix="offhook demo --list shows them")
    found: Demonstration = import_module(DEMONSTRATIONS[name]).DEMONSTRATION
    return found
