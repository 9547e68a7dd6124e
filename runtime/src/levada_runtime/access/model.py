"""What a key may do, and who holds one."""

from dataclasses import dataclass

SCOPES = ("ingest:write", "entities:read", "entities:write", "documents:read", "documents:write", "operate", "admin")
KEY_SCOPES = SCOPES[:-1]
"""What a key carries unless something else is asked for: everything that an organisation's own code may need."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: an organisation, by one of its keys."""

    org_id: int
    key_id: str
    scopes: frozenset[str]
    guard: bool = False
    """Whether a sync of its holder is held when it takes too much away, asked for or not."""

    def may(self, scope: str) -> bool:
        """Tell whether the key carries this scope; `admin` carries every one."""
        return scope in self.scopes or "admin" in self.scopes
