"""Benchmark of the services: speed and memory compared to other programs on the same machine."""
