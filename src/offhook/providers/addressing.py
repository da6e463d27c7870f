"""Where a provider is: its own address, or another that was given. Pure but for the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from offhook.errors import ConfigError
from offhook.keys import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

__all__ = ["base_of", "http_base_of", "with_query", "within_limits"]

_SCHEMES = {"https": "wss", "http": "ws", "wss": "wss", "ws": "ws"}


def base_of(provider: str, given: str | None, *variables: str, default: str) -> str:
    """The address of a provider's sockets: the one that is given, else of the first variable that is set.

    Args:
        provider: whose, for the error.
        given: ``https://…``, ``wss://…``, or of this machine ``http://…``, ``ws://…``; with a path where there is one.
        variables: of the environment.
        default: the provider's own.

    Raises:
        ConfigError: it is no address.
    """
    parts = _parts(provider, given, variables, default)
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}"


def http_base_of(provider: str, given: str | None, *variables: str, default: str) -> str:
    """The address of a provider's requests, likewise."""
    parts = _parts(provider, given, variables, default)
    return f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}{parts.path.rstrip('/')}"


def _parts(provider: str, given: str | None, variables: tuple[str, ...], default: str) -> SplitResult:
    value = given or surroundings(*variables) or default
    try:
        parts = urlsplit(value)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ConfigError(
            f"expected the address of {provider} as https:// or wss://, with a host, and nothing after its path.",
            fix=f"correct base_url, or {variables[0]}; {default} is its own",
        )
    return parts


def with_query(url: str, query: Iterable[tuple[str, object]]) -> str:
    """An address with what is asked for. ``None`` is left out; truth values are written small."""
    written = [
        (name, ("true" if value else "false") if isinstance(value, bool) else value)
        for name, value in query
        if value is not None
    ]
    return f"{url}?{urlencode(written)}"


def within_limits(name: str, value: float | None, least: float, most: float) -> float | None:
    """``value``, which is in that range, or ``None``.

    Raises:
        ConfigError: it is not.
    """
    if value is not None and not least <= value <= most:
        raise ConfigError(f"expected {name} from {least:g} to {most:g}, got {value:g}.", fix=f"{name}={least:g}")
    return value
