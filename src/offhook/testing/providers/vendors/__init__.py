"""The vendors, a file each: what it calls ``VENDOR`` is one. A new vendor is a new file, and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.testing.providers.session import Vendor

__all__ = ["VENDORS"]


def _find() -> tuple[Vendor, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names if not name.startswith("_"))
    return tuple(module.VENDOR for module in modules)


VENDORS = _find()
"""All of them, by name."""
