"""The limit: what a driver alone takes to find what is known, and to write the same rows where there is a difference.

For each record there is a row of the document, one of its version and one of its event, as ours has them. Keys, hashes
and payloads are at hand before the clock starts: nothing is parsed, validated or hashed.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import psycopg

from benchmarks.peers.model import Phase, Place, Work, WrongResultError
from benchmarks.peers.stopwatch import alone
from benchmarks.peers.verify import hold
from benchmarks.workload import KINDS, Row

Entry = tuple[str, bytes, str]
Known = dict[str, tuple[int, bytes]]
Changes = tuple[list[tuple[str, int, bytes, str]], list[tuple[str, int, bytes, str]]]
Load = Callable[[str, Sequence[Row], AbstractContextManager[None]], None]

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS document(key TEXT PRIMARY KEY, version BIGINT NOT NULL, hash {bytes} NOT NULL){end}",
    (
        "CREATE TABLE IF NOT EXISTS version"
        "(key TEXT, version BIGINT, hash {bytes} NOT NULL, payload TEXT NOT NULL, PRIMARY KEY(key, version)){end}"
    ),
    "CREATE TABLE IF NOT EXISTS event(id {serial} PRIMARY KEY, key TEXT NOT NULL, version BIGINT NOT NULL)",
)
STORED = "SELECT v.payload FROM document d JOIN version v ON v.key = d.key AND v.version = d.version"


@dataclass(frozen=True, slots=True)
class Raw:
    """Raw SQL on the driver."""

    store: Literal["SQLite", "PostgreSQL"]
    name: str = "raw SQL, the limit"
    does: str = "prefetch, compare hashes, insert: rows ready beforehand; nothing is parsed, validated or hashed"

    def prepare(self, place: Place) -> str:
        """Leave everything to the first page."""
        return f"sqlite3 {sqlite3.sqlite_version}" if place.database is None else f"psycopg {psycopg.__version__}"

    def work(self, place: Place, phase: Phase) -> Work:
        """Load."""
        return alone("raw", _url(place), phase)

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold documents and versions against what was served."""
        kind = KINDS[place.kind]
        with _opened(_url(place)) as connection:
            payloads = [orjson.loads(row[0]) for row in connection.execute(STORED).fetchall()]
            (versions,) = connection.execute("SELECT count(*) FROM version").fetchone()
        hold(place, phase, [(row[kind.key], row[kind.money]) for row in payloads])
        if versions != place.versions(phase):
            raise WrongResultError(f"there are {versions} versions instead of {place.versions(phase)}")


@contextmanager
def loader(url: str) -> Iterator[Load]:
    """Yield what loads a page, timed by what it is handed."""
    with _opened(url) as connection:
        write = _sqlite_page if url.startswith("sqlite") else _postgresql_page
        words = {"bytes": "BLOB", "serial": "INTEGER", "end": " WITHOUT ROWID"}
        if not url.startswith("sqlite"):
            words = {"bytes": "BYTEA", "serial": "BIGSERIAL", "end": ""}
        for statement in SCHEMA:
            connection.execute(statement.format(**words))

        def load(kind: str, rows: Sequence[Row], watch: AbstractContextManager[None]) -> None:
            entries = [_entry(row, KINDS[kind].key) for row in rows]
            with watch:
                write(connection, entries)

        yield load


def _sqlite_page(connection: Any, page: list[Entry]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    keys = orjson.dumps([key for key, _, _ in page]).decode()
    query = "SELECT key, version, hash FROM document WHERE key IN (SELECT value FROM json_each(?))"
    new, moved = _differences(
        page, {key: (version, hashed) for key, version, hashed in connection.execute(query, (keys,))}
    )
    connection.executemany("INSERT INTO document VALUES (?, ?, ?)", [row[:3] for row in new])
    connection.executemany("UPDATE document SET version = ?2, hash = ?3 WHERE key = ?1", [row[:3] for row in moved])
    connection.executemany("INSERT INTO version VALUES (?, ?, ?, ?)", new + moved)
    connection.executemany("INSERT INTO event(key, version) VALUES (?, ?)", [row[:2] for row in new + moved])
    connection.execute("COMMIT")


def _postgresql_page(connection: Any, page: list[Entry]) -> None:
    with connection.transaction():
        query = (
            "SELECT d.* FROM unnest(%b::text[]) AS asked(key)"
            " CROSS JOIN LATERAL (SELECT * FROM document WHERE key = asked.key LIMIT 1) d"
        )
        found = connection.cursor(binary=True).execute(query, ([key for key, _, _ in page],)).fetchall()
        new, moved = _differences(page, {key: (version, hashed) for key, version, hashed in found})
        if new:
            arrays = "unnest(%b::text[], %b::int8[], %b::bytea[])"
            connection.execute(f"INSERT INTO document SELECT * FROM {arrays}", _columns(new)[:3])
        if moved:
            connection.execute(
                "UPDATE document d SET version = n.version, hash = n.hash"
                " FROM unnest(%b::text[], %b::int8[], %b::bytea[]) AS n(key, version, hash) WHERE d.key = n.key",
                _columns(moved)[:3],
            )
        if new or moved:
            columns = _columns(new + moved)
            connection.execute(
                "INSERT INTO version SELECT * FROM unnest(%b::text[], %b::int8[], %b::bytea[], %b::text[])", columns
            )
            connection.execute(
                "INSERT INTO event(key, version) SELECT * FROM unnest(%b::text[], %b::int8[])", columns[:2]
            )


def _differences(page: list[Entry], known: Known) -> Changes:
    new = [(key, 1, hashed, payload) for key, hashed, payload in page if key not in known]
    moved = [
        (key, known[key][0] + 1, hashed, payload)
        for key, hashed, payload in page
        if key in known and known[key][1] != hashed
    ]
    return new, moved


def _columns(rows: list[tuple[str, int, bytes, str]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _entry(row: Row, key: str) -> Entry:
    payload = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    return row[key], hashlib.sha256(payload).digest(), payload.decode()


def _url(place: Place) -> str:
    return place.database.url if place.database else f"sqlite:///{place.folder / 'raw.db'}"


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    connection: Any
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768"):
            connection.execute(f"PRAGMA {pragma}")
    else:
        connection = psycopg.connect(url, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()
