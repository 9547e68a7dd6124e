"""Runs attacks on the sandbox, one file each, and says what became of each of them at each level."""
