"""Telephone addresses and network names: what is one, decided once for the whole house."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from offhook.errors import ConfigError

__all__ = ["check_address", "host_name", "is_e164", "is_loopback", "is_sip_uri"]

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_SIP = re.compile(r"sips?:[^\s@<>]+@[^\s@<>]+", re.ASCII | re.IGNORECASE)


def is_e164(text: str) -> bool:
    """Whether ``text`` is a phone number: ``+``, then 7 to 15 digits of which the first is not 0.

    The upper bound is that of ITU-T E.164, which names no lower one: seven digits have the shortest numbers that can
    be dialled from abroad (a country code of three digits and a number of four).
    """
    return _E164.fullmatch(text) is not None


def is_sip_uri(text: str) -> bool:
    """Whether ``text`` is a SIP address, ``sip:user@host`` or ``sips:user@host`` (RFC 3261, 19.1)."""
    return _SIP.fullmatch(text) is not None


def check_address(to: str, *, purpose: str = "to hand over to") -> str:
    """``to``, if it can be dialled. ``purpose`` is for the message.

    Raises:
        ConfigError: it is neither an E.164 number nor a SIP URI.
    """
    if is_e164(to) or is_sip_uri(to):
        return to
    raise ConfigError(
        f"expected an E.164 number (+ and 7 to 15 digits) or a SIP URI {purpose}, got {_shape(to)}.",
        fix='write it like "+15550100" or "sip:desk@example.com", without spaces',
    )


def _shape(text: str) -> str:
    """What a text is made of, without telling it: it may be somebody's number all the same."""
    kinds = {
        "letters": any(sign.isalpha() for sign in text),
        "digits": any(sign.isdigit() for sign in text),
        "spaces": any(sign.isspace() for sign in text),
        "other signs": any(not (sign.isalnum() or sign.isspace() or sign == "+") for sign in text),
    }
    made_of = " and ".join(name for name, there in kinds.items() if there)
    plus = "" if text.startswith("+") else ", without a +"
    return f"{len(text)} characters{f' ({made_of})' if made_of else ''}{plus}"


def host_name(authority: str) -> str:
    """The name in ``name:port``, ``[address]:port`` or a whole URL, in lower case; ``""`` if there is none."""
    try:
        return urlsplit(authority if "//" in authority else f"//{authority}").hostname or ""
    except ValueError:  # brackets that do not close
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host name or an address, as :func:`host_name` gives it, means this machine.

    ``localhost`` does, and every loopback address (127.0.0.0/8 and ::1); other names are not looked up.
    """
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
