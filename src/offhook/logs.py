"""The log of a program: one line for each record, through a :class:`~offhook.spool.Spool`, without personal data.

What an exception *says* is never logged: the texts of other people's code hold what callers said, their numbers, and
the bodies of requests. A log tells its type and where it was raised: in the user's own file, and in ours. This is
enforced here, for every logger and every level, and not left to those who log, unless :func:`log_to` is told otherwise.
"""

from __future__ import annotations

import logging
import re
import sys
import sysconfig
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from offhook.errors import OffhookError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType
    from typing import TypeGuard

__all__ = ["LineFormatter", "describe", "log_to", "log_unhandled", "place_of", "short_id", "timestamp"]

_OURS: Final = Path(__file__).parent
_LIBRARIES: Final = (
    "<frozen ",
    *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
)
_NUMBER: Final = re.compile(r"\+\d{7,15}(?!\d)")
_MOST_CAUSES: Final = 3
_SHORTEST_TEXT: Final = 3
"""Shorter texts of exceptions are not looked for in messages: they would be found in words that have nothing to do with
them."""


def describe(error: BaseException) -> str:
    """An exception without its text: type, where it was raised, and what caused it.

    ``ValueError at app.py:12 (offhook/agent/answering.py:293), caused by KeyError at app.py:10``. The place is the
    user's own innermost line, or the innermost of all if none is the user's; the last line of ours follows. An error
    that offhook itself has raised is told with its message, which holds no personal data; one that a program has raised
    is not, though its type may be ours.
    """
    told = [_describe_one(one) for one, _ in zip(_causes(error), range(_MOST_CAUSES), strict=False)]
    return ", caused by ".join(told)


def place_of(frame: FrameType | None) -> str:
    """What a thread is at, as :func:`describe` says it: ``app.py:12 (offhook/dialog/intents.py:130)``."""
    return _places_in([*traceback.walk_stack(frame)][::-1]) or "unknown"


def timestamp(at_s: float) -> str:
    """A time, in seconds since the epoch, as logs show it: local time, with milliseconds."""
    whole, ms = divmod(int(at_s * 1000), 1000)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(whole))}.{ms:03d}"


def short_id(call_id: str) -> str:
    """The end of a call's id, which tells it from other calls; the beginning is the same for all."""
    return call_id[-8:]


class LineFormatter(logging.Formatter):
    """Makes a line of a record: time, level, logger, message, and what was raised.

    Args:
        texts: show exceptions whole, with their texts and tracebacks: for debugging, with calls of one's own.
    """

    def __init__(self, *, texts: bool = False) -> None:
        super().__init__()
        self._texts = texts

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        error = record.exc_info[1] if record.exc_info else None
        line = f"{timestamp(record.created)} {record.levelname} {record.name}: {self._message(record, error)}"
        if error is None:
            return line
        if self._texts:
            return f"{line}\n{''.join(traceback.format_exception(error)).rstrip()}"
        return f"{line}: {describe(error)}"

    def _message(self, record: logging.LogRecord, error: BaseException | None) -> str:
        if self._texts:
            return record.getMessage()
        message = str(_safe(record.msg))
        if isinstance(record.args, dict):
            message %= {name: _safe(value) for name, value in record.args.items()}
        elif record.args:
            message %= tuple(_safe(value) for value in record.args)
        if record.name == "asyncio":
            message = message.partition("\n")[0]  # what follows shows tasks and callbacks with what is in them
        if not record.name.startswith("offhook"):  # ours name no text of an exception but as an argument
            for text in _texts_of(error, sys.exc_info()[1]):
                message = message.replace(text, "[…]")
        return _NUMBER.sub("+[…]", message).rstrip()


