"""What a host needs of an agent's session, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from offhook.calls.call import Call

if TYPE_CHECKING:
    from offhook.calls.media.taps import MediaListener

__all__ = ["CallSession", "SessionFactory"]


class CallSession(Protocol):
    """An agent on one call.

    A host makes it while the phone rings, then, when audio is about to flow: adds :attr:`media` to ``call.line``, which
    hears ``media_started`` first; calls :meth:`tick` every 10 ms; awaits :meth:`run` in a task of
    its own; and calls :meth:`aclose` once, whatever happened. A session whose call never has audio is only closed.
    """

    @property
    def media(self) -> MediaListener:
        """Who hears the call's audio."""
        ...

    async def run(self) -> None:
        """The conversation. Returns when it is over: the host then hangs up, unless a transfer is under way.

        It must return soon after ``media.media_stopped``; if it raises, the caller hears an apology.
        """
        ...

    def tick(self, now_ms: float) -> None:
        """Time has passed: ``now_ms`` is monotonic. Called on the event loop; must not block."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...


SessionFactory = Callable[[Call], CallSession]
"""Makes the session of a call while it rings. Called on the event loop: whatever is slow belongs into ``run``, or into
a method ``warm_up`` of the factory, which is awaited before the first call."""
