"""Many frozen rows of one table in one statement, past SQLAlchemy: column by column, as the drivers want them.

On SQLite that is `executemany`. On PostgreSQL it is COPY, and arrays in binary form.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store._bulk import insert
from levada_runtime.store.columns import Instant, Json, JsonObject, to_micros

Names = tuple[str, ...]
Column = list[Any]


def insert_rows(connection: sa.Connection, table: sa.Table, org_id: int, rows: Sequence[Any]) -> None:
    """Insert rows of an organisation; a row's fields are named as the table's columns."""
    if rows:
        names = _fields(rows[0])
        values = zip(repeat(org_id), *_columns(table, names, rows), strict=False)
        insert(connection, table, ("org_id", *_spelled(names)), list(values))


def update_rows(connection: sa.Connection, table: sa.Table, key: Names, org_id: int, rows: Sequence[Any]) -> None:
    """Change everything but the key of an organisation's rows that these name by it."""
    if not rows:
        return
    names = tuple(name for name in _fields(rows[0]) if name not in key)
    columns = _columns(table, (*names, *key), rows)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_update_by_arrays(table, _spelled(names), key, org_id), tuple(columns))
    else:
        where = " AND ".join(f"{name} = ?" for name in key)
        changes = ", ".join(f"{_quoted(name)} = ?" for name in _spelled(names))
        statement = f"UPDATE {table.name} SET {changes} WHERE {where} AND org_id = ?"  # noqa: S608 - names come from the tables
        connection.exec_driver_sql(statement, list(zip(*columns, repeat(org_id), strict=False)))


def delete_rows(
    connection: sa.Connection, table: sa.Table, key: Names, org_id: int, places: Sequence[tuple[Any, ...]]
) -> None:
    """Delete an organisation's rows of these keys."""
    if not places:
        return
    if connection.dialect.name == "postgresql":
        same = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in key)
        gone = f"unnest({_arrays(table, key)}) AS gone ({', '.join(key)})"
        statement = f"DELETE FROM {table.name} USING {gone} WHERE {same} AND {table.name}.org_id = {int(org_id)}"  # noqa: S608 - names come from the tables
        connection.exec_driver_sql(statement, tuple(map(list, zip(*places, strict=True))))
    else:
        where = " AND ".join(f"{name} = ?" for name in key)
        statement = f"DELETE FROM {table.name} WHERE {where} AND org_id = ?"  # noqa: S608 - the same
        connection.exec_driver_sql(statement, [(*place, org_id) for place in places])


def _fields(row: Any) -> Names:
    names: Names = getattr(row, "_fields", None) or row.__slots__
    return tuple(name for name in names if name != "org_id")


def _columns(table: sa.Table, names: Names, rows: Sequence[Any]) -> list[Column]:
    return [_stored(table.c[name.rstrip("_")].type)(_each(rows, name)) for name in names]


def _each(rows: Sequence[Any], name: str) -> Iterable[Any]:
    named = getattr(rows[0], "_fields", None)
    return map(itemgetter(named.index(name)) if named else attrgetter(name), rows)


def _stored(of: Any) -> Callable[[Iterable[Any]], Column]:
    """Return what turns a column's values into what is kept of them."""
    if isinstance(of, Instant):
        return _instants
    return _jsons if isinstance(of, Json | JsonObject) else list


def _instants(values: Iterable[datetime | None]) -> Column:
    """Most rows that are written together share their moments."""
    known: dict[datetime | None, int | None] = {None: None}
    kept: Column = []
    for value in values:
        if value is not None and value not in known:
            known[value] = to_micros(value)
        kept.append(known[value])
    return kept


def _jsons(values: Iterable[Any]) -> Column:
    dumps = orjson.dumps
    return [None if value is None else dumps(value).decode() for value in values]


def _spelled(names: Names) -> Names:
    return tuple(name.rstrip("_") for name in names)


def _quoted(name: str) -> str:
    return f'"{name}"'


@cache
def _update_by_arrays(table: sa.Table, names: Names, key: Names, org_id: int) -> str:
    changes = ", ".join(
        f"{_quoted(name)} = fresh.{_quoted(name)}{'::jsonb' if isinstance(table.c[name].type, JsonObject) else ''}"
        for name in names
    )
    fresh = f"unnest({_arrays(table, (*names, *key))}) AS fresh ({', '.join(map(_quoted, (*names, *key)))})"
    same = " AND ".join(f"{table.name}.{name} = fresh.{name}" for name in key)
    return f"UPDATE {table.name} SET {changes} FROM {fresh} WHERE {same} AND {table.name}.org_id = {int(org_id)}"  # noqa: S608 - the same


def _arrays(table: sa.Table, names: Names) -> str:
    return ", ".join(f"%b::{_kept_as(table.c[name].type)}[]" for name in names)


def _kept_as(of: Any) -> str:
    return "bigint" if isinstance(of, sa.BigInteger | Instant) else "text"
