"""What is tried next with a webhook."""

from __future__ import annotations

import pytest

from offhook.exchange.webhooks.targets import Target
from offhook.exchange.webhooks.tries import Try, Verdict, judge, next_try

FIRST, SECOND = "http://127.0.0.1:1/first", "http://127.0.0.1:1/second"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (None, "retry"),
        (101, "retry"),
        (199, "retry"),
        (408, "retry"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
        (300, "refused"),
        (301, "refused"),
        (400, "refused"),
        (404, "refused"),
        (499, "refused"),
    ],
)
def test_what_a_status_means(status: int | None, verdict: Verdict) -> None:
    """2xx is success; no answer, 408, 429 and 5xx are tried again; the rest is a refusal."""
    assert judge(status) == verdict


def tries(target: Target, *verdicts: Verdict) -> list[Try]:
    made: list[Try] = []
    last, verdict = None, "retry"
    for given in (*verdicts, *["retry"] * 20):
        this = next_try(target, last, verdict)  # type: ignore[arg-type]
        if this is None:
            break
        made.append(this)
        last, verdict = this, given
    return made


def test_three_tries_then_the_failover_url() -> None:
    """At 0, 1 and 3 s, then once at the second URL; the attempt goes on counting."""
    made = tries(Target(FIRST, SECOND, retries_ms=(1000, 3000)))
    assert [(one.attempt, one.url, one.after_ms) for one in made] == [
        (1, FIRST, 0),
        (2, FIRST, 1000),
        (3, FIRST, 3000),
        (4, SECOND, 0),
    ]


def test_without_a_failover_url_it_is_given_up() -> None:
    """After the last retry."""
    assert len(tries(Target(FIRST, retries_ms=(10,)))) == 2
    assert len(tries(Target(FIRST))) == 1


def test_a_delivery_ends_it() -> None:
    """Nothing is tried after a success, on either URL."""
    assert len(tries(Target(FIRST, SECOND, retries_ms=(1, 1)), "retry", "delivered")) == 2
    assert len(tries(Target(FIRST, SECOND), "retry", "delivered")) == 2


def test_a_refusal_is_not_tried_again() -> None:
    """The failover URL is asked, unless the settings say otherwise."""
    assert [one.url for one in tries(Target(FIRST, SECOND, retries_ms=(1, 1)), "refused")] == [FIRST, SECOND]
    strict = Target(FIRST, SECOND, retries_ms=(1, 1), failover_after_refusal=False)
    assert [one.url for one in tries(strict, "refused")] == [FIRST]
    twice = Target(FIRST, SECOND, retries_ms=(7,), failover_tries=3)
    assert [(one.attempt, one.nth, one.url, one.after_ms) for one in tries(twice)] == [
        (1, 1, FIRST, 0),
        (2, 2, FIRST, 7),
        (3, 1, SECOND, 0),
        (4, 2, SECOND, 7),
        (5, 3, SECOND, 0),
    ]
    assert [one.url for one in tries(twice, "retry", "retry", "refused")] == [FIRST, FIRST, SECOND]
