"""The runtime that discovers connectors, runs their routes behind a wall and keeps what they ingest."""

__version__ = "0.1.0"
