"""Engines by name."""

from __future__ import annotations

import pytest

from offhook.errors import ConfigError
from offhook.named import RECOGNISERS, VOICES, make


def one(which: str) -> tuple[str]:
    """An engine."""
    return (which,)


@pytest.mark.parametrize(("name", "which"), [("parrot", ""), ("parrot:grey", "grey"), ("parrot:a.B:c", "a.B:c")])
def test_a_name_is_a_kind_and_which_one_of_it(name: str, which: str) -> None:
    """What follows the first colon is the maker's to read."""
    assert make("a bird", {"parrot": "tests.test_named:one"}, name) == (which,)


def test_an_unknown_kind_is_an_error_that_lists_the_known_ones() -> None:
    """Nothing is imported to say so."""
    with pytest.raises(ConfigError, match=r"expected a bird \(jay, owl\), got 'parrot:grey'"):
        make("a bird", {"owl": "nowhere:owl", "jay": "nowhere:jay"}, "parrot:grey")


@pytest.mark.parametrize("kinds", [RECOGNISERS, VOICES])
def test_every_engine_that_is_named_can_be_made_by_a_function_that_is_there(kinds: dict[str, str]) -> None:
    """A name that leads nowhere would be found by a caller."""
    from importlib import import_module

    for place in kinds.values():
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function))
