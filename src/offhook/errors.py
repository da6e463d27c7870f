"""Every error that offhook raises, in one tree.

* :exc:`OffhookError`
    * :exc:`ConfigError`: a setting, a path or an argument is missing or wrong.
        * :exc:`EngineMissing`: a speech engine, a voice or a model is not installed.
        * :exc:`PortInUse`: the address to listen on is taken.
    * :exc:`CodecError`: audio that cannot be encoded or decoded.
        * :exc:`UnsupportedCodec`: no coder for this encoding and rate on this machine.
    * :exc:`WebhookError`: a webhook that must not be acted on.
        * :exc:`SignatureInvalid`: no signature, a malformed one, or one that does not match the body.
        * :exc:`TimestampStale`: signed too long ago, or in the future.
        * :exc:`PayloadInvalid`: signed, but not an event.
    * :exc:`CarrierError`: the carrier refused a command or did not answer.
        * :exc:`AuthenticationFailed`: the API key is wrong.
        * :exc:`CallNotFound`: no such call.
        * :exc:`CallEnded`: the call is over.
        * :exc:`CallNotAnswered`: the command needs an answered call.
        * :exc:`CommandInvalid`: the carrier found a parameter wrong.
        * :exc:`CarrierUnavailable`: no answer, or an error on the carrier's side; worth retrying.
    * :exc:`CallError`: something that the call's own state does not allow.
    * :exc:`AnswerInvalid`: a dialog or a handler has answered with what is no answer.
    * :exc:`EngineError`: a speech engine or a model has given what it must not.
        * :exc:`EngineRefused`: it will not work for us: the key, the account, the request.
        * :exc:`EngineUnavailable`: no answer, too many requests, broken off; worth retrying.
"""

from __future__ import annotations

from typing import ClassVar, Final

__all__ = [
    "AnswerInvalid",
    "AuthenticationFailed",
    "CallEnded",
    "CallError",
    "CallNotAnswered",
    "CallNotFound",
    "CarrierError",
    "CarrierUnavailable",
    "CodecError",
    "CommandInvalid",
    "ConfigError",
    "EngineError",
    "EngineMissing",
    "EngineRefused",
    "EngineUnavailable",
    "OffhookError",
    "PayloadInvalid",
    "PortInUse",
    "SignatureInvalid",
    "TimestampStale",
    "UnsupportedCodec",
    "WebhookError",
    "kind_of",
]

_LONGEST_NUMBER: Final = 5
"""A longer one may be somebody's."""


def kind_of(value: object) -> str:
    """What came, for a message that must not hold it: ``a text of 12 characters``, ``a list of 3``, ``nothing``."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float() if len(str(value)) <= _LONGEST_NUMBER:
            return str(value)
        case int() | float():
            return f"a number of {len(str(value))} signs"
        case "":
            return "an empty text"
        case str():
            return f"a text of {len(value)} characters"
        case bytes():
            return f"{len(value)} bytes"
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return f"a table of {len(value)}"
    return f"a value of type {type(value).__name__}"


class OffhookError(Exception):
    """The base of the tree.

    The message says what was expected and what came. It never holds personal data: no phone number, no words of a
    caller, no payload.

    Args:
        message: one sentence: what was expected, what came.
        fix: what to do about it, a command where there is one.
        call_id: the call that it concerns, if one does.
        carrier_code: the carrier's own code for it (Telnyx: ``"90018"``), if there is one.
    """

    code: ClassVar[str] = "offhook_error"
    """A stable name for programs to match on."""

    retryable: ClassVar[bool] = False
    """Whether the same thing tried again can succeed."""

    def __init__(
        self,
        message: str,
        *,
        fix: str | None = None,
        call_id: str | None = None,
        carrier_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.call_id = call_id
        self.carrier_code = carrier_code

    def __str__(self) -> str:
        return f"{self.message} fix: {self.fix}" if self.fix else self.message


class ConfigError(OffhookError):
    """A setting, a path or an argument is missing or wrong."""

    code = "config"


class EngineMissing(ConfigError):
    """A speech engine, a voice or a model is not installed."""

    code = "engine_missing"


class PortInUse(ConfigError):
    """The address to listen on is taken."""

    code = "port_in_use"


class CodecError(OffhookError):
    """Audio that cannot be encoded or decoded."""

    code = "codec"


class UnsupportedCodec(CodecError):
    """No coder for this encoding and rate on this machine."""

    code = "codec_unsupported"


class WebhookError(OffhookError):
    """A webhook that must not be acted on."""

    code = "webhook"


class SignatureInvalid(WebhookError):
    """No signature, a malformed one, or one that does not match the body."""

    code = "signature_invalid"


class TimestampStale(WebhookError):
    """Signed too long ago, or in the future."""

    code = "timestamp_stale"


class PayloadInvalid(WebhookError):
    """Signed, but not an event."""

    code = "payload_invalid"


class CarrierError(OffhookError):
    """The carrier refused a command or did not answer."""

    code = "carrier"


class AuthenticationFailed(CarrierError):
    """The API key is wrong."""

    code = "authentication_failed"


class CallNotFound(CarrierError):
    """No such call."""

    code = "call_not_found"


class CallEnded(CarrierError):
    """The call is over."""

    code = "call_ended"


class CallNotAnswered(CarrierError):
    """The command needs an answered call."""

    code = "call_not_answered"


class CommandInvalid(CarrierError):
    """The carrier found a parameter wrong."""

    code = "command_invalid"


class CarrierUnavailable(CarrierError):
    """No answer, or an error on the carrier's side; worth retrying."""

    code = "carrier_unavailable"
    retryable = True


class CallError(OffhookError):
    """Something that the call's own state does not allow."""

    code = "call"


class AnswerInvalid(OffhookError):
    """A dialog or a handler has answered with what is no answer."""

    code = "answer_invalid"


class EngineError(OffhookError):
    """A speech engine or a model has given what it must not."""

    code = "engine"


class EngineRefused(EngineError):
    """A provider will not work for us: its key, its account or the request is wrong. The same again is refused again.

    The provider's own words are not in it: they may hold the key, or what was said.
    """

    code = "engine_refused"


class EngineUnavailable(EngineError):
    """A provider does not answer, has too many requests, or breaks off; worth retrying.

    The provider's own words are not in it.

    Args:
        message: as of all errors.
        fix: likewise.
        call_id: likewise.
        retry_after_s: after how long the provider wants to be asked again, in seconds, if it says so.
    """

    code = "engine_unavailable"
    retryable = True

    def __init__(
        self, message: str, *, fix: str | None = None, call_id: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, fix=fix, call_id=call_id)
        self.retry_after_s = retry_after_s
