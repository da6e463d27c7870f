"""The demonstration call: an agent, a caller's script, and the story of what happened."""
