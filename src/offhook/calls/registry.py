"""The calls of this process, and the one-time tokens that let a call's audio in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.ids import digest, new_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.calls.call import Call
    from offhook.carriers.commands import Carrier, StreamRequest
    from offhook.clock import Clock

__all__ = ["CallRegistry", "TokenRefused"]

TOKEN_LIFE_MS = 60_000.0
"""How long a token opens a media socket. The carrier connects within a second of the answer; a token for a call that we
dial lives for as long as the phone may ring on top of it, since the stream is only opened when it is answered."""

MEMORY_MS = 600_000.0
"""How long ended calls and spent tokens are remembered: late webhooks find their call, and a spent token is told from
one that never was. Ten minutes, as the carrier keeps ended calls."""

MEMORY_LIMIT = 10_000
"""How many ended calls and how many tokens are remembered at most; the oldest are forgotten first."""


_Key = tuple[str, str]
"""A carrier's name, and its id for a leg: two carriers may use the same."""


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """Why a token does not open a media socket."""

    reason: Literal["unknown", "used", "expired"]


@dataclass(slots=True)
class _Ticket:
    call: Call
    request: StreamRequest
    expires_at_ms: float
    spent: Literal["used", "expired"] | None = None


class CallRegistry:
    """Calls by their carrier and its id for them, and media tokens by what they open.

    It lives on one event loop, and holds nothing on disk.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._active: dict[_Key, Call] = {}
        self._ended: OrderedDict[_Key, tuple[Call, float]] = OrderedDict()
        self._legs: OrderedDict[_Key, Call] = OrderedDict()
        self._tickets: OrderedDict[bytes, _Ticket] = OrderedDict()

    # -- calls ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many calls are up."""
        return len(self._active)

    def __iter__(self) -> Iterator[Call]:
        """The calls that are up."""
        return iter(tuple(self._active.values()))

    def add(self, call: Call) -> None:
        """Know ``call`` by its id."""
        self._active[_key(call.id, call.carrier)] = call

    def get(self, call_id: str, carrier: Carrier) -> Call | None:
        """The carrier's call with this id, be it up or over; ``None`` if there is none, or it was over long ago."""
        key = _key(call_id, carrier)
        call = self._active.get(key)
        if call is None and key in self._ended:
            call = self._ended[key][0]
        return call

    def in_session(self, session_id: str, carrier: Carrier) -> Call | None:
        """The carrier's call that is up and shares this session id; ``None`` if there is none."""
        if not session_id:
            return None
        calls = (call for (name, _), call in self._active.items() if name == carrier.wire.name)
        return next((call for call in calls if call.session_id == session_id), None)

    def add_leg(self, leg_call_id: str, call: Call) -> None:
        """Remember that another leg, that ``call`` is being transferred to, belongs to it."""
        if not leg_call_id:
            return  # an event of the session as a whole, not of a leg
        self._legs[_key(leg_call_id, call.carrier)] = call
        while len(self._legs) > MEMORY_LIMIT:
            self._legs.popitem(last=False)

    def call_of_leg(self, leg_call_id: str, carrier: Carrier) -> Call | None:
        """The call whose transfer made this leg."""
        return self._legs.get(_key(leg_call_id, carrier))

    def end(self, call: Call) -> None:
        """Move ``call`` to the ended ones."""
        key = _key(call.id, call.carrier)
        if self._active.pop(key, None) is not None:
            self._ended[key] = (call, self._clock.now_ms())
        self._forget()

    # -- tokens -----------------------------------------------------------------------------------------------------

    def issue_token(self, call: Call, request: StreamRequest, *, ringing_s: float = 0.0) -> str:
        """A token that opens one media socket, once, for ``call``.

        Args:
            call: the call whose audio it lets in. It may still be without an id (a dial under way).
            request: how the carrier was, or will be, asked to stream.
            ringing_s: how long the phone may ring before the stream is opened; the token lives that much longer than
                60 seconds. All tokens of a call are void once it is over.
        """
        self._forget()
        token = new_token()
        expires_at_ms = self._clock.now_ms() + TOKEN_LIFE_MS + ringing_s * 1000
        self._tickets[digest(token)] = _Ticket(call, request, expires_at_ms)
        return token

    def redeem_token(self, token: str) -> tuple[Call, StreamRequest] | TokenRefused:
        """Spend ``token``: the call it opens and how its stream was asked for, or why it opens nothing."""
        ticket = self._tickets.get(digest(token))
        if ticket is None:
            return TokenRefused("unknown")
        if ticket.spent is None and (ticket.call.ended or self._clock.now_ms() > ticket.expires_at_ms):
            ticket.spent = "expired"
        if ticket.spent is not None:
            return TokenRefused(ticket.spent)
        ticket.spent = "used"
        return ticket.call, ticket.request

    def _forget(self) -> None:
        horizon_ms = self._clock.now_ms() - MEMORY_MS
        while self._ended:
            key, (_, ended_at_ms) = next(iter(self._ended.items()))
            if ended_at_ms > horizon_ms and len(self._ended) <= MEMORY_LIMIT:
                break
            del self._ended[key]
        while self._legs:
            leg, call = next(iter(self._legs.items()))
            key = _key(call.id, call.carrier)
            if key in self._active or key in self._ended:
                break
            del self._legs[leg]
        while self._tickets:
            hashed, ticket = next(iter(self._tickets.items()))
            if ticket.expires_at_ms > horizon_ms and len(self._tickets) <= MEMORY_LIMIT:
                break
            del self._tickets[hashed]


def _key(call_id: str, carrier: Carrier) -> _Key:
    return carrier.wire.name, call_id
