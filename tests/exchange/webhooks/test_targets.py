"""Where an event goes: the most particular setting wins."""

from __future__ import annotations

from dataclasses import replace

from offhook.exchange.webhooks.targets import Target, targets
from offhook.exchange.words.fields import Routing
from offhook.exchange.words.seed import Application
from offhook.exchange.words.settings import WebhookAssumptions

FIRST, SECOND, OWN, SPECIAL = (f"http://127.0.0.1:1/{name}" for name in ("first", "second", "own", "special"))
APPLICATION = Application(name="x", webhook_event_url=FIRST, webhook_event_failover_url=SECOND)
ASSUMED = WebhookAssumptions(
    retries_ms=(7, 8), failover_tries=3, failover_after_refusal=False, ack_timeout_ms=1500, map_public_urls=False
)


def test_without_a_word_of_the_call_an_event_goes_to_its_application() -> None:
    """With its second URL, and with what is assumed of the carrier."""
    assert targets(APPLICATION, Routing(), "call.answered", ASSUMED, "http://127.0.0.1:3000") == [
        Target(
            FIRST,
            SECOND,
            retries_ms=(7, 8),
            failover_tries=3,
            failover_after_refusal=False,
            timeout_ms=1500,
            map_urls=False,
            program="http://127.0.0.1:3000",
        )
    ]


def test_a_calls_own_url_has_no_second_one() -> None:
    """That belongs to the application's: it knows nothing of the call's."""
    (target,) = targets(APPLICATION, Routing(url=OWN), "call.answered", ASSUMED)
    assert (target.url, target.failover_url) == (OWN, None)


def test_an_event_with_urls_of_its_own_goes_to_each_of_them_and_nowhere_else() -> None:
    """Other events of the same call go where they went."""
    routing = Routing(url=OWN, urls={"call.answered": (SPECIAL, FIRST)})
    one, other = targets(APPLICATION, routing, "call.answered", ASSUMED)
    assert [one.url, other.url] == [SPECIAL, FIRST]
    assert one.failover_url is None
    assert replace(one, url="") == replace(other, url="")
    assert [target.url for target in targets(APPLICATION, routing, "call.hangup", ASSUMED)] == [OWN]
    application_only = Routing(urls={"call.answered": (SPECIAL,)})
    assert targets(APPLICATION, application_only, "call.answered", ASSUMED)[0].failover_url is None


def test_the_waits_of_a_call_hold_for_the_event_that_they_were_given_for() -> None:
    """No waits at all are waits, too: the event is tried once."""
    routing = Routing(retries_ms={"call.answered": (1, 2, 3), "call.hangup": ()})
    waits = [
        targets(APPLICATION, routing, event, ASSUMED)[0].retries_ms
        for event in ("call.answered", "call.hangup", "call.initiated")
    ]
    assert waits == [(1, 2, 3), (), (7, 8)]


def test_an_application_may_set_how_long_it_is_waited_for() -> None:
    """It says seconds; 0 and nothing leave it at what is assumed."""
    for secs, expected in ((5, 5000), (0, 1500), (None, 1500)):
        (target,) = targets(replace(APPLICATION, webhook_timeout_secs=secs), Routing(), "call.answered", ASSUMED)
        assert target.timeout_ms == expected


def test_a_url_alone_is_tried_once_and_as_it_is() -> None:
    """With the two seconds that the carrier waits for an answer; of a second URL nothing is assumed but one try."""
    assert Target(FIRST) == Target(FIRST, None, (), 1, True, 2000, False, None)
