"""Looking up the documents of a batch, by their keys or by their ids at the source, with one question.

SQLite is handed the names as JSON. PostgreSQL looks each up on its own: as a list of what a column may be they have a
whole connection's documents read again for every page, as long as nobody analysed the table. For the same reason the
index that a look is meant for is the only one that serves it: PostgreSQL is asked for the first key from this one on in
the order of that index, and `org_id + 0` keeps those that begin with the organisation out of the other look. Names go
in the order of their index, where neighbours share its pages: in a store of millions that is a quarter of the time.

Its answers are taken in binary form, past SQLAlchemy, which has no word for that.

Most sources hand over what stands together: then all from the first name to the last is read in one go, which costs a
sixth of a descent for each. PostgreSQL counts how much stands there before it decides, no further than is worth it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import orjson
import sqlalchemy as sa

from levada_runtime.store.postgresql import driven

Rows = Sequence[tuple[Any, ...]]
_TOGETHER_FROM = 16
"""Below, names are looked up one by one at once."""
_AS_MANY = 2
"""How many times the names that are asked for may stand between the first and the last, to be read in one go."""

_KNOWN = """documents.id, version, versions, payload_hash, source_time, retired_at IS NOT NULL AS retired, fingerprint,
    source_id, idempotency_key"""
_FOUND = "id, version, versions, payload_hash, source_time, retired, fingerprint, source_id, idempotency_key"
_SOURCED = """source_id AS known_as, idempotency_key, COALESCE(rekeyed_at, created_at) AS since, documents.id, version,
    versions, payload_hash, source_time, retired_at IS NOT NULL AS retired, fingerprint, source_id"""
_OF_SOURCE = f"known_as, idempotency_key, since, {_FOUND.rpartition(',')[0]}"
_KEY_PLACE = "org_id, connection_id, document_type, idempotency_key"
_KEY_FIXED = "%(org)s::bigint, %(connection)s::bigint, %(type)s::text"
_SOURCE_PLACE = "connection_id, document_type, stream, source_id"
_SOURCE_FIXED = "%(connection)s::bigint, %(type)s::text, %(stream)s::text"

_KEY_ALONE = f"""
    SELECT {_FOUND} FROM {{wanted}} AS wanted CROSS JOIN LATERAL (
        SELECT {_KNOWN}, org_id, connection_id, document_type FROM documents
        WHERE {{unless}} ({_KEY_PLACE}) >= ({_KEY_FIXED}, wanted.name)
        ORDER BY {_KEY_PLACE}
        LIMIT 1
    ) AS found
    WHERE found.org_id = %(org)s AND found.connection_id = %(connection)s AND found.document_type = %(type)s
      AND found.idempotency_key = wanted.name
"""  # noqa: S608 - the names stand above
_SOURCE_ALONE = f"""
    SELECT found.* FROM {{wanted}} AS wanted CROSS JOIN LATERAL (
        SELECT {_SOURCED} FROM documents
        WHERE {{unless}} org_id + 0 = %(org)s AND connection_id = %(connection)s AND document_type = %(type)s
          AND stream = %(stream)s AND source_id = wanted.name
        OFFSET 0
    ) AS found
"""  # noqa: S608 - the same
# What stands from the first name to the last is the beginning of what stands from the first name on. It is asked for
# without its end: with both, a table that nobody has analysed is believed to have next to nothing there.
_TOGETHER = """
    WITH wanted AS MATERIALIZED (
        SELECT name FROM unnest(%(names)b::text[]) AS name
    ), ends AS MATERIALIZED (
        SELECT min(name) AS first, max(name) AS last FROM wanted
    ), stretch AS MATERIALIZED (
        SELECT count(*) AS size FROM (
            SELECT {place} {since_first}
        ) AS one WHERE ({place}) <= ({fixed}, (SELECT last FROM ends))
    )
    (
        SELECT {found} FROM (
            SELECT {columns}, org_id AS of_org {since_first}
        ) AS one WHERE of_org = %(org)s LIMIT (SELECT CASE WHEN size < %(most)s THEN size ELSE 0 END FROM stretch)
    )
    UNION ALL
    ({alone})
