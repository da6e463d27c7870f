"""What must become of a leg: answered while it rings, hung up until it is, and known to be over when it is.

A webhook can be lost for good, and so can the reply to a command. So whatever is waited for here has a limit, and then
the carrier is asked. That a command is refused because the call is over counts as the report that it is.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Literal, Protocol

from offhook import waits
from offhook.calls.marks import Mark, marked
from offhook.errors import CallEnded, CallNotAnswered, CallNotFound, CarrierError, CommandInvalid
from offhook.ids import new_id
from offhook.server.insist import insist
from offhook.waiting import WaitOver, within

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from offhook.calls.call import Call
    from offhook.carriers.commands import StreamRequest

__all__ = ["Leg", "LegHost"]

logger = logging.getLogger(__name__)

MOST_CHECKS = 8
"""So often a call that should be over, and that the carrier says is not, is hung up again."""


class LegHost(Protocol):
    """What a leg needs of its host."""

    @property
    def house(self) -> str:
        """What is hung on the legs that are taken here."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the process ends: nothing is waited for any more."""
        ...

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run ``work`` in a task that the host keeps and counts."""
        ...

    def report_over(self, call: Call, cause: str) -> None:
        """The call has turned out to be over."""
        ...


class Leg:
    """The leg of one call.

    Args:
        call: the call.
        host: what it runs in.
        report_s: how long the report that it is over may take.
    """

    def __init__(self, call: Call, host: LegHost, *, report_s: float = waits.HANGUP_REPORT.limit_s) -> None:
        self.over = asyncio.Event()
        """Set once the call is over, by whatever way that became known."""
        self._call = call
        self._host = host
        self._report_s = report_s
        self._checking: asyncio.Task[None] | None = None
        self._hanging_up: asyncio.Task[None] | None = None

    async def answer(self, stream: StreamRequest) -> bool:
        """Answer for as long as the phone rings; whether it is answered. A call that cannot be is rejected."""
        call, command_id = self._call, new_id()
        client_state = marked(Mark(self._host.house), call.client_state)

        async def command() -> None:
            await call.carrier.answer(call.id, stream=stream, client_state=client_state, command_id=command_id)

        failure = await insist(waits.ANSWER, command, over=self.over, call_id=call.id)
        if failure is None:
            return not call.ended
        if not self._is_end(failure) and not self._host.stopping:
            logger.error("call %s could not be answered: %s; it is rejected", call.id, failure.code)
            await self.reject()
        return False

    async def reject(self, cause: Literal["rejected", "busy"] = "rejected") -> None:
        """Refuse the call, which rings, and see that it is over."""
        call, command_id = self._call, new_id()

        async def command() -> None:
            await call.carrier.reject(call.id, cause=cause, command_id=command_id)

        failure = await insist(waits.COMMAND, command, over=self.over, call_id=call.id)
        if failure is not None and not self._is_end(failure):
            logger.error("call %s could not be rejected: %s", call.id, failure.code)
        self.expect_end()

    async def pass_on(self, to: str) -> bool:
        """Connect the call, which rings, to somebody else; whether the carrier does that.

        It is not answered for that, unless the carrier connects answered calls only.
        """
        call = self._call
        try:
            try:
                await within(waits.COMMAND, call.transfer(to), call_id=call.id)
            except CallNotAnswered:
                await within(waits.ANSWER, call.carrier.answer(call.id), call_id=call.id)
                await within(waits.COMMAND, call.transfer(to), call_id=call.id)
        except WaitOver:
            call.withdraw_transfer()
        except CarrierError as error:
            if self._is_end(error):
                return True
            logger.error("call %s could not be passed on: %s", call.id, error.code)
        else:
            return True
        return False

    async def stream(self, request: StreamRequest) -> CarrierError | None:
        """Ask for a media stream, in place of one that is left over; why there is none, or ``None``.

        Raises:
            CallNotAnswered: the leg only rings.
        """
        call, command_id = self._call, new_id()

        async def command() -> None:
            await call.carrier.start_streaming(call.id, request, command_id=command_id)

        failure = await insist(waits.MEDIA_RESTART, command, over=self.over, call_id=call.id)
        if isinstance(failure, CommandInvalid):
            # The carrier has not noticed yet that the stream before it is gone, and takes one at a time.
            command_id = new_id()
            try:
                await within(waits.COMMAND, call.carrier.stop_streaming(call.id), call_id=call.id)
            except (CarrierError, WaitOver) as error:
                logger.debug("a stream that may be left over was not stopped: %s", error.code)
            failure = await insist(waits.MEDIA_RESTART, command, over=self.over, call_id=call.id)
        if isinstance(failure, CallNotAnswered):
            raise failure
        if failure is not None and self._is_end(failure):
            return None
        return failure

    async def hang_up(self) -> None:
        """Hang up until it is true; given up, it is said and the call counts as over."""
        if self._hanging_up is None or self._hanging_up.done():
            self._hanging_up = self._host.spawn(self._hang_up())
        await asyncio.wait([self._hanging_up])

    async def _hang_up(self) -> None:
        call, command_id = self._call, new_id()
        if call.ended or not call.id:
            return
        was_up: bool | None = None

        async def command() -> None:
            nonlocal was_up
            was_up = await call.carrier.hangup(call.id, command_id=command_id)

        failure = await insist(waits.HANGUP, command, over=self.over, call_id=call.id)
        if was_up is False:
            self._host.report_over(call, "call_ended")
        elif failure is not None and not self._is_end(failure):
            logger.error("call %s could not be hung up: %s; it is given up", call.id, failure.code)
            self._host.report_over(call, "unreachable")
        else:
            self.expect_end()

    def expect_end(self) -> None:
        """The call must be over soon: see that this becomes known. Returns at once."""
        if self._checking is None and not self._call.ended:
            self._checking = self._host.spawn(self._until_over())

    async def _until_over(self) -> None:
        call = self._call
        for _ in range(MOST_CHECKS):
            try:
                async with asyncio.timeout(self._report_s):
                    await self.over.wait()
                return
            except TimeoutError:
                if self._host.stopping:
                    return
            if not await self.check():
                return
            try:
                await within(waits.COMMAND, call.carrier.hangup(call.id), call_id=call.id)
            except (CarrierError, WaitOver) as error:
                logger.warning("call %s is up though it was hung up, and cannot be: %s", call.id, error.code)
        logger.error("call %s is up though it was hung up %d times; it is given up", call.id, MOST_CHECKS)
        self._host.report_over(call, "unreachable")

    async def check(self, *, unknown_is_over: bool = True) -> bool:
        """Ask the carrier whether the call lives, and note it if not; whether it does."""
        call = self._call
        alive: bool | None = None
        try:
            alive = await within(waits.COMMAND, call.carrier.is_alive(call.id), call_id=call.id)
        except (CarrierError, WaitOver) as error:
            logger.warning("call %s: the carrier does not say whether it lives: %s", call.id, error.code)
        if call.ended:
            return False
        if alive is False or (alive is None and unknown_is_over):
            logger.warning("call %s is over, though no report of it has come", call.id)
            self._host.report_over(call, "unreported")
            return False
        return True

    def _is_end(self, failure: CarrierError) -> bool:
        """Whether a command was refused because the call is over: that is the report of it."""
        if not isinstance(failure, CallEnded | CallNotFound):
            return False
        self._host.report_over(self._call, "call_ended")
        return True
