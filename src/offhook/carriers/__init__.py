"""Who owns the phone network: one room per carrier, one vocabulary."""
