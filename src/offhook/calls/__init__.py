"""A call: its identity, state, media and registry."""
