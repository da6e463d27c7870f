"""Ask everything that an agent needs once, before a caller does: ``offhook check``."""
