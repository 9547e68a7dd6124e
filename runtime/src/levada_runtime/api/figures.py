"""The figures of an installation, as Prometheus reads them: counts and ages, and no name of anybody's."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from levada_runtime.catalog.standing import state_of
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.versions import UNDERSTOOD


class Figures(Collector):
    """Figures read from the store when they are asked for, so that they are right after any restart.

    How many streams are `flagged` was found out before, since it takes long.
    """

    def __init__(self, store: Store, flagged: Callable[[], Mapping[str, int]]) -> None:
        self._store = store
        self._flagged = flagged

    def collect(self) -> Iterator[Metric]:
        now = datetime.now(UTC)
        with self._store.read() as uow:
            runs, documents = uow.runs.by_state(), uow.documents.totals()
            of_work, of_connections = list(_work(uow, now)), list(_connections(uow))
        yield _by("levada_runs", "Runs by state.", "state", runs)
        yield _by("levada_documents", "Documents by type.", "document_type", documents)
        yield from of_work
        yield from of_connections
        told = "Scheduled streams whose runs outgrew their interval, or that had no success for too long."
        yield _by("levada_streams_flagged", told, "flag", self._flagged())


def _work(uow: UnitOfWork, now: datetime) -> Iterator[Metric]:
    oldest, waiting, flying = uow.work.oldest_queued(), uow.work.waiting(now, UNDERSTOOD), uow.work.in_flight()
    lines = {one.kind: one.lines for one in waiting}
    ages = {one.kind: max(0.0, (now - one.oldest_at).total_seconds()) for one in waiting}
    under_way: Counter[str] = Counter()
    for one in flying:
        under_way[one.kind] += one.count
    age = (now - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily("levada_work_oldest_queued_seconds", "Age of the oldest work that waits.", value=age)
    yield _by("levada_work_oldest_due_seconds", "How long the oldest work that nobody has taken is due.", "kind", ages)
    yield _by("levada_work_due", "Lines whose work is due and not taken.", "kind", lines)
    yield _by("levada_work_in_flight", "Pieces of work that are being done.", "kind", under_way)
    yield _by("levada_work_dead", "Pieces of work that were given up or cancelled.", "kind", uow.work.dead())
    foreign = uow.work.foreign(UNDERSTOOD)
    yield _by("levada_work_foreign", "Work that waits for a daemon of another version.", "code_version", foreign)


def _connections(uow: UnitOfWork) -> Iterator[Metric]:
    connections, connectors = Counter[str](), Counter[str]()
    found = uow.connections.by_connector()
    for _, state, count in found:
        connections[state] += count
    for key in {key for key, _, _ in found} | {one.key for one in uow.connectors.all()}:
        connectors[state_of(uow, key)] += 1
    rest = uow.streams.by_rest()
    streams = {"scheduled": rest.get(False, 0), "paused": rest.get(True, 0)}
    yield _by("levada_connections", "Connections by state.", "state", connections)
    yield _by("levada_connectors", "Connectors that are installed or in use, by how they stand.", "state", connectors)
    yield _by("levada_streams", "Streams with a schedule, by whether somebody paused them.", "state", streams)


def _by(name: str, about: str, label: str, figures: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, figure in figures.items():
        family.add_metric([value], figure)
    return family
