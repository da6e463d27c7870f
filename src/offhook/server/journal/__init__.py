"""The journal: what was accepted and who is on the line, for the process that comes after this one."""

from __future__ import annotations

from offhook.server.journal.entries import CallEntry, Retention
from offhook.server.journal.file import JournalFile, Remembered, Sync
from offhook.server.journal.journal import Journal
from offhook.server.journal.notes import CallNotes

__all__ = ["CallEntry", "CallNotes", "Journal", "JournalFile", "Remembered", "Retention", "Sync"]
