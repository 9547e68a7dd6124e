"""`demo`: the daemon with a bundled sample source, so that everything is seen working at once."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from levada_runtime.cli.daemon import say_admin_key
from levada_runtime.cli.frame import Result, Session, command, number
from levada_runtime.cli.runs import summary
from levada_runtime.foundation.errors import EnvironmentFailure, RuntimeFailure

if TYPE_CHECKING:
    from levada_runtime.daemon.server import Daemon
    from levada_runtime.store.model import ConnectionRow

STREAMS = ("customers", "invoices")
_NAME = "acme"
_EVERY_MINUTE = "* * * * *"
_LOOK_EVERY_S = 0.2
_RUN_WITHIN_S = 120
_ADVANCE_EVERY_S = 20


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    command(app, "demo")(demo)


def demo(
    session: Session,
    once: Annotated[bool, typer.Option("--once", help="End by itself after a full cycle.")] = False,
    port: Annotated[int, typer.Option(help="Port the API listens on; a free one by default.")] = 0,
) -> Result:
    """See the runtime at work on a sample source: polls, documents, versions, refused records."""
    with _sample() as source, _data_dir(session) as data_dir:
        session.data_dir = data_dir
        host = str(source.hello["api_base"]).removeprefix("http://")
        settings = session.settings()
        flags = {
            "port": port,
            "broker": settings.broker.model_copy(update={"allow_private": [*settings.broker.allow_private, host]}),
            "sandbox": settings.sandbox.model_copy(update={"allow_weak": True}),
        }
        return _Demo(session, source, flags).play(once=once)


class _Sample:
    """The sample source, in a process of its own: this one imports no connector."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.hello = self._read()

    def tell(self, word: str) -> dict[str, Any]:
        """Say `served` or `advance`, and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EnvironmentFailure("the sample source did not start", hint="`python -m levada_acme.sample` says why")
        answer: dict[str, Any] = json.loads(line)
        return answer


class _Demo:
    """One showing."""

    def __init__(self, session: Session, source: _Sample, flags: dict[str, Any]) -> None:
        self._session = session
        self._source = source
        self._flags = flags
        self._shown: set[str] = set()

    def play(self, *, once: bool) -> Result:
        """Show the first load and what follows from a change; then go on until stopped, unless `once`."""
        from levada_runtime.daemon.server import Daemon  # the floors load only for commands that need them

        with self._session.open(create=True, **self._flags) as installation:
            self._installation = installation
            daemon = Daemon(installation)
            with daemon.running():
                daemon.listen_to_signals()
                connection = self._connection()
                self._introduce(daemon)
                cycles = [self._cycle(daemon, connection, "first poll of everything")]
                if not daemon.wait(0):
                    self._source.tell("advance")
                    cycles.append(self._cycle(daemon, connection, "the source has changed; second poll"))
                if not daemon.wait(0):
                    cycles.append(self._cycle(daemon, connection, "nothing has changed; third poll"))
                served = self._source.tell("served")["served"]
                stored = self._stored()
                self._conclude(daemon, served, stored)
                if not once:
                    self._go_on(daemon)
            value = {"cycles": cycles, "served": served, "stored": stored, "data_dir": str(self._session.data_dir)}
            return Result(value, exit_code=128 + daemon.stopped_by if daemon.stopped_by else 0)

    def _connection(self) -> "ConnectionRow":
        connections, org = self._installation.connections, self._installation.org
        _, manifest = self._installation.catalog.ready("acme")
        settings = {"api_base": self._source.hello["api_base"]}
        secrets = {"api_key": self._source.hello["api_key"]}
        existing = {row.name: row for row in connections.of(org)}.get(_NAME)
        if existing is None:
            row = connections.add(org, manifest, name=_NAME, settings=settings, secrets=secrets)
        else:
            row = connections.set(existing, manifest, settings=settings, secrets=secrets)
        for stream in STREAMS:
            connections.set_schedule(row, stream, _EVERY_MINUTE)
        return row

    def _introduce(self, daemon: "Daemon") -> None:
        say = self._session.say
        say(f"sandbox    {self._installation.sandbox.probe().line()}")
        say(f"API        {daemon.url}   (documentation at {daemon.url}/docs)")
        say_admin_key(self._session, daemon)
        say(f"source     {self._source.hello['api_base']} serves {_counts(self._source.hello['served'])}")
        say(f"data       {self._session.data_dir}")

    def _cycle(self, daemon: "Daemon", connection: "ConnectionRow", title: str) -> list[dict[str, Any]]:
        """Poll every stream once and show what came of it."""
        self._session.say(f"\n{title}")
        runs = [self._installation.queue.by_hand(connection, stream) for stream in STREAMS]
        daemon.relay.kick()
        deadline = time.monotonic() + _RUN_WITHIN_S
        ended = []
        for run in runs:
            view = self._wait_for(daemon, run.id, deadline)
            if view is not None:
                self._show(view)
                ended.append(view)
        return ended

    def _wait_for(self, daemon: "Daemon", run_id: str, deadline: float) -> dict[str, Any] | None:
        from levada_runtime.runs.views import FINISHED  # the floors load only for commands that need them

        while time.monotonic() < deadline:
            view = self._installation.run_library.run(self._installation.org, run_id)
            if view["state"] in FINISHED:
                if view["state"] in ("failed", "cancelled"):
                    raise RuntimeFailure(f"the run of {view['stream']} {view['state']}: {view['error']}")
                return view
            if daemon.wait(_LOOK_EVERY_S):
                return None
        raise RuntimeFailure(f"the run {run_id} has not ended after {_RUN_WITHIN_S} s")

    def _show(self, view: dict[str, Any]) -> None:
        self._shown.add(view["id"])
        requests = number(view["http"]["requests"], "request")
        self._session.say(
            f"  {view['stream']:<10} {view['state']:<10} {summary(view):<52} "
            f"{number(view['pages'], 'page')}, {requests}, {view['sandbox_level']}"
        )

    def _stored(self) -> dict[str, int]:
        """Return what the store holds of what the source serves."""
        library, org = self._installation.library, self._installation.org
        customers = library.documents(
            org, document_type="customer", connection=_NAME, retired=True, limit=1 << 20
        ).items
        retired = sum(1 for document in customers if document["retired_at"])
        invoices = library.documents(org, document_type="invoice", connection=_NAME, limit=1 << 20).items
        refused = library.quarantine(org, connection=_NAME, state="open", limit=1 << 20, cursor=None).items
        return {
            "customers": len(customers) - retired,
            "retired": retired,
            "invoices": len(invoices),
            "invalid": len(refused),
        }

    def _conclude(self, daemon: "Daemon", served: dict[str, int], stored: dict[str, int]) -> None:
        say = self._session.say
        say(f"\nthe source serves {_counts(served)}")
        say(f"the store holds   {_counts(stored)}")
        for upcoming in daemon.scheduler.upcoming():
            say(f"next tick         {upcoming.stream.stream} at {upcoming.at:%H:%M:%S} UTC")
        where = f"--data-dir {self._session.data_dir}"
        say("\nlook further, in another terminal:")
        say(f"  runtime documents list {where}")
        say(f"  runtime quarantine list {where}")
        say(f"  runtime runs list {where}")
        say(f'  curl -H "Authorization: Bearer $(cat {self._session.data_dir}/admin.key)" {daemon.url}/v1/customers')

    def _go_on(self, daemon: "Daemon") -> None:
        """Show scheduled runs as they end, and let the source change, until stopped."""
        self._session.say("\nthe source goes on changing and the schedule goes on polling; Ctrl-C ends it")
        advanced = time.monotonic()
        while not daemon.wait(1.0):
            if time.monotonic() - advanced > _ADVANCE_EVERY_S:
                self._source.tell("advance")
                advanced = time.monotonic()
            recent = self._installation.run_library.runs(
                self._installation.org, connection=_NAME, state=None, limit=10, cursor=None
            )
            for view in reversed(recent.items):
                if view["finished_at"] and view["id"] not in self._shown:
                    self._show(view)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


@contextmanager
def _sample() -> Iterator[_Sample]:
    if importlib.util.find_spec("levada_acme") is None:
        raise EnvironmentFailure(
            "the demo reads from the sample source of levada-acme, which is not installed",
            code="demo_not_installed",
            hint="pip install levada-acme",
        )
    nonce = os.environ.get("LEVADA_DEMO_NONCE")
    words = [sys.executable, "-m", "levada_acme.sample.controlled", *(["--nonce", nonce] if nonce else [])]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield _Sample(process)
    finally:
        with suppress(BrokenPipeError):
            process.communicate(timeout=5)


@contextmanager
def _data_dir(session: Session) -> Iterator[Path]:
    """The data directory that was given, or a new one that stays behind to be looked at."""
    if session.data_dir is not None:
        yield session.data_dir
    else:
        yield Path(tempfile.mkdtemp(prefix="levada-demo-"))
