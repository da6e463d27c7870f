"""Codecs, each direction its own coder."""
