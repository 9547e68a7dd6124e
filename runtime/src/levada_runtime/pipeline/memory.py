"""Entities in memory, for trying a pipeline and for its own tests: the graph's merge, without the graph."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any


class MemoryEntities:
    """Entities of nobody but the run at hand."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._traits = {
            (str(row["kind"]), str(row["external_id"])): copy.deepcopy(dict(row.get("traits", {}))) for row in rows
        }

    def upsert(
        self,
        kind: str,
        external_id: str,
        traits: Mapping[str, Any],
        *,
        class_: str | None = None,  # noqa: ARG002 - nothing here asks for it
        display_name: str | None = None,  # noqa: ARG002 - nothing here asks for it
    ) -> dict[str, Any]:
        """Merge the traits one level deep, and return what they come to."""
        merged = {**self._traits.get((kind, external_id), {}), **traits}
        self._traits[kind, external_id] = merged
        return merged

    def find(self, kind: str, external_id: str) -> dict[str, Any] | None:
        """Return an entity's traits."""
        return self._traits.get((kind, external_id))

    def rows(self) -> list[dict[str, Any]]:
        """Return all entities, in order of kind and key."""
        return [
            {"kind": kind, "external_id": key, "traits": traits} for (kind, key), traits in sorted(self._traits.items())
        ]
