"""The account's things as the carrier's API gives and changes them: applications and numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from offhook.exchange.words import errors, fields
from offhook.exchange.words.seed import Application, Number
from offhook.exchange.words.times import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offhook.clock import Clock
    from offhook.exchange.legs.directory import Directory

__all__ = ["Resources", "count_of", "page_of"]

_DEFAULTS: Mapping[str, Any] = {
    "anchorsite_override": "Latency",
    "call_cost_in_webhooks": False,
    "dtmf_type": "RFC 2833",
    "first_command_timeout": False,
    "first_command_timeout_secs": 30,
    "redact_dtmf_debug_logging": False,
    "inbound": {"shaken_stir_enabled": False, "sip_subdomain_receive_settings": "from_anyone"},
    "outbound": {},
    "tags": [],
}
"""What an application has when nothing else is said (the API description's defaults)."""

_NUMBER_EXTRA = ("customer_reference", "billing_group_id", "external_pin", "hd_voice_enabled", "address_id")


def page_of(items: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
    """One page of a list, in the carrier's envelope: ``page[number]`` from 1, ``page[size]`` 20 to 250."""
    number = count_of(query, "page[number]", 1, 1_000_000)
    size = count_of(query, "page[size]", 20, 250)
    return {
        "data": items[(number - 1) * size : number * size],
        "meta": {
            "page_number": number,
            "page_size": size,
            "total_pages": max(1, -(-len(items) // size)),
            "total_results": len(items),
        },
    }


def count_of(query: Mapping[str, str], name: str, default: int, high: int) -> int:
    """A number from 1 to ``high`` in a query; ``default`` if it is not one."""
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit()):
        return default
    count = int(text) if len(text) <= 9 else high
    return min(count, high) if count > 0 else default


class Resources:
    """Applications and numbers, read and changed through the API.

    Args:
        directory: where they are kept.
        clock: stamps what is created and changed.
        default_api_version: the ``webhook_api_version`` of an application that does not say one.
    """

    def __init__(self, directory: Directory, clock: Clock, *, default_api_version: Literal["1", "2"] = "2") -> None:
        self._default_api_version = default_api_version
        self._directory = directory
        self._clock = clock
        self._born = iso_time(clock.wall_ms())
        self._stamps: dict[str, tuple[str, str]] = {}

    # -- applications -----------------------------------------------------------------------------------------------

    def application(self, id_: str) -> Application:
        """The application ``id_``. Raises ApiError 404."""
        if id_ not in self._directory.applications:
            raise errors.not_found()
        return self._directory.applications[id_]

    def list_applications(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of applications; ``filter[application_name][contains]`` is honoured."""
        part = query.get("filter[application_name][contains]", query.get("filter[application_name]", "")).lower()
        found = [one for one in self._directory.applications.values() if part in one.name.lower()]
        return page_of([self.application_json(one) for one in found], query)

    def create_application(self, body: Mapping[str, Any]) -> Application:
        """``POST /v2/call_control_applications``. Raises ApiError."""
        fields.required_text(body, "application_name")
        fields.required_text(body, "webhook_event_url")
        blank = Application(name="", webhook_event_url="", webhook_api_version=self._default_api_version)
        application = self._changed(blank, body)
        self._directory.applications[application.id] = application
        self._touch(application.id, created=True)
        return application

    def update_application(self, id_: str, body: Mapping[str, Any]) -> Application:
        """``PATCH``: what is not said stays. Raises ApiError."""
        application = self._changed(self.application(id_), body)
        self._directory.applications[id_] = application
        self._touch(id_)
        return application

    def delete_application(self, id_: str) -> Application:
        """``DELETE``: its numbers have no application then. Raises ApiError."""
        application = self.application(id_)
        del self._directory.applications[id_]
        for number in list(self._directory.numbers.values()):
            if number.connection_id == id_:
                self._directory.numbers[number.id] = replace(number, connection_id=None)
        return application

    def _changed(self, old: Application, body: Mapping[str, Any]) -> Application:
        version = fields.choice(body, "webhook_api_version", ("1", "2"), old.webhook_api_version)
        timeout = fields.whole(body, "webhook_timeout_secs", -1, 0, 30)
        failover = fields.url_of(body, "webhook_event_failover_url", ("http", "https"))
        return Application(
            id=old.id,
            name=fields.text(body, "application_name") or old.name,
            webhook_event_url=fields.url_of(body, "webhook_event_url", ("http", "https")) or old.webhook_event_url,
            webhook_event_failover_url=(
                failover if "webhook_event_failover_url" in body else old.webhook_event_failover_url
            ),
            webhook_api_version=cast("Literal['1', '2']", version),
            webhook_timeout_secs=old.webhook_timeout_secs if timeout < 0 else timeout,
            active=fields.flag(body, "active", default=old.active),
            extra={**old.extra, **{key: body[key] for key in _DEFAULTS if body.get(key) is not None}},
        )

    def application_json(self, application: Application) -> dict[str, Any]:
        """An application as the API gives it."""
        created, updated = self._stamps.get(application.id, (self._born, self._born))
        return {
            "id": application.id,
            "record_type": "call_control_application",
            "application_name": application.name,
            "webhook_event_url": application.webhook_event_url,
            "webhook_event_failover_url": application.webhook_event_failover_url,
            "webhook_api_version": application.webhook_api_version,
            "webhook_timeout_secs": application.webhook_timeout_secs,
            "active": application.active,
            **_DEFAULTS,
            **application.extra,
            "created_at": created,
            "updated_at": updated,
        }

    # -- numbers ----------------------------------------------------------------------------------------------------

    def number(self, id_: str) -> Number:
        """The number with this id, or that is this number. Raises ApiError 404."""
        number = self._directory.numbers.get(id_) or self._directory.number_called(id_)
        if number is None:
            raise errors.not_found()
        return number

    def list_numbers(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of numbers; ``filter[phone_number]``, ``filter[connection_id]`` and ``filter[tag]`` are honoured."""
        found: Iterable[Number] = self._directory.numbers.values()
        if wanted := query.get("filter[phone_number]"):
            digits = wanted.lstrip("+ ")
            found = [one for one in found if digits in one.phone_number]
        if connection_id := query.get("filter[connection_id]"):
            found = [one for one in found if one.connection_id == connection_id]
        if tag := query.get("filter[tag]"):
            found = [one for one in found if tag in one.tags]
        return page_of([self.number_json(one) for one in found], query)

    def update_number(self, id_: str, body: Mapping[str, Any]) -> Number:
        """``PATCH /v2/phone_numbers/{id}``: what is not said stays. Raises ApiError."""
        number = self.number(id_)
        connection_id = number.connection_id
        if "connection_id" in body:
            connection_id = fields.text(body, "connection_id") or None
            if connection_id is not None and connection_id not in self._directory.applications:
                raise errors.invalid_connection_id()
        tags = body.get("tags")
        if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
            raise errors.wrong_type("tags", "array")
        number = replace(
            number,
            connection_id=connection_id,
            tags=number.tags if tags is None else tuple(tags),
            extra={**number.extra, **{key: body[key] for key in _NUMBER_EXTRA if key in body}},
        )
        self._directory.numbers[number.id] = number
        self._touch(number.id)
        return number

    def number_json(self, number: Number) -> dict[str, Any]:
        """A number as the API gives it."""
        created, updated = self._stamps.get(number.id, (self._born, self._born))
        application = self._directory.applications.get(number.connection_id or "")
        return {
            "id": number.id,
            "record_type": "phone_number",
            "phone_number": number.phone_number,
            "phone_number_type": "local",
            "country_iso_alpha2": "US",
            "status": "active",
            "connection_id": number.connection_id,
            "connection_name": application.name if application else None,
            "tags": list(number.tags),
            "customer_reference": None,
            "billing_group_id": None,
            "external_pin": None,
            "hd_voice_enabled": False,
            "messaging_profile_id": None,
            "messaging_profile_name": None,
            "emergency_enabled": False,
            "emergency_address_id": None,
            "emergency_status": "disabled",
            "call_forwarding_enabled": False,
            "call_recording_enabled": False,
            "caller_id_name_enabled": False,
            "cnam_listing_enabled": False,
            "deletion_lock_enabled": False,
            "inbound_call_screening": "disabled",
            "t38_fax_gateway_enabled": False,
            "source_type": "number_order",
            "purchased_at": created,
            "activated_at": created,
            "created_at": created,
            **{key: value for key, value in number.extra.items() if key != "address_id"},
            "updated_at": updated,
        }

    def _touch(self, id_: str, *, created: bool = False) -> None:
        now = iso_time(self._clock.wall_ms())
        self._stamps[id_] = (now if created else self._stamps.get(id_, (self._born, ""))[0], now)
