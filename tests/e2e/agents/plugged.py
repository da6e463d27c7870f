"""An agent that hears, thinks and speaks through plugins of LiveKit's, at the addresses that the environment names."""

import os

from offhook import Agent

deepgram = os.environ["DEEPGRAM_BASE_URL"]
cartesia = os.environ["CARTESIA_BASE_URL"]
agent = Agent(
    name="Plugged",
    greeting="Hill Street Dental.",
    instructions="You are the receptionist of a dental practice.",
    stt=[f"livekit:deepgram.STT(base_url={deepgram}/v1/listen)", "moonshine"],
    llm="livekit:openai.LLM(model=gpt-4.1-mini)",
    tts=[f"livekit:cartesia.TTS(base_url={cartesia})", "espeak"],
)
