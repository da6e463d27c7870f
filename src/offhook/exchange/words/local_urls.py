"""Where the URLs of a program on this machine really lead.

A program is written for the internet: it gives the carrier ``wss://`` and ``https://`` URLs, on a public name or on a
name of this machine. Nothing of the internet is needed to reach it from here. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from offhook.addresses import is_loopback

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["is_local", "local_stream_url", "local_webhook_urls", "stream_home"]


def is_local(url: str) -> bool:
    """Whether the host of ``url`` is this machine."""
    return is_loopback(urlsplit(url).hostname or "")


def local_webhook_urls(url: str, program: str | None) -> tuple[str, ...]:
    """Where to try to deliver a webhook for ``url``, in this order, until something listens.

    ``https://`` on this machine may be meant or may be only written: if what listens there speaks no TLS, it is
    ``http://``. A public ``https://`` host is taken for a tunnel to ``program`` (any URL of it; its path does not
    count), and itself only if that is not there. ``http://`` URLs are as they are.
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return (url,)
    if is_local(url):
        return url, urlunsplit(parts._replace(scheme="http"))
    if program is None or urlsplit(program).hostname == parts.hostname:
        return (url,)
    home = urlsplit(program)
    return urlunsplit(parts._replace(scheme=home.scheme, netloc=_authority(home))), url


def stream_home(webhook_url: str, program: str | None) -> str:
    """The URL whose host and port the media streams of a program are led to: that of its webhooks, or ``program``."""
    return local_webhook_urls(webhook_url, program)[0]


def local_stream_url(url: str, home: str) -> str:
    """The URL to open for a media stream that an application asked for as if it were on the internet.

    A host of this machine, and the host of ``home`` itself, keep their name and port; only the scheme changes: ``wss``
    where ``home`` is ``https``, else ``ws``. A public host becomes the host and port of ``home``, with the same path
    and query. ``ws://`` on this machine is opened as it is.
    """
    parts, there = urlsplit(url), urlsplit(home)
    scheme = "wss" if there.scheme == "https" else "ws"
    own = is_local(url) or parts.hostname == there.hostname
    if parts.scheme == "ws" and is_local(url):
        return url
    if own and (parts.port is not None or parts.scheme == scheme):
        return urlunsplit(parts._replace(scheme=scheme))
    return urlunsplit((scheme, _authority(there), parts.path, parts.query, ""))


def _authority(parts: SplitResult) -> str:
    """Host and port, without a password."""
    return parts.netloc.rpartition("@")[2]
