"""What a log tells of exceptions, and what it never does."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from offhook.addresses import check_address
from offhook.errors import CallError, ConfigError, OffhookError
from offhook.logs import describe, log_to, log_unhandled, short_id, timestamp
from offhook.speech.testing import tone

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "Zanzibar Quicksilver +15557773311"
LOGGERS = ("offhook.agent.session", "app", "uvicorn.error", "asyncio", "websockets.server")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged while the test runs."""
    logged: list[str] = []
    root, ours = logging.getLogger(), logging.getLogger("offhook")
    before = root.handlers[:], root.level, ours.level, threading.excepthook, sys.unraisablehook
    log_to(logged.append)
    yield logged
    root.handlers[:], root.level, ours.level, threading.excepthook, sys.unraisablehook = before


def raised(*causes: Exception) -> Exception:
    """An exception that was raised, each from the one before."""
    caught: Exception | None = None
    for one in causes or (ValueError(CANARY),):
        try:
            raise one from caught
        except Exception as error:
            caught = error
    assert caught is not None
    return caught


def assert_silent(lines: list[str]) -> None:
    told = "".join(lines).lower()
    assert told
    for word in ("zanzibar", "quicksilver", "5557773311"):
        assert word not in told


def test_a_line_tells_time_level_and_logger(lines: list[str]) -> None:
    """One line for each record."""
    logging.getLogger("offhook.server").warning("%d calls", 3)
    (line,) = lines
    assert line.endswith(" WARNING offhook.server: 3 calls\n")
    assert line[:23] == timestamp(datetime.fromisoformat(line[:23]).timestamp())


@pytest.mark.parametrize("name", LOGGERS)
@pytest.mark.parametrize("how", ["exc_info", "argument", "message", "attribute", "quoted", "repr", "named"])
def test_no_logger_tells_what_an_exception_says(lines: list[str], name: str, how: str) -> None:
    """However it is logged: the type and the place remain."""
    logger = logging.getLogger(name)
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        match how:
            case "exc_info":
                logger.exception("it failed")
            case "argument":
                logger.error("it failed: %s", error)
            case "message":
                logger.error(error)
            case "attribute":
                logger.error("it failed: %r", error, exc_info=error)
            case "named":
                logger.error("it failed: %(error)s", {"error": error})
            case "quoted" if not name.startswith("offhook"):
                logger.error(f"it failed: {error}")  # noqa: G004
            case "repr" if not name.startswith("offhook"):
                logger.error("it failed: " + repr(error))  # noqa: G003
            case _:  # ours do not: a rule of ruff sees to it
                logger.error("it failed: %s", error)
    assert_silent(lines)
    if how not in ("quoted", "repr"):
        assert "ValueError at test_logs.py" in lines[0] or "ValueError at tests/test_logs.py" in lines[0]


def test_no_number_is_logged(lines: list[str]) -> None:
    """Nor in a line that somebody else writes."""
    logging.getLogger("httpx").warning("GET https://host/numbers/+15557773311")
    assert_silent(lines)


def raised_by_us() -> OffhookError:
    """An error that offhook has raised."""
    with pytest.raises(ConfigError) as caught:
        check_address(CANARY)
    return caught.value


def test_errors_of_our_own_are_told_with_their_message(lines: list[str]) -> None:
    """They hold no personal data, whether they are logged as they are raised or as they are made."""
    logging.getLogger("offhook").error("no call", exc_info=raised_by_us())
    assert "no call: ConfigError (expected an E.164 number " in lines[0]
    logging.getLogger("offhook").error("no call: %s", CallError("expected a call, got none.", fix="dial"))
    assert lines[1].endswith("no call: CallError (expected a call, got none.)\n")
    assert_silent(lines)


class Own(CallError):
    """A program's own kind of our errors."""


def test_what_programs_say_in_our_errors_is_not_told(lines: list[str]) -> None:
    """They may raise them, and name kinds of their own: nobody knows what is in their texts."""
    for error in (raised(CallError(CANARY, fix=CANARY)), raised(Own(CANARY)), Own(CANARY)):
        logging.getLogger("offhook").error("a handler raised", exc_info=error)
        logging.getLogger("app").error("it raised: %s", error)
    assert ": a handler raised: CallError at tests/test_logs.py:" in lines[0]
    assert_silent(lines)