"""
_SINCE_FIRST = """FROM documents WHERE ({place}) >= ({fixed}, (SELECT first FROM ends))
            ORDER BY {place} LIMIT %(most)s"""


def _together(place: str, fixed: str, columns: str, found: str, alone: str) -> str:
    return _TOGETHER.format(
        place=place,
        fixed=fixed,
        columns=columns,
        found=found,
        since_first=_SINCE_FIRST.format(place=place, fixed=fixed),
        alone=alone.format(wanted="wanted", unless="(SELECT size FROM stretch) >= %(most)s AND"),
    )


_SQLITE = {
    "key": f"""
        SELECT {_KNOWN} FROM json_each(:names) AS wanted CROSS JOIN documents
        WHERE org_id = :org AND connection_id = :connection AND document_type = :type
          AND idempotency_key = wanted.value
    """,  # noqa: S608 - the same
    "source": f"""
        SELECT {_SOURCED} FROM json_each(:names) AS wanted CROSS JOIN documents INDEXED BY ix_documents_source
        WHERE org_id = :org AND connection_id = :connection AND document_type = :type AND stream = :stream
          AND source_id = wanted.value
    """,  # noqa: S608 - the same
}
_GIVEN = "(SELECT name FROM unnest(%(names)b::text[]) AS name)"
_ALONE = {
    "key": _KEY_ALONE.format(wanted=_GIVEN, unless=""),
    "source": _SOURCE_ALONE.format(wanted=_GIVEN, unless=""),
}
_IN_ONE_GO = {
    "key": _together(_KEY_PLACE, _KEY_FIXED, _KNOWN, _FOUND, _KEY_ALONE),
    "source": _together(_SOURCE_PLACE, _SOURCE_FIXED, _SOURCED, _OF_SOURCE, _SOURCE_ALONE),
}


def find(
    connection: sa.Connection,
    scope: tuple[int, int],
    document_type: str,
    keys: Iterable[str],
    meanwhile: Callable[[], None] | None = None,
) -> Rows:
    """Return what is known of the documents with these idempotency keys, in the order of `Known`, the key last.

    `meanwhile` is done between PostgreSQL's being asked and its answer; on SQLite it is left undone.
    """
    wanted = frozenset(keys)
    values = {"org": scope[0], "connection": scope[1], "type": document_type}
    found = _asked(connection, "key", values, wanted, meanwhile)
    return [row for row in found if row[-1] in wanted]


def find_by_source(
    connection: sa.Connection, scope: tuple[int, int], document_type: str, stream: str, source_ids: Iterable[str]
) -> Rows:
    """Return the documents with these ids at the source: the id, the key and since when, then as in `Known`."""
    wanted = frozenset(source_ids)
    values = {"org": scope[0], "connection": scope[1], "type": document_type, "stream": stream}
    return [row for row in _asked(connection, "source", values, wanted) if row[0] in wanted]


def question(dialect: str, look: str, values: Mapping[str, Any], wanted: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Return the statement that looks names up by `key` or `source`, and what it is given."""
    names = sorted(wanted)
    if dialect != "postgresql":
        return _SQLITE[look], {**values, "names": orjson.dumps(names).decode()}
    if len(names) < _TOGETHER_FROM:
        return _ALONE[look], {**values, "names": names}
    return _IN_ONE_GO[look], {**values, "names": names, "most": _AS_MANY * len(names)}


def _asked(
    connection: sa.Connection,
    look: str,
    values: Mapping[str, Any],
    wanted: Iterable[str],
    meanwhile: Callable[[], None] | None = None,
) -> Rows:
    asked = question(connection.dialect.name, look, values, wanted)
    if connection.dialect.name != "postgresql":
        return connection.exec_driver_sql(*asked).fetchall()
    with driven(connection) as driver, driver.cursor(binary=True) as cursor:
        with driver.pipeline() if meanwhile else nullcontext():
            cursor.execute(*asked)
            if meanwhile:
                meanwhile()
            found: Rows = cursor.fetchall()
        return found
