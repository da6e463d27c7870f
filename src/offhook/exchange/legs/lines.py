"""The lines of the legs: made, streamed, closed; what they report becomes facts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.exchange.legs import facts
from offhook.exchange.sound.announcer import Announcer
from offhook.exchange.sound.line import Line
from offhook.exchange.sound.media import StreamSettings
from offhook.exchange.words.ids import new_uuid
from offhook.exchange.words.local_urls import local_stream_url, stream_home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Protocol

    from offhook.clock import Clock
    from offhook.exchange.legs.circuit import Circuit
    from offhook.exchange.legs.directory import Directory
    from offhook.exchange.people.phones import Phone
    from offhook.exchange.sound.pacer import Pacer
    from offhook.exchange.words.fields import StreamOptions
    from offhook.exchange.words.settings import ExchangeSettings

    class Note(Protocol):
        """Writes an event into the journal."""

        def __call__(self, type: str, call: str, **fields: object) -> object:  # noqa: A002 (the word of the timeline)
            """Write it."""
            ...


__all__ = ["Lines"]

logger = logging.getLogger(__name__)

USER_ID = "00000000-0000-4000-8000-000000000001"
"""The account, in media start frames."""


class Lines:
    """All lines. It hears them (:class:`~offhook.exchange.sound.line.LineListener`) and says what happened as facts.

    Args:
        settings: what is assumed of media streams.
        directory: where the program is.
        clock: the time.
        pacer: the 20 ms clock of all lines.
        publish: told the facts.
        note: writes into the journal what is no fact of the leg.
        fail: ends a leg whose line carries no more audio.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        directory: Directory,
        *,
        clock: Clock,
        pacer: Pacer,
        publish: Callable[[facts.Fact], None],
        note: Note,
        fail: Callable[[Circuit], None],
    ) -> None:
        self._media = settings.media
        self._map_public_urls = settings.webhooks.map_public_urls
        self._directory = directory
        self._clock = clock
        self._pacer = pacer
        self._publish = publish
        self._note = note
        self._fail = fail
        self._circuits: dict[Line, Circuit] = {}

    def install(self, circuit: Circuit, phone: Phone, recording: Path | None) -> None:
        """Give a leg its line, with ``phone`` at the end of it.

        Raises:
            UnsupportedCodec: this machine cannot speak the leg's codec.
        """
        circuit.line = Line(
            call_id=circuit.call_id,
            codec=circuit.leg.codec,
            phone=phone,
            listener=self,
            pacer=self._pacer,
            clock=self._clock,
            recording=recording,
        )
        circuit.announcer = Announcer(circuit.line)
        self._circuits[circuit.line] = circuit

    def open_stream(self, circuit: Circuit, options: StreamOptions) -> str:
        """Open a media stream; returns its id. On a leg that rings, its start message waits for the answer."""
        assert circuit.line is not None
        leg, media = circuit.leg, self._media
        url = options.url
        if media.map_stream_urls:
            webhook_url = circuit.routing.url or circuit.application.webhook_event_url
            mapped = self._map_public_urls
            url = local_stream_url(
                url, stream_home(webhook_url, self._directory.program_url) if mapped else webhook_url
            )
        stream_id = new_uuid()
        circuit.streams[stream_id] = options
        circuit.line.open_stream(
            StreamSettings(
                stream_id=stream_id,
                url=url,
                track=options.track,
                codec=options.codec,
                bidirectional_mode=options.bidirectional_mode,
                bidirectional_codec=options.bidirectional_codec,
                bidirectional_sampling_rate=options.bidirectional_sampling_rate,
                bidirectional_target_legs=options.bidirectional_target_legs,
                auth_token=options.auth_token,
                custom_parameters=dict(options.custom_parameters),
                client_state=leg.client_state,
                tags=leg.tags,
                user_id=USER_ID,
                call_control_id=leg.call_id,
                call_session_id=leg.session_id,
                from_=leg.from_,
                to=leg.to,
                l16_byte_order=media.l16_byte_order,
                on_app_close=media.on_app_close,
            )
        )
        return stream_id

    async def close(self, circuit: Circuit, cause: str) -> None:
        """End what plays on a leg, then its line."""
        try:
            if circuit.announcer is not None:
                await circuit.announcer.drain()
            if circuit.line is not None:
                await circuit.line.close(cause)
        except Exception:
            logger.exception("a line did not close cleanly")
        finally:
            if circuit.line is not None:
                self._circuits.pop(circuit.line, None)

    # -- LineListener -------------------------------------------------------------------------------------------------

    def playback_ended(self, line: Line, playback_id: str, status: str) -> None:
        """The line is done with an announcement."""
        circuit = self._circuits.get(line)
        if circuit is not None and circuit.announcer is not None:
            circuit.announcer.playback_ended(playback_id, status)

    def stream_started(self, line: Line, stream_id: str) -> None:
        """The media socket is open."""
        circuit = self._circuits.get(line)
        if circuit is not None and (stream := circuit.streams.get(stream_id)) is not None:
            self._publish(facts.StreamStarted(circuit.leg, self._clock.wall_ms(), stream_id, stream))

    def stream_failed(self, line: Line, stream_id: str, reason: str) -> None:
        """The media socket could not be opened, or was lost."""
        circuit = self._circuits.get(line)
        if circuit is not None and (stream := circuit.streams.pop(stream_id, None)) is not None:
            self._publish(facts.StreamFailed(circuit.leg, self._clock.wall_ms(), stream_id, stream, reason))

    def stream_stopped(self, line: Line, stream_id: str) -> None:
        """The media stream has ended."""
        circuit = self._circuits.get(line)
        if circuit is None or (stream := circuit.streams.pop(stream_id, None)) is None:
            return
        if circuit.leg.answered_ms is not None:  # else it has not started
            self._publish(facts.StreamStopped(circuit.leg, self._clock.wall_ms(), stream_id, stream))

    def line_failed(self, line: Line, error: str) -> None:
        """The line carries no more audio: the leg ends, rather than stay up in silence."""
        circuit = self._circuits.get(line)
        if circuit is not None:
            self._publish(facts.LineFailed(circuit.leg, self._clock.wall_ms(), error))
            self._fail(circuit)

    def line_event(self, line: Line, type: str, **fields: object) -> None:  # noqa: A002 (the word of the timeline)
        """Something for the journal."""
        self._note(type, line.call_id, **fields)
