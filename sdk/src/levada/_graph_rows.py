"""What a route hands to the graph, as flat rows of JSON: what cannot be one is refused with its place."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from levada._encoding import plain
from levada._ingest import RecordError
from levada._nearest import did_you_mean
from levada.errors import BadRecord, NotJson

ENTITY_FIELDS: Final = ("entity_type", "entity_key", "entity_class", "display_name", "properties")
RELATIONSHIP_FIELDS: Final = ("from_type", "from_key", "verb", "to_type", "to_key", "properties")
KIND: Final = re.compile(r"[a-z][a-z0-9_]*")
KIND_BYTES: Final = 255
KEY_BYTES: Final = 2048
INTEGERS: Final = range(-(2**63), 2**63)
TOLD: Final = 100
"""How many things that are wrong are told of one call."""

_OPTIONAL = frozenset({"entity_class", "display_name", "properties"})
_KINDS = frozenset({"entity_type", "from_type", "to_type"})
_LONGEST = dict.fromkeys(_KINDS, KIND_BYTES) | dict.fromkeys(("entity_key", "from_key", "to_key"), KEY_BYTES)


class GraphRows:
    """Makes the rows of one call and collects what is wrong with them."""

    def __init__(self) -> None:
        self.errors: list[RecordError] = []

    def entity(self, given: Mapping[str, Any], place: str) -> dict[str, object]:
        """Return the row of an entity."""
        return self._row(given, place, ENTITY_FIELDS)

    def relationship(self, given: Mapping[str, Any], place: str) -> dict[str, object]:
        """Return the row of a relationship."""
        return self._row(given, place, RELATIONSHIP_FIELDS)

    def check(self) -> None:
        """Raise BadRecord with everything that is wrong."""
        if self.errors:
            raise refusal(self.errors)

    def _row(self, given: Mapping[str, Any], place: str, fields: Sequence[str]) -> dict[str, object]:
        for name in given:
            if name not in fields:
                self._wrong(f"{place}.{name}", "unknown_field", f"there is no such field: {did_you_mean(name, fields)}")
        row: dict[str, object] = {}
        for name in fields:
            value = given.get(name)
            if value is None and name in _OPTIONAL:
                continue
            path = f"{place}.{name}"
            row[name] = self._properties(value, path) if name == "properties" else self._text(value, path, name)
        return row

    def _text(self, value: object, path: str, name: str) -> object:
        if value is None or (value == "" and name not in _OPTIONAL):
            self._wrong(path, "missing", "it is missing or empty")
        elif not isinstance(value, str):
            self._wrong(path, "not_text", f"it is of type {type(value).__name__} and must be text: write str(...)")
        elif name in _KINDS and not KIND.fullmatch(value):
            self._wrong(path, "not_snake_case", f"{value!r} is no kind: write it in snake_case, such as `user_group`")
        else:
            return self._fitting(self._carried(value, path), path, _LONGEST.get(name))
        return None

    def _fitting(self, value: object, path: str, longest: int | None) -> object:
        if longest is not None and isinstance(value, str) and len(value.encode()) > longest:
            self._wrong(path, "too_long", f"it is longer than {longest} bytes")
        return value

    def _properties(self, given: object, path: str) -> dict[str, object]:
        if not isinstance(given, Mapping):
            self._wrong(path, "not_a_mapping", f"it is of type {type(given).__name__} and must be a mapping")
            return {}
        row: dict[str, object] = {}
        for name, value in given.items():
            if not isinstance(name, str):
                self._wrong(path, "not_text", f"it has a name of type {type(name).__name__}: names are text")
                continue
            row[name] = self._property(value, f"{path}.{self._carried(name, path)}")
        return row

    def _property(self, given: object, path: str) -> object:
        value = self._carried(given, path)
        if isinstance(value, dict):
            self._wrong(path, "not_flat", "properties are flat and it is a mapping: make each part one of its own")
        elif isinstance(value, list) and not all(isinstance(item, str) for item in value):
            self._wrong(path, "not_flat", "properties are flat: a list holds texts and nothing else")
        elif isinstance(value, int) and value not in INTEGERS:
            self._wrong(path, "not_json", "it is an integer that does not fit into 64 bits: send it as a text")
        return value

    def _carried(self, value: object, path: str) -> object:
        """Return the value as JSON carries it; PostgreSQL carries no U+0000."""
        try:
            carried = plain(value, path)
        except NotJson as error:
            self._wrong(error.path, error.code, error.message.removeprefix(f"{error.path} "))
            return None
        texts = carried if isinstance(carried, list) else [carried]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            self._wrong(path, "not_text", "it holds the character U+0000, which databases cannot keep")
        return carried

    def _wrong(self, path: str, code: str, message: str) -> None:
        if len(self.errors) < TOLD:
            self.errors.append(RecordError(path, code, message))


def refusal(errors: Sequence[RecordError]) -> BadRecord:
    """Return the error that tells a route what of its call the graph does not take."""
    named = "; ".join(f"{error.path}: {error.message}" for error in errors[:5])
    rest = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""
    told = [{"path": error.path, "code": error.code, "message": error.message} for error in errors]
    return BadRecord(f"nothing was taken into the graph: {named}{rest}", details={"errors": told})
