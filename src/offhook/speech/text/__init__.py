"""Text fit for speech: what a program wants said, as a voice can say it."""

from __future__ import annotations

from offhook.speech.text.cutting import Cutting
from offhook.speech.text.pronouncing import Pronunciations
from offhook.speech.text.scripts import joined
from offhook.speech.text.spoken import Spoken
from offhook.speech.text.wording import Wording, WordingStream

__all__ = ["Cutting", "Pronunciations", "Spoken", "Wording", "WordingStream", "joined"]
