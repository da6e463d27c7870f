"""Settings, from the environment or a ``.env`` file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from offhook.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings"]

_PORTAL = 'from the Telnyx portal, or start the exchange and run: eval "$(offhook exchange env)"'
_FIXES = {
    "TELNYX_API_KEY": f"set TELNYX_API_KEY and TELNYX_PUBLIC_KEY to the keys {_PORTAL}",
    "TELNYX_PUBLIC_KEY": f"set TELNYX_API_KEY and TELNYX_PUBLIC_KEY to the keys {_PORTAL}",
    "TELNYX_CONNECTION_ID": "set TELNYX_CONNECTION_ID to the id of the Call Control application",
    "OFFHOOK_TOKEN_KEY": "set OFFHOOK_TOKEN_KEY to what this prints: openssl rand -hex 32",
    "OFFHOOK_PUBLIC_URL": "set OFFHOOK_PUBLIC_URL to the https:// address at which the carrier reaches this machine",
}


class Settings(BaseSettings):
    """What an offhook process is told by its surroundings.

    Every field is read from the environment variable of the same name in capitals, else from ``.env`` in the current
    directory. Use :meth:`load` to have mistakes reported as :exc:`~offhook.errors.ConfigError`.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True)

    telnyx_api_key: SecretStr | None = None
    """The API key."""
    telnyx_public_key: str | None = None
    """The key that webhooks are verified with: base64 of 32 bytes."""
    telnyx_base_url: str | None = None
    """Where the API is, with ``/v2``; ``None`` for the carrier itself. The exchange sets it to its own address."""
    telnyx_connection_id: str | None = None
    """The Call Control application that calls are dialled from."""

    offhook_public_url: str | None = None
    """Where the carrier reaches this process, without a path: ``https://calls.example.com``."""
    offhook_host: str = "127.0.0.1"
    """The address to listen on."""
    offhook_port: int = Field(default=8080, ge=0, le=65535)
    """The port to listen on; 0 for any that is free."""
    offhook_max_calls: int = Field(default=400, ge=1)
    """Calls at once; further ones are left to the carrier to retry elsewhere."""
    offhook_measure_capacity: bool = True
    """Whether fewer calls are taken where more would suffer: see :mod:`offhook.server.capacity`."""
    offhook_overflow_to: str | None = None
    """Where calls go for which there is no room: E.164 or a SIP URI; ``None``: they are told busy."""
    offhook_drain_timeout_s: float = Field(default=30.0, ge=0)
    """How long running calls may go on after SIGTERM."""
    offhook_token_key: SecretStr | None = None
    """What the tokens of media sockets are signed with: 32 characters or more, the same for all processes behind one
    address. ``None``: a key of this process alone."""
    offhook_journal: str = ""
    """The file in which ``serve`` keeps what the next process needs to take its calls over; ``off`` for none, empty for
    one of the agent's own in the state folder."""
    offhook_journal_sync: Literal["off", "commit"] = "off"
    """When what is written there is forced to the disk. ``off``: it survives the death of the process; ``commit``: a
    power cut as well, and every webhook waits for the disk."""
    offhook_codec: str = "PCMU"
    """The codec to ask the carrier for, in both directions."""
    offhook_sample_rate: int = Field(default=8000, ge=8000, le=48000)
    """Its rate in Hz."""

    @field_validator("offhook_token_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < 32:
            raise ValueError("expected 32 characters or more")
        return value

    @field_validator("offhook_public_url", "telnyx_base_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError("expected an address that begins with http:// or https://")
        try:
            parts = urlsplit(value)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment:
            raise ValueError("expected an address with a host, and nothing after its path")
        return value.rstrip("/")

    @classmethod
    def load(cls, **overrides: Any) -> Settings:
        """Read the settings.

        Args:
            overrides: values that count more than the environment, by field name.

        Raises:
            ConfigError: if a value is not usable; the message names the variable, never its value.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)
            names = [str(one["loc"][0]).upper() for one in wrong]
            reasons = [one["msg"].removeprefix("Value error, ") for one in wrong]
            told = [
                f"{name} is not usable: {why[0].lower()}{why[1:]}" for name, why in zip(names, reasons, strict=True)
            ]
            fixes = [_FIXES.get(name, f"correct {name} in the environment or in .env") for name in names]
            raise ConfigError(f"{'; '.join(told)}.", fix="; ".join(fixes)) from None

    def require(self, *fields: str, missing: Mapping[str, str] | None = None) -> list[str]:
        """The values of ``fields``, which must all be there.

        Args:
            fields: names of fields.
            missing: what else is known to be missing: what to call it, and what to do about it.

        Raises:
            ConfigError: something is not set; the message names everything that is not.
        """
        values = {field: _plain(getattr(self, field)) for field in fields}
        names = [field.upper() for field in fields if not values[field]]
        lacking = {name: _FIXES.get(name, f"set {name}") for name in names} | dict(missing or {})
        if lacking:
            *most, last = lacking
            all_ = f"{', '.join(most)} and {last}" if most else last
            fix = "; ".join(dict.fromkeys(lacking.values()))
            raise ConfigError(f"expected {all_} to be set, got nothing.", fix=fix)
        return list(values.values())


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)
