"""Voice activity, speech to text, text to speech."""
