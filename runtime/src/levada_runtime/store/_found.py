"""Many rows found by their keys in one look, past SQLAlchemy: the keys go as one value, and every one is looked up.

As a list of what a column may be they would have whole tables read, as long as nobody analysed them, and each be bound
on its own. `OFFSET 0` has PostgreSQL look for one key after the other, by the index that the key has.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json, JsonObject, from_micros

Row = TypeVar("Row")
Names = tuple[str, ...]
Rows = Sequence[Any]
_SAID_OF_ENTITIES = """
    SELECT entities.id, kind, external_id, entity_claims.class, entity_claims.display_name, entity_claims.traits
    FROM entity_claims JOIN entities ON entities.org_id = entity_claims.org_id AND entities.id = entity_id
    WHERE entity_claims.org_id = {sign} AND source = {sign}
"""
_SAID_OF_RELATIONSHIPS = """
    SELECT from_id, verb, to_id, relationship_claims.properties FROM relationship_claims
    JOIN relationships ON relationships.org_id = relationship_claims.org_id AND relationships.id = relationship_id
    WHERE relationship_claims.org_id = {sign} AND source = {sign}
"""
_AT_ONCE = 20_000


def find_rows(
    connection: sa.Connection,
    kind: type[Row],
    table: sa.Table,
    key: Names,
    org_id: int,
    places: Iterable[tuple[Any, ...]],
) -> list[Row]:
    """Return an organisation's rows of these keys; the columns of a key are all of an index, or its beginning."""
    names: Names = kind._fields  # type: ignore[attr-defined]  # every kind is a named tuple
    found: list[Row] = []
    for some in _portions(list(places)):
        rows = find_tuples(connection, table, tuple(name.rstrip("_") for name in names), key, org_id, some)
        found += map(kind, *_values(table, names, rows)) if rows else ()
    return found


def find_tuples(
    connection: sa.Connection,
    table: sa.Table,
    names: Names,
    key: Names,
    org_id: int,
    places: Sequence[tuple[Any, ...]],
) -> Rows:
    """Return these columns, as they are kept, of an organisation's rows of these keys."""
    if not places:
        return []
    columns = list(map(list, zip(*places, strict=True)))
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(_by_arrays(table, names, key), (*columns, org_id)).fetchall()
    wanted = orjson.dumps(places if len(key) > 1 else columns[0]).decode()
    return connection.exec_driver_sql(_by_json(table, names, key), (wanted, org_id)).fetchall()


def said_of_entities(connection: sa.Connection, org_id: int, source: str) -> Rows:
    """Return all that a source says of entities."""
    return _said(connection, _SAID_OF_ENTITIES, org_id, source)


def said_of_relationships(connection: sa.Connection, org_id: int, source: str) -> Rows:
    """Return all that a source says of relationships."""
    return _said(connection, _SAID_OF_RELATIONSHIPS, org_id, source)


def _said(connection: sa.Connection, query: str, org_id: int, source: str) -> Rows:
    sign = "%s" if connection.dialect.name == "postgresql" else "?"
    return connection.exec_driver_sql(query.format(sign=sign), (org_id, source)).fetchall()


@cache
def _by_json(table: sa.Table, names: Names, key: Names) -> str:
    each = [f"json_extract(wanted.value, '$[{place}]')" for place in range(len(key))]
    parts = each if len(key) > 1 else ["wanted.value"]
    same = " AND ".join(f"found.{name} = {part}" for name, part in zip(key, parts, strict=True))
    columns = ", ".join(f'found."{name}"' for name in names)
    return f"SELECT {columns} FROM json_each(?) AS wanted CROSS JOIN {table.name} AS found WHERE found.org_id = ? AND {same}"  # noqa: S608, E501 - names come from the tables


@cache
def _by_arrays(table: sa.Table, names: Names, key: Names) -> str:
    arrays = ", ".join(f"%b::{'bigint' if isinstance(table.c[name].type, sa.BigInteger) else 'text'}[]" for name in key)
    same = " AND ".join(f"{name} = wanted.by_{name}" for name in key)
    columns = ", ".join(f'"{name}"' for name in names)
    wanted = f"unnest({arrays}) AS wanted ({', '.join(f'by_{name}' for name in key)})"
    inner = f"SELECT {columns} FROM {table.name} WHERE org_id = %s AND {same} OFFSET 0"  # noqa: S608 - the same
    return f"SELECT found.* FROM {wanted} CROSS JOIN LATERAL ({inner}) AS found"  # noqa: S608 - the same


def _values(table: sa.Table, names: Names, rows: Sequence[Any]) -> list[Iterable[Any]]:
    columns = zip(*rows, strict=True)
    return [_given(table.c[name.rstrip("_")].type)(column) for name, column in zip(names, columns, strict=True)]


def _given(of: Any) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """Return what turns what is kept in a column into its values."""
    if isinstance(of, Instant):
        return _instants
    return _jsons if isinstance(of, Json | JsonObject) else iter


def _instants(kept: Iterable[int | None]) -> Iterator[datetime | None]:
    known: dict[int | None, datetime | None] = {None: None}
    for value in kept:
        if value is not None and value not in known:
            known[value] = from_micros(value)
        yield known[value]


def _jsons(kept: Iterable[Any]) -> Iterator[Any]:
    return (orjson.loads(value) if isinstance(value, str) else value for value in kept)


def _portions(places: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    return (places[start : start + _AT_ONCE] for start in range(0, len(places), _AT_ONCE))
