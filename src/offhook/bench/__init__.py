"""Benchmarks that run on the reader's machine, ours beside others in one run: machines differ, ratios hold."""
