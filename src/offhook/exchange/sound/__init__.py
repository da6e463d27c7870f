"""The sound of the exchange: lines, media streams, what plays, what is recorded, and the 20 ms clock."""
