"""An agent on a call, turn by turn."""
