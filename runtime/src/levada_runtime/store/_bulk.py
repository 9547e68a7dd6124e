"""Many rows at once: driver-level statements on SQLAlchemy's connection, tuples instead of objects.

Each database gets its fastest form of the same two things. On SQLite that is `executemany`. On PostgreSQL it is COPY,
and arrays in binary form.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from levada_runtime.store.postgresql import driven
from levada_runtime.store.tables import documents

Names = tuple[str, ...]
Rows = Sequence[tuple[Any, ...]]
_COPY_FROM = 8
"""Below, what COPY says before and after costs more than it saves."""

_CHANGED = (
    "version",
    "versions",
    "payload_hash",
    "source_id",
    "source_time",
    "retired_at",
    "updated_at",
    "fingerprint",
)
_KEY = ("org_id", "connection_id", "id")
_REKEY = (
    "UPDATE documents SET idempotency_key = ?, rekeyed_at = ?"
    " WHERE org_id = ? AND connection_id = ? AND id = ? AND idempotency_key = ?"
)


def last_page(connection: sa.Connection, scope: tuple[int, int]) -> int:
    """Return the id of a connection's last page, nought before the first."""
    sign = "%s" if connection.dialect.name == "postgresql" else "?"
    query = f"SELECT max(id) FROM pages WHERE org_id = {sign} AND connection_id = {sign}"  # noqa: S608 - names stand here
    return connection.exec_driver_sql(query, scope).scalar() or 0


def rekey(connection: sa.Connection, rows: Rows) -> None:
    """Give documents new keys: each tuple has the new key, when, where the document is, and the key that it had."""
    if rows:
        sign = "%s" if connection.dialect.name == "postgresql" else "?"
        connection.exec_driver_sql(_REKEY.replace("?", sign), list(rows))


def insert(connection: sa.Connection, table: sa.Table, columns: Names, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows whose values stand in the order of `columns`."""
    if connection.dialect.name != "postgresql":
        listed = list(rows)
        if listed:
            connection.exec_driver_sql(_insert_sql(table.name, columns, "?"), listed)
        return
    coming = iter(rows)
    first = list(islice(coming, _COPY_FROM))
    if len(first) == _COPY_FROM:
        _copy(connection, f"COPY {table.name} ({', '.join(columns)}) FROM STDIN", chain(first, coming))
    elif first:
        connection.exec_driver_sql(_insert_sql(table.name, columns, "%s"), first)


def change(connection: sa.Connection, rows: Rows) -> None:
    """Move documents on: each tuple has the columns of `_CHANGED`, then the key; a source id that is None stays."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        columns = tuple(map(list, zip(*rows, strict=True)))
        connection.exec_driver_sql(_change_by_arrays_sql(), columns)
    else:
        connection.exec_driver_sql(_change_sql(), list(rows))


def mark(connection: sa.Connection, rows: Rows) -> None:
    """Give documents another fingerprint and source time: `(the two, org_id, connection_id, id)` each."""
    if rows:
        sign = "%s" if connection.dialect.name == "postgresql" else "?"
        where = " AND ".join(f"{name} = {sign}" for name in _KEY)
        change = f"UPDATE documents SET fingerprint = {sign}, source_time = {sign} WHERE {where}"  # noqa: S608 - names stand above
        connection.exec_driver_sql(change, list(rows))


@cache
def _insert_sql(table: str, columns: Names, mark: str) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608 - names come from the tables


@cache
def _change_sql() -> str:
    changes = [f"{name} = COALESCE(?, {name})" if name == "source_id" else f"{name} = ?" for name in _CHANGED]
    where = " AND ".join(f"{name} = ?" for name in _KEY)
    return f"UPDATE documents SET {', '.join(changes)} WHERE {where}"  # noqa: S608 - names stand above


@cache
def _change_by_arrays_sql() -> str:
    names = (*_CHANGED, *_KEY)
    arrays = [f"%b::{_type_of(documents.c[name])}[]" for name in names]
    changes = [
        f"{name} = COALESCE(fresh.{name}, documents.{name})" if name == "source_id" else f"{name} = fresh.{name}"
        for name in _CHANGED
    ]
    where = " AND ".join(f"documents.{name} = fresh.{name}" for name in _KEY)
    fresh = f"unnest({', '.join(arrays)}) AS fresh ({', '.join(names)})"
    return f"UPDATE documents SET {', '.join(changes)} FROM {fresh} WHERE {where}"  # noqa: S608 - names stand above


def _type_of(column: sa.Column[Any]) -> str:
    return (
        "bytea" if isinstance(column.type, sa.LargeBinary) else "text" if isinstance(column.type, sa.Text) else "bigint"
    )


def _copy(connection: sa.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Hand rows over by COPY, past SQLAlchemy, which has no word for it."""
    with driven(connection) as driver, driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
