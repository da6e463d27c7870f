"""Keys and addresses of providers, from the environment or the ``.env`` file beside the program."""

from __future__ import annotations

import os

from offhook.errors import ConfigError

__all__ = ["key_for", "surroundings"]


def surroundings(*names: str) -> str | None:
    """The value of the first of ``names`` that is set and not empty: in the environment, else in ``.env`` of the
    current directory, where :class:`~offhook.config.Settings` looks, too."""
    for name in names:
        if value := os.environ.get(name, "").strip():
            return value
    filed = _file() if names else {}
    for name in names:
        if value := (filed.get(name) or "").strip():
            return value
    return None


def key_for(what: str, *names: str, given: str | None = None) -> str:
    """The key for ``what`` ("the model openai:gpt-5-mini"): the one that is given, else the first of ``names`` that is
    set.

    Raises:
        ConfigError: there is none; the message names the variables, never a value.
    """
    if given:
        return given
    if value := surroundings(*names):
        return value
    raise ConfigError(
        f"expected a key for {what}, got none.", fix=f"set {names[0]} in the environment or in .env, or give api_key=…"
    )


def _file() -> dict[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(".env")
