"""What an exchange knows when it starts: applications, their numbers, and the phones that can be dialled.

A seed file is TOML::

    [[applications]]
    id = "1000000000000000001"                 # the connection_id; made up if absent
    name = "Reception"
    webhook_event_url = "http://127.0.0.1:8080/webhooks/telnyx"
    webhook_event_failover_url = ""            # optional

    [[numbers]]                                # numbers that people call
    phone_number = "+15550199"
    application = "Reception"                  # an application's name or id

    [[phones]]                                 # numbers that the application can dial or transfer to
    number = "+15550100"
    answers = "person"                         # person, busy, rejects, no_answer, silent or not_found
    script = "person"                          # person: what they say; a name, a path or a table
    answer_after_ms = 1500
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast, get_args
from urllib.parse import urlsplit

from offhook.addresses import is_e164, is_sip_uri
from offhook.errors import ConfigError, kind_of
from offhook.exchange.words.ids import new_resource_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "Answers",
    "Application",
    "Number",
    "PhoneSpec",
    "Seed",
    "default_seed",
    "load_seed",
    "parse_seed",
]

Answers = Literal["person", "busy", "rejects", "no_answer", "silent", "not_found"]

DEFAULT_WEBHOOK_URL = "http://127.0.0.1:8080/webhooks/telnyx"
"""Where an agent started with ``offhook serve`` listens."""

_KEYS = {
    "applications": {
        "id", "name", "webhook_event_url", "webhook_event_failover_url", "webhook_api_version", "webhook_timeout_secs"
    },
    "numbers": {"id", "phone_number", "application", "tags"},
    "phones": {"number", "answers", "script", "answer_after_ms"},
}  # fmt: skip
"""What a table of each kind may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A Call Control application: where the webhooks of its calls go. ``id`` is the ``connection_id`` of its calls."""

    id: str = field(default_factory=new_resource_id)
    name: str
    webhook_event_url: str
    webhook_event_failover_url: str | None = None
    webhook_api_version: Literal["1", "2"] = "2"
    webhook_timeout_secs: int | None = None
    active: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else was set on it; given back, not acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A phone number of the exchange. Calls to it go to the application ``connection_id``."""

    id: str = field(default_factory=new_resource_id)
    phone_number: str
    connection_id: str | None = None
    tags: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSpec:
    """A phone that can be dialled, and what happens when it rings.

    Args:
        number: E.164 or a SIP URI.
        answers: ``person`` (picks up and follows ``script``), ``busy``, ``rejects``, ``no_answer`` (rings on),
            ``silent`` (picks up and says nothing), ``not_found``.
        script: for a person: the name of a script, a path to one, or a table; ``None`` is a person who says hello.
        answer_after_ms: how long it rings before it is picked up.
    """

    number: str
    answers: Answers = "person"
    script: str | Mapping[str, Any] | None = None
    answer_after_ms: int = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What an exchange knows when it starts."""

    applications: tuple[Application, ...] = ()
    numbers: tuple[Number, ...] = ()
    phones: tuple[PhoneSpec, ...] = ()


def default_seed(webhook_url: str = DEFAULT_WEBHOOK_URL) -> Seed:
    """One application, one number for it, and a phone of each kind to dial."""
    application = Application(id="1000000000000000001", name="Local agent", webhook_event_url=webhook_url)
    return Seed(
        applications=(application,),
        numbers=(Number(id="1000000000000000002", phone_number="+15550199", connection_id=application.id),),
        phones=(
            PhoneSpec(number="+15550100", answers="person"),
            PhoneSpec(number="+15550101", answers="busy"),
            PhoneSpec(number="+15550102", answers="no_answer"),
            PhoneSpec(number="+15550103", answers="rejects"),
            PhoneSpec(number="+15550104", answers="not_found"),
            PhoneSpec(number="+15550105", answers="silent"),
        ),
    )


def load_seed(path: Path) -> Seed:
    """Read a seed file.

    Raises:
        ConfigError: there is no such file, it is not TOML, or a table in it is not as described above.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"expected a seed file at {path}, got: {error.strerror}.", fix="check the path given with --seed"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"expected TOML in {path}, got: {error}.", fix="correct the file") from None
    for phone in _tables(document, "phones"):
        if str(phone.get("script", "")).endswith(".toml"):
            phone["script"] = str(path.parent / phone["script"])  # as seen from the seed file
    return parse_seed(document)


