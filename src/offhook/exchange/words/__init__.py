"""The words that all rooms of the exchange share: refusals, ids, fields, the seed, the settings."""
