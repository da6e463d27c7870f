"""What it means when a host of models refuses: errors without the host's own words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.errors import EngineError, EngineRefused, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_filtered", "refusal", "retry_after_s"]

_BUSY = (408, 409, 425, 429)
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached")
_FILTERED = ("content_filter", "content_policy_violation", "responsible_ai_policy_violation")


def refusal(
    status: int, model: str, *, code: str = "", keys: tuple[str, ...] = (), wait_s: float | None = None
) -> EngineError:
    """The error for an HTTP status.

    Args:
        status: the status.
        model: whom was asked: ``openai:gpt-5-mini``.
        code: the host's own code for it.
        keys: the variables that may hold the key.
        wait_s: when it wants to be asked again.
    """
    got = f"got status {status}"
    if status == 402 or code in _NO_MONEY:
        return EngineRefused(f"expected {model} to answer, {got}: the account has no credit.", fix="see the account")
    if status in (401, 403):
        fix = f"correct {keys[0]}" if keys else "give the right api_key"
        return EngineRefused(f"expected {model} to take the key, {got}.", fix=fix)
    if status == 404:
        return EngineRefused(f"expected a model {model}, {got}.", fix="correct its name, or the address")
    if status in _BUSY or status >= 500:
        return EngineUnavailable(f"expected {model} to answer, {got}.", retry_after_s=wait_s)
    return EngineError(f"expected {model} to take the request, {got}.", fix="see what is set: options, tools, history")


def is_filtered(code: str) -> bool:
    """Whether a host refuses what was said, and not the request: there is an answer, and it is no."""
    return code in _FILTERED


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds that a host wants to be left alone, if it says a number of them."""
    try:
        wait_s = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return wait_s if 0 <= wait_s < 86_400 else None
