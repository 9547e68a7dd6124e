"""A connector whose past can be read day by day, and an installation with one connection to it."""

import json
import sys

import pytest

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.runs.backfills import Wanted

CONNECTOR = '''
"""A customer a day; on some days something goes wrong."""
import json
from datetime import datetime, timedelta

from levada import AuthFailed, Connector, SourceUnavailable, text, unverified

connector = Connector("daily", settings=[text("moods", default="{}")])


@connector.backfill("days", slice="P7D", emits=("customer",))
def days(window, ingest, checkpoint, log, settings):
    """The days of a window, each a page."""
    moods, saved = json.loads(settings["moods"]), checkpoint.get("next")
    day = datetime.fromisoformat(saved) if saved else window.start
    while day < window.end:
        mood = moods.get(day.date().isoformat())
        if mood == "unavailable":
            raise SourceUnavailable("no such day today")
        if mood == "auth":
            raise AuthFailed("who?")
        customer = {"customer_id": day.date().isoformat(), "name": "Ada"}
        if mood == "wrong":
            customer["currency"] = "EURO"
        ingest.batch("customer", [customer], idempotency_key=lambda c: c["customer_id"], continue_on_error=True)
        log.info("read", day=day.date().isoformat())
        day += timedelta(days=1)
        checkpoint.save(next=day.isoformat())


@connector.poll("now", every="@yearly")
def now(log):
    """Nothing."""


@connector.webhook("told", verify=unverified(reason="A test of it."))
def told(request, settings):
    """Fails while it is in a bad mood."""
    if json.loads(settings["moods"]).get("told"):
        raise AuthFailed("who?")
'''
ENDED = ("succeeded", "partial", "failed", "cancelled")


class Bench:
    """An installation with one connection whose past can be read."""

    def __init__(self, installation):
        self.installation = installation
        self.org = installation.org
        self.store = installation.store
        _, self.manifest = installation.catalog.ready("daily")
        self.connection = installation.connections.add(self.org, self.manifest, settings={}, secrets={})

    def begin(self, begins="2025-01-01", ends="2025-01-21", stream="days", **how):
        """Begin a backfill and return its id."""
        wanted = Wanted(stream, begins, ends, **how)
        return self.installation.backfills.begin(self.connection, self.manifest, wanted)[0].id

    def fill(self, backfill_id):
        """Carry out slices until the backfill has ended, and return it."""
        self.installation.filling.fill(self.org, backfill_id)
        return self.view(backfill_id)

    def view(self, backfill_id):
        return self.installation.backfills.get(self.org, backfill_id)

    def runs(self, backfill_id):
        """Return the slices' runs, oldest first."""
        found = self.installation.run_library.runs(
            self.org, connection=None, state=None, backfill=backfill_id, limit=1000, cursor=None
        )
        return sorted(found.items, key=lambda run: run["queued_at"])

    def unfinished(self, backfill_id):
        return [run for run in self.runs(backfill_id) if run["state"] not in ENDED]

    def days_read(self, run):
        logs = self.installation.run_library.logs(self.org, run["id"])
        return [line["fields"]["day"] for line in logs if line["message"] == "read"]

    def set(self, mode=None, **moods):
        """Let something go wrong on some days, or observe."""
        given = {day.removeprefix("d").replace("_", "-"): mood for day, mood in moods.items()}
        self.connection = self.installation.connections.set(
            self.connection, self.manifest, settings={"moods": json.dumps(given)}, secrets={}, mode=mode
        )

    def set_state(self, state):
        self.installation.connections.set_state(self.connection, state)

    def documents(self):
        return [one["idempotency_key"] for one in self.installation.library.documents(self.org, limit=1000).items]

    def count(self, table):
        with self.store.engine.connect() as opened:
            return opened.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()

    def wake(self, backfill_id):
        """Let slices that wait for a moment wait no longer."""
        with self.store.write() as uow:
            for run in self.unfinished(backfill_id):
                key = f"backfill:days:{run['window']['from']}"
                for work in uow.work.hold_line(self.org.id, self.connection.id, key):
                    uow.work.release(work, not_before=work.queued_at, attempt=work.attempt)

    def work_once(self):
        """Carry out the run that a daemon would be at first; False when none is due.

        What its documents stand for is carried into the graph before, as it is there.
        """
        while tokens := self.installation.work.claim_due(1):
            with self.store.read() as uow:
                work = uow.work.get(tokens[0][0])
            if work.kind != "pipeline":
                self.installation.runs.execute(tokens[0])
                return True
            self.installation.reactor.execute(tokens[0])
        return False


@pytest.fixture
def bench(tmp_path, monkeypatch, new_database, lending):
    package = tmp_path / "packages" / "daily"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CONNECTOR)
    info = tmp_path / "packages" / "daily-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: daily\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\ndaily = daily:connector\n")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    settings = Settings(data_dir=tmp_path, database_url=new_database(), work={"attempts": 1})
    with Installation(settings) as installation:
        lending.to(installation)
        yield Bench(installation)
