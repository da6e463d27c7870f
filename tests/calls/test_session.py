"""What a host needs of a session, and what the sessions that come with offhook have."""

from __future__ import annotations

from offhook.agent.session import Session
from offhook.calls.media.taps import MediaListener
from offhook.calls.session import CallSession


def test_an_agents_session_is_one_that_a_host_can_run_and_a_line_can_be_heard_by() -> None:
    """It has every method of both protocols, by their names."""
    for protocol in (CallSession, MediaListener):
        wanted = {name for name in vars(protocol) if not name.startswith("_")}
        assert {name for name in wanted if not hasattr(Session, name)} == set()
        assert wanted
