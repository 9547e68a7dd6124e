"""Relationships that lead nowhere: an end is neither said with them nor in the graph, or just about to leave it."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from levada_runtime.graph.model import Edge, GraphRefusal, Key
from levada_runtime.graph.operations import spell_edge, spell_key
from levada_runtime.graph.picture import Picture


def refuse_dangling(picture: Picture, edges: Iterable[Edge], said: AbstractSet[Key], dying: AbstractSet[Key]) -> None:
    """Raise GraphRefusal listing every end that is not there; of what is `dying` nothing is left afterwards."""
    offenders = []
    for edge in edges:
        for name, end in (("from_id", edge[0]), ("to_id", edge[2])):
            if end not in said and (end in dying or not picture.there(end)):
                offenders.append(_offender(edge, name, end))
    if offenders:
        raise GraphRefusal("DanglingRelationship", offenders[0]["message"], offenders)


def _offender(edge: Edge, name: str, end: Key) -> dict[str, Any]:
    message = f"relationship from {spell_edge(edge)} — {name} not found in batch or graph"
    (from_type, from_key), verb, (to_type, to_key) = edge
    return {
        "message": message,
        "missing": name,
        "entity": spell_key(end),
        "from_type": from_type,
        "from_key": from_key,
        "verb": verb,
        "to_type": to_type,
        "to_key": to_key,
    }
