"""The verbs people type."""
