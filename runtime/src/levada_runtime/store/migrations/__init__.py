"""Alembic finds its environment and its revisions here."""
