"""A telephone exchange on this machine that speaks the carrier's own API."""
