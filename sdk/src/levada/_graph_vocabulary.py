"""The classes an entity may be of and the verbs that relate entities, as every part of the graph spells them."""

from typing import Final

ENTITY_CLASSES: Final = frozenset({
    "AccessPolicy", "Account", "Agent", "Application", "Certificate", "Cluster", "CodeRepo", "Container",
    "Credential", "DataStore", "Database", "Device", "Endpoint", "Event", "File", "Firewall", "Function", "Generic",
    "Group", "Host", "Identity", "Key", "Namespace", "NetworkSegment", "Organization", "Package", "Pod", "Policy",
    "Process", "Queue", "Registry", "Role", "Scanner", "Secret", "Sensor", "Service", "Team", "Ticket", "Topic",
    "User", "Vulnerability",
})  # fmt: skip
"""What an entity may be; a trusted extension of the runtime may add to them."""

VERBS: Final = frozenset({
    "ALLOWS", "ASSIGNED", "BILLED", "CONNECTS", "CONTAINS", "EXPLOITS", "HAS", "IS", "MANAGES", "OWES", "PAID",
    "PROTECTS", "READS", "RUNS", "SCANS", "TRUSTS", "USES", "WRITES",
})  # fmt: skip
"""How one entity may relate to another."""


def default_class(kind: str) -> str:
    """Return the class of an entity that no source gave one: its kind's own if there is such a class, else Generic."""
    named = "".join(part.capitalize() for part in kind.split("_"))
    return named if named in ENTITY_CLASSES else "Generic"
