"""Contracts as people and machines read them: a row each, their fields in a few words, their JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from levada.contracts import Contract
from levada.contracts._currencies import CODES
from levada.contracts._fields import MONEY_PATTERN
from levada_runtime.contracts.projections import told_links
from levada_runtime.contracts.registry import Owned

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_WORDS = {"string": "text", "object": "object"}
_FORMATS = {"date-time": "moment"}
_CURRENCIES = list(CODES)


def contract_view(owned: Owned) -> dict[str, Any]:
    """Return what tells a contract from the others."""
    contract = owned.contract
    return {
        "type": contract.document_type,
        "plural": contract.plural,
        "version": contract.version,
        "identity_field": contract.identity_field,
        "source_time_field": contract.source_time_field,
        "fields": len(contract.model_fields),
        "owner": owned.owner,
        "widened_by": owned.widened_by,
        "projects": contract.projection.kind if contract.projection else None,
    }


def projection_view(contract: type[Contract]) -> dict[str, Any] | None:
    """Return what a document of this type stands for in the graph; None for nothing."""
    projection = contract.projection
    if projection is None:
        return None
    return {
        "kind": projection.kind,
        "class": projection.class_,
        "display_name": projection.name,
        "traits": list(projection.traits),
        "links": told_links(projection),
    }


def field_views(contract: type[Contract], quote: str = "") -> Iterator[dict[str, Any]]:
    """Yield each field with its type in words, required ones first; `quote` goes around words that are literal."""
    schema = contract.model_json_schema()
    required = schema.get("required", ())
    definitions = schema.get("$defs", {})
    for name, field in sorted(schema["properties"].items(), key=lambda one: one[0] not in required):
        yield {"field": name, "type": _kind(field, definitions, quote), "required": name in required}


def json_schema(contract: type[Contract]) -> dict[str, Any]:
    """Return a contract as a JSON Schema that says which draft it is of, and of which type and version."""
    name = f"urn:levada:contract:{contract.document_type}:{contract.version}"
    return {"$schema": DRAFT, "$id": name, **contract.model_json_schema()}


def _kind(field: Mapping[str, Any], definitions: Mapping[str, Any], quote: str) -> str:
    options = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one_kind(one, definitions, quote) for one in options))


def _one_kind(option: Mapping[str, Any], definitions: Mapping[str, Any], quote: str) -> str:
    if "$ref" in option:
        target = definitions[option["$ref"].rpartition("/")[2]]
        return _one_kind(target, definitions, quote) if "enum" in target else f"object ({_fields(target, quote)})"
    if "enum" in option:
        return "currency" if option["enum"] == _CURRENCIES else _literal(option["enum"], quote)
    if "const" in option:
        return _literal([option["const"]], quote)
    if option.get("type") == "array":
        return f"list of {_kind(option.get('items', {}), definitions, quote)}"
    if "pattern" in option:
        return "decimal" if option["pattern"] == MONEY_PATTERN else f"text like {quote}{option['pattern']}{quote}"
    if "format" in option:
        return _FORMATS.get(option["format"], str(option["format"]))
    return _WORDS.get(option.get("type", ""), str(option.get("type", "any JSON value")))


def _fields(target: Mapping[str, Any], quote: str) -> str:
    return _literal(target.get("properties", {}), quote)


def _literal(words: Any, quote: str) -> str:
    return ", ".join(f"{quote}{word}{quote}" for word in words)
