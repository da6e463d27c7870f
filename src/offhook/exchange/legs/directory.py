"""Who has which number: the account's applications and numbers, and the phones that can be dialled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.exchange.words.local_urls import is_local
from offhook.exchange.words.seed import PhoneSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.exchange.people.phones import Phone
    from offhook.exchange.words.seed import Application, Number, Seed

__all__ = ["Directory"]


class Directory:
    """Who has which number; kept in memory.

    Args:
        seed: what there is at the start.
        make_phone: makes the phone that a seed describes, for one call; ``None`` when there is nobody.
        program_url: where the program under test is; ``None`` is where the first application of this machine is.
    """

    def __init__(
        self, seed: Seed, make_phone: Callable[[PhoneSpec], Phone | None], *, program_url: str | None = None
    ) -> None:
        self._make_phone = make_phone
        local = (one.webhook_event_url for one in seed.applications if is_local(one.webhook_event_url))
        self.program_url = program_url or next(local, None)
        """Any URL of the program under test, to lead its public URLs to."""
        self.applications: dict[str, Application] = {one.id: one for one in seed.applications}
        self.numbers: dict[str, Number] = {one.id: one for one in seed.numbers}
        self.phones: dict[str, PhoneSpec | Callable[[], Phone]] = {one.number: one for one in seed.phones}
        """What answers at a number that is dialled: a description, or something that makes a phone for each call."""

    def number_called(self, phone_number: str) -> Number | None:
        """The number of the exchange that is ``phone_number``."""
        return next((one for one in self.numbers.values() if one.phone_number == phone_number), None)

    def application_of(self, phone_number: str) -> Application | None:
        """The active application that calls to ``phone_number`` go to."""
        number = self.number_called(phone_number)
        application = self.applications.get(number.connection_id or "") if number else None
        return application if application is not None and application.active else None

    def phone_at(self, destination: str) -> Phone | None:
        """A phone to ring at ``destination``; ``None`` when nobody has that number."""
        known = self.phones.get(destination)
        if known is None:
            return None
        return self._make_phone(known) if isinstance(known, PhoneSpec) else known()
