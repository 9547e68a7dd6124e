"""The limit: what a driver alone takes to find what a source says, and to write the same rows where it differs.

The rows are those of the graph's own tables, with their indexes; ids, keys and JSON are at hand before the clock
starts: nothing is parsed, checked or decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from benchmarks.graph.inventory import Row
from levada_runtime.store.unit_of_work import Store

ORG, SOURCE, FIRST_ID, AT = 2, "sync:raw", 1 << 60, 1_700_000_000_000_000
TABLES = {
    "entities": (
        "org_id, id, uid, kind, external_id, class, display_name, traits, first_seen, last_written, deleted_at, since"
    ),
    "entity_claims": "org_id, source, entity_id, class, display_name, traits, stamp, asserted, run_id",
    "relationships": "org_id, id, from_id, verb, to_id, properties, first_seen, last_written, since",
    "relationship_claims": "org_id, source, relationship_id, properties, stamp, asserted, run_id",
    "events": "org_id, connection_id, id, source, type, received_at, subject, payload",
}
_MINE = "WHERE org_id = ? AND source = ?"
CHANGES = (
    "UPDATE entities SET traits = ?, last_written = ?, since = ? WHERE org_id = ? AND id = ?",
    f"UPDATE entity_claims SET traits = ?, stamp = ? {_MINE} AND entity_id = ?",
    "UPDATE relationships SET properties = ?, last_written = ?, since = ? WHERE org_id = ? AND id = ?",
    f"UPDATE relationship_claims SET properties = ?, stamp = ? {_MINE} AND relationship_id = ?",
)
CLAIMED = (
    (
        "SELECT thing.id, external_id, said.traits FROM entity_claims AS said JOIN entities AS thing"
        " ON thing.org_id = said.org_id AND thing.id = said.entity_id WHERE said.org_id = ? AND said.source = ?"
    ),
    (
        "SELECT thing.id, from_id, verb, to_id, said.properties FROM relationship_claims AS said"
        " JOIN relationships AS thing ON thing.org_id = said.org_id AND thing.id = said.relationship_id"
        " WHERE said.org_id = ? AND said.source = ?"
    ),
)
Tuples = list[tuple[Any, ...]]


@dataclass(slots=True)
class Ready:
    """An inventory as rows: everything that is written of it, and how to tell whether it is there."""

    rows: dict[str, Tuples] = field(default_factory=lambda: {name: [] for name in TABLES})
    entities: dict[str, tuple[int, str]] = field(default_factory=dict)
    relationships: dict[tuple[int, str, int], tuple[int, str]] = field(default_factory=dict)


def ready(body: Row) -> Ready:
    """Make the rows of an inventory."""
    made, ids = Ready(), {}
    for number, one in enumerate(body["entities"], FIRST_ID):
        key, kind, name = one["entity_key"], one["entity_type"], one["display_name"]
        ids[key], said = number, (one["entity_class"], name, _spelt(one["properties"]))
        made.entities[key] = number, said[2]
        uid = f"{number:036}"
        made.rows["entities"].append((ORG, number, uid, kind, key, *said, AT, AT, None, AT))
        made.rows["entity_claims"].append((ORG, SOURCE, number, *said, AT, "{}", None))
        payload = _spelt({"id": uid, "kind": kind, "external_id": key, "traits": one["properties"], "name": name})
        event = ORG, 0, number, "entity.created", kind, AT, f"entity:{kind}:{key}", payload
        made.rows["events"].append(event)
    for number, one in enumerate(body["relationships"], FIRST_ID):
        triple, said = (ids[one["from_key"]], one["verb"], ids[one["to_key"]]), _spelt(one["properties"])
        made.relationships[triple] = number, said
        made.rows["relationships"].append((ORG, number, *triple, said, AT, AT, AT))
        made.rows["relationship_claims"].append((ORG, SOURCE, number, said, AT, "{}", None))
    return made


def load(store: Store, said: Ready) -> None:
    """Write an inventory that is not there."""
    with store.engine.begin() as connection:
        for table, columns in TABLES.items():
            _insert(connection, table, columns, said.rows[table])


def compare(store: Store, said: Ready) -> int:
    """Compare an inventory with what is there, change what differs, and return how many rows that were."""
    with store.engine.begin() as connection:
        known = [connection.exec_driver_sql(_signed(connection, query), (ORG, SOURCE)).fetchall() for query in CLAIMED]
        entities = [said.entities[row[1]] for row in known[0] if said.entities[row[1]][1] != row[2]]
        there = said.relationships
        edges = [there[tuple(row[1:4])] for row in known[1] if there[tuple(row[1:4])][1] != row[4]]
        for query, differing, claims in zip(CHANGES, (entities, entities, edges, edges), (0, 1, 0, 1), strict=True):
            place = (ORG, SOURCE) if claims else (AT + 1, ORG)
            rows = [(text, AT + 1, *place, number) for number, text in differing]
            if rows:
                connection.exec_driver_sql(_signed(connection, query), rows)
        events = [(ORG, 0, FIRST_ID * 2 + number, "entity.updated", "", AT, "", text) for number, text in entities]
        _insert(connection, "events", TABLES["events"], events)
    return len(entities) + len(edges)


def _insert(connection: sa.Connection, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    signs = ", ".join("?" * len(rows[0]))
    connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({signs})", list(rows))


def _signed(connection: sa.Connection, query: str) -> str:
    return query.replace("?", "%s") if connection.dialect.name == "postgresql" else query


def _spelt(value: Any) -> str:
    return orjson.dumps(value).decode()
