"""Durable work: rows are the truth, an executor carries only wake-up tokens that may be lost or repeated."""
