"""What an extension may offer: a contract of a type of its own, or a wider one for a type that there is already."""

import re
from typing import Any

from levada.contracts import Contract
from levada_runtime.contracts.projections import unprojectable

_TYPE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PLURAL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FIXED = ("document_type", "plural", "version", "identity_field", "source_time_field", "hash_exclude")

RESERVED = frozenset(
    {
        "audit", "backfills", "connections", "connectors", "contracts", "deliveries", "documents", "entities",
        "events", "graph", "ingest", "keys", "ledger", "openapi", "orgs", "pipelines", "plans", "quarantine",
        "receipts", "relationships", "runs", "secrets", "streams",
    }
)  # fmt: skip
"""Words that stand for something else in the API's paths than documents of a type."""


def unfit(offered: Any) -> str | None:
    """Say why this cannot be the contract of a document type; None when it can."""
    if not (isinstance(offered, type) and issubclass(offered, Contract)):
        return f"{offered!r}, which is no class derived from Contract"
    kind, plural = getattr(offered, "document_type", None), getattr(offered, "plural", None)
    if not (isinstance(kind, str) and _TYPE.fullmatch(kind)):
        return f"{offered.__name__}, whose document_type is not spelled like sales_order"
    if not (isinstance(plural, str) and _PLURAL.fullmatch(plural)):
        return f"{kind!r}, whose plural is not spelled like sales-orders"
    if plural in RESERVED:
        return f"{kind!r}, whose plural {plural!r} has another meaning in the API"
    for role in ("identity_field", "source_time_field"):
        name = getattr(offered, role)
        if name is not None and name not in offered.model_fields:
            return f"{kind!r}, whose {role} {name!r} is none of its fields"
    return unprojectable(offered) or _indescribable(offered)


def _indescribable(offered: type[Contract]) -> str | None:
    try:
        offered.model_json_schema()
    except Exception as error:  # noqa: BLE001 - an extension's class may raise anything; what it was is told
        return f"{offered.document_type!r}, which has no JSON Schema: {type(error).__name__}: {error}"
    return None


def is_widening(offered: type[Contract]) -> bool:
    """Tell whether a class says of itself that it widens the one it is derived from."""
    return bool(vars(offered).get("widens"))


def not_wider(known: type[Contract], offered: type[Contract]) -> str | None:
    """Say why a class cannot take the place of another; None when every payload of that one is its payload, too.

    Without its own fields it has to have the same normal form, so that no document gets another hash.
    """
    if not issubclass(offered, known) or offered is known:
        return f"it is not derived from {known.__name__}"
    for name in _FIXED:
        if getattr(offered, name) != getattr(known, name):
            return f"it has another {name}"
    for name, field in offered.model_fields.items():
        if name in known.model_fields:
            if repr(field) != repr(known.model_fields[name]):
                return f"it has another {name!r}"
        elif field.is_required() or field.get_default() is not None or field.default_factory is not None:
            return f"its field {name!r} is not None by default"
    return None
