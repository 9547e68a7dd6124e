"""The entity graph: what each source claims of entities and relationships, and what the claims add up to.

Sources never touch each other's claims; every change is decided over a picture of what it concerns, by pure code, and
then written in one transaction with its events.
"""
