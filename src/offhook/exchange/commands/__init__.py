"""The commands to a leg: what each takes, permits and does."""
