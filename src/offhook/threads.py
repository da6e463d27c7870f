"""Run a plain function beside the event loop.

In a thread of its own, not in a pool: a function that never returns then takes no other's place, and as the thread is
a daemon it does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from offhook.waiting import as_failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["answer_of", "in_thread"]

T = TypeVar("T")


async def answer_of(function: Callable[..., object], *arguments: object, **named: object) -> object:
    """What ``function`` of the program answers. A plain ``def`` runs in a thread: it may block, and no call waits.

    Raises:
        Exception: what it raises.
    """
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    run = partial(function, **named) if named else function
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        answer = run(*arguments)
    else:
        answer = await in_thread(run, *arguments)
    return await answer if inspect.isawaitable(answer) else answer


async def in_thread(function: Callable[..., T], *arguments: object) -> T:
    """What ``function`` returns or raises. It sees the context of who calls this.

    Cancelling it does not stop the function: its result is then dropped.

    Raises:
        RuntimeError: no thread can be started.
        Ended: it wished to end the process.
        Exception: what the function raised.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def run() -> None:
        try:
            value = context.run(function, *arguments)
        except BaseException as error:
            _tell(loop, _fail, result, error)
        else:
            _tell(loop, _succeed, result, value)

    threading.Thread(target=run, name=f"offhook {getattr(function, '__name__', 'function')}", daemon=True).start()
    return await result


def _tell(loop: asyncio.AbstractEventLoop, *call: Any) -> None:
    try:
        loop.call_soon_threadsafe(*call)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return


def _succeed(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[Any], error: BaseException) -> None:
    if not result.done():
        if isinstance(error, StopIteration):  # which a future cannot raise, as a coroutine cannot
            error = RuntimeError("expected a result, got StopIteration")
        result.set_exception(as_failure(error))
