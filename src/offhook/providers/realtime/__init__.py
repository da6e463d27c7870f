"""Speech-to-speech models that speak OpenAI's Realtime protocol."""
