"""What the demo shows, in its order, and what it says of it."""

import time
from typing import TYPE_CHECKING, Any

from levada_runtime.cli.daemon import say_admin_key
from levada_runtime.cli.demo.settlement import Settlement
from levada_runtime.cli.demo.source import Sample
from levada_runtime.cli.frame import Result, Session, number
from levada_runtime.cli.summaries import summary
from levada_runtime.foundation.errors import RuntimeFailure

if TYPE_CHECKING:
    from levada_runtime.daemon.server import Daemon
    from levada_runtime.scheduler.schedule import Upcoming
    from levada_runtime.store.model import ConnectionRow

STREAMS = ("customers", "invoices")
NAME = "acme"
_EVERY_MINUTE = "* * * * *"
_NOTICED_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.2
_RUN_WITHIN_S = 120
_ADVANCE_EVERY_S = 20


class Story:
    """One showing."""

    def __init__(self, session: Session, source: Sample, flags: dict[str, Any]) -> None:
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
            daemon.listen_to_signals()
            with daemon.running():
                connection = self._connection()
                settlement = Settlement(installation, self._source, self._session.say)
                settlement.prepare()
                self._introduce(daemon)
                cycles = [self._cycle(daemon, connection, "first poll of everything")]
                if not daemon.wait(0):
                    self._source.tell("advance")
                    cycles.append(self._cycle(daemon, connection, "the source has changed; second poll"))
                if not daemon.wait(0):
                    cycles.append(self._cycle(daemon, connection, "nothing has changed; third poll"))
                self._schedule(connection, paused=False)
                settled = None if daemon.wait(0) else settlement.play(daemon, connection.uid)
                served = self._source.tell("served")["served"]
                stored = self._stored()
                self._conclude(daemon, served, stored)
                if not once:
                    self._go_on(daemon)
            value = {
                "cycles": cycles,
                "settled": settled,
                "served": served,
                "stored": stored,
                "data_dir": str(self._session.data_dir),
            }
            return Result(value, exit_code=128 + daemon.stopped_by if daemon.stopped_by else 0)

    def _connection(self) -> "ConnectionRow":
        connections, org = self._installation.connections, self._installation.org
        _, manifest = self._installation.catalog.ready("acme")
        settings = {"api_base": self._source.hello["api_base"]}
        secrets = {name: self._source.hello[name] for name in ("api_key", "signing_secret")}
        existing = {row.name: row for row in connections.of(org)}.get(NAME)
        if existing is None:
            row = connections.add(org, manifest, name=NAME, settings=settings, secrets=secrets)
        else:
            row = connections.set(existing, manifest, settings=settings, secrets=secrets)
        self._schedule(row, paused=True)
        return row

    def _schedule(self, row: "ConnectionRow", *, paused: bool) -> None:
        """Poll every minute, but not while it is `paused`: a tick would see what the next cycle is to show."""
        from levada_runtime.access.streams import StreamChange  # the floors load only for commands that need them

        change = StreamChange(schedule=_EVERY_MINUTE, paused=paused)
        self._installation.connections.set_streams(row, dict.fromkeys(STREAMS, change))

    def _introduce(self, daemon: "Daemon") -> None:
        say = self._session.say
        say(f"sandbox    {daemon.report.line()}")
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
        from levada_runtime.ingest.quarantine import Meant  # the floors load only for commands that need them

        library, org = self._installation.library, self._installation.org
        customers = library.documents(org, document_type="customer", connection=NAME, retired=True, limit=1 << 20).items
        retired = sum(1 for document in customers if document["retired_at"])
        invoices = library.documents(org, document_type="invoice", connection=NAME, limit=1 << 20).items
        refused = self._installation.quarantine.by_reason(org, Meant(connection=NAME))
        return {
            "customers": len(customers) - retired,
            "retired": retired,
            "invoices": len(invoices),
            "invalid": sum(refused.values()),
        }

    def _conclude(self, daemon: "Daemon", served: dict[str, int], stored: dict[str, int]) -> None:
        say = self._session.say
        say(f"\nthe source serves {_counts(served)}")
        say(f"the store holds   {_counts(stored)}")
        for upcoming in self._next_ticks(daemon):
            say(f"next tick         {upcoming.stream.stream} at {upcoming.at:%H:%M:%S} UTC")
        where = f"--data-dir {self._session.data_dir}"
        say("\nlook further, in another terminal:")
        say(f"  runtime documents list {where}")
        say(f"  runtime quarantine list {where}")
        say(f"  runtime runs list {where}")
        say(f"  runtime entities list {where}")
        say(f"  runtime deliveries list {where}")
        say(f'  curl -H "Authorization: Bearer $(cat {self._session.data_dir}/admin.key)" {daemon.url}/v1/customers')

    @staticmethod
    def _next_ticks(daemon: "Daemon") -> "list[Upcoming]":
        """Return what the schedule comes to next, once it has noticed that the streams are paused no longer."""
        deadline = time.monotonic() + _NOTICED_WITHIN_S
        while len(daemon.upcoming()) < len(STREAMS) and time.monotonic() < deadline:
            if daemon.wait(_LOOK_EVERY_S):
                break
        return daemon.upcoming()

    def _go_on(self, daemon: "Daemon") -> None:
        """Show scheduled runs as they end, and let the source change, until stopped."""
        self._session.say("\nthe source goes on changing and the schedule goes on polling; Ctrl-C ends it")
        advanced = time.monotonic()
        while not daemon.wait(1.0):
            if time.monotonic() - advanced > _ADVANCE_EVERY_S:
                self._source.tell("advance")
                advanced = time.monotonic()
            recent = self._installation.run_library.runs(
                self._installation.org, connection=NAME, state=None, limit=10, cursor=None
            )
            for view in reversed(recent.items):
                if view["finished_at"] and view["id"] not in self._shown:
                    self._show(view)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
