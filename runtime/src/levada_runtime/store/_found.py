"""Many rows found by their keys in one look, past SQLAlchemy: the keys go as one value, and every one is looked up.

As a list of what a column may be they would have whole tables read, as long as nobody analysed them, and each be bound
on its own. PostgreSQL is asked for the first key from this one on in the order of the key's own index, since of an
organisation that its statistics have not heard of it takes any index to be as good.
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
    wanted = f"unnest({arrays}) AS wanted ({', '.join(f'by_{name}' for name in key)})"
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys((*names, "org_id", *key)))
    shown = ", ".join(f'found."{name}"' for name in names)
    if not _is_unique(table, key):
        same = " AND ".join(f"{name} = wanted.by_{name}" for name in key)
        inner = f"SELECT {columns} FROM {table.name} WHERE org_id = %s AND {same} OFFSET 0"  # noqa: S608 - the same
        return f"SELECT {shown} FROM {wanted} CROSS JOIN LATERAL ({inner}) AS found"  # noqa: S608 - the same
    place = f"org_id, {', '.join(key)}"
    since = f"({place}) >= (of.org_id, {', '.join(f'wanted.by_{name}' for name in key)})"
    inner = f"SELECT {columns} FROM {table.name} WHERE {since} ORDER BY {place} LIMIT 1"  # noqa: S608 - the same
    same = " AND ".join(f"found.{name} = wanted.by_{name}" for name in key)
    asked = f"{wanted} CROSS JOIN (SELECT %s::bigint AS org_id) AS of CROSS JOIN LATERAL ({inner}) AS found"
    return f"SELECT {shown} FROM {asked} WHERE found.org_id = of.org_id AND {same}"  # noqa: S608 - the same


def _is_unique(table: sa.Table, key: Names) -> bool:
    """Tell whether the organisation and a key, in this order, are one of the table's."""
    keys = (one for one in table.constraints if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint))
    return any(tuple(one.columns.keys()) == ("org_id", *key) for one in keys)


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
