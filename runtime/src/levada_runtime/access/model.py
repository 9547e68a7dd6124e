"""What a key may do, and who holds one."""

from dataclasses import dataclass

SCOPES = ("ingest:write", "entities:read", "entities:write", "documents:read", "documents:write", "operate", "admin")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: an organisation, by one of its keys."""

    org_id: int
    key_id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Tell whether the key carries this scope; `admin` carries every one."""
        return scope in self.scopes or "admin" in self.scopes
