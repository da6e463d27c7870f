"""The carrier's end of one media stream: its settings, and the WebSocket client that opens it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StreamSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What the application asked a stream to be, and what the start frame tells it.

    Names and defaults are those of the carrier's commands (``stream_track`` is ``track`` here, and so on).
    """

    stream_id: str
    url: str
    track: Literal["inbound_track", "outbound_track", "both_tracks"] = "inbound_track"
    codec: str = "default"
    """What the exchange sends; ``default`` is the leg's own codec, also used where transcoding is impossible."""
    bidirectional_mode: Literal["mp3", "rtp"] = "mp3"
    bidirectional_codec: str = "PCMU"
    """What the application sends, in ``rtp`` mode."""
    bidirectional_sampling_rate: int | None = None
    """Rate of what the application sends, in Hz; also the rate of OPUS and L16 towards it. ``None``: the codec's own."""
    bidirectional_target_legs: Literal["both", "self", "opposite"] = "opposite"
    auth_token: str | None = None
    custom_parameters: Mapping[str, str] = field(default_factory=dict)
    client_state: str | None = None
    """As it is on the wire: base64."""
    tags: tuple[str, ...] = ()
    user_id: str = ""
    call_control_id: str = ""
    call_session_id: str = ""
    from_: str = ""
    to: str = ""
    l16_byte_order: Literal["little", "big"] = "little"
    on_app_close: Literal["stopped", "failed"] = "stopped"
    """Which event follows when the application closes the socket: the carrier's documentation does not say."""
    connect_timeout_s: float = 5.0
