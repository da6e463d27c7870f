"""Seed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offhook.errors import ConfigError
from offhook.exchange.words.seed import PhoneSpec, default_seed, load_seed, parse_seed

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = """
[[applications]]
id = "42"
name = "Reception"
webhook_event_url = "http://127.0.0.1:9000/hooks"
webhook_event_failover_url = ""

[[numbers]]
phone_number = "+15550199"
application = "Reception"
tags = ["main"]

[[numbers]]
phone_number = "+15550198"

[[phones]]
number = "+15550100"
script = "people/anna.toml"

[[phones]]
number = "sip:desk@example.test"
answers = "busy"
"""

APPLICATION = {"name": "x", "webhook_event_url": "http://127.0.0.1:9000/hooks"}


def test_a_seed_file_is_read(tmp_path: Path) -> None:
    """Numbers find their application by name; scripts are looked for beside the file."""
    path = tmp_path / "seed.toml"
    path.write_text(EXAMPLE)
    seed = load_seed(path)
    application = seed.applications[0]
    assert (application.id, application.webhook_api_version, application.webhook_event_failover_url) == (
        "42",
        "2",
        None,
    )
    assert [number.connection_id for number in seed.numbers] == ["42", None]
    assert seed.numbers[0].tags == ("main",)
    assert seed.phones == (
        PhoneSpec(number="+15550100", script=str(tmp_path / "people/anna.toml")),
        PhoneSpec(number="sip:desk@example.test", answers="busy"),
    )


def test_the_default_seed_has_a_phone_of_each_kind() -> None:
    """One application, one number."""
    seed = default_seed("http://127.0.0.1:1/x")
    assert seed.applications[0].webhook_event_url == "http://127.0.0.1:1/x"
    assert {phone.answers for phone in seed.phones} == {
        "person",
        "busy",
        "no_answer",
        "rejects",
        "not_found",
        "silent",
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"number": []}, "applications, numbers and phones"),
        ({"numbers": {}}, "tables written"),
        ({"numbers": ["x"]}, "tables written"),
        ({"applications": [{"name": "x"}]}, "webhook_event_url"),
        ({"applications": [{"name": "x", "webhook_event_url": 7}]}, "webhook_event_url"),
        ({"applications": [{"name": "x", "webhook_event_url": "ftp://a"}]}, "http://"),
        ({"applications": [{"webhook_event_url": "http://a"}]}, "name"),
        (
            {"applications": [{"name": "x", "webhook_event_url": "http://a", "webhook_api_version": 3}]},
            "webhook_api_version",
        ),
        ({"numbers": [{"phone_number": "555"}]}, "E.164"),
        ({"numbers": [{"phone_number": "+15550199", "application": "nobody's"}]}, "application"),
        ({"applications": [{"name": "x", "webhook_event_url": "http://"}]}, "webhook_event_url like"),
        ({"applications": [{"name": "x", "webhook_event_url": "http://[::1"}]}, "webhook_event_url like"),
        ({"applications": [{**APPLICATION, "webhook_event_failover_url": 3}]}, "failover_url"),
        ({"applications": [{**APPLICATION, "webhook_timeout_secs": "soon"}]}, "webhook_timeout_secs"),
        ({"applications": [{**APPLICATION, "id": "1"}, {**APPLICATION, "id": "1"}]}, "each id once"),
        ({"numbers": [{"phone_number": "+15550199"}, {"phone_number": "+15550199"}]}, "each phone_number once"),
        ({"numbers": [{"phone_number": "+15550199", "tags": 3}]}, "tags as a list"),
        ({"numbers": [{"phone_number": "+15550199", "aplication": "x"}]}, "got aplication"),
        ({"phones": [{"number": "+15550100", "answer": "busy"}]}, "got answer"),
        ({"phones": [{"number": "+15550100"}, {"number": "+15550100"}]}, "each number once"),
        ({"phones": [{"number": "+15550100", "answer_after_ms": True}]}, "answer_after_ms"),
        ({"phones": [{"number": "555"}]}, "E.164 or a SIP URI"),
        ({"phones": [{"number": "+15550100", "answers": "maybe"}]}, "answers"),
        ({"phones": [{"number": "+15550100", "answer_after_ms": -1}]}, "answer_after_ms"),
        ({"phones": [{"number": "+15550100", "script": 5}]}, "script"),
        ({"numbers": [{"phone_number": "+15550199", "tags": 5}]}, "tags"),
        ({"numbers": [{"phone_number": "+15550199", "tags": "main"}]}, "tags"),
        (
            {"applications": [{"name": "x", "webhook_event_url": "http://a", "webhook_event_failover_url": 5}]},
            "webhook_event_failover_url",
        ),
        (
            {"applications": [{"name": "x", "webhook_event_url": "http://a", "webhook_timeout_secs": "2"}]},
            "webhook_timeout_secs",
        ),
    ],
)
def test_a_wrong_seed_says_what_was_expected(document: dict[str, object], expected: str) -> None:
    """And where."""
    with pytest.raises(ConfigError, match=expected) as error:
        parse_seed(document)
    assert error.value.fix is not None


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"applications": [{**APPLICATION, "webhook_timeout_secs": 31}]}, "webhook_timeout_secs as 0 to 30 … got 31."),
        (
            {"applications": [{**APPLICATION, "webhook_timeout_secs": "soon"}]},
            "webhook_timeout_secs as 0 to 30 … got a text of 4 characters.",
        ),
        ({"applications": [{**APPLICATION, "webhook_api_version": 3}]}, 'webhook_api_version "1" or "2" … got 3.'),
        ({"applications": [{**APPLICATION, "name": 7}]}, "name as text … got 7."),
        ({"phones": [{"number": "+15550100", "answers": "maybe"}]}, "not_found … got a text of 5 characters."),
        ({"phones": [{"number": "+15550100", "answers": ["busy"]}]}, "not_found … got a list of 1."),
        ({"phones": [{"number": "+15550100", "answer_after_ms": -1}]}, "answer_after_ms as 0 or more … got -1."),
        ({"phones": [{"number": "+15550100", "answer_after_ms": True}]}, "answer_after_ms as 0 or more … got true."),
        (
            {"numbers": [{"phone_number": "+15550199", "application": "nobody's"}]},
            "one in [[applications]] … got a text of 8 characters that is none.",
        ),
        ({"phones": ["+15550100"]}, "tables written [[phones]] … got a list of 1."),
    ],
)
def test_a_wrong_seed_says_what_it_got_and_quotes_no_text(document: dict[str, object], says: str) -> None:
    """A number tells more than its kind; a text may be somebody's name."""
    with pytest.raises(ConfigError) as error:
        parse_seed(document)
    expected, got = says.split(" … ")
    assert expected in str(error.value)
    assert got in str(error.value)


def test_a_file_that_is_not_there_or_not_toml(tmp_path: Path) -> None:
    """ConfigError, with the path."""
    with pytest.raises(ConfigError, match="No such file"):
        load_seed(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[[")
    with pytest.raises(ConfigError, match="TOML"):
        load_seed(broken)
    broken.write_text("phones = 3")
    with pytest.raises(ConfigError, match=r"tables written \[\[phones"):
        load_seed(broken)


def test_an_application_is_found_by_an_id_that_is_a_number() -> None:
    """TOML tells 5 from "5"; people do not."""
    seed = parse_seed(
        {"applications": [{**APPLICATION, "id": 5}], "numbers": [{"phone_number": "+15550199", "application": 5}]}
    )
    assert seed.numbers[0].connection_id == seed.applications[0].id == "5"
