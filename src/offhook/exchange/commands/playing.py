"""``playback_start`` and ``playback_stop``: a file is played."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from offhook.exchange.commands.announcing import Stop, announce, loop, stop
from offhook.exchange.commands.command import Command, keep_state
from offhook.exchange.legs import facts
from offhook.exchange.sound.sources import fetched_audio, supplied_audio
from offhook.exchange.words import errors, fields
from offhook.exchange.words.ids import new_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.facts import Outcome
    from offhook.exchange.legs.switchboard import Switchboard

__all__ = ["COMMANDS", "Playback", "PlaybackStop", "parse_playback", "parse_playback_stop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """``actions/playback_start``: from a URL or from ``content``."""

    url: str | None = None
    content: bytes | None = None
    times: int = 1
    stop: Stop = ""
    client_state: str | None = None


def parse_playback(body: Mapping[str, Any]) -> Playback:
    """Check the body of ``playback_start``. Media kept at the carrier (``media_name``) and overlays are not played."""
    if body.get("media_name"):
        raise errors.not_played("media_name: there is no media store")
    if fields.flag(body, "overlay", default=False):
        raise errors.not_played("overlay")
    fields.choice(body, "audio_type", ("mp3", "wav"), "mp3")
    url = fields.url_of(body, "audio_url", ("http", "https"))
    content = fields.text(body, "playback_content")
    if url is None and not content:
        raise errors.missing_parameter("audio_url")
    try:
        data = base64.b64decode(content, validate=True) if content else None
    except (binascii.Error, ValueError):
        raise errors.invalid_value(
            "playback_content", "10015", "Bad Request", "The 'playback_content' must be a valid base64."
        ) from None
    return Playback(url=url, content=data, times=loop(body), stop=stop(body), client_state=fields.client_state(body))


def _playback_start(board: Switchboard, circuit: Circuit, command: Playback) -> None:
    keep_state(circuit, command.client_state)
    playback_id, url = new_uuid(), command.url

    def started() -> None:
        board.publish(facts.PlaybackStarted(circuit.leg, board.clock.wall_ms(), playback_id, url))

    def ended(outcome: Outcome, reason: str) -> None:
        board.publish(facts.PlaybackEnded(circuit.leg, board.clock.wall_ms(), playback_id, url, outcome, reason))

    supplied = command.content
    audio = partial(supplied_audio, supplied) if supplied is not None else partial(fetched_audio, url or "")
    announce(circuit, playback_id, audio, times=command.times, stop=command.stop, started=started, ended=ended)


@dataclass(frozen=True, slots=True)
class PlaybackStop:
    """``actions/playback_stop``."""

    stop: Stop
    client_state: str | None = None


def parse_playback_stop(body: Mapping[str, Any]) -> PlaybackStop:
    """Check the body of ``playback_stop``. There are no overlays, so one that is to be stopped stops nothing."""
    which = stop(body, "all")
    overlay = fields.flag(body, "overlay", default=False)
    return PlaybackStop("" if overlay else which, fields.client_state(body))


def _playback_stop(_: Switchboard, circuit: Circuit, command: PlaybackStop) -> None:
    keep_state(circuit, command.client_state)
    assert circuit.announcer is not None
    circuit.announcer.stop(command.stop)


COMMANDS = (
    Command(
        name="playback_start",
        parse=parse_playback,
        do=_playback_start,
        idle={"target_legs": "self"},
    ),
    Command(name="playback_stop", parse=parse_playback_stop, do=_playback_stop),
)
