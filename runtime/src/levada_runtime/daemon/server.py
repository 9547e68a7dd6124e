"""The daemon: API, schedule, relay and workers, until it is told to stop."""

import fcntl
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn

from levada_runtime.api.app import make_app
from levada_runtime.api.wire import BoundedHttp
from levada_runtime.catalog.trust import BROKEN, NEEDS_APPROVAL, QUARANTINED, UNINSTALLED
from levada_runtime.daemon.api import api_services
from levada_runtime.daemon.executors import make_executor
from levada_runtime.daemon.following import Following
from levada_runtime.daemon.forgetting import Forgetting
from levada_runtime.daemon.installation import Installation
from levada_runtime.daemon.surveying import Surveying
from levada_runtime.foundation.crypto import write_private
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.foundation.logging import logger
from levada_runtime.runs.ticks import Due
from levada_runtime.sandbox.fitness import leaking
from levada_runtime.sandbox.probe import ProbeReport
from levada_runtime.scheduler.leader import LOCK, Leader
from levada_runtime.scheduler.schedule import Scheduler, Upcoming
from levada_runtime.store.leadership import lasting_lock
from levada_runtime.work.relay import Relay

ADMIN_KEY_FILE = "admin.key"
_HANG_UP_S: Final = 1.0
"""How long a stopping daemon waits for answers that are on their way, out of the time it has in all."""


