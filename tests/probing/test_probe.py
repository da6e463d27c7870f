"""What is asked of an engine, and what came of it."""

from __future__ import annotations

import asyncio

from offhook.errors import ConfigError, EngineRefused, EngineUnavailable
from offhook.probing.probe import Found, Probe, probed


async def raising(error: Exception) -> Found:
    raise error


async def test_what_works_is_told_with_its_times() -> None:
    """As a program reads it, in milliseconds."""

    async def answer() -> Found:
        return Found(12.345, 6.0, "3 words")

    probe = await probed("model", "mine", answer)
    assert probe.to_dict() == {
        "role": "model",
        "name": "mine",
        "ok": True,
        "first_ms": 12.3,
        "again_ms": 6.0,
        "found": "3 words",
        "error": None,
        "fix": None,
    }


async def test_an_error_of_ours_is_told_with_its_fix() -> None:
    """Where it has none of its own and the provider did it, it is said where to look."""
    probe = await probed("voice", "x", lambda: raising(ConfigError("no key.", fix="set it")))
    assert (probe.found, probe.error, probe.fix) == (None, "no key.", "set it")
    assert (await probed("voice", "x", lambda: raising(EngineUnavailable("broke off.")))).fix is not None
    assert (
        await probed("voice", "x", lambda: raising(EngineRefused("refused.", fix="another key")))
    ).fix == "another key"
    assert (await probed("voice", "x", lambda: raising(ConfigError("odd.")))).fix is None


async def test_what_somebody_elses_code_raises_is_told_by_its_kind() -> None:
    """Its text may hold a key."""
    probe = await probed("model", "mine", lambda: raising(RuntimeError("sk-secret")))
    assert probe.error == "expected an answer, got RuntimeError."
    assert "secret" not in str(probe)


async def test_what_does_not_answer_is_given_up() -> None:
    """After its time."""

    async def hang() -> Found:
        await asyncio.Event().wait()
        raise AssertionError

    probe = await probed("recogniser", "mine", hang, limit_s=0.01)
    assert isinstance(probe, Probe)
    assert probe.found is None
    assert probe.error is not None
    assert "got none" in probe.error
