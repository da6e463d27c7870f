"""Driving a session without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from offhook.speech.streams import Word
from offhook.testing.providers.hearing import spread
from offhook.testing.providers.session import Refuse, Request, Send, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.testing.providers.session import Act, Session


WORDS = (Word("one", 0.0, 100.0), Word("two", 120.0, 200.0))


def said(text: str, began_ms: float = 500, ended_ms: float = 1000, confidence: float = 0.9) -> Utterance:
    return Utterance(text, confidence, began_ms, ended_ms, spread(text, began_ms, ended_ms, confidence))


def request(query: str = "", key: str = "", body: str = "") -> Request:
    pairs = [part.split("=", 1) for part in query.split("&") if part]
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return Request("/", values, {"authorization": key} if key else {}, body.encode())


def sent(acts: Iterable[Act]) -> list[dict[str, Any]]:
    """The JSON messages among them."""
    return [json.loads(act.message) for act in acts if isinstance(act, Send) and isinstance(act.message, str)]


def kinds(acts: Iterable[Act]) -> list[str]:
    """What they are; of messages their stage."""
    return [act.stage if isinstance(act, Send) else type(act).__name__ for act in acts]


def told(session: Session, *messages: dict[str, Any]) -> list[Act]:
    """What comes of messages of the client."""
    return [act for message in messages for act in session.received(json.dumps(message))]


def refused(acts: Iterable[Act]) -> int:
    """The status of a refusal, which is all there is."""
    (act,) = acts
    assert isinstance(act, Refuse)
    return act.status
