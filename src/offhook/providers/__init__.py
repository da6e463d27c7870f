"""Recognisers and voices of other people's services, each a thin client of the vendor's own protocol."""
