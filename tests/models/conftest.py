"""No keys of this machine in any test of a model."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """What is set on this machine is nothing to a test."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
