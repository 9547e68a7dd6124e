"""Real daemons, real workers, a real source; what they leave behind is read from the database itself."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.journeys.chaos.clock import Clock
from tests.journeys.forks import WITHIN_S, forks

from levada_acme.sample import Faults, SampleSource
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings

ONCE_A_YEAR = "0 0 1 1 *"
QUIET = (
    "LEVADA_DATA_DIR",
    "LEVADA_PORT",
    "LEVADA_ORG",
    "LEVADA_DEMO_NONCE",
    "LEVADA_SECRET_KEY",
    "LEVADA_DATABASE_URL",
)


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Returns what waits for a value that counts as true."""
    return _wait_until


def _wait_until(true: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait for a value that counts as true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < deadline, f"it did not come about within {seconds} s: {what}"
        time.sleep(0.02)


_OF_A_PROCESS = {"LD_PRELOAD"}
"""What a process looks at when it begins, so that one which is forked would not know of it."""


def _alone(words: list[str], environment: dict[str, str], stdin: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "levada_runtime", *words],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


_SAME = "{0}.org_id = d.org_id AND {0}.connection_id = d.connection_id AND {0}.document_id = d.id"


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass
class Site:
    """An installation in a folder of its own, used only through its command line."""

    data_dir: Path
    env: dict[str, str] = field(default_factory=dict)
    database_url: str | None = None
    """None means SQLite in the data directory."""

    def runtime(self, *words: str, code: int | None = 0, stdin: str = "") -> Ended:
        """Run a command to its end; `code` is the exit code it must have."""
        alone = _OF_A_PROCESS & self.env.keys()
        ended = Ended(*(_alone if alone else forks().run)([*words, *self._place()], self.environment(), stdin))
        assert "Traceback" not in ended.err, ended.err
        assert not self.database_url or sa.make_url(self.database_url).password not in (ended.out + ended.err)
        assert code is None or ended.code == code, f"{words} ended with {ended.code}:\n{ended.out}\n{ended.err}"
        return ended

    def _place(self) -> list[str]:
        return ["--data-dir", str(self.data_dir)]

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command with --json and return its result."""
        return self.runtime(*words, "--json", code=code).json["result"]

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in QUIET}
        database = {"LEVADA_DATABASE_URL": self.database_url} if self.database_url else {}
        return {**inherited, "NO_COLOR": "1", **database, **self.env}

    def settings(self) -> Settings:
        """Return the settings of this installation, to open it in this process."""
        return Settings(data_dir=self.data_dir, database_url=self.database_url)

    def serve(self, *words: str) -> "Daemon":
        """Start a daemon and return once it is ready."""
        return Daemon(self, *words)

    def hush(self) -> None:
        """Let no stream run by its manifest's schedule, whose moment may fall into a test."""
        with Installation(self.settings()) as installation:
            for connection in installation.connections.of(installation.org):
                for one in installation.connections.streams(connection):
                    if one.schedule is not None:
                        installation.connections.set_schedule(connection, one.stream, ONCE_A_YEAR)

    def enqueue(self, *streams: str) -> list[str]:
        """Queue a run of each stream for the daemon, and return their ids."""
        with Installation(self.settings()) as installation:
            connection = installation.connections.get(installation.org, "acme")
            return [installation.queue.by_hand(connection, stream).id for stream in streams]

    def run_rows(self) -> dict[str, tuple[str, int, int]]:
        """Return state, pages and attempt of every run, by id."""
        return {row[0]: row[1:] for row in self.rows("SELECT id, state, pages, attempt FROM runs")}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database; a value stands where there is a question mark."""
        with self._reader().connect() as connection:
            mark = "?" if connection.dialect.name == "sqlite" else "%s"
            found = connection.exec_driver_sql(query.replace("?", mark) if values else query, values)
            return [tuple(row) for row in found]

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        return sorted(sa.inspect(self._reader()).get_table_names())

    def _reader(self) -> sa.Engine:
        url = self.database_url or f"sqlite:///file:{self.data_dir / 'levada.db'}?mode=ro&uri=true"
        made = sa.make_url(url)
        driver = "postgresql+psycopg" if made.get_backend_name() == "postgresql" else made.drivername
        return sa.create_engine(made.set(drivername=driver), poolclass=sa.NullPool)

    def documents(self) -> list[tuple[Any, ...]]:
        """Return everything that a clean run would also have come to, in an order that does not depend on ids."""
        return _without_connection(
            self.rows(
                "SELECT d.document_type, d.idempotency_key, d.version, d.versions, d.retired_at IS NULL, v.payload"
                f" FROM documents d JOIN versions v ON {_SAME.format('v')} AND v.version = d.version ORDER BY 1, 2"
            )
        )

    def versions(self) -> list[tuple[Any, ...]]:
        return _without_connection(
            self.rows(
                "SELECT d.document_type, d.idempotency_key, v.version, v.superseded, v.payload"
                f" FROM documents d JOIN versions v ON {_SAME.format('v')} ORDER BY 1, 2, 3"
            )
        )

    def events(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT e.source, e.type, d.idempotency_key, e.version"
            f" FROM events e JOIN documents d ON {_SAME.format('e')} ORDER BY 2, 3, 4, 1"
        )

    def checkpoints(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT stream, partition, state FROM checkpoints ORDER BY 1, 2")


def _without_connection(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows that end in a payload with the one value in it left out that differs between two installations."""
    return [(*row[:-1], {**json.loads(row[-1]), "connection_id": None}) for row in rows]


_started: list["subprocess.Popen[str]"] = []


class Daemon:
    """`runtime serve`, as a process."""

    def __init__(self, site: Site, *words: str) -> None:
        command = [sys.executable, "-m", "levada_runtime", "serve", "--port", "0", *words]
        self._errors = site.data_dir.with_name(f"{site.data_dir.name}-{time.monotonic_ns()}.err")
        with self._errors.open("w") as errors:  # a pipe that nobody reads would stop whoever has much to say
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(site.data_dir)],
                env=site.environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        _started.append(self.process)
        self.said: list[str] = []
        self.url = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("API"):
                self.url = line.split()[1]
                break
        if not self.url:
            raise AssertionError(f"the daemon did not start: {self.errors()}")

    def errors(self) -> str:
        """Return what it and its workers said to standard error."""
        return self._errors.read_text()

    def workers(self) -> list[int]:
        """Return the pids of its worker processes; a child of the daemon may also be a sandbox's zygote."""
        return [pid for pid in children(self.process.pid) if "worker" in command_of(pid)]

    @staticmethod
    def has_grandchildren(pid: int) -> bool:
        """Tell whether a worker's zygote has a child now."""
        return any(children(zygote) for zygote in children(pid))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture(autouse=True)
