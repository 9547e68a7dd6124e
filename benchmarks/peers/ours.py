"""Our own sides: through a sandboxed connector from end to end, and ingest alone, fed with drafts."""

import json
import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from benchmarks.daemon import Daemon
from benchmarks.peers import installed
from benchmarks.peers.model import Phase, Place, Work, WrongResultError
from benchmarks.peers.stopwatch import ROOT, alone
from benchmarks.peers.verify import hold
from benchmarks.workload import CHANGED_EVERY, KINDS
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade

_DAEMON = "daemon.pid"
_UNTIL_LOADED_S = 3
"""Its workers load what they need as soon as it is up."""
OUTCOME: dict[Phase, str] = {"A": "created", "B": "unchanged", "C": "updated"}


@dataclass(frozen=True, slots=True)
class Sandboxed:
    """`runtime run` in a process of its own: the child asks the source through the broker, its records come back."""

    store: Literal["SQLite", "PostgreSQL"]
    name: str = "levada, sandboxed connector"
    does: str = (
        "fetched in the sandbox; validated, normalised, hashed; versions, provenance, events; unchanged: no write"
    )

    def prepare(self, place: Place) -> str:
        """Connect the connector to the source."""
        installed.connect(place.folder, place.source, _url(place, given=True))
        return installed.versions()

    def work(self, place: Place, phase: Phase) -> Work:
        """Run the stream."""
        database = _url(place, given=True)
        environment = {
            "PYTHONPATH": str(place.folder / "site"),
            "NO_COLOR": "1",
            "LEVADA_DATA_DIR": str(place.folder / "data"),
            "LEVADA_BROKER__ALLOW_PRIVATE": json.dumps([place.source.removeprefix("http://")]),
            **({"LEVADA_DATABASE_URL": database} if database else {}),
        }
        return Work([[*installed.RUNTIME, "run", "bench", place.kind, "--json"]], environment)

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold the documents, their versions and what the run says against what was served."""
        _verify(place, phase)
        _verify_counts(place, phase, json.loads(said)["result"]["counts"])


@dataclass(frozen=True, slots=True)
class Served:
    """The same run by a daemon that is up already, as it is where streams are scheduled."""

    store: Literal["SQLite", "PostgreSQL"]
    name: str = "levada, by its daemon"
    does: str = "the same, asked of a daemon that is up: its workers carry it out (memory: daemon, workers, child)"

    def prepare(self, place: Place) -> str:
        """Connect the connector to the source, and start the daemon."""
        environment = installed.connect(place.folder, place.source, _url(place, given=True))
        daemon = Daemon(environment)
        place.kept.callback(daemon.stop)
        time.sleep(_UNTIL_LOADED_S)
        (place.folder / _DAEMON).write_text(str(daemon.pid))
        return installed.versions()

    def work(self, place: Place, phase: Phase) -> Work:
        """Ask for a run of the stream, and wait for its end."""
        pid = (place.folder / _DAEMON).read_text()
        words = [sys.executable, "-m", "benchmarks.peers.asked", str(_url(place, given=False)), place.kind, pid]
        return Work([words], {"PYTHONPATH": str(ROOT)}, says_cost=True, beside=[int(pid)])

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold the documents, their versions and what the run says against what was served."""
        _verify(place, phase)
        _verify_counts(place, phase, json.loads(said.splitlines()[-1])["counts"])


@dataclass(frozen=True, slots=True)
class Alone:
    """Validate, hash, decide, stage and commit pages of 1,000 drafts, in one process and without a child."""

    store: Literal["SQLite", "PostgreSQL"]
    name: str = "levada, ingest alone"
    does: str = "the same without fetching: drafts in, documents, versions and events out"

    def prepare(self, place: Place) -> str:
        """Bring the store to its schema."""
        (place.folder / "data").mkdir()
        engine = make_engine(str(_url(place, given=False)))
        upgrade(engine)
        engine.dispose()
        return installed.versions()

    def work(self, place: Place, phase: Phase) -> Work:
        """Feed it."""
        return alone("ours", str(_url(place, given=False)), phase)

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold the documents and their versions against what was served."""
        _verify(place, phase)


def _url(place: Place, *, given: bool) -> str | None:
    if place.database is not None:
        return place.database.url
    return None if given else f"sqlite:///{place.folder / 'data' / 'levada.db'}"


def _verify(place: Place, phase: Phase) -> None:
    kind = KINDS[place.kind]
    payloads, versions = _stored(str(_url(place, given=False)))
    rows = [(payload[kind.key], payload[kind.money]) for payload in payloads]
    hold(place, phase, rows)
    if versions != place.versions(phase):
        raise WrongResultError(f"there are {versions} versions instead of {place.versions(phase)}")
    changed = sum(1 for payload in payloads if _is_changed(payload))
    if phase == "C" and changed != len(rows[::CHANGED_EVERY]):
        raise WrongResultError(f"{changed} documents are changed instead of {len(rows[::CHANGED_EVERY])}")


def _verify_counts(place: Place, phase: Phase, counts: dict[str, int]) -> None:
    changed = place.versions("C") - place.records
    wanted = changed if phase == "C" else place.records
    if counts[OUTCOME[phase]] != wanted or counts["failed"]:
        raise WrongResultError(f"the run says {counts}; {wanted} {OUTCOME[phase]} were due")


def _is_changed(payload: dict[str, Any]) -> bool:
    return bool(payload.get("updated_at") == "2026-06-01T00:00:00Z" or "corrected" in (payload.get("reference") or ""))


def _stored(url: str) -> tuple[list[dict[str, Any]], int]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            query = (
                "SELECT v.payload FROM documents d"
                " JOIN versions v ON v.document_id = d.id AND v.version = d.version WHERE d.retired_at IS NULL"
            )
            payloads = [orjson.loads(row[0]) for row in connection.execute(sa.text(query))]
            return payloads, int(connection.execute(sa.text("SELECT count(*) FROM versions")).scalar_one())
    finally:
        engine.dispose()
