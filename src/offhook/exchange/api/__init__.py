"""The exchange's doors: the carrier's REST API, and the exchange's own."""
