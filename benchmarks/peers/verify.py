"""Holding what a side has stored against what it was served: every key, and the amount of each."""

import sqlite3
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.peers.model import Database, Phase, Place, WrongResultError
from benchmarks.workload import KINDS


def in_postgresql(place: Place, phase: Phase, schema: str, table: str) -> None:
    """Raise WrongResultError unless the table holds exactly what was served."""
    kind, columns = KINDS[place.kind], sql.SQL(", ")
    assert place.database is not None
    names = columns.join(map(sql.Identifier, (kind.key, kind.money)))
    query = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(schema, table))
    with connect(place.database) as connection:
        hold(place, phase, connection.execute(query).fetchall())


def in_sqlite(place: Place, phase: Phase, file: Path, table: str) -> None:
    """Raise WrongResultError unless the table holds exactly what was served."""
    kind = KINDS[place.kind]
    with sqlite3.connect(file) as connection:
        hold(place, phase, connection.execute(f"SELECT {kind.key}, {kind.money} FROM {table}").fetchall())
    connection.close()


def hold(place: Place, phase: Phase, stored: Iterable[tuple[Any, ...]]) -> None:
    """Raise WrongResultError unless these keys and amounts are what was served."""
    found = [(key, amount) for key, amount in stored]
    if len(found) != place.records:
        raise WrongResultError(f"{len(found)} rows are stored instead of {place.records}")
    differing = _differing(dict(found), place.expected(phase))
    if differing:
        raise WrongResultError(f"{len(differing)} rows are not what was served, such as {differing[0]!r}")


def connect(database: Database) -> "psycopg.Connection[tuple[Any, ...]]":
    """Connect to a side's database."""
    return psycopg.connect(database.url)


def _differing(found: Mapping[str, Any], expected: Mapping[str, str]) -> list[str]:
    return [key for key, amount in expected.items() if key not in found or Decimal(str(found[key])) != Decimal(amount)]
