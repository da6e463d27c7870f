"""Which requests are answered at all: the exchange belongs to the people at this machine, not to the pages they visit.

Pure. A page can make a browser send requests to this machine: to a name of its own that it points at 127.0.0.1
(``Host`` gives that away), or, from any port of this machine, as a form or as ``text/plain``, which a browser sends
without asking first (``Origin`` and the content type give that away).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from offhook.addresses import host_name, is_loopback

__all__ = ["Asking", "from_this_machine", "is_own_page", "may_change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a request says of itself; headers that it does not have are ``None``."""

    host: str
    origin: str | None = None
    content_type: str | None = None
    client: str = "127.0.0.1"
    """The address that it came from."""


def from_this_machine(asking: Asking, *, any_client: bool = False) -> bool:
    """Whether it was sent by, and to, a name of this machine; with ``any_client``, from wherever."""
    here = is_loopback(host_name(asking.host))
    here = here and (asking.origin is None or is_loopback(host_name(asking.origin)))
    return here and (any_client or is_loopback(asking.client))


def is_own_page(host: str, origin: str | None) -> bool:
    """Whether ``origin`` is a page that ``host``, with its port, has served itself."""
    try:
        return origin is not None and urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False


def may_change(asking: Asking) -> bool:
    """Whether it may change anything: no page sent it but one of the exchange's own, and what it brings is JSON.

    A program sends no ``Origin``. Without a body there is no content type to name.
    """
    if asking.origin is not None and not is_own_page(asking.host, asking.origin):
        return False
    kind = (asking.content_type or "application/json").partition(";")[0].strip().lower()
    return kind == "application/json"
