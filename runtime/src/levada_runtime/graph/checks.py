"""What the graph takes: known classes and verbs, flat properties, texts that every database can keep."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from levada._graph_rows import KIND
from levada_runtime.graph.glance import INTEGERS, KEY_BYTES, KIND_BYTES, QuickLook
from levada_runtime.graph.model import Code, EntityDraft, GraphRefusal, RelationshipDraft
from levada_runtime.graph.vocabulary import Vocabulary, meant

DEPTH = 64
"""How deep a trait's objects and lists may lie in each other."""
_TOLD = 100
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Wrongs:
    """Collects what is wrong with a request, to refuse it with all of it."""

    found: list[tuple[Code, dict[str, Any]]] = field(default_factory=list)

    def add(self, path: str, message: str, code: Code = "InvalidRequest") -> None:
        if len(self.found) < _TOLD:
            self.found.append((code, {"path": path, "message": message}))

    def refuse(self) -> None:
        """Raise GraphRefusal if anything is wrong."""
        if self.found:
            raise self.refusal()

    def refusal(self) -> GraphRefusal:
        """Return what tells all that is wrong; what is malformed goes before a word that is unknown."""
        code, first = min(self.found, key=lambda one: one[0] != "InvalidRequest")
        path = f"{first['path']}: " if first["path"] else ""
        more = f" (and {len(self.found) - 1} more)" if len(self.found) > 1 else ""
        return GraphRefusal(code, f"{path}{first['message']}{more}", [detail for _, detail in self.found])


def check_batch(
    vocabulary: Vocabulary,
    entities: Sequence[EntityDraft],
    relationships: Sequence[RelationshipDraft],
    *,
    first: tuple[int, int] = (0, 0),
) -> None:
    """Raise GraphRefusal naming every place of a sync or write that the graph cannot take, in the words of its body.

    `first` are the places of the first entity and the first relationship.
    """
    wrongs, quick = Wrongs(), QuickLook(vocabulary)
    for index, entity in enumerate(entities, first[0]):
        if not quick.takes_entity(entity):
            _check_entity(wrongs, f"entities[{index}]", entity, vocabulary)
    for index, relationship in enumerate(relationships, first[1]):
        if not quick.takes_relationship(relationship):
            _check_relationship(wrongs, f"relationships[{index}]", relationship, vocabulary)
    wrongs.refuse()


def _check_entity(wrongs: Wrongs, place: str, entity: EntityDraft, vocabulary: Vocabulary) -> None:
    _check_kind(wrongs, f"{place}.entity_type", entity.kind)
    _check_key(wrongs, f"{place}.entity_key", entity.external_id)
    _check_class(wrongs, f"{place}.entity_class", entity.class_, vocabulary)
    _check_name(wrongs, f"{place}.display_name", entity.display_name)
    _check_flat(wrongs, f"{place}.properties", entity.traits)


def _check_relationship(wrongs: Wrongs, place: str, relationship: RelationshipDraft, vocabulary: Vocabulary) -> None:
    _check_kind(wrongs, f"{place}.from_type", relationship.from_kind)
    _check_key(wrongs, f"{place}.from_key", relationship.from_key)
    if relationship.verb not in vocabulary.verbs:
        told = f"{relationship.verb!r} is not a known verb; {meant(relationship.verb, vocabulary.verbs)}"
        wrongs.add(f"{place}.verb", told, "InvalidRelationshipVerb")
    _check_kind(wrongs, f"{place}.to_type", relationship.to_kind)
    _check_key(wrongs, f"{place}.to_key", relationship.to_key)
    _check_flat(wrongs, f"{place}.properties", relationship.properties)


def check_upsert(vocabulary: Vocabulary, draft: EntityDraft) -> None:
    """Raise GraphRefusal naming every place of an upsert that the graph cannot take; its kind and traits are open."""
    wrongs = Wrongs()
    _check_text(wrongs, "kind", draft.kind, KIND_BYTES)
    _check_key(wrongs, "external_id", draft.external_id)
    _check_class(wrongs, "class", draft.class_, vocabulary)
    _check_name(wrongs, "display_name", draft.display_name)
    check_traits(wrongs, draft.traits)
    wrongs.refuse()


def check_traits(wrongs: Wrongs, traits: Mapping[str, Any]) -> None:
    """Note every place in traits that is not JSON every database can keep."""
    _check_json(wrongs, "traits", traits, DEPTH)


def storable(text: str) -> bool:
    """Tell whether every database can keep this text."""
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))


def _check_kind(wrongs: Wrongs, path: str, kind: str) -> None:
    if not KIND.fullmatch(kind):
        wrongs.add(path, f"{kind!r} is not snake_case, as in 'user_group'")
    elif len(kind) > KIND_BYTES:
        wrongs.add(path, f"is longer than {KIND_BYTES} bytes")


def _check_key(wrongs: Wrongs, path: str, key: str) -> None:
    _check_text(wrongs, path, key, KEY_BYTES)


def _check_text(wrongs: Wrongs, path: str, text: str, most: int) -> None:
    if not text:
        wrongs.add(path, "must not be empty")
    elif not storable(text):
        wrongs.add(path, "holds U+0000 or half a surrogate pair, which cannot be kept")
    elif len(text.encode()) > most:
        wrongs.add(path, f"is longer than {most} bytes")


def _check_class(wrongs: Wrongs, path: str, name: str | None, vocabulary: Vocabulary) -> None:
    if name is not None and name not in vocabulary.classes:
        told = f"{name!r} is not a known class; {meant(name, vocabulary.classes)}"
        wrongs.add(path, told, "InvalidEntityClass")


def _check_name(wrongs: Wrongs, path: str, name: str | None) -> None:
    if name is not None and not storable(name):
        wrongs.add(path, "holds U+0000 or half a surrogate pair, which cannot be kept")


def _check_flat(wrongs: Wrongs, place: str, properties: Mapping[str, Any]) -> None:
    for name, value in properties.items():
        wrong = _of_name(name) or _of_scalar(value)
        if isinstance(value, list):
            wrong = _of_name(name) or next((told for one in value if (told := _of_text(one))), None)
        if wrong:
            wrongs.add(f"{place}.{name}", wrong)


def _check_json(wrongs: Wrongs, place: str, value: Any, depth: int) -> None:
    if not depth and isinstance(value, dict | list):
        wrongs.add(place, f"lies deeper than {DEPTH} levels")
    elif isinstance(value, dict):
        for name, inner in value.items():
            wrong = _of_name(name)
            if wrong:
                wrongs.add(place, wrong)
            else:
                _check_json(wrongs, f"{place}.{name}", inner, depth - 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_json(wrongs, f"{place}[{index}]", inner, depth - 1)
    else:
        wrong = _of_scalar(value)
        if wrong:
            wrongs.add(place, wrong)


def _of_name(name: Any) -> str | None:
    if not isinstance(name, str):
        return "a name must be a string"
    return None if storable(name) else "a name holds U+0000 or half a surrogate pair, which cannot be kept"


def _of_scalar(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, int):
        return None if value in INTEGERS else "is an integer that does not fit into 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "is not a finite number"
    what = "an object" if isinstance(value, dict) else f"of type {type(value).__name__}"
    return f"is {what}; it must be null, a boolean, a number, a string or a list of strings"


def _of_text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "is a list that holds something else than strings"
    return None if storable(value) else "holds U+0000 or half a surrogate pair, which cannot be kept"
