"""From a mapped record to a committed document: validate, hash, decide, stage, commit."""
