"""The calls of this process, and the one-time tokens that let a call's audio in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.calls.tokens import TokenKey

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
"""How long ended calls are remembered, so that late webhooks find them. Ten minutes, as carriers keep ended calls."""

MEMORY_LIMIT = 10_000
"""How many ended calls and legs are remembered at most; the oldest are forgotten first."""


_Key = tuple[str, str]
"""A carrier's name, and its id for a leg: two carriers may use the same."""


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """Why a token does not open a media socket."""

    reason: Literal["unknown", "used", "expired", "elsewhere"]
    """``unknown``: it was not made with our key. ``used``: it has opened a socket. ``expired``: it is too old, or its
    call is over. ``elsewhere``: it is good, but its call is not in this process."""


class CallRegistry:
    """Calls by their carrier and its id for them, and media tokens by what they open.

    It lives on one event loop, and holds nothing on disk.

    Args:
        clock: the time.
        token_key: what tokens are signed with; one of this process alone, if it is not given.

    Raises:
        ConfigError: if ``token_key`` is too short.
    """

    def __init__(self, clock: Clock, token_key: bytes | None = None) -> None:
        self._clock = clock
        self._key = TokenKey(token_key)
        self._active: dict[_Key, Call] = {}
        self._ended: OrderedDict[_Key, tuple[Call, float]] = OrderedDict()
        self._legs: OrderedDict[_Key, Call] = OrderedDict()
        # Calls by our own id for them, and the nonces of spent tokens: each until its last token is too old, by the
        # wall clock, since a token is judged by processes that share no other.
        self._granted: dict[str, tuple[Call, float]] = {}
        self._spent: dict[str, float] = {}

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
        expires_at_ms = self._clock.wall_ms() + TOKEN_LIFE_MS + ringing_s * 1000
        _, before_ms = self._granted.pop(call.own_id, (call, 0.0))
        self._granted[call.own_id] = (call, max(before_ms, expires_at_ms))
        return self._key.sign(
            carrier=call.carrier.wire.name, call=call.own_id, request=request, expires_at_ms=expires_at_ms
        )

    def expect_tokens(self, call: Call) -> None:
        """Let in also what tokens of an earlier process open, which has signed them with the same key for ``call``."""
        self._granted.setdefault(call.own_id, (call, self._clock.wall_ms() + MEMORY_MS))

    def redeem_token(self, token: str) -> tuple[Call, StreamRequest] | TokenRefused:
        """Spend ``token``: the call it opens and how its stream was asked for, or why it opens nothing."""
        grant = self._key.read(token)
        if grant is None:
            return TokenRefused("unknown")
        if grant.nonce in self._spent:
            return TokenRefused("used")
        if self._clock.wall_ms() > grant.expires_at_ms:
            return TokenRefused("expired")
        call, _ = self._granted.get(grant.call, (None, 0.0))
        if call is None or call.carrier.wire.name != grant.carrier:
            return TokenRefused("elsewhere")
        if call.ended:
            return TokenRefused("expired")
        self._spent[grant.nonce] = grant.expires_at_ms
        return call, grant.request

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
        wall_ms = self._clock.wall_ms()
        for own_id in [own_id for own_id, (_, until_ms) in self._granted.items() if until_ms < wall_ms]:
            del self._granted[own_id]
        for nonce in [nonce for nonce, until_ms in self._spent.items() if until_ms < wall_ms]:
            del self._spent[nonce]


def _key(call_id: str, carrier: Carrier) -> _Key:
    return carrier.wire.name, call_id
