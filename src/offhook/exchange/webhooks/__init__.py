"""Webhooks out: what they say, where they go, and how they are delivered."""
