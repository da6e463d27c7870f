"""The fields of commands in Telnyx's words, and what its replies say of legs. Pure.

Those of a media stream have rules of their own: :mod:`~offhook.carriers.telnyx.streaming`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from offhook.carriers.commands import DialedCall, LiveLeg
from offhook.carriers.telnyx.client_state import decode_client_state, encode_client_state
from offhook.errors import CarrierError

__all__ = ["dialed_call", "leg_fields", "live_legs", "next_page", "reject_fields", "speak_fields", "transfer_fields"]

_REJECT_CAUSES: Final[dict[str, Literal["CALL_REJECTED", "USER_BUSY"]]] = {
    "rejected": "CALL_REJECTED",
    "busy": "USER_BUSY",
}
# The voices 'female' and 'male' need a language; voices named Provider.Model.Voice have one.
_BASIC_VOICES: Final = frozenset({"female", "male"})
_BASIC_LANGUAGE: Final = "en-US"


def leg_fields(*, client_state: str | None = None, webhook_url: str | None = None) -> dict[str, Any]:
    """What a leg is given on its way: the text that comes back with its webhooks, and where these go."""
    fields: dict[str, Any] = {}
    if client_state is not None:
        fields["client_state"] = encode_client_state(client_state)
    if webhook_url is not None:
        fields["webhook_url"] = webhook_url
    return fields


def reject_fields(cause: Literal["rejected", "busy"]) -> dict[str, Any]:
    """The fields of ``reject``."""
    return {"cause": _REJECT_CAUSES[cause]}


def transfer_fields(*, to: str, from_: str | None, timeout_s: int, leg_state: str | None) -> dict[str, Any]:
    """The fields of ``transfer``, named as the official package names them; ``leg_state`` is the new leg's text."""
    fields: dict[str, Any] = {"to": to, "timeout_secs": timeout_s}
    if from_ is not None:
        fields["from_"] = from_
    if leg_state is not None:
        fields["target_leg_client_state"] = encode_client_state(leg_state)
    return fields


def speak_fields(text: str, voice: str) -> dict[str, Any]:
    """The fields of ``speak``."""
    fields: dict[str, Any] = {"payload": text, "voice": voice}
    if voice in _BASIC_VOICES:
        fields["language"] = _BASIC_LANGUAGE
    return fields


def dialed_call(reply: Any) -> DialedCall:
    """The leg of a reply to ``dial``.

    Raises:
        CarrierError: it names none.
    """
    leg = getattr(reply, "data", None)
    call_id = getattr(leg, "call_control_id", None)
    if not call_id:
        raise CarrierError("expected the call's id in the reply to dial, got none.")
    return DialedCall(call_id=call_id, leg_id=_text(leg, "call_leg_id"), session_id=_text(leg, "call_session_id"))


def live_legs(page: Any) -> list[LiveLeg]:
    """The legs on one page of the list of active calls."""
    return [
        LiveLeg(
            call_id=leg.call_control_id,
            leg_id=_text(leg, "call_leg_id"),
            session_id=_text(leg, "call_session_id"),
            client_state=decode_client_state(_text(leg, "client_state") or None),
        )
        for leg in page.data or ()
        if getattr(leg, "call_control_id", None)
    ]


def next_page(page: Any) -> str | None:
    """What to ask for the page after this one with; ``None`` if there is none.

    The list is paged by cursors, which the official package does not know of.
    """
    cursors = getattr(getattr(page, "meta", None), "cursors", None) or {}
    after = cursors.get("after")
    return after if isinstance(after, str) else None


def _text(leg: Any, name: str) -> str:
    return getattr(leg, name, None) or ""
