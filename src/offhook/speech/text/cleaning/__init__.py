"""Text without what cannot be said: see :mod:`offhook.speech.text.cleaning.cleaner`."""

from __future__ import annotations

from offhook.speech.text.cleaning.cleaner import Cleaner, clean

__all__ = ["Cleaner", "clean"]
