"""The people on the exchange: what they say, what they hear, and the phones they hold."""