def _no_daemon_stays_behind() -> Iterator[None]:
    """A test that failed half-way leaves no daemon running."""
    yield
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=30)


def command_of(pid: int) -> list[str]:
    """Return the words a process was started with; none when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def children(pid: int) -> list[int]:
    """Return the living children of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):  # a thread may end while it is looked at
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


@pytest.fixture(name="children", scope="session")
def _children() -> Callable[[int], list[int]]:
    """Returns what tells the living children of a process."""
    return children


@pytest.fixture
def process_words() -> Callable[[Daemon], list[str]]:
    """Returns what tells the words that a daemon's processes were started with, as any user may read them."""

    def words(daemon: Daemon) -> list[str]:
        pids = [daemon.process.pid, *children(daemon.process.pid)]
        pids += [grandchild for pid in pids[1:] for grandchild in children(pid)]
        return [word for pid in pids for word in command_of(pid)]

    return words


@pytest.fixture
def source() -> Iterator[SampleSource]:
    """A source of some hundreds of rows, with its faults."""
    with SampleSource(seed=5, customers=700, invoices=900, faults=Faults(17, 23, 0)) as acme:
        yield acme


@pytest.fixture
def soon_a_minute(site: Site, tmp_path: Path) -> Callable[[float], None]:
    """Returns what puts the site's clock so many seconds before a minute, for daemons that run or are started then.

    Without a compiler nothing is put, and a minute comes when it comes.
    """
    clock = Clock(tmp_path) if Clock.can_be_had() else None

    def put(seconds: float) -> None:
        if clock is not None:
            site.env |= clock.environment
            clock.put_before_a_minute(seconds)

    return put


@pytest.fixture(scope="session")
def site_class() -> type[Site]:
    """Returns the class of installations, for a test that connects something else."""
    return Site


@pytest.fixture(scope="session")
def connected_site() -> Callable[..., Site]:
    """Returns what makes an installation with a connection to a source."""
    return _connected_site


def _connected_site(data_dir: Path, source: SampleSource, database_url: str | None = None) -> Site:
    host = source.base_url.removeprefix("http://")
    env = {"LEVADA_BROKER__ALLOW_PRIVATE": json.dumps([host]), "ACME_KEY": source.api_key}
    site = Site(data_dir, env, database_url)
    words = ("connections", "add", "acme", "--set", f"api_base={source.base_url}", "--secret", "api_key=env:ACME_KEY")
    site.runtime(*words)
    site.hush()
    return site


@pytest.fixture
def site_database(database: str, new_database: Callable[..., str]) -> Callable[[], str | None]:
    """Returns what makes the database of an installation, with nothing in it; None where the data directory has it."""
    return lambda: None if database == "sqlite" else new_database(migrated=False)


@pytest.fixture
def new_site(tmp_path: Path, source: SampleSource, site_database: Callable[[], str | None]) -> Callable[[str], Site]:
    """Returns what makes another installation with a connection to the source."""
    return lambda name: _connected_site(tmp_path / name, source, site_database())


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Site:
    """An installation with a connection to the source."""
    return new_site("data")
