"""Reading and writing frozen rows through SQLAlchemy Core."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row = TypeVar("Row")


def as_columns(row: Any) -> dict[str, Any]:
    """Return a row's fields by column name."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def read_as(kind: type[Row], found: Iterable[sa.Row[Any]]) -> list[Row]:
    """Make a `kind` of every row found; columns that the kind does not have are left out."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
    return [kind(**{name: mapping[name] for name in names}) for mapping in (row._mapping for row in found)]  # noqa: SLF001 - SQLAlchemy's public name


def insert_unless_there(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row; False when one of its key is there already, also one that another writer was first to enter."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount == 1


def named(columns: Sequence[sa.ColumnElement[Any]], names: Sequence[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    """Return a condition that rows of these names fulfil, asked column by column, so that their index answers it.

    Others may fulfil it, too: what is of one name by one column and of another by the next. Whoever asks picks.
    Compared as rows, SQLite would look for the names through the whole table.
    """
    if not names:
        return sa.false()
    values = zip(*names, strict=True)
    return sa.and_(*(column.in_(sorted(set(of))) for column, of in zip(columns, values, strict=True)))


def insert_all_unless_there(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], told: Sequence[sa.Column[Any]]
) -> Sequence[sa.Row[Any]]:
    """Insert rows but for those of whose key there is one already; returns these columns of what was inserted."""
    statement = _insert(connection, table).on_conflict_do_nothing().returning(*told)
    return connection.execute(statement, list(rows)).all()


def insert_or_change(
    connection: sa.Connection,
    table: sa.Table,
    values: Mapping[str, Any],
    key: Sequence[str],
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Insert a row, or change the one that its unique `key` names: to `values`, or as `changes` say."""
    if changes is None:
        connection.execute(_upsert(connection.dialect.name, table, tuple(values), tuple(key)), values)
        return
    statement = _insert(connection, table).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=changes))


@cache
def _upsert(dialect: str, table: sa.Table, names: tuple[str, ...], key: tuple[str, ...]) -> sa.Executable:
    """Return the statement, spelled once: what is asked with every page is not to be spelled anew each time."""
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    changed = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=changed)


def _insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
