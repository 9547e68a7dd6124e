"""HTTP in: documents and operations for those who hold a key, and what a machine asks of a daemon."""
