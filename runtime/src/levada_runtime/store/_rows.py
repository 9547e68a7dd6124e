"""Reading and writing frozen rows through SQLAlchemy Core."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

import sqlalchemy as sa

Row = TypeVar("Row")


def as_columns(row: Any) -> dict[str, Any]:
    """Return a row's fields by column name."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def read_as(kind: type[Row], found: Iterable[sa.Row[Any]]) -> list[Row]:
    """Make a `kind` of every row found; columns that the kind does not have are left out."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
    return [kind(**{name: mapping[name] for name in names}) for mapping in (row._mapping for row in found)]  # noqa: SLF001 - SQLAlchemy's public name


def insert_sql(table: sa.Table, columns: Iterable[str]) -> str:
    """Return the driver's own INSERT for tuples of `columns`: a third of the cost of a construct with dictionaries."""
    names = list(columns)
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names come from the tables