def parse_seed(document: Mapping[str, Any]) -> Seed:
    """Make a seed of a parsed seed file. Raises ConfigError."""
    unknown = set(document) - {"applications", "numbers", "phones"}
    if unknown:
        raise _wrong("the top level", "only the tables applications, numbers and phones", ", ".join(sorted(unknown)))
    applications = tuple(_application(table, i) for i, table in enumerate(_tables(document, "applications")))
    numbers = tuple(_number(table, i, applications) for i, table in enumerate(_tables(document, "numbers")))
    phones = tuple(_phone(table, i) for i, table in enumerate(_tables(document, "phones")))
    _check_once("id", "applications", [one.id for one in applications])
    _check_once("phone_number", "numbers", [one.phone_number for one in numbers])
    _check_once("number", "phones", [one.number for one in phones])
    return Seed(applications=applications, numbers=numbers, phones=phones)


def _wrong(where: str, expected: str, got: str) -> ConfigError:
    return ConfigError(f"expected {expected} in {where} of the seed, got {got}.", fix="correct the seed file")


def _check_once(key: str, where: str, values: list[str]) -> None:
    if len(set(values)) < len(values):
        raise _wrong(where, f"each {key} once", "one of them twice")


def _tables(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    tables = document.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _wrong(name, f"tables written [[{name}]]", kind_of(tables))
    for index, table in enumerate(tables):
        unknown = sorted(set(table) - _KEYS[name])
        if unknown:
            raise _wrong(f"{name}[{index}]", f"only {', '.join(sorted(_KEYS[name]))}", ", ".join(unknown))
    return tables


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise _wrong(where, f"{key} as text", kind_of(value))
    return value


def _application(table: Mapping[str, Any], index: int) -> Application:
    where = f"applications[{index}]"
    url = _url(table, "webhook_event_url", where)
    failover = _url(table, "webhook_event_failover_url", where) if table.get("webhook_event_failover_url") else None
    timeout = table.get("webhook_timeout_secs")
    if timeout is not None and not (_is_count(timeout) and timeout <= 30):
        raise _wrong(where, "webhook_timeout_secs as 0 to 30", kind_of(timeout))
    version = table.get("webhook_api_version", "2")
    if str(version) not in ("1", "2"):
        raise _wrong(where, 'webhook_api_version "1" or "2"', kind_of(version))
    return Application(
        id=str(table.get("id") or new_resource_id()),
        name=_text(table, "name", where),
        webhook_event_url=url,
        webhook_event_failover_url=failover,
        webhook_api_version=cast("Literal['1', '2']", str(version)),
        webhook_timeout_secs=timeout,
    )


def _url(table: Mapping[str, Any], key: str, where: str) -> str:
    url = _text(table, key, where)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _wrong(where, f"{key} like http://127.0.0.1:3000/webhooks", kind_of(url))
    return url


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(table: Mapping[str, Any], index: int, applications: tuple[Application, ...]) -> Number:
    where = f"numbers[{index}]"
    phone_number = _text(table, "phone_number", where)
    if not is_e164(phone_number):
        raise _wrong(where, "phone_number in E.164, like +15550199", kind_of(phone_number))
    wanted = table.get("application")
    connection_id = next((a.id for a in applications if str(wanted) in (a.id, a.name)), None)
    if wanted is not None and connection_id is None:
        raise _wrong(
            where, "application to be the name or id of one in [[applications]]", f"{kind_of(wanted)} that is none"
        )
    tags = table.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise _wrong(where, "tags as a list of texts", kind_of(tags))
    return Number(
        id=str(table.get("id") or new_resource_id()),
        phone_number=phone_number,
        connection_id=connection_id,
        tags=tuple(tags),
    )


def _phone(table: Mapping[str, Any], index: int) -> PhoneSpec:
    where = f"phones[{index}]"
    number = _text(table, "number", where)
    if not is_e164(number) and not is_sip_uri(number):
        raise _wrong(where, "number in E.164 or a SIP URI", kind_of(number))
    answers = table.get("answers", "person")
    if answers not in get_args(Answers):
        raise _wrong(where, f"answers to be one of {', '.join(get_args(Answers))}", kind_of(answers))
    after = table.get("answer_after_ms", 1500)
    if not _is_count(after):
        raise _wrong(where, "answer_after_ms as 0 or more", kind_of(after))
    script = table.get("script")
    if script is not None and not isinstance(script, str | dict):
        raise _wrong(where, "script as a name, a path or a table", kind_of(script))
    return PhoneSpec(number=number, answers=answers, script=script, answer_after_ms=after)
