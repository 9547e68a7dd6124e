"""Canonical document types: which there are, and whether a payload fits its contract."""
