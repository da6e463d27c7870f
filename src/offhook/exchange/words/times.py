"""Times as the carrier writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["iso_time"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_time(wall_ms: float) -> str:
    """RFC 3339 with microseconds and ``Z``; ``wall_ms`` is milliseconds since the Unix epoch."""
    moment = _EPOCH + timedelta(microseconds=round(wall_ms * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