class Daemon:
    """One daemon over one installation; a second one on the same data directory is refused."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        settings = installation.settings
        self.executor = make_executor(installation)
        self.relay = Relay(
            installation.work, self.executor, settings.work.relay_ms / 1000, self._crash, settings.work.alert_s
        )
        self.leader = Leader(lasting_lock(installation.store.engine, LOCK), self._new_schedule, self._crash)
        self._following = Following(installation)
        self._forgetting = Forgetting(installation)
        self._surveying = Surveying(installation)
        self.report: ProbeReport
        """What the attacks came to that were tried when it started."""
        self.admin_key_path: Path | None = None
        self.new_admin_key: str | None = None
        self._stopping = threading.Event()
        self._signal: int | None = None
        self._told_at: float | None = None
        self._crashed: BaseException | None = None
        self._server: uvicorn.Server | None = None
        self.url = ""

    @contextmanager
    def running(self) -> Iterator["Daemon"]:
        """Everything is up inside the block; after it, runs have reached a page or their work is free again."""
        settings = self._installation.settings
        with _sole_daemon(settings.data_dir), _listener(settings.host, settings.port) as listener:
            self.url = f"http://{settings.host}:{listener.getsockname()[1]}"
            self.report = self._probed()
            self._make_admin_key()
            with ExitStack() as at_end:
                self._begin(at_end, listener)
                yield self

    def _begin(self, at_end: ExitStack, listener: socket.socket) -> None:
        """Start every part, and have it stopped at the end, the last one first.

        Whatever becomes of stopping one of them, the others are stopped too, all within `work.drain_s`.
        """
        at_end.callback(self._hang_up, self._start_api(listener))
        for start, stop in (
            (self._following.start, self._following.stop),
            (self.relay.start, lambda: self.relay.stop(self._drain_s())),
            (self._forgetting.start, self._forgetting.stop),
            (self._surveying.start, self._surveying.stop),
            (self.leader.start, self.leader.stop),
        ):
            start()
            at_end.callback(stop)
        # What is installed has been described, and runs are the workers' matter: a zygote would be 50 MB too many.
        self._installation.sandbox.close()

    def _drain_s(self) -> float:
        """Return how long runs still have to reach a page: what is left of the time since the word to stop came."""
        drain_s = self._installation.settings.work.drain_s
        since = time.monotonic() - self._told_at if self._told_at else 0.0
        return max(0.0, drain_s - min(_HANG_UP_S, drain_s / 4) - since)

    def serve(self) -> int:
        """Run until told to stop; returns the exit code: 128 and the signal's number."""
        self._stopping.wait()
        if self._crashed is not None:
            raise self._crashed
        return 128 + (self._signal or 0)

    def listen_to_signals(self) -> None:
        """Take SIGINT and SIGTERM for the word to stop, from before anything of it is up: a word is never lost."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def wait(self, seconds: float) -> bool:
        """Wait; True when the daemon was told to stop meanwhile."""
        return self._stopping.wait(seconds)

    @property
    def stopped_by(self) -> int | None:
        """The signal that stopped it."""
        return self._signal

    def readiness(self) -> dict[str, Any]:
        """Return the state of each part, and whether all of them do their work."""
        executor = self.executor.state()
        store, idle_s = self._store_state(), self.relay.idle_s()
        looks = idle_s < self._installation.settings.work.lease_s
        ready = executor["workers"] > 0 and looks and store["ok"] and not self._stopping.is_set()
        return {
            "ready": ready,
            "store": store,
            "sandbox": self._sandbox_state(),
            "executor": {"kind": self._installation.settings.work.executor, **executor},
            "relay": {"looks": looks, "idle_s": round(idle_s, 3)},
            "schedule": {"leader": self.leader.term is not None},
            "connectors": self._connectors_state() if store["ok"] else {},
        }

    def _connectors_state(self) -> dict[str, list[str]]:
        """Return the connectors that do not run, by why."""
        catalog = self._installation.catalog
        connectors = catalog.all()
        found = {
            state: [one.key for one in connectors if one.state == state]
            for state in (BROKEN, QUARANTINED, NEEDS_APPROVAL)
        }
        return {**found, UNINSTALLED: list(catalog.uninstalled())}

    def _sandbox_state(self) -> dict[str, Any]:
        report = self.report
        return {
            "level": report.level.value,
            "title": report.level.label,
            "minimum": self._installation.settings.sandbox.minimum,
            "layers": dict(report.layers),
            "probe": {"tried": len(report.attacks), "blocked": report.blocked},
        }

    def _probed(self) -> ProbeReport:
        """Try the attacks in real children; a wall that lets one through is none to run connectors behind."""
        report = self._installation.sandbox.probe()
        failure = leaking(report)
        if failure is None:
            return report
        if not self._installation.settings.sandbox.allow_weak:
            raise failure
        logger("daemon").warning("the sandbox leaks; it runs because that was asked for", attacks=report.leaks)
        return report

    def _store_state(self) -> dict[str, Any]:
        store = self._installation.store
        try:
            return {"url": store.place, "ok": True, "version": store.version()}
        except EnvironmentFailure as failure:
            return {"url": store.place, "ok": False, "error": failure.message}

    def _due(self, due: Sequence[Due]) -> None:
        if self._installation.queue.tick(due):
            self.relay.kick()

    def _new_schedule(self) -> Scheduler:
        return Scheduler(self._installation.store, self._installation.clock, self._due)

    def upcoming(self) -> list[Upcoming]:
        """Return what the schedule comes to next; nothing where another daemon leads it."""
        term = self.leader.term
        return [] if term is None else term.upcoming()

    def _start_api(self, listener: socket.socket) -> threading.Thread:
        self._installation.intake.on_commit = self.relay.kick
        services = api_services(self._installation, self.readiness, self._surveying.flagged)
        config = uvicorn.Config(
            make_app(services),
            http=BoundedHttp,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=int(_HANG_UP_S),
        )
        self._server = uvicorn.Server(config)
        thread = threading.Thread(target=self._server.run, args=([listener],), name="api", daemon=True)
        thread.start()
        return thread

    def _hang_up(self, api: threading.Thread) -> None:
        """Take no more requests; answers that are on their way have a moment."""
        assert self._server is not None
        self._server.should_exit = True
        api.join(2 * _HANG_UP_S)

    def _make_admin_key(self) -> None:
        """Make the first key, into a file that only its owner can read."""
        if self._installation.keys.exist():
            return
        org = self._installation.orgs.ensure_default()
        self.new_admin_key = self._installation.keys.issue_first(org, "admin", ["admin"])
        if self.new_admin_key is None:
            return
        path = self._installation.settings.data_dir / ADMIN_KEY_FILE
        path.unlink(missing_ok=True)
        write_private(path, self.new_admin_key)
        self.admin_key_path = path

    def _on_signal(self, number: int, _frame: Any) -> None:
        self._signal = number
        self._told_at = self._told_at or time.monotonic()
        self._stopping.set()

    def _crash(self, error: BaseException) -> None:
        logger("daemon").error("a part failed; the daemon stops, its work is safe in the rows", exc_info=error)
        self._crashed = self._crashed or error
        self._told_at = self._told_at or time.monotonic()
        self._stopping.set()


@contextmanager
def _sole_daemon(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "daemon.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EnvironmentFailure(
                f"another daemon works on {data_dir}",
                code="daemon_running",
                hint="stop it first, or give this one another --data-dir",
            ) from None
        yield


@contextmanager
def _listener(host: str, port: int) -> Iterator[socket.socket]:
    # Its protocol is spelled out, since asyncio sends small answers at once (TCP_NODELAY) only on sockets that say it.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise EnvironmentFailure(
            f"the API cannot listen on {host}:{port}: {error.strerror}",
            code="port_unusable",
            hint="give another --port, or 0 for a free one",
        ) from None
    with listener:
        yield listener
