"""Who may call a number of the exchange."""

from __future__ import annotations

import re

from offhook.addresses import is_e164, is_sip_uri
from offhook.errors import ConfigError, kind_of

__all__ = ["ANONYMOUS", "check_caller"]

ANONYMOUS = "anonymous"
"""A caller who withholds the number."""

_NATIONAL = re.compile(r"[0-9]{2,15}")


def check_caller(from_: str) -> str:
    """The caller as the network shows one: a number with or without ``+``, a SIP URI, or nobody (``anonymous``).

    A number without ``+`` is shown as it is: networks hand on numbers in their own country's form, and short ones.

    Raises:
        ConfigError: it is none of these; the empty text, too.
    """
    caller = from_.strip()
    if caller.lower() == ANONYMOUS:
        return ANONYMOUS
    if is_e164(caller) or is_sip_uri(caller) or _NATIONAL.fullmatch(caller):
        return caller
    raise ConfigError(
        f"expected a caller (a number with or without +, a SIP URI, or {ANONYMOUS}), got {kind_of(caller)}.",
        fix='write it like "+15550150", "02015550150", "sip:anna@example.test" or "anonymous", without spaces',
    )
