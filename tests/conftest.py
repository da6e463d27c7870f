"""What every test may use."""

from __future__ import annotations

import os

import pytest


def require(condition: bool, reason: str) -> None:
    """Skip the test where a component is not present; in CI the component must be there, so fail."""
    if condition:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have what this test needs: {reason}")
    pytest.skip(reason)


@pytest.fixture(name="require")
def require_fixture() -> object:
    """``require(condition, reason)`` as a fixture."""
    return require
