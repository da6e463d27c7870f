"""The legs of calls: their state, and what runs for each of them."""
