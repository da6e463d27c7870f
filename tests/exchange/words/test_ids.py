"""The shapes of the carrier's names."""

from __future__ import annotations

import re
import uuid

from offhook.exchange.words.ids import new_call_control_id, new_resource_id, new_speak_id, new_uuid

MANY = 200


def test_a_call_is_named_by_v3_and_54_characters_that_need_no_quoting_in_a_path() -> None:
    """Programs put it into a URL as it is."""
    names = {new_call_control_id() for _ in range(MANY)}
    assert len(names) == MANY
    assert all(re.fullmatch(r"v3:[A-Za-z0-9_-]{54}", name) for name in names)


def test_a_leg_is_named_by_a_uuid_of_version_1_that_does_not_tell_the_machine() -> None:
    """Its node is random and has the bit of a group address set, as RFC 9562 wants of one that is no machine's."""
    names = [uuid.UUID(new_uuid()) for _ in range(MANY)]
    assert len(set(names)) == MANY
    assert len({name.node for name in names}) == MANY
    assert all(name.version == 1 and name.node >> 40 & 1 for name in names)
    assert all(str(name) == str(name).lower() for name in names)


def test_a_resource_is_named_by_19_digits_without_a_zero_in_front() -> None:
    """A program that reads it as a number gives the same name back."""
    names = [new_resource_id() for _ in range(MANY)]
    assert len(set(names)) == MANY
    assert all(re.fullmatch(r"[1-9][0-9]{18}", name) for name in names)


def test_no_two_texts_that_are_spoken_share_a_name() -> None:
    """Their starts and ends are paired by it."""
    assert len({new_speak_id() for _ in range(MANY)}) == MANY
