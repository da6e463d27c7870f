"""What ``offhook serve`` and ``offhook call`` show of calls while they are up."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from offhook.cli import streams
from offhook.cli.calllog import SHOWN, CallLog, stamp, without_personal_data
from offhook.cli.console import emit_json, out, stderr
from offhook.cli.lines import print_lines
from offhook.cli.story import Narrator
from offhook.logs import log_to
from offhook.spool import log_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.calls.call import Call
    from offhook.spool import Loss

__all__ = ["Show"]


class Show:
    """What is shown of calls while they are up.

    Args:
        as_json: events, a line of JSON each, on stdout; else a line for people.
        transcripts: with what was said, the keys that were pressed, and the numbers of people.
        debug: log everything, with the texts of exceptions.
    """

    def __init__(self, *, as_json: bool = False, transcripts: bool = False, debug: bool = False) -> None:
        self.as_json = as_json
        self._transcripts = transcripts
        self._debug = debug

    def begin(self) -> None:
        """See to it that losses of what is shown are told where it can be read."""
        if self._debug:
            log_to(stderr.write, texts=True)
            logging.getLogger("offhook").warning("--debug: the log holds texts that may quote what callers say")
        if self.as_json:
            streams.stderr.on_loss = self._stderr_lost
            streams.stdout.on_loss = self._stdout_lost

    def event(self, type_: str, *, source: str = "server", **fields: object) -> None:
        """An event of the program, not of a call; for programs only."""
        if self.as_json:
            emit_json({"at_ms": time.time() * 1000, "source": source, "type": type_, **fields})

    def observe(self, call: Call) -> None:
        """Show every event of the call."""
        show = self._as_json if self.as_json else self._as_lines(call)

        def on_event(event: object) -> None:
            to_dict = getattr(event, "to_dict", None)
            if to_dict is not None:
                show(to_dict())

        call.observe(on_event)

    def _as_json(self, event: dict[str, Any]) -> None:
        emit_json(event if self._transcripts else without_personal_data(event))

    def _as_lines(self, call: Call) -> Callable[[dict[str, Any]], None]:
        log, narrator = CallLog(), Narrator(call.id, one_sided=True)

        def show(event: dict[str, Any]) -> None:
            if (line := log.line(event)) is not None:
                out.out(line, highlight=False)
            if self._transcripts and event["type"] not in SHOWN:
                print_lines(out, narrator.lines(event), stamp=stamp(event))

        return show

    def _stderr_lost(self, loss: Loss) -> None:
        self.event("output.lost", **asdict(loss))

    def _stdout_lost(self, loss: Loss) -> None:
        log_loss(loss)
        if loss.over:  # whoever reads it again is to know that something is missing
            self._stderr_lost(loss)
