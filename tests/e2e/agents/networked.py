"""Agents that hear and speak through services over the network."""

from offhook import Agent, Call, Heard


class Parrot:
    """Says what it has heard."""

    async def respond(self, call: Call, heard: Heard) -> str:
        """Answer."""
        return f"I heard {heard.text}."


def agent_of(*recognisers: str) -> Agent:
    """One with these recognisers."""
    return Agent(name="Networked", greeting="Hello and welcome.", stt=list(recognisers), dialog=Parrot())


assemblyai = agent_of("assemblyai")
deepgram = agent_of("deepgram")
flux = agent_of("deepgram:flux")
telnyx = agent_of("telnyx")
two = agent_of("deepgram", "moonshine")
spoken = Agent(name="Networked", greeting="Hello and welcome.", tts=["telnyx", "flite"], dialog=Parrot())
