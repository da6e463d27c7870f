"""Where a media stream of an application on this machine really goes."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from offhook.addresses import is_loopback

__all__ = ["local_stream_url"]


def local_stream_url(url: str, webhook_url: str) -> str:
    """The URL to open for a media stream that an application asked for as if it were on the internet.

    ``wss://`` and hosts that are not this machine become the host and port of the application's webhook URL, with the
    same path and query: ``wss://`` where that is ``https://``, else ``ws://``. What the application's own host has, at
    whatever port, is kept, as is ``ws://`` on this machine.
    """
    parts, home = urlsplit(url), urlsplit(webhook_url)
    scheme = "wss" if home.scheme == "https" else "ws"
    if parts.scheme == "ws" and is_loopback(parts.hostname or ""):
        return url
    if parts.scheme == scheme and parts.hostname == home.hostname:
        return url
    return urlunsplit((scheme, home.netloc.rpartition("@")[2], parts.path, parts.query, ""))
