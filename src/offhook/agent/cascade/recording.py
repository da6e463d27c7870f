"""What an agent says in the same words on every call, said by its voice ahead of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.agent.cascade.sentences import split_sentences
from offhook.waiting import each_within
from offhook.waits import VOICE_FIRST, VOICE_NEXT

if TYPE_CHECKING:
    from offhook.agent.agent import Agent
    from offhook.speech.base import TextToSpeech

__all__ = ["Greeting", "Recording"]

Recording = list[tuple[str, bytes]]
"""Sentences with their audio, at the rate of the voice."""


class Greeting:
    """An agent's greeting, recorded once: the next call costs the voice nothing and starts without a wait.

    Args:
        agent: whose greeting; when its text changes, it is recorded anew.
        tts: the voice.
    """

    def __init__(self, agent: Agent, tts: TextToSpeech) -> None:
        self._agent = agent
        self._tts = tts
        self._text = ""
        self._recording: Recording = []

    async def recording(self) -> Recording:
        """The greeting, empty if the agent has none.

        Raises:
            WaitOver: the voice takes too long; the next call tries again.
            Exception: what the voice raised; the next call tries again.
        """
        text = self._agent.greeting
        if text != self._text:
            recording = [(sentence, await self._audio(sentence)) for sentence in split_sentences(text)]
            self._text, self._recording = text, recording
        return self._recording

    async def _audio(self, sentence: str) -> bytes:
        return b"".join([pcm async for pcm in each_within(VOICE_FIRST, VOICE_NEXT, self._tts.speak(sentence))])
