"""Stand-ins on loopback for the speech and language services that an agent uses.

They speak each vendor's protocol, with the engines of this machine behind it: audio really becomes words, and words
become audio. :class:`StandIns` is all of them on one port, :class:`Fault` what goes wrong on request, :class:`Scripted`
what takes the place of the engines where their time must be known.
"""

from offhook.testing.providers.answers import Answer, Answers
from offhook.testing.providers.engines import Embedded, Scripted
from offhook.testing.providers.faults import Fault
from offhook.testing.providers.journal import Entry, Journal
from offhook.testing.providers.standins import StandIns

__all__ = ["Answer", "Answers", "Embedded", "Entry", "Fault", "Journal", "Scripted", "StandIns"]
