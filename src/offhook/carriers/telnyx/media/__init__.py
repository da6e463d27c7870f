"""Media streaming over a WebSocket, both sides of it, without the socket.

The carrier is the client: it connects, says ``connected`` and ``start``, then sends one ``media`` message per 20 ms
and ``stop`` at the end; the application answers with ``media``, ``mark`` and ``clear``. Messages are JSON text, audio
is base64 of the bare codec bytes (no RTP header).
https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming

* :class:`TelnyxAppMedia` is the application's side.
* :class:`TelnyxCarrierMedia` is the carrier's side: the local exchange and tests speak it.

Neither ever raises on what it receives.
"""

from offhook.carriers.telnyx.media.app import TelnyxAppMedia
from offhook.carriers.telnyx.media.carrier import (
    AppCommand,
    ClearAudio,
    CommandIgnored,
    CommandMalformed,
    PlaceMark,
    PlayAudio,
    TelnyxCarrierMedia,
)
from offhook.carriers.telnyx.media.wire import (
    AUTH_TOKEN_FIELD,
    INVALID_MEDIA,
    MALFORMED_FRAME,
    MAX_AUDIO_MS,
    MIN_AUDIO_MS,
    RATE_LIMIT_REACHED,
    UNKNOWN_ERROR,
)

__all__ = [
    "AUTH_TOKEN_FIELD",
    "INVALID_MEDIA",
    "MALFORMED_FRAME",
    "MAX_AUDIO_MS",
    "MIN_AUDIO_MS",
    "RATE_LIMIT_REACHED",
    "UNKNOWN_ERROR",
    "AppCommand",
    "ClearAudio",
    "CommandIgnored",
    "CommandMalformed",
    "PlaceMark",
    "PlayAudio",
    "TelnyxAppMedia",
    "TelnyxCarrierMedia",
]
