"""A second carrier, as unlike the first as carriers are: it signs the address with the fields of a form, is answered by
a document in the reply to its webhook, and its media socket speaks words, not JSON."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr

import pytest

from offhook.carriers.commands import DialedCall, LiveLeg
from offhook.carriers.events import CallAnswered, CallHangup, CallInitiated, DigitPressed, StreamingStarted
from offhook.carriers.media import (
    FrameIgnored,
    MediaFormat,
    MediaReceived,
    MediaStarted,
    MediaStopped,
)
from offhook.carriers.wire import Document, Reading, Wire
from offhook.errors import PayloadInvalid, SignatureInvalid

if TYPE_CHECKING:
    from offhook.carriers.audio_messages import AudioMessages
    from offhook.carriers.commands import StreamRequest
    from offhook.carriers.events import CallEvent
    from offhook.carriers.media import MediaEvent
    from offhook.carriers.wire import WebhookRequest

SIGNATURE = "x-paper-signature"


class PaperMedia:
    """Words and hexadecimal digits."""

    max_audio_ms = 20
    audio_messages: AudioMessages | None = None

    def receive(self, message: bytes) -> MediaEvent:
        match message.decode().split():
            case ["start", call_id, stream_id]:
                return MediaStarted(stream_id=stream_id, call_id=call_id, format=MediaFormat("PCMU", 8000))
            case ["audio", chunk, payload]:
                return MediaReceived("inbound", int(chunk), int(chunk) * 20, bytes.fromhex(payload))
            case ["stop"]:
                return MediaStopped()
        return FrameIgnored("not a word of it")

    def receive_binary(self, message: bytes) -> MediaEvent:
        return FrameIgnored("binary message")

    def audio(self, payload: bytes) -> bytes:
        return b"audio " + payload.hex().encode()

    def mark(self, name: str) -> bytes:
        return b"mark " + name.encode()

    def clear(self) -> bytes:
        return b"clear"


class PaperCarrier:
    """A carrier (:class:`~offhook.carriers.commands.Carrier`) that is told in its own replies what to do."""

    def __init__(self, secret: bytes = b"secret") -> None:
        self.wire = Wire(
            name="paper", read_webhook=self._read, new_media=PaperMedia, codecs=(("PCMU", 8000), ("PCMA", 8000))
        )
        self.secret = secret
        self.commands: list[tuple[str, str]] = []
        self._documents: dict[str, asyncio.Future[Document]] = {}

    def sign(self, url: str, fields: dict[str, str]) -> str:
        text = url + "".join(name + fields[name] for name in sorted(fields))
        return base64.b64encode(hmac.digest(self.secret, text.encode(), hashlib.sha1)).decode()

    def _read(self, request: WebhookRequest, now_s: float) -> Reading:
        fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        signatures = [value for name, value in request.headers.items() if name.lower() == SIGNATURE]
        if request.method != "POST" or signatures != [self.sign(request.url, fields)]:
            raise SignatureInvalid("expected a signature over the address and the form, got another.")
        if "status" not in fields:
            return Reading(events=())
        common: dict[str, Any] = {
            "event_id": fields["id"],
            "event_type": fields["status"],
            "occurred_at": fields.get("at", ""),
            "call_id": fields["call"],
            "from_": fields.get("from", ""),
            "to": fields.get("to", ""),
        }
        events: tuple[CallEvent, ...]
        match fields["status"]:
            case "ringing":
                future = self._documents.setdefault(fields["call"], asyncio.get_running_loop().create_future())
                ringing = CallInitiated(**common, direction="inbound")
                return Reading(events=(ringing,), document=lambda: asyncio.shield(future))
            case "in-progress":
                stream = {**common, "event_id": common["event_id"] + "/stream"}
                events = (CallAnswered(**common), StreamingStarted(**stream))
            case "key":
                events = (DigitPressed(**common, digit=fields["digit"]),)
            case "completed":
                events = (CallHangup(**common, cause="completed", source="caller", sip_cause=""),)
            case _:
                raise PayloadInvalid("expected a status that is known, got another.")
        return Reading(events=events)

    def _reply(self, call_id: str, body: str) -> None:
        document = Document(content_type="application/xml", body=body.encode())
        if not self._documents[call_id].done():
            self._documents[call_id].set_result(document)

    async def answer(self, call_id: str, *, stream: StreamRequest | None = None, **_: Any) -> None:
        self.commands.append(("answer", call_id))
        self._reply(call_id, f"<Answer><Stream url={quoteattr(stream.url if stream else '')}/></Answer>")

    async def reject(self, call_id: str, *, cause: str = "rejected", **_: Any) -> None:
        self._reply(call_id, f"<Reject reason={quoteattr(cause)}/>")

    async def hangup(self, call_id: str, **_: Any) -> None:
        self.commands.append(("hangup", call_id))

    async def dial(self, *, to: str, from_: str, **_: Any) -> DialedCall:
        self.commands.append(("dial", to))
        return DialedCall(call_id="dialed", leg_id="", session_id="")

    async def transfer(self, call_id: str, **_: Any) -> None: ...

    async def send_dtmf(self, call_id: str, digits: str, **_: Any) -> None: ...

    async def speak(self, call_id: str, text: str, **_: Any) -> None: ...

    async def start_streaming(self, call_id: str, stream: StreamRequest, **_: Any) -> None: ...

    async def stop_streaming(self, call_id: str, **_: Any) -> None: ...

    async def is_alive(self, call_id: str) -> bool:
        return True

    async def live_legs(self, connection_id: str | None = None) -> tuple[LiveLeg, ...]:
        return ()

    async def aclose(self) -> None: ...


@pytest.fixture
async def paper() -> PaperCarrier:
    return PaperCarrier()
