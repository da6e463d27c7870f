"""What an agent reports, on its way to the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.web.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_events_reach_everybody_who_watches_and_nobody_else() -> None:
    """A watcher gets what is published while it watches."""
    feed, first, second = Feed(), list[Any](), list[Any]()
    feed.publish({"type": "before"})
    with feed.watch(first.append):
        feed.publish({"type": "one"})
        with feed.watch(second.append):
            feed.publish({"type": "two"})
        feed.publish({"type": "three"})
    feed.publish({"type": "after"})
    assert [event["type"] for event in first] == ["one", "two", "three"]
    assert [event["type"] for event in second] == ["two"]


def test_who_comes_later_is_told_how_the_agent_is() -> None:
    """The last status comes first."""
    feed, seen = Feed(), list["Mapping[str, Any]"]()
    feed.publish_status({"type": "agent.reloading"})
    feed.publish_status({"type": "agent.ready"})
    with feed.watch(seen.append):
        pass
    assert seen == [{"type": "agent.ready"}]


def test_a_watcher_that_leaves_while_it_is_told_upsets_nobody() -> None:
    """Everybody who watched gets the event."""
    feed, seen = Feed(), list[Any]()

    def leave(event: Mapping[str, Any]) -> None:
        leaving.__exit__(None, None, None)

    leaving = feed.watch(leave)
    leaving.__enter__()
    with feed.watch(seen.append):
        feed.publish({"type": "one"})
        feed.publish({"type": "two"})
    assert [event["type"] for event in seen] == ["one", "two"]
