"""The carrier's refusals: status, code, title, and where in the request the reason is.

Codes and texts are the examples of Telnyx's API description; the table is in its error guide
(https://developers.telnyx.com/docs/overview/errors). A code is a string on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ApiError",
    "already_answered",
    "body_too_large",
    "call_ended",
    "call_not_answered",
    "client_state_not_base64",
    "invalid_call_control_id",
    "invalid_connection_id",
    "invalid_enum",
    "invalid_json",
    "invalid_value",
    "method_not_allowed",
    "missing_parameter",
    "not_authorized",
    "not_e164",
    "not_found",
    "not_played",
    "out_of_range",
    "outbound_call",
    "streaming_not_used",
    "streaming_used",
    "unauthenticated",
    "wrong_type",
]

_GUIDE = "https://developers.telnyx.com/docs/overview/errors/"


class ApiError(Exception):
    """A refusal, ready to be sent.

    Args:
        status: the HTTP status.
        code: the carrier's code, a string of digits.
        title: the short text that belongs to the code.
        detail: what was expected; never the value that came.
        pointer: where in the request body, ``/to``.
    """

    def __init__(self, status: int, code: str, title: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(f"{status} {code} {title}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.pointer = pointer

    def body(self) -> dict[str, object]:
        """The error envelope: ``{"errors": [{code, title, detail, source, meta}]}``."""
        error: dict[str, object] = {"code": self.code, "title": self.title, "detail": self.detail}
        if self.pointer is not None:
            error["source"] = {"pointer": self.pointer}
        error["meta"] = {"url": _GUIDE + self.code}
        return {"errors": [error]}


# -- the request --------------------------------------------------------------------------------------------------


def unauthenticated() -> ApiError:
    """No bearer key, or one that the exchange does not know."""
    return ApiError(401, "10009", "Authentication failed", "Could not understand the provided credentials.")


def not_authorized() -> ApiError:
    """A request that a web page may have sent."""
    return ApiError(403, "10010", "Not authorized", "You are not authorized to access the requested resource.")


def not_found() -> ApiError:
    """No such path or resource."""
    return ApiError(404, "10005", "Resource not found", "The requested resource or URL could not be found.")


def method_not_allowed() -> ApiError:
    """The path exists; the method does not."""
    return ApiError(405, "10030", "Method not allowed", "The method is not allowed on the requested resource.")


def not_played(what: str) -> ApiError:
    """The carrier has this, the exchange does not: say so, rather than pretend."""
    return ApiError(
        501,
        "10038",
        "Feature not permitted",
        f"The exchange does not play {what} yet. It is the carrier's, but not this exchange's.",
    )


def invalid_json() -> ApiError:
    """The body is not a JSON object."""
    return ApiError(400, "10023", "Invalid JSON", "The request body must be a JSON object.")


def body_too_large(max_bytes: int) -> ApiError:
    """The body is larger than any command's. The carrier's code for it is not published; this is its general one."""
    return ApiError(413, "10015", "Bad Request", f"The request body must have at most {max_bytes} bytes.")


def missing_parameter(name: str) -> ApiError:
    """A required parameter is absent, null or blank."""
    return ApiError(
        422,
        "10004",
        "Missing required parameter",
        f"The '{name}' parameter is required and cannot be blank.",
        f"/{name}",
    )


def wrong_type(name: str, expected: str) -> ApiError:
    """A parameter of another JSON type."""
    return ApiError(
        422, "10026", "Invalid parameter type", f"The '{name}' parameter must be of type '{expected}'.", f"/{name}"
    )


def invalid_enum(name: str, values: Iterable[object]) -> ApiError:
    """A parameter that is none of the values there are."""
    expected = ", ".join(sorted(map(str, values)))
    return ApiError(422, "10032", "Invalid enumerated value", f"The value must be one of: {expected}.", f"/{name}")


def out_of_range(
    name: str, low: int, high: int, code: str = "10033", title: str = "Value outside of range"
) -> ApiError:
    """A number outside of what the parameter allows; some parameters have a code of their own."""
    return ApiError(422, code, title, f"The value is outside of allowed range {low} to {high}", f"/{name}")


def invalid_value(name: str, code: str, title: str, detail: str) -> ApiError:
    """A parameter that breaks a rule with a code of its own."""
    return ApiError(422, code, title, detail, f"/{name}")


def not_e164(name: str) -> ApiError:
    """A phone number without its ``+`` and country code."""
    return ApiError(
        422,
        "10016",
        "Phone number must be in +E164 format",
        f"The '{name}' parameter must be in E164 format.",
        f"/{name}",
    )


def client_state_not_base64(name: str = "client_state") -> ApiError:
    """Client state travels as base64 and is refused when it is not."""
    return ApiError(422, "90017", "Invalid value for client_state", f"The '{name}' must be a valid base64.", f"/{name}")


def invalid_connection_id() -> ApiError:
    """No such Call Control application, or one without a webhook URL."""
    return ApiError(
        422,
        "10015",
        "Invalid value for connection_id (Call Control App ID)",
        "The requested connection_id (Call Control App ID) is either invalid or does not exist. "
        "Only Call Control Apps with valid webhook URL are accepted.",
        "/connection_id",
    )


# -- the call -----------------------------------------------------------------------------------------------------


def invalid_call_control_id(pointer: str = "/call_control_id") -> ApiError:
    """No such call, or one that ended more than ten minutes ago."""
    return ApiError(422, "90015", "Invalid Call Control ID", "The call_control_id provided was not valid.", pointer)


def call_ended() -> ApiError:
    """The call is over."""
    return ApiError(422, "90018", "Call has already ended", "This call is no longer active and can't receive commands.")


def call_not_answered() -> ApiError:
    """The command needs an answered call."""
    return ApiError(
        422,
        "90034",
        "Call not answered yet",
        "This call can't receive this command because it has not been answered yet.",
    )


def outbound_call(action: str) -> ApiError:
    """``answer`` and ``reject`` are for calls that come in."""
    return ApiError(422, "90102", "Invalid call direction", f"The '{action}' command is for inbound calls only.")


def already_answered(action: str) -> ApiError:
    """``reject`` comes too late. The carrier's code for it is not published; this is the general one."""
    return ApiError(422, "10015", "Bad Request", f"The call has been answered; '{action}' is no longer possible.")


def streaming_used() -> ApiError:
    """One media stream per call."""
    return ApiError(
        422, "90045", "Media Streaming is used", "This command can't be issued when media streaming is used."
    )


def streaming_not_used() -> ApiError:
    """There is no media stream to stop."""
    return ApiError(
        422, "90048", "Media Streaming is not used", "Can't stop streaming, because the call isn't being streamed."
    )
