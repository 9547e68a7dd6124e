"""PostgreSQL through psycopg 3: how it is connected to, and what is said when it cannot be.

Units of work that write run at READ COMMITTED and lock what they decide on; those that read run at REPEATABLE READ,
read only, so that what they see is one moment's and no writer ever waits for them.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import orjson
import sqlalchemy as sa

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.foundation.logging import hide
from levada_runtime.store.failures import UnreachableFailure

DRIVERS = ("postgresql+psycopg", "postgresql", "postgres")
READING: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
LOOKING: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
NOTING_WITHIN = "set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '10s', true)"
NOTING = f"SELECT {NOTING_WITHIN}"
LEAST_VERSION = 14

_CONNECTING: dict[str, Any] = {
    "application_name": "levada",
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
# A process that was stopped in the middle of a transaction must not keep its locks from everybody else for ever. And a
# statement that is prepared is planned for what it is given all the same: a plan for whatever it might be given goes by
# statistics that have not heard of most organisations. For the same reason nothing is sorted by halves, and a page is
# as near as the next: what is asked for in the order of an index would be taken from another that begins alike, or from
# the table, and all of a connection be read for it.
_SESSION = (
    "SET idle_in_transaction_session_timeout = '60s'; SET plan_cache_mode = force_custom_plan;"
    " SET enable_incremental_sort = off; SET random_page_cost = 1.1"
)
_DISK_FULL = "53100"
_LONGEST_REASON = 400
_RESTED = "levada_rested"
_RESTED_S: Final = 1.0
"""How long a connection may rest before it is asked whether it still is one; asked each time, it would cost every unit
of work a question more, and say nothing of the moment after."""


def make_engine(url: sa.URL) -> sa.Engine:
    """Return an engine for a PostgreSQL URL; nothing is opened yet.

    Raises EnvironmentFailure when the driver is not installed.
    """
    url = _normalised(url)
    if url.password and url.password not in shown(url):
        hide([url.password])
    given = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url,
            connect_args=given,
            isolation_level="READ COMMITTED",
            pool_recycle=1800,
            pool_timeout=30,
            pool_size=5,
            max_overflow=10,
            hide_parameters=True,
            json_serializer=_dump,
            json_deserializer=orjson.loads,
        )
    except ImportError:
        raise EnvironmentFailure(
            "PostgreSQL needs its driver, which is not installed here",
            code="driver_missing",
            hint="pip install 'levada-runtime[postgresql]'",
        ) from None
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "handle_error", _tell)
    sa.event.listen(engine, "checkin", _note_rest)
    sa.event.listen(engine, "checkout", _look_after_rest(engine.dialect))
    return engine


@contextmanager
def together(connection: sa.Connection) -> Iterator[None]:
    """Send all that is said inside at once, and hear the answers at the end; nothing inside may ask for one.

    What is refused is raised at the end, as it would be without. Other databases are spoken to as ever.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    with driven(connection) as driver, driver.pipeline():
        yield


@contextmanager
def driven(connection: sa.Connection) -> Iterator[Any]:
    """Speak to psycopg past SQLAlchemy; what it refuses is raised as it would be without."""
    dialect, driver = connection.dialect, connection.connection.driver_connection
    error: Any = dialect.loaded_dbapi.Error
    try:
        yield driver
    except error as refused:
        told = _told(connection.engine.url, refused, lost=dialect.is_disconnect(refused, driver, None))
        raise told or sa.exc.DBAPIError.instance(None, None, refused, error, dialect=dialect) from None


def check(connection: sa.Connection) -> None:
    """Make sure that the server can hold a store.

    Raises EnvironmentFailure when it is too old, or keeps text in anything but UTF-8.
    """
    major = int((connection.dialect.server_version_info or (0,))[0])
    if major < LEAST_VERSION:
        raise EnvironmentFailure(
            f"this server is PostgreSQL {major}; the store needs {LEAST_VERSION} or newer",
            code="database_too_old",
            hint="give the URL of a newer server",
        )
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise EnvironmentFailure(
            f"this database keeps text as {encoding}; the store needs UTF8",
            code="database_encoding",
            hint="CREATE DATABASE levada TEMPLATE template0 ENCODING 'UTF8'",
        )


def shown(url: sa.URL) -> str:
    """Return a URL without its password and without whatever else in it is one."""
    kept = {name: value for name, value in url.query.items() if "password" not in name}
    return url.set(query=kept).render_as_string(hide_password=True)


def unreachable(url: sa.URL, reason: object) -> UnreachableFailure:
    """Return the failure of a server that could not be reached, that was lost, or whose disk is full."""
    if _is_full(reason):
        return _unwritable(url, reason)
    return UnreachableFailure(
        f"the database at {shown(url)} cannot be reached: {_in_one_line(reason)}",
        code="database_unreachable",
        hint="start it, or mend the URL (server, user, password, database): --database-url or LEVADA_DATABASE_URL",
    )


def _unwritable(url: sa.URL, reason: object) -> UnreachableFailure:
    """Return the failure of a server that keeps what it has, and nothing new."""
    return UnreachableFailure(
        f"the database at {shown(url)} cannot be written: {_in_one_line(reason)}",
        code="store_unwritable",
        hint="make room on the server's disk; what was answered for is kept, and everything goes on from where it was",
    )


def _is_full(reason: object) -> bool:
    return getattr(reason, "sqlstate", None) == _DISK_FULL


def _in_one_line(reason: object) -> str:
    return "; ".join(line.strip() for line in str(reason).splitlines() if line.strip())[:_LONGEST_REASON]


def _normalised(url: sa.URL) -> sa.URL:
    """Return the URL with psycopg as its driver, and its password in the one place where it is always hidden."""
    query: Mapping[str, Any] = url.query
    password = query.get("password") or url.password
    kept = {name: value for name, value in query.items() if name != "password"}
    return url.set(drivername=DRIVERS[0], password=password, query=kept)


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


def _prepare(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    connection.execute(_SESSION)
    connection.autocommit = False


def _note_rest(_connection: Any, record: Any) -> None:
    record.info[_RESTED] = time.monotonic()


def _look_after_rest(dialect: sa.Dialect) -> Any:
    """Return what makes sure that a connection is still there when it is used again after a while."""

    def look(connection: Any, record: Any, _proxy: Any) -> None:
        rested_at = record.info.get(_RESTED)
        if rested_at is None or time.monotonic() - rested_at < _RESTED_S:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error:
            raise sa.exc.InvalidatePoolError from None

    return look


def _tell(context: sa.engine.ExceptionContext) -> EnvironmentFailure | None:
    """Say what an operator can do about it; what is no matter of an operator, and Ctrl-C, stays what it is."""
    failed = context.sqlalchemy_exception
    connecting = context.connection is None and isinstance(failed, sa.exc.OperationalError)
    lost = context.is_disconnect and isinstance(failed, sa.exc.DBAPIError)
    if context.engine is None:
        return None
    return _told(context.engine.url, context.original_exception, lost=connecting or lost)


def _told(url: sa.URL, error: BaseException, *, lost: bool) -> EnvironmentFailure | None:
    """Return the failure of a server that is out of room, or is not there; None of any other error."""
    return unreachable(url, error) if lost or _is_full(error) else None
