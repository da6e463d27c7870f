"""Any number of listeners, none of them able to disturb the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.calls.media.taps import Tap, Taps, nobody

if TYPE_CHECKING:
    from collections.abc import Callable


def taps(*listeners: Any, vital: Any = None) -> tuple[Taps, list[Tap]]:
    changes: list[None] = []
    made = Taps(lambda: changes.append(None))
    places = [Tap(listener, "inbound", vital=listener is vital) for listener in listeners]
    for place in places:
        made.add(place)
    assert len(changes) == len(places) == len(made)
    return made, places


def test_a_single_vital_listener_has_nothing_in_between(new_ear: Callable[..., Any]) -> None:
    """The way of nearly every call costs nothing."""
    ear = new_ear()
    made, _ = taps(ear, vital=ear)
    assert made.way("inbound") == ear.audio
    assert made.way("sent") is nobody
    nobody(b"", 0.0)


def test_a_listener_that_raises_loses_its_place(new_ear: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """The others hear on; it is logged by its type, and counted."""
    vital, broken, other = new_ear(), new_ear(raises_at="audio"), new_ear()
    made, places = taps(vital, broken, other, vital=vital)
    for at_ms in (0.0, 20.0):
        made.way("inbound")(b"12", at_ms)
    assert vital.heard == other.heard == [("audio", 2, 0.0), ("audio", 2, 20.0)]
    assert broken.heard == [("audio", 2, 0.0)]
    assert made.failed == {"ValueError": 1}
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text
    made.remove(places[1])  # which has gone
    assert len(made) == 2


@pytest.mark.parametrize("moment", ["started", "mark", "digit", "lost", "resumed"])
def test_whatever_a_listener_raises_at_costs_only_itself(new_ear: Callable[..., Any], moment: str) -> None:
    """Not only audio."""
    methods = {"started": "media_started", "mark": "mark_returned", "lost": "media_lost", "resumed": "media_resumed"}
    arguments = ("x",) if moment in ("started", "mark", "digit") else ()
    broken, other = new_ear(raises_at=moment), new_ear()
    made, _ = taps(broken, other)
    made.tell(methods.get(moment, moment), *arguments)
    made.tell("digit", "9")
    assert [entry[0] if isinstance(entry, tuple) else entry for entry in other.heard] == [moment, "digit"]
    assert len(broken.heard) == 1


def test_what_a_vital_listener_raises_comes_out(new_ear: Callable[..., Any]) -> None:
    """It is the call's failure; unless the audio has ended anyway."""
    vital, other = new_ear(raises_at="audio"), new_ear()
    made, _ = taps(other, vital, vital=vital)
    with pytest.raises(ValueError, match="canary"):
        made.way("inbound")(b"", 0.0)
    assert other.heard == [("audio", 0, 0.0)]
    vital.raises_at = "digit"
    with pytest.raises(ValueError, match="canary"):
        made.tell("digit", "1")
    vital.raises_at = "stopped"
    made.tell("media_stopped", all_may_fail=True)
    assert other.heard[-1] == vital.heard[-1] == "stopped"


def test_who_leaves_hears_nothing_more_not_even_of_what_is_being_told(new_ear: Callable[..., Any]) -> None:
    """A listener that takes another one away, or all of them."""
    first, second = new_ear(), new_ear()
    made, places = taps(first, second)
    way = made.way("inbound")
    first.audio = lambda *_: made.remove(places[1])
    way(b"", 0.0)
    first.digit = lambda _: made.clear()
    made.add(Tap(second, "inbound", vital=False))
    made.tell("digit", "1")
    assert second.heard == []
    assert len(made) == 0
