"""AI agents that talk on the phone, and the telephone exchange to try them on your own machine."""

__version__ = "0.1.0"
