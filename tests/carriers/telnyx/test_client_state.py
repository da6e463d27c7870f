from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.carriers.telnyx.client_state import decode_client_state, encode_client_state


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_survives_the_wire(text: str) -> None:
    """What was hung on a leg comes back as it was."""
    assert decode_client_state(encode_client_state(text)) == text


@pytest.mark.parametrize("wire", [None, 7, "not base64!", "YQ", "/w=="])
def test_what_is_not_text_in_base64_is_not_ours(wire: object) -> None:
    """A state that another program set, or none, is no state."""
    assert decode_client_state(wire) is None
