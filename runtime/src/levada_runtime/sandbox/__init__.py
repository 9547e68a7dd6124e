"""The wall round connector code."""
