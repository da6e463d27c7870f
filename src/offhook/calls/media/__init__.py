"""A call's audio: one socket at a time, any number of listeners."""
