"""Entities and relationships as their sources claim them: what many assert of one thing, and what that adds up to."""
