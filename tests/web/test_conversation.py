"""The conversation on the page: what each event changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .conftest import Site, Tab


async def conversation(tab: Tab, site: Site, *events: Mapping[str, object]) -> dict[str, Any]:
    """What the conversation looks like after these events."""
    return await tab.run(  # type: ignore[no-any-return]
        site,
        """
        const { Conversation } = await import("/static/conversation.js");
        const byId = (id) => document.getElementById(id);
        const conversation = new Conversation({
          log: byId("log"), list: byId("turns"), draft: byId("draft"), empty: byId("empty"),
          turns: byId("turn-count"), median: byId("median"), interruptions: byId("interruptions"),
        });
        for (const event of args[0]) event.type === "end" ? conversation.end() : conversation.add(event);
        const seen = (row) => row.querySelector(".what").innerText;
        return {
          rows: [...byId("turns").children].map((row) => [row.className, seen(row)]),
          struck: [...document.querySelectorAll("#turns s")].map((one) => one.lastChild.previousSibling.data),
          latency: [...document.querySelectorAll("#turns summary")].map((one) => one.textContent),
          steps: [...document.querySelectorAll("#turns .steps div")].map((one) => one.textContent),
          unsure: document.querySelectorAll("#turns .unsure").length,
          draft: byId("draft").hidden ? "" : byId("draft").querySelector(".what").textContent,
          turns: byId("turn-count").textContent, median: byId("median").textContent,
          interruptions: byId("interruptions").textContent,
        };
        """,
        list(events),
    )


def heard(words: str, ended_at_ms: float = 1000, confidence: float = 0.9) -> Mapping[str, object]:
    return {"type": "turn.heard", "text": words, "confidence": confidence, "speech_ended_at_ms": ended_at_ms}


def began(words: str = "") -> Mapping[str, object]:
    return {"type": "agent.speech_began", "kind": "reply", "text": words, "at_ms": 1400}


def ended(words: str, reached: str | None = None) -> Mapping[str, object]:
    return {
        "type": "agent.speech_ended",
        "text": words,
        "heard": words if reached is None else reached,
        "interrupted": reached is not None,
    }


def hears(at_ms: float) -> Mapping[str, object]:
    return {"type": "caller.hears_speech", "source": "exchange", "at_ms": at_ms}


ANSWERED = {"type": "turn.answered", "words_ms": 200, "endpoint_ms": 300, "reply_ms": 310, "audio_ms": 380}


@pytest.mark.parametrize("order", ["agent first", "exchange first"])
async def test_latency_counts_from_the_callers_end_to_what_the_caller_hears(tab: Tab, site: Site, order: str) -> None:
    """Whichever of the two ends tells first."""
    both = [began("We open at nine."), ANSWERED, hears(1412.4)]
    if order == "exchange first":
        both = [both[2], both[0], both[1]]
    shown = await conversation(tab, site, hears(500), heard("when are you open"), *both)
    assert shown["latency"] == ["heard after 412 ms"]
    assert shown["median"] == "412 ms"
    assert shown["steps"] == [
        "recognition200 ms",
        "end of turn100 ms",
        "answer10 ms",
        "voice70 ms",
        "until heard32 ms",
    ]


async def test_what_was_typed_counts_from_when_the_exchange_had_said_it(tab: Tab, site: Site) -> None:
    """The agent notices the end later than it was; that counts as well."""
    said = {"type": "caller.speech_started", "source": "exchange", "said": "When are you open?"}
    over = {"type": "caller.speech_ended", "source": "exchange", "at_ms": 940}
    shown = await conversation(tab, site, said, over, heard("When you open"), began("At nine."), ANSWERED, hears(1412))
    assert shown["latency"] == ["heard after 472 ms"]
    assert shown["steps"][0] == "end noticed late60 ms"
    assert shown["steps"][-1] == "until heard32 ms"


async def test_a_slow_answer_is_called_slow_and_a_greeting_has_no_latency(tab: Tab, site: Site) -> None:
    """In words, not by colour alone."""
    greeting = [began("Hello?"), hears(100), ended("Hello?")]
    shown = await conversation(tab, site, *greeting, heard("hi"), began("Yes."), hears(1900), ended("Yes."))
    assert shown["latency"] == ["heard after 900 ms, slow"]


async def test_words_that_come_one_by_one_are_shown_when_they_are_known(tab: Tab, site: Site) -> None:
    """An answer that is streamed has no text when it begins."""
    shown = await conversation(tab, site, heard("hi"), began(), ended("One two three."))
    assert shown["rows"] == [["caller", "hi"], ["agent", "One two three."]]
    shown = await conversation(tab, site, heard("hi"), ended("Nobody said that it began."))
    assert shown["rows"][1] == ["agent", "Nobody said that it began."]


@pytest.mark.parametrize(
    ("words", "reached", "struck"),
    [
        ("We open at nine.", "We open", "at nine."),
        ("One.  Two three.", "One. Two", "three."),
        ("We open at nine.", "", "We open at nine."),
        ("Nine.", "Nine.", None),
    ],
)
async def test_what_was_not_heard_is_struck_through(
    tab: Tab, site: Site, words: str, reached: str, struck: str | None
) -> None:
    """And nothing else; the two texts may differ in their spaces."""
    shown = await conversation(tab, site, began(words), ended(words, reached))
    assert shown["struck"] == ([] if struck is None else [struck])
    assert shown["interruptions"] == "1"


async def test_a_hang_up_strikes_out_the_rest_and_is_no_interruption(tab: Tab, site: Site) -> None:
    """The last events come after the end."""
    shown = await conversation(tab, site, began("One two."), {"type": "end"}, ended("One two.", "One"))
    assert (shown["struck"], shown["interruptions"]) == (["two."], "0")


async def test_words_that_are_not_sure_are_marked(tab: Tab, site: Site) -> None:
    """Below one half; and silence that was taken for a turn is called by its name."""
    shown = await conversation(tab, site, heard("bicycle", confidence=0.4), heard("", confidence=0.0))
    assert shown["unsure"] == 2
    assert shown["rows"][1] == ["caller", "(nothing that could be understood)"]
    assert shown["turns"] == "2"


async def test_a_draft_is_shown_while_the_caller_speaks(tab: Tab, site: Site) -> None:
    """Hidden from screen readers, which are read the final words."""
    speaks = {"type": "caller.speech_began", "source": "agent"}
    draft = {"type": "turn.draft", "text": "when are", "confidence": 0.5}
    assert (await conversation(tab, site, speaks))["draft"] == "…"
    so_far = {"type": "caller.words", "text": "when", "confidence": 0.5}
    assert (await conversation(tab, site, speaks, so_far))["draft"] == "when …"
    assert (await conversation(tab, site, speaks, so_far, draft))["draft"] == "when are …"
    stopped = {"type": "caller.speech_ended", "source": "agent", "at_ms": 1}
    for over in (heard("when are you open"), stopped, {"type": "speech.ignored"}, {"type": "end"}):
        assert (await conversation(tab, site, speaks, over))["draft"] == ""


async def test_everything_else_that_happens_is_noted(tab: Tab, site: Site) -> None:
    """One line each; unknown events change nothing."""
    events: list[Mapping[str, object]] = [
        {"type": "backchannel.ignored", "text": "mm-hm"},
        {"type": "backchannel.ignored", "text": ""},
        {"type": "barge_in.resumed", "text": "", "reason": "noise"},
        {"type": "silence.reminder", "count": 1},
        {"type": "digit.pressed", "digit": "5"},
        {"type": "handler.failed", "error": "ValueError"},
        {"type": "handover.started", "to": "+15550100", "reason": "two misses"},
        {"type": "handover.done"},
        {"type": "handover.failed"},
        {"type": "call.media_lost"},
        {"type": "call.agent_lost"},
        {"type": "agent.reloaded"},
    ]
    shown = await conversation(tab, site, *events, {"type": "webhook.sent"})
    assert [kind for kind, _ in shown["rows"]] == ["note"] * len(events)
    assert "ValueError" in shown["rows"][5][1]


async def test_somebody_who_has_scrolled_up_to_read_is_left_there(tab: Tab, site: Site) -> None:
    """Whatever is said meanwhile; at the end the newest stays in view."""
    positions = await tab.run(
        site,
        """
        const { Conversation } = await import("/static/conversation.js");
        const byId = (id) => document.getElementById(id);
        const log = byId("log");
        const conversation = new Conversation({
          log, list: byId("turns"), draft: byId("draft"), empty: byId("empty"),
          turns: byId("turn-count"), median: byId("median"), interruptions: byId("interruptions"),
        });
        const hear = () => {
          conversation.add({ type: "caller.speech_began" });
          conversation.add({ type: "turn.draft", text: "when are" });
          conversation.add({ type: "turn.heard", text: "when are you open", confidence: 1, speech_ended_at_ms: 1 });
        };
        for (let i = 0; i < 50; i++) hear();
        const fromEnd = () => Math.round(log.scrollHeight - log.clientHeight - log.scrollTop);
        const followed = fromEnd();
        log.scrollTop = 100;
        hear();
        return [followed, log.scrollTop];
        """,
    )
    assert positions == [0, 100]
