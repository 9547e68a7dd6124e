"""How large the tables are, each with its indexes."""

from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table: its bytes, indexes among them, and its rows, as far as the database knows them."""

    name: str
    bytes: int | None
    rows: int | None


_POSTGRESQL = """
SELECT relname, pg_total_relation_size(oid), reltuples FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
"""
_SQLITE = """
SELECT entry.tbl_name, sum(page.pgsize) FROM dbstat AS page JOIN sqlite_master AS entry ON entry.name = page.name
WHERE page.aggregate = TRUE GROUP BY entry.tbl_name
"""
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def sizes_of(connection: sa.Connection) -> list[TableSize]:
    """Return every table, the largest first.

    SQLite counts; PostgreSQL tells as many rows as it last estimated, and none where it never did.
    """
    found = _of_postgresql(connection) if connection.dialect.name == "postgresql" else _of_sqlite(connection)
    return sorted(found, key=lambda one: (-(one.bytes or 0), -(one.rows or 0), one.name))


def free_bytes(connection: sa.Connection) -> int | None:
    """Return what SQLite's file holds for what is yet to come; None where nobody can tell."""
    if connection.dialect.name == "postgresql":
        return None
    pages, size = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("freelist_count", "page_size")
    )
    return int(pages * size)


def _of_postgresql(connection: sa.Connection) -> list[TableSize]:
    rows = connection.exec_driver_sql(_POSTGRESQL)
    return [TableSize(name, int(size), int(count) if count >= 0 else None) for name, size, count in rows]


def _of_sqlite(connection: sa.Connection) -> list[TableSize]:
    sizes: dict[str, int] = {}
    try:
        sizes = {name: int(size) for name, size in connection.exec_driver_sql(_SQLITE)}
    except sa.exc.OperationalError:
        sizes = {}  # this SQLite was built without dbstat, so that only the rows can be told
    names = list(connection.exec_driver_sql(_TABLES).scalars())
    return [TableSize(name, sizes.get(name), _count(connection, name)) for name in names]


def _count(connection: sa.Connection, name: str) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one()