def test_a_place_is_the_users_own_line_and_the_last_of_ours() -> None:
    """A line of a library is told if there is no other."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        tone("eight thousand", 100)  # type: ignore[arg-type]
    told = describe(caught.value)
    assert Path(__file__).name in told
    assert "(offhook/speech/testing.py:" in told
    error = caught.value
    trace = error.__traceback__
    assert trace is not None
    told = describe(error.with_traceback(trace.tb_next))
    assert "at offhook/speech/testing.py:" in told
    assert describe(ValueError(CANARY)) == "ValueError"


def test_what_cython_has_compiled_is_not_the_users() -> None:
    """Its frames name a source that is nowhere: the place is one that can be looked at."""
    scope: dict[str, Any] = {}
    exec(compile("def run():\n    raise KeyError", "loop.pyx", "exec"), scope)
    with pytest.raises(KeyError) as caught:
        scope["run"]()
    assert re.fullmatch(r"KeyError at tests/test_logs\.py:\d+", describe(caught.value))


def test_causes_are_told_by_type() -> None:
    """No more than three; groups by what is in them."""
    told = describe(raised(KeyError(CANARY), LookupError(CANARY), ValueError(CANARY), TypeError(CANARY)))
    assert [word.split()[0] for word in told.split(", caused by ")] == ["TypeError", "ValueError", "LookupError"]
    assert (
        describe(ExceptionGroup("", [ValueError(CANARY), KeyError(CANARY)])) == "ExceptionGroup of KeyError, ValueError"
    )
    one = ValueError()
    one.__cause__ = one
    assert describe(one) == "ValueError"


async def test_what_nobody_waited_for_is_told_without_its_text(lines: list[str]) -> None:
    """Of tasks and callbacks; their arguments may be anything."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(log_unhandled)

    def callback(word: str) -> None:
        raise ValueError(word)

    async def work() -> None:
        raise ValueError(CANARY)

    loop.call_soon(callback, CANARY)
    task = asyncio.create_task(work())
    await asyncio.wait([task])
    del task
    await asyncio.sleep(0)
    loop.set_exception_handler(before)
    assert_silent(lines)
    assert "offhook.logs: Exception in callback: ValueError at" in lines[0]
    assert "Task exception was never retrieved: ValueError at" in "".join(lines[1:])


def test_what_a_thread_or_a_finalizer_raises_is_told_without_its_text(lines: list[str]) -> None:
    """Python itself would print it whole."""

    class Fragile:
        def __del__(self) -> None:
            raise ValueError(CANARY)

    def work(error: type[BaseException]) -> None:
        raise error(CANARY)

    for kind in (ValueError, SystemExit):
        thread = threading.Thread(target=work, args=(kind,))
        thread.start()
        thread.join()
    fragile: Any = Fragile()
    del fragile
    assert_silent(lines)
    assert [line.split(": ")[1] for line in lines] == ["Exception in a thread", "Exception in a finalizer"]


def test_a_line_that_cannot_be_made_is_told_by_its_place(lines: list[str]) -> None:
    """Python would print what it was to be made of."""
    record = logging.LogRecord("offhook", logging.ERROR, "/x/session.py", 12, "%d calls", (CANARY,), None)
    ours = next(one for one in logging.getLogger().handlers if type(one).__module__ == "offhook.logs")
    ours.handle(record)
    assert_silent(lines)
    assert lines[0].endswith(" ERROR offhook: a line of session.py:12 raised TypeError\n")


def test_debugging_shows_texts(lines: list[str]) -> None:
    """Where it was asked for; of our own loggers everything."""
    log_to(lines.append, texts=True)
    logging.getLogger("offhook.agent").debug("details")
    logging.getLogger("app").error("it failed", exc_info=raised())
    assert lines[0].endswith("DEBUG offhook.agent: details\n")
    assert CANARY in lines[1]
    assert "Traceback" in lines[1]


def test_an_error_of_ours_that_is_being_handled_may_be_quoted(lines: list[str]) -> None:
    """Only texts of other people's exceptions are left out."""
    try:
        check_address("nobody")
    except OffhookError as error:
        logging.getLogger("app").warning("no: " + str(error))  # noqa: G003
    assert "no: expected an E.164 number" in lines[0]


def test_a_call_is_told_by_the_end_of_its_id() -> None:
    """The beginning is the same for all."""
    assert short_id("v3:u5OAKGEPT3Dx8SZSSDRWEMdNH2OripQhO") == "2OripQhO"