class _Handler(logging.Handler):
    """Passes lines on to whoever writes them."""

    def __init__(self, put: Callable[[str], object]) -> None:
        super().__init__()
        self._put = put

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record and pass it on. One that cannot be formatted is told by where it was made."""
        try:
            line = self.format(record)
        except Exception as error:
            place = f"{Path(record.pathname).name}:{record.lineno}"
            line = f"{timestamp(record.created)} {record.levelname} {record.name}: a line of {place} raised "
            line += type(error).__name__
        self._put(line + "\n")


def log_to(put: Callable[[str], object], *, level: int = logging.WARNING, texts: bool = False) -> None:
    """Send the log of the whole program to ``put``, which must not block.

    Replaces the handlers of the root logger, and what Python prints of exceptions in threads and finalizers.

    Args:
        put: takes each line.
        level: what to log of offhook's own; of others, warnings and above.
        texts: see :class:`LineFormatter`; offhook's own loggers then log everything.
    """
    handler = _Handler(put)
    handler.setFormatter(LineFormatter(texts=texts))
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("offhook").setLevel(logging.DEBUG if texts else level)
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable


def log_unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what an event loop tells of errors that nobody waited for: its exception handler."""
    said = str(context.get("message", "")).partition("\n")[0]
    kind, callback, _rest = said.partition("callback")  # what follows shows the arguments it was called with
    _log_raised(kind + callback, context.get("exception"))


def _log_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        _log_raised("Exception in a thread", args.exc_value)


def _log_unraisable(args: sys.UnraisableHookArgs) -> None:
    _log_raised("Exception in a finalizer", args.exc_value)


def _log_raised(what: str, error: BaseException | None) -> None:
    logging.getLogger(__name__).error(what, exc_info=error)


# -- without texts ----------------------------------------------------------------------------------------------------


def _safe(value: object) -> object:
    return describe(value) if isinstance(value, BaseException) else value


def _describe_one(error: BaseException) -> str:
    name = type(error).__name__
    if _is_our_own(error):
        name = f"{name} ({error.message})"
    elif isinstance(error, BaseExceptionGroup):
        name = f"{name} of {', '.join(sorted({type(one).__name__ for one in error.exceptions}))}"
    places = _places(error.__traceback__)
    return f"{name} at {places}" if places else name


def _is_our_own(error: BaseException) -> TypeGuard[OffhookError]:
    """Whether we have written the message: it is of our tree, and our code has raised it, or nobody yet."""
    if not isinstance(error, OffhookError) or not type(error).__module__.startswith("offhook."):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return not frames or _is_ours(Path(frames[-1].f_code.co_filename))


def _places(trace: TracebackType | None) -> str:
    return _places_in([*traceback.walk_tb(trace)])


def _places_in(lines: list[tuple[FrameType, int]]) -> str:
    files = [(Path(frame.f_code.co_filename), number) for frame, number in lines]
    own = [place for place in files if not _is_ours(place[0]) and not _is_a_librarys(place[0])]
    ours = [place for place in files if _is_ours(place[0])]
    chosen = [places[-1] for places in (own or files, ours) if places]
    names = [_name(*place) for place in dict.fromkeys(chosen)]
    return f"{names[0]} ({names[1]})" if len(names) > 1 else "".join(names)


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_OURS)


def _is_a_librarys(path: Path) -> bool:
    # What Cython has compiled names its source as it was where it was built.
    return str(path).startswith(_LIBRARIES) or path.suffix in (".pyx", ".pxd", ".pxi")


def _name(path: Path, number: int | None) -> str:
    """A path as short as it can be found by: ours from the package on, others from where the program was started."""
    if _is_ours(path):
        path = path.relative_to(_OURS.parent)
    elif path.is_relative_to(Path.cwd()) and not str(path).startswith(_LIBRARIES):
        path = path.relative_to(Path.cwd())
    else:
        path = Path(*path.parts[-2:]) if str(path).startswith(_LIBRARIES) else Path(path.name)
    return f"{path}:{number}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, and so on; each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _texts_of(*errors: BaseException | None) -> Iterator[str]:
    """What the exceptions that are being handled say, which a message may quote."""
    for error in errors:
        for one in _causes(error):
            if _is_our_own(one):
                continue
            for text in (str(one), *map(str, one.args)):
                if len(text) >= _SHORTEST_TEXT:
                    yield text
